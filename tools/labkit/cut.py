"""Cutting a handout: a tree in which the functions that students write are stubs.

No mark in the kernel says what belongs to a lab.  The stubs name functions; ctags finds them;
whatever only they used goes as well.  At the end nothing of what was cut may be left anywhere
(leaks.py).  A handout has no history: students begin their own.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from typing import NamedTuple

from labkit.lab import TOP, Lab
from labkit.leaks import check_nothing_told
from labkit.source import CutError, Source, definitions, without_comments, words_in
from labkit.vary import vary

# What tells solutions, or serves who hands out: the labs, tests made of the kernel's own lines.
KEPT_BACK = [
    "labs/", "tests/mutants.py", "tests/test_mutants.py", "tests/test_ledger.py",
    "tests/test_modes.py", "tests/test_handout.py", "tests/test_grade.py", "tests/test_batch.py",
    "tests/course.py", "tools/handout", "tools/labs-check", "tools/grade-batch",
    "tools/autograder",
    *(f"tools/labkit/{name}.py" for name in ("cut", "leaks", "vary", "check", "batch", "base",
                                             "submissions", "worker", "summary", "gradescope")),
    "docs/labs.md", "docs/instructors.md"]


class Handout(NamedTuple):
    stubs: list     # what students write
    varied: dict    # what this seed chose
    notes: list     # what the instructor should know


def git(top, *command):
    run = subprocess.run(["git", "-C", str(top), *command], capture_output=True, text=True,
                         timeout=60, check=False)
    if run.returncode:
        raise CutError(f"{top} is no git repository, which is what handouts are cut from:\n"
                       f"{run.stderr.strip()}")
    return [name for name in run.stdout.split("\0") if name]


def tracked(top):
    """The files that git knows and students get, as they are in the working tree."""
    found = [f for f in git(top, "ls-files", "-z") if not f.startswith(tuple(KEPT_BACK))]
    gone = [name for name in found if not (top / name).exists()]
    if gone or not found:
        raise CutError(f"{top}: git knows {gone[0]}, which is not there" if gone
                       else f"{top}: git knows no file there")
    return found


def uncommitted(top):
    """A note about what no commit has."""
    changed = git(top, "--no-optional-locks", "status", "--porcelain", "-z", "--no-renames",
                  "--untracked-files=normal")
    known = [name[3:] for name in changed if not name.startswith("??")]
    new = [name[3:] for name in changed if name.startswith("??")]
    return ([f"{len(known)} files are not as committed; the handout has them as they are"]
            if known else []) + [f"git does not know {name}; the handout does not have it"
                                 for name in new if not name.startswith("labs/")]


def copy_files(top, to, names):
    for name in names:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(top / name, to / name, follow_symlinks=False)


def is_for_students(path):
    """Whether a file of the lab's folder is in the handout."""
    return path.is_file() and (path.name in ("README.md", "tests", "hints")
                               or path.suffix in (".console", ".svg", ".png"))


@contextlib.contextmanager
def new_tree(out):
    """A folder that becomes `out` if all goes well, and vanishes otherwise."""
    out = pathlib.Path(out)
    if out.exists() or out.is_symlink():
        raise CutError(f"{out} exists already")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".handout-") as work:
        tree = pathlib.Path(work) / "tree"
        tree.mkdir()
        yield tree
        tree.rename(out)


def elsewhere(tree, path, name):
    """Where a function is now, if not in `path`."""
    for other in sorted((tree / "kernel").rglob("*.[ch]")):
        text = other.read_text(encoding="utf-8")
        if re.search(rf"^\w.*\b{name}\(", text, re.M) and other != tree / path and any(
                d.name == name and d.kind == "function" for d in definitions(text)):
            return f"; one is in {other.relative_to(tree)}"
    return ""


def cut_file(tree, path, lab):
    """Cuts one file of the tree; returns it."""
    source = Source(tree / path, path)
    for stub in lab.stubs():
        if stub.path == path:
            try:
                source.replace(stub)
            except CutError as error:
                raise CutError(f"{error}{elsewhere(tree, path, stub.name)}") from None
    for drop in lab.drops():
        if drop.path == path:
            source.drop(drop.name, drop.where)
    for without in lab.withouts():
        if without.path == path:
            source.without(without.text, without.where)
    source.drop_unused()
    source.save()
    return source


