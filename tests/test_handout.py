"""Cutting handouts: what is cut is gone everywhere, and what does not fit is refused by name."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from machine import TOP, products

sys.path.insert(0, str(TOP / "tools"))
from labkit import lab as labs                                    # noqa: E402
from labkit.check import (Broken, Fact, Report, Trees, sound,     # noqa: E402
                          submission_of)
from labkit.cut import KEPT_BACK, cut, finished                   # noqa: E402
from labkit.lab import Lab                                        # noqa: E402
from labkit.source import CutError, Source, definitions           # noqa: E402

SOURCE = """\
/* Sums. */
#include "kernel/vm/sum.h"

#define STEP 3 /* of each round */
#define ROUNDS 4

/* What one round adds. */
static int one_round(int from)
{
    return from * STEP + secret_constant_of_the_solution;
}

static int limit(int n)
{
    return n < 100 ? n : 100;
}

/*
 * The sum of all rounds.
 */
int sum_rounds(int from)
{
    int sum = 0;
    for (int i = 0; i < ROUNDS; i++)
        sum += one_round(limit(from + i));
    return sum;
}

int sum_twice(int from)
{
    return sum_rounds(limit(from)) * 2;
}
"""

STUBS = """\
// in kernel/vm/sum.c

/* The sum of ROUNDS rounds: each adds STEP times where it begins. */
int sum_rounds(int from)
{
    return from;
}
"""

TREE = {
    "kernel/vm/sum.c": SOURCE,
    "kernel/vm/sum.h": "int sum_rounds(int from);\nint sum_twice(int from);\n",
    "kernel/vm/other.c": "int other(void)\n{\n    int sum = 0;\n    return sum;\n}\n",
    "docs/sums.md": "See [sums](../kernel/vm/sum.c) and [labs](labs.md). ROUNDS is 4.\n",
    "docs/all.md": "Students.\n\nTeachers:\n[labs](labs.md).\n\n## List\n| text |\n|---|\n"
                   "| [labs](labs.md) |\n| [sums](sums.md); [labs](labs.md); more |\n",
    "docs/labs.md": "Formats.\n",
    "tests/test_sum.py": "def test():\n    pass\n",
    "tests/mutants.py": "a mutant of one_round()\n",
    "labs/toy/README.md": "Write sum_rounds().\n",
    "labs/toy/stubs.c": STUBS,
    "labs/toy/tests": "60 vmtests sums\n40 usertests more_sums\n",
    "labs/toy/hints": "[few]\nmatch = verdict: (?P<n>\\d+)\nsay = Only {n}?\n",
    "labs/toy/wrong/none.patch": "hint: few\nfails: sums\n--- a/x\n+++ b/x\n",
    "labs/other/tests": "100 vmtests others\n",
}


def git(tree, *command):
    subprocess.run(["git", "-C", tree, *command], check=True, capture_output=True, timeout=60)


class Toy:
    """A small kernel with a lab, in git."""

    def __init__(self, top, out):
        self.top, self.out = top, out
        for name, text in TREE.items():
            self.write(name, text)
        git(top, "init", "-q")
        git(top, "add", "-A")

    def write(self, name, text):
        (self.top / name).parent.mkdir(parents=True, exist_ok=True)
        (self.top / name).write_text(text)

    def edit(self, name, old, new):
        text = (self.top / name).read_text()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        self.write(name, text.replace(old, new))

    def add(self, name, text):
        self.write(name, text)
        git(self.top, "add", name)

    def cut(self, seed=None, out=None):
        out = out or self.out / "handout"
        self.handout = cut("toy", out, self.top, seed)
        return {str(p.relative_to(out)): p.read_text() for p in sorted(out.rglob("*"))
                if p.is_file()}

    def refused(self, *words):
        """Cutting fails, says these words, and leaves nothing behind."""
        with pytest.raises(CutError) as error:
            self.cut()
        for word in words:
            assert word in str(error.value)
        assert not self.out.exists() or not list(self.out.iterdir())


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path / "kernel", tmp_path / "out")


# ---- what a handout is -----------------------------------------------------------------------

def test_a_stub_replaces_the_function_and_helpers_go(toy):
    files = toy.cut()
    cut_source = files["kernel/vm/sum.c"]
    assert STUBS.partition("\n\n")[2] in cut_source
    assert "int limit(int n)" in cut_source, "still used by sum_twice()"
    for gone in ("one_round", "STEP 3", "define ROUNDS", "secret_constant", "The sum of all"):
        assert not [name for name, text in files.items() if gone in text], gone
    assert "\n\n\n" not in cut_source


def test_a_handout_has_neither_history_nor_what_is_kept_back(toy):
    files = toy.cut()
    assert not (toy.out / "handout/.git").exists()
    assert set(files) == {"kernel/vm/sum.c", "kernel/vm/sum.h", "kernel/vm/other.c",
                          "docs/sums.md", "docs/all.md", "tests/test_sum.py",
                          "labs/toy/README.md", "labs/toy/tests", "labs/toy/hints",
                          "labs/toy/handout.json"}
    assert "and labs." in files["docs/sums.md"], "a link to what is missing"
    assert "[sums](../kernel/vm/sum.c)" in files["docs/sums.md"]
    assert files["docs/all.md"] == ("Students.\n\n## List\n| text |\n|---|\n"
                                    "| [sums](sums.md); more |\n")


def test_a_handout_is_a_lab_as_well(toy):
    assert json.loads(toy.cut(seed=3)["labs/toy/handout.json"]) == {
        "lab": "toy", "seed": 3, "hand_in": ["kernel/vm/sum.c"],
        "functions": [["kernel/vm/sum.c", "sum_rounds"]]}
    lab = Lab("toy", toy.out / "handout")
    assert lab.is_handout() and lab.hand_in() == ["kernel/vm/sum.c"]
    assert [check.points for check in lab.checks()] == [60, 40]
    assert not lab.stubs() and not lab.wrong() and lab.hints()[0].say == "Only {n}?"


def test_documents_are_about_what_is_there(toy):
    toy.add("docs/map.md", """\
