"""Cutting a handout: a tree in which the functions that students write are stubs.

No mark in the kernel says what belongs to a lab.  The stubs name functions; ctags finds them;
whatever only they used goes as well.  At the end nothing of what was cut may be left anywhere.
"""

import pathlib
import re
import shutil
import subprocess
import tempfile

from labkit.lab import TOP, Lab
from labkit.source import CutError, Source

# What tells solutions, or is about all labs: tests made of the kernel's own lines, the labs.
KEPT_BACK = ["labs/", "tests/mutants.py", "tests/test_mutants.py", "tests/test_ledger.py"]
OF_THE_LAB = ["README.md", "tests", "hints"]
TELLING = 24  # characters of a line, blanks not counted, from which on it may tell a solution


def tracked(top):
    run = subprocess.run(["git", "-C", str(top), "ls-files", "-z"], capture_output=True, text=True,
                         timeout=60, check=True)
    return [name for name in run.stdout.split("\0") if name]


def copy_tree(top, to, lab):
    for name in tracked(top):
        if not name.startswith(tuple(KEPT_BACK)):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(top / name, to / name, follow_symlinks=False)
    (to / "labs" / lab.name).mkdir(parents=True)
    for name in OF_THE_LAB:
        if (lab.folder / name).exists():
            shutil.copy2(lab.folder / name, to / "labs" / lab.name / name)


def squeeze(line):
    return re.sub(r"\s", "", line)


def telling_lines(text):
    return {s for line in text.split("\n") if len(s := squeeze(line)) >= TELLING}


def cut_file(path, stubs):
    """Replaces the functions of one file; returns what was taken out of it."""
    source = Source(path)
    before = source.words()
    for stub in stubs:
        definition = source.find(stub.name)
        if definition.signature != stub.signature:
            raise CutError(f"{stub.path}: {stub.name}() is now {definition.signature}\n"
                           f"but its stub is {stub.signature}")
        source.put(definition, stub.text)
    source.drop_unused(before)
    path.write_text(source.text, encoding="utf-8")
    return source.removed


def idioms(tree):
    """What the kernel says elsewhere, too, tells nothing about what was cut."""
    return set().union(*(telling_lines(p.read_text(encoding="utf-8"))
                         for p in (tree / "kernel").rglob("*.[ch]")))


def check_nothing_told(tree, secret):
    for path in sorted(p for p in tree.rglob("*") if p.is_file() and not p.is_symlink()):
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").split("\n"), 1):
            if squeeze(line) in secret:
                raise CutError(f"{path.relative_to(tree)}:{number} tells a part of the solution:\n"
                               f"    {line.strip()}")


def cut(name, out, top=TOP):
    """Writes the handout of lab `name` to the folder `out`, which must not exist."""
    out, top = pathlib.Path(out), pathlib.Path(top)
    if out.exists():
        raise CutError(f"{out} exists already")
    lab = Lab(name, top)
    stubs = lab.stubs()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".handout-") as work:
        tree = pathlib.Path(work) / "tree"
        tree.mkdir()
        copy_tree(top, tree, lab)
        removed = []
        for path in sorted({stub.path for stub in stubs}):
            removed += cut_file(tree / path, [s for s in stubs if s.path == path])
        secret = set().union(*map(telling_lines, removed))
        secret -= set().union(*(telling_lines(s.text) for s in stubs))
        check_nothing_told(tree, secret - idioms(tree))
        tree.rename(out)
    return stubs