def left_over(tree, removed, stubs):
    """Notes about functions that nothing calls any more: they help students, or tell too much."""
    code = {str(p.relative_to(tree)): without_comments(p.read_text(encoding="utf-8"))
            for p in sorted((tree / "kernel").rglob("*.[chS]"))}
    everything = "\n".join(code.values())
    for word in sorted(words_in("\n".join(removed)).keys() - stubs):
        used = len(re.findall(rf"\b{word}\b", everything))
        declared = re.compile(rf"^(?!typedef)\w[^\n;=]*\b{word}\([^;{{}}]*[;{{]", re.M)
        places = [name for name, text in code.items() for _ in declared.finditer(text)]
        if used and used == len(places):
            yield f"nothing calls {word}() of {places[-1]} now; `// drop` it if it tells too much"


LINK = r"\[([^\]]*)\]\(([^)\s]+)\)"


def without_gone_links(text, is_there):
    """Text whose links lead nowhere now goes: a row of a table, a paragraph, an item of a list
    that is divided by `; `.  If others of its links still lead somewhere, those become plain text.
    """
    def tells(part):
        links = re.findall(LINK, part)
        return not links or any(is_there(target) for _, target in links)

    text = "\n".join(line for line in text.split("\n") if line[:1] != "|" or tells(line))
    text = "\n\n".join(filter(tells, text.split("\n\n")))
    text = re.sub(f"; {LINK}(?=;)", lambda m: m[0] if is_there(m[2]) else "", text)
    return re.sub(LINK, lambda m: m[0] if is_there(m[2]) else m[1], text)


def is_kept_back(tree, path):
    name = os.path.relpath(path, tree)
    return f"{name}/".startswith(tuple(KEPT_BACK)) and not (tree / name).exists()


def without_rows(tree, text):
    """A table of files, in the section of their folder, without the rows of those kept back."""
    folder, lines = tree, []
    for line in text.split("\n"):
        if heading := re.match(r"## ([\w/]+)", line):
            folder = tree / heading[1]
        names = re.findall(r"`([^`]+)`", line.split("|")[1]) if line.startswith("| `") else []
        if not names or not all(is_kept_back(tree, folder / name) for name in names):
            lines.append(line)
    return "\n".join(lines)


def unlink(tree):
    """No document names what is kept back."""
    for path in sorted(tree.rglob("*.md")):
        def is_there(target, folder=path.parent):
            file = target.split("#")[0]
            return not file or "://" in file or (folder / file).exists()
        text = without_rows(tree, path.read_text(encoding="utf-8"))
        path.write_text(without_gone_links(text, is_there), encoding="utf-8")


def finished(tree, top, name=None, seed=None):
    """Fills `tree` with what a handout is cut from: the kernel, varied, and the lab as a whole."""
    copy_files(top, tree, tracked(top))
    if name is None:
        return {}
    copy_files(top, tree, [str(p.relative_to(top)) for p in sorted((top / "labs" / name).iterdir())
                           if is_for_students(p) or p.name == "stubs.c"])
    return vary(name, seed, tree, top)


def cut_tree(tree, lab, seed):
    """Makes a handout of a finished tree; returns notes."""
    if not (lab.folder / "README.md").is_file():
        raise CutError(f"labs/{lab.name}/README.md, the assignment, is missing")
    lab.checks(), lab.hints()
    stubs = lab.stubs()
    described = {"lab": lab.name, "seed": seed, "hand_in": lab.hand_in(),
                 "functions": [[stub.path, stub.name] for stub in stubs]}
    places = sorted({cut.path for cut in [*stubs, *lab.drops(), *lab.withouts()]})
    sources = [cut_file(tree, path, lab) for path in places]
    (lab.folder / "stubs.c").unlink(missing_ok=True)
    (lab.folder / "handout.json").write_text(json.dumps(described, indent=1) + "\n",
                                             encoding="utf-8")
    unlink(tree)
    removed = [text for source in sources for text in source.removed]
    gone = set().union(*(source.dropped for source in sources))
    mentioned = check_nothing_told(tree, removed, gone, [stub.text for stub in stubs])
    return [*mentioned, *left_over(tree, removed, {stub.name for stub in stubs})]


def cut(name, out, top=TOP, seed=None):
    """Writes the handout of lab `name` to the folder `out`, which must not exist."""
    top = pathlib.Path(top)
    stubs = Lab(name, top).stubs()
    with new_tree(out) as tree:
        notes = uncommitted(top)
        varied = finished(tree, top, name, seed)
        notes += cut_tree(tree, Lab(name, tree), seed)
    return Handout(stubs, varied, notes)