# Map
All of it; [sums](sums.md); [labs](labs.md); [other](sums.md#other) | [labs](labs.md)

Cut as [labs](labs.md) says,
and nothing else.

## tools/: scripts
| file | subject |
|---|---|
| `grade` `sum` | stays |
| `grade` `handout` | stays as well |
| `handout` `labs-check` | goes |

## labs/: the labs
| `toy/` | stays |
| `other/` | goes |

## docs/: more
| `handout` | is another |
""")
    assert toy.cut()["docs/map.md"] == """\
# Map
All of it; [sums](sums.md); [other](sums.md#other) | labs

## tools/: scripts
| file | subject |
|---|---|
| `grade` `sum` | stays |
| `grade` `handout` | stays as well |

## labs/: the labs
| `toy/` | stays |

## docs/: more
| `handout` | is another |
"""


def test_files_that_git_does_not_know_stay_out_and_are_told(toy):
    git(toy.top, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all")
    toy.write("kernel/vm/notes.txt", "the solution\n")
    toy.edit("docs/sums.md", "See", "Do see")
    files = toy.cut()
    assert "kernel/vm/notes.txt" not in files and "Do see" in files["docs/sums.md"]
    assert any("kernel/vm/notes.txt" in note for note in toy.handout.notes)
    assert any("not as committed" in note for note in toy.handout.notes)


def test_texts_functions_and_prototypes_can_be_left_out(toy):
    toy.write("labs/toy/stubs.c", STUBS + "// without  ROUNDS is 4. in docs/sums.md\n"
              "// drop sum_twice in kernel/vm/sum.c\n// drop sum_twice in kernel/vm/sum.h\n"
              "// also kernel/vm/o*.c\n")
    files = toy.cut()
    assert "ROUNDS" not in files["docs/sums.md"]
    assert not [name for name, text in files.items() if "sum_twice" in text or "limit" in text]
    assert Lab("toy", toy.out / "handout").hand_in() == [
        "kernel/vm/other.c", "kernel/vm/sum.c", "kernel/vm/sum.h"]


def test_a_challenge_has_the_finished_kernel(toy):
    toy.write("labs/toy/stubs.c", "// also kernel/vm/*.[ch]\n")
    assert toy.cut()["kernel/vm/sum.c"] == SOURCE
    assert Lab("toy", toy.top).is_challenge()
    assert len(Lab("toy", toy.out / "handout").hand_in()) == 3


def test_what_nothing_calls_any_more_is_told(toy):
    toy.write("labs/toy/stubs.c", "// drop sum_twice in kernel/vm/sum.c\n"
              "// drop sum_twice in kernel/vm/sum.h\n")
    toy.cut()
    assert any("sum_rounds() of kernel/vm/sum.h" in note for note in toy.handout.notes)


# ---- what is refused -------------------------------------------------------------------------

def test_a_function_that_moved(toy):
    toy.write("kernel/vm/other.c", "int sum_rounds(int from)\n{\n    return from;\n}\n")
    toy.edit("kernel/vm/sum.c", "int sum_rounds(int from)", "int sum_of_rounds(int from)")
    toy.refused("labs/toy/stubs.c:3", "no definitions of sum_rounds() in kernel/vm/sum.c",
                "one is in kernel/vm/other.c")


@pytest.mark.parametrize("now", ["int sum_rounds(long from)", "long sum_rounds(int from)",
                                 "int sum_rounds(int from, int to)", "int sum_rounds(int first)",
                                 "static int sum_rounds(int from)"])
def test_a_changed_signature(toy, now):
    toy.edit("kernel/vm/sum.c", "int sum_rounds(int from)", now)
    toy.refused("labs/toy/stubs.c:3", now, "int sum_rounds(int from)")


def test_a_second_definition(toy):
    toy.edit("kernel/vm/sum.c", "int sum_twice(int from)",
             "int sum_rounds(int from)\n{\n    return 0;\n}\n\nint sum_twice(int from)")
    toy.refused("2 definitions of sum_rounds()")


def test_two_stubs_of_one_function(toy):
    toy.write("labs/toy/stubs.c", STUBS + STUBS.partition("\n\n")[2])
    toy.refused("labs/toy/stubs.c:8", "a second stub of sum_rounds()")


def test_a_stub_that_is_the_solution(toy):
    toy.write("labs/toy/stubs.c", "// in kernel/vm/other.c\n\n/* Other. */\n"
              + TREE["kernel/vm/other.c"])
    toy.refused("labs/toy/stubs.c:3", "is the function itself")


@pytest.mark.parametrize("line, says", [
    ("// without not there in docs/sums.md", "occurs 0 times"),
    ("// without s in docs/sums.md", "occurs"),
    ("// without ROUNDS docs/sums.md", "// without"),
    ("// drop nothing_there in kernel/vm/sum.c", "no definitions of nothing_there()"),
    ("// drop sum_twice in kernel/vm/gone.c", "no file kernel/vm/gone.c"),
    ("// drop sum_twice in ../kernel/vm/sum.c", "no file ../kernel/vm/sum.c"),
    ("// also kernel/vm/gone.*", "no file kernel/vm/gone.*"),
    ("int not_below = 1;", "not_below"),
])
def test_lines_of_stubs_that_do_not_fit(toy, line, says):
    toy.write("labs/toy/stubs.c", f"{line}\n{STUBS}")
    toy.refused("labs/toy/stubs.c:1:", says)


def test_an_output_that_exists(toy):
    toy.cut()
    with pytest.raises(CutError, match="exists already"):
        toy.cut()


def test_a_tree_without_git(toy):
    shutil.rmtree(toy.top / ".git")
    toy.refused("no git repository")


def test_an_assignment_without_text(toy):
    (toy.top / "labs/toy/README.md").unlink()
    toy.refused("labs/toy/README.md", "missing")


# ---- leaks -----------------------------------------------------------------------------------

LINE = "from*STEP +  secret_constant_of_the_solution"


@pytest.mark.parametrize("name, text", [
    ("docs/sums.md", f"Sums.\n\nOne adds `return {LINE};` of course.\n"),
    ("tests/test_sum.py", f"\n\nBUG = (\"return {LINE};\", \"return 0;\")\n"),
    ("user/sum.c", f"int f(int from)\n{{\n    return {LINE}; /* the same */\n}}\n"),
    ("tools/plan", "\n\n        return from * STEP +\n            "
                   "secret_constant_of_the_solution;\n"),
])
def test_a_line_of_the_solution_anywhere(toy, name, text):
    toy.add(name, text)
    toy.refused(f"{name}:3 tells a part of the solution", "secret_constant")


def test_short_lines_of_the_solution_in_a_row(toy):
    toy.edit("kernel/vm/sum.c", "    int sum = 0;\n", "    int sum = from;\n    sum += STEP - 2;\n")
    toy.add("tests/test_sum.py", "# int sum = from;\n")
    toy.cut(out=toy.out / "one")
    shutil.rmtree(toy.out)
    toy.add("docs/sums.md", "\n    int sum = from;\n    sum += STEP - 2;\n")
    toy.refused("docs/sums.md:2 tells a part of the solution")


def test_idioms_of_the_kernel_tell_nothing(toy):
    toy.edit("kernel/vm/other.c", "    int sum = 0;\n",
             "    int sum = 0;\n    for (int i = 0; i < ROUNDS; i++)\n        other();\n")
    toy.add("tests/loop.c", "    for (int i = 0; i < ROUNDS; i++)\n")
    assert "tests/loop.c" in toy.cut()


@pytest.mark.parametrize("name, text", [
    ("tests/test_sum.py", "\nBREAK = 'one_round'\n"),
    ("kernel/vm/other.c", "\n/* As one_round() does. */\nint other(void);\n"),
])
def test_a_name_that_is_gone(toy, name, text):
    toy.add(name, text)
    toy.refused(f"{name}:2 names one_round, which is gone")


def test_a_name_that_is_gone_in_a_document_is_told(toy):
    toy.add("docs/sums.md", "In `one_round`.\n")
    toy.cut()
    assert "docs/sums.md:1 names one_round, which is gone" in toy.handout.notes


def test_names_of_which_the_assignment_speaks_are_no_secret(toy):
    toy.write("labs/toy/README.md", "You may want a one_round().\n")
    toy.add("tests/test_sum.py", "BREAK = 'one_round'\n")
    toy.cut()


# ---- seeds -----------------------------------------------------------------------------------

VARY = "# what differs\nname sum_rounds: round_sum sum_all sum_up  # names\n" \
       "value ROUNDS in kernel/vm/other.h: 5 6 7\n"


@pytest.fixture
def varied(toy):
    toy.add("kernel/vm/other.h", "#define ROUNDS 4 /* in a sum */\n")
    toy.edit("kernel/vm/sum.c", "#define ROUNDS 4\n", "")
    toy.write("labs/toy/vary", VARY)
    return toy


def test_a_seed_changes_names_and_values_everywhere(varied):
    files = varied.cut(seed=1)
    name, value = varied.handout.varied.values()
    assert name in ("round_sum", "sum_all", "sum_up") and value in "567"
    assert f"ROUNDS {value} /* in a sum */" in files["kernel/vm/other.h"]
    assert f"ROUNDS is {value}." in files["docs/sums.md"]
    for file in ("kernel/vm/sum.c", "kernel/vm/sum.h", "labs/toy/README.md"):
        assert name in files[file] and "sum_rounds" not in files[file]


def test_a_seed_gives_the_same_tree_and_others_other_trees(varied):
    trees = [varied.cut(seed=seed, out=varied.out / f"{seed}-{n}")
             for n in (1, 2) for seed in range(6)]
    assert trees[:6] == trees[6:]
    for tree in trees:
        del tree["labs/toy/handout.json"]
    assert len({json.dumps(tree) for tree in trees}) > 1


def test_no_seed_changes_nothing(varied):
    assert "ROUNDS 4 " in varied.cut()["kernel/vm/other.h"]


def test_the_reference_of_a_seed_fits_its_handout(varied):
    handout = varied.cut(seed=2)
    whole = varied.out / "whole"
    finished(whole, varied.top, "toy", 2)
    different = {str(p.relative_to(whole)) for p in whole.rglob("*") if p.is_file()
                 and handout.get(str(p.relative_to(whole))) != p.read_text()}
    assert different == {"kernel/vm/sum.c", "labs/toy/stubs.c", "docs/sums.md",
                         "docs/all.md"}


@pytest.mark.parametrize("line, says", [
    ("name sum_rounds: sum_twice", "sum_twice is in use already, in kernel/vm/sum.c"),
    ("name sum_rounds: fresh other", "other is in use already"),
    ("name gone: fresh", "nothing is called gone"),
    ("value GONE in kernel/vm/other.h: 1", "0 definitions of GONE"),
    ("value ROUNDS in kernel/vm/gone.h: 1", "0 definitions of ROUNDS"),
    ("name sum_rounds fresh", "neither `name WORD: NEW...`"),
    ("name sum_rounds: a-b", "no word"),
    ("name sum_twice: x\nname sum_twice: y", "sum_twice varies twice"),
])
def test_variations_that_do_not_fit(varied, line, says):
    varied.write("labs/toy/vary", line)
    with pytest.raises(CutError) as error:
        varied.cut(seed=1)
    assert "labs/toy/vary:" in str(error.value) and says in str(error.value)


# ---- what ctags sees -------------------------------------------------------------------------

def test_definitions_with_their_comments(tmp_path):
    text = """\
#define A 1 /* the first */
#define B \\
    2

enum kind { RED, GREEN };

/* Long. */
static const struct thing *
find(int n,
     int m)
{
    return NULL;
}
/* Not above. */

int later(void);
"""
    found = {d.name: d for d in definitions(text)}
    assert {n: (d.kind, d.first, d.last) for n, d in found.items()} == {
        "A": ("macro", 0, 0), "B": ("macro", 1, 2), "kind": ("enum", 4, 4),
        "find": ("function", 6, 12), "later": ("prototype", 15, 15)}
    assert found["find"].signature == "static const struct thing *find(int n, int m)"


def test_what_is_still_used_stays(tmp_path):
    file = tmp_path / "a.c"
    file.write_text("""\
enum kind { RED, GREEN };
enum shade { DARK, LIGHT };
static int early(enum kind k, enum shade s);
static char mark = '"';

static int early(enum kind k, enum shade s)
{
    return k == 1 && s == LIGHT;
}

int first(void)
{
    return early(0, 1); /* and mark */
}

int second(void)
{
    return RED + mark;
}
""")
    source = Source(file)
    source.drop("first", "here")
    source.drop_unused()
    assert source.dropped == {"first", "early", "shade"}
    assert "enum kind" in source.text and "mark = '" in source.text


# ---- what labs-check would say ---------------------------------------------------------------

def test_a_sound_lab(toy):
    toy.write("labs/toy/wrong/none.patch", "hint: few\nfails: sums\n--- a/x\n")
    assert all(fact.holds for fact in sound(toy.top, "toy"))


@pytest.mark.parametrize("name, text, says", [
    ("tests", "60 vmtests sums\n30 usertests more_sums\n", "90 points in 2 tests"),
    ("wrong/none.patch", "hint: none\nfails: sums\n--- a/x\n", "there is no hint none"),
    ("wrong/none.patch", "hint: few\nfails: gone\n--- a/x\n", "no test of this lab: gone"),
])
def test_a_lab_that_is_not_sound(toy, name, text, says):
    toy.write(f"labs/toy/{name}", text)
    broken = [fact for fact in sound(toy.top, "toy") if not fact.holds]
    assert len(broken) == 1 and says in broken[0].text + broken[0].why


WRONG = """\
hint: few
fails: sums
--- a/kernel/vm/sum.c
+++ b/kernel/vm/sum.c
@@ -22,5 +22,5 @@
 {
     int sum = 0;
-    for (int i = 0; i < ROUNDS; i++)
+    for (int i = 1; i < ROUNDS; i++)
         sum += one_round(limit(from + i));
     return sum;
"""


def handed_in(toy, patch):
    toy.write("labs/toy/wrong/none.patch", patch)
    toy.cut()
    whole = toy.out / "whole"
    finished(whole, toy.top, "toy")
    folder = toy.out / "submission"
    folder.mkdir()
    submission_of(Trees("toy", toy.out / "handout", whole, None), Lab("toy", toy.top).wrong()[0],
                  folder)
    return folder


def test_a_wrong_solution_is_handed_in_as_students_do(toy):
    folder = handed_in(toy, WRONG)
    assert [str(p.relative_to(folder)) for p in folder.rglob("*.*")] == ["kernel/vm/sum.c"]
    assert "int i = 1;" in (folder / "kernel/vm/sum.c").read_text()


@pytest.mark.parametrize("old, new", [
    ("int sum = 0;", "int sum = 1;"),
    ("sum.c", "other.c"),
    ("+    for (int i = 1", "+    for (int i = 0"),
])
def test_a_wrong_solution_that_does_not_fit(toy, old, new):
    with pytest.raises(Broken, match="labs/toy/wrong/none.patch"):
        handed_in(toy, WRONG.replace(old, new))


def test_the_report_counts_and_shows_why(capsys):
    report = Report()
    report.tell("toy", [Fact("this", True, "no word"), Fact("that", False, "a reason")])
    assert not report.end()
    assert capsys.readouterr().out == ("ok   toy: this\nFAIL toy: that\n         a reason\n"
                                       "1 passed, 1 failed\n")


# ---- the labs themselves ---------------------------------------------------------------------

def make(tree, *goals):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(["make", "-C", tree, "--no-print-directory", "WERROR=1", *goals], env=env,
                          capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module", params=labs.names())
def handout(request, tmp_path_factory):
    out = tmp_path_factory.mktemp(request.param) / "handout"
    cut(request.param, out)
    return out


def test_every_lab_is_whole(handout):
    lab = Lab(handout.parts[-2].rstrip("0123456789"))
    assert sum(check.points for check in lab.checks()) == 100
    assert lab.wrong() is not None and lab.hints() is not None
    assert not any((handout / name).exists() for name in KEPT_BACK if name != "labs/")
    assert [p.name for p in (handout / "labs").iterdir()] == [lab.name]


def test_every_handout_compiles_without_a_warning(handout):
    """Only what the cutter changed: the rest is that of the build."""
    (handout / "build").mkdir()
    shutil.copy2(TOP / "build/tools.note", handout / "build")
    shutil.copytree(products(debug=True), handout / "build/debug")
    done = make(handout, "DEBUG=1", "kernel")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fs/inode.c" not in done.stdout, "the objects of the build were of no use"


def test_nothing_in_a_handout_imports_what_is_kept_back(handout):
    gone = "|".join(name.rpartition("/")[2][:-3] for name in KEPT_BACK if name.endswith(".py"))
    imports = re.compile(r"^ *(?:from labkit import .*|(?:from|import) (?:labkit\.)?)"
                         rf"\b(?:{gone})\b", re.M)
    files = [*handout.glob("tests/**/*.py"), *handout.glob("tools/*"),
             *handout.glob("tools/**/*.py")]
    assert [p.name for p in files if p.is_file() and imports.search(p.read_text())] == []


def test_what_an_instructor_makes_is_refused_in_a_handout(handout):
    done = make(handout, "handout", "LAB=cow", "OUT=x")
    assert done.returncode and "needs the finished kernel; this is a handout" in done.stderr
    offered = re.findall(r"^  ([a-z-]+) ", make(handout, "help").stdout, re.M)
    assert "handin" in offered and not {"handout", "labs-check", "autograder"} & set(offered)
