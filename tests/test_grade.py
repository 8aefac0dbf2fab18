"""The grader: right points for right reasons, whatever a submission does to it."""

import contextlib
import io
import json
import os
import pathlib
import re
import socket
import subprocess
import tarfile
import tempfile
import zipfile

import pexpect
import pytest

from course import FORK, MISTAKE, STUBS, tree_with, write_folder
from labkit import console, cut, grade, intake, limits, products, single, suite
from labkit.debug import commands as debug_commands
from labkit.lab import Check, Step
from labkit.report import report
from labkit.result import Outcome, Result
from machine import PATIENCE, TOP, until

TESTS = """40 vmtests fault_cow
20 vmtests case_1_private_written_later
 0 vmtests case_2_shared
10 usertests fork_isolates
10 bench fork64 <= 900000
10 console greeted
10 host test_mistake
"""

HINTS = r"""[wrong-count]
match = ^console: V4 broken: the count of a frame
        ^console: +frame (?P<frame>\d+) .*: anonymous, count
say = Frame {frame} is counted wrongly.
[all-copied]
match = ^verdict: .*COW is (?P<count>\d+)
say = Only {count} pages were copied when they were written.
[panic]
match = ^event: panic
        ^console: panic: (?P<what>.*)
say = It says: {what}
"""

GREETED = "$ echo hello world\n^hello world$\n! ^goodbye\n$ ls nowhere\nnowhere\n"

EXTRA = '#include "kernel/dev/machine.h"\n#include "kernel/dev/mmio.h"\n' \
        '#include "kernel/lib/csr.h"\n#include "kernel/lib/panic.h"\n' \
        '#include "kernel/lib/printf.h"\n#include "kernel/proc/proc.h"\n' \
        '#include "kernel/trap/trapframe.h"\n'
BEGIN = "    int r = 0;\n\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A handout of a lab for these tests, with its products, and the files of its solution."""
    folder = tmp_path_factory.mktemp("grade")
    top, base = folder / "top", folder / "base"
    tree_with(top, "scratch", {"stubs.c": STUBS, "tests": TESTS, "hints": HINTS,
                               "README.md": "# Scratch\n", "greeted.console": GREETED})
    cut.cut("scratch", base, top)
    # What does not differ from this tree is built already.
    (base / "build").mkdir()
    parts = [TOP / "build" / part for part in ("debug", "release", "host", "mkfs", "fsck",
                                               "tools.note", "host.note", "test.note")]
    subprocess.run(["cp", "-a", "--sparse=always", *filter(pathlib.Path.exists, parts),
                    base / "build"], check=True, timeout=60)
    for mode in (0, 1):
        products.build(base, [f"DEBUG={mode}", "kernel", "image"])
    products.build(base, ["build/host/test_mistake"])
    return Lab(folder, base, {name: (TOP / name).read_text() for name in (FORK, MISTAKE)})


class Lab:
    """The handout, and submissions for it."""

    def __init__(self, folder, base, solution):
        self.folder, self.base, self.solution = folder, base, solution
        self.stub = {name: (base / name).read_text() for name in solution}
        self.made = 0

    def new_folder(self):
        self.made += 1
        path = self.folder / f"submission{self.made}"
        path.mkdir()
        return path

    def write(self, files):
        """A submission as a folder."""
        return write_folder(self.new_folder(), files)

    def grade(self, submission, only=None, seed=1):
        return grade.grade("scratch", self.base, submission, only, seed)

    def kernel_says(self, code, only="fault_cow"):
        """Grades the stub with `code` at the begin of what fork calls."""
        text = EXTRA + self.stub[FORK].replace(BEGIN, BEGIN + code, 1)
        assert text.count(code) == 1
        return self.grade(self.write({**self.stub, FORK: text}), only)


def running(text):
    """Processes, but this one, with a text in their environment."""
    found = []
    for environment in pathlib.Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if text in environment.read_bytes():
                found.append(environment.parent.name)
    return found


@pytest.fixture(autouse=True)
def harmless(monkeypatch, tmp_path):
    """Whatever was graded, nothing of it is left, neither processes nor files."""
    monkeypatch.setenv("GRADED_IN", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert running(f"GRADED_IN={tmp_path}".encode()) == []
    assert list(tmp_path.glob("grade-*")) == []


@pytest.fixture
def impatient(monkeypatch):
    """For machines that hang; what others have to do before they end can take a slow host long."""
    monkeypatch.setattr(console, "BUSY", 5)
    monkeypatch.setattr(console, "IDLE", 1.5 * PATIENCE)


def one(result):
    assert result.error is None and len(result.outcomes) == 1, result
    return result.outcomes[0]


def points(result):
    return [o.points for o in result.outcomes]


# ---- what is worth what ------------------------------------------------------------------------

def test_solution(lab):
    result = lab.grade(lab.write(lab.solution), seed=7)
    assert (result.points, result.out_of, result.notes, result.error) == (100, 100, [], None)
    bench = next(o for o in result.outcomes if o.check.kind == "bench")
    assert 10000 < bench.instructions <= bench.check.limit
    assert Result.from_json(result.to_json()) == result


def test_handout_itself(lab):
    result = lab.grade(lab.write(lab.stub))
    assert points(result) == [0, 20, 0, 10, 0, 10, 10] and result.error is None
    assert result.notes == ["all files are as in the handout"]
    cow, bench = result.outcomes[0], result.outcomes[4]
    assert cow.hint == ("all-copied", "Only 0 pages were copied when they were written.")
    assert "COW is 0, expected 10" in cow.reason
    assert re.search(r"^rows: .*LAZY=\d", cow.observed, re.M)
    assert re.search(r"^fault: pid \d+ \w+ ", cow.observed, re.M)
    assert re.fullmatch(r"(\d+) instructions, more than 900000", bench.reason)
    assert bench.instructions > 900000 and f"{bench.instructions} > 900000" in bench.observed


def test_hint_comes_from_what_was_observed_and_runs_are_equal(lab):
    twice = lab.solution[FORK].replace("frame_get(frame);", "frame_get(frame), frame_get(frame);")
    folder = lab.write({**lab.solution, FORK: twice})
    first, again = lab.grade(folder, "fault_cow"), lab.grade(folder, "fault_cow")
    assert first.to_json() == again.to_json()
    hint = first.outcomes[0].hint
    assert hint[0] == "wrong-count" and re.fullmatch(r"Frame \d+ is counted wrongly.", hint[1])
    assert "console: V4 broken" in one(first).observed and first.points == 0


def test_one_test(lab):
    assert one(lab.grade(lab.write(lab.solution), "fork_isolates")).passed
    with pytest.raises(cut.CutError, match="no test 'nothing'; it has: fault_cow, case_1"):
        lab.grade(lab.write(lab.solution), "nothing")


def test_console_that_differs(lab):
    (lab.base / "labs/scratch/greeted.console").write_text("$ echo goodbye\n! ^good\n")
    try:
        outcome = one(lab.grade(lab.write(lab.stub), "greeted"))
    finally:
        (lab.base / "labs/scratch/greeted.console").write_text(GREETED)
    assert outcome.reason == "`echo goodbye` printed a line that must not come: goodbye"
    assert "console: $ echo goodbye\nconsole: goodbye" in outcome.observed


# ---- kernels that mean harm --------------------------------------------------------------------

ENDS = {
    "panic": ("    panic(\"no %s\", \"way\");\n", "panic"),
    "interrupts off": ("    irq_off();\n    for (;;)\n        asm volatile(\"\");\n", "hang"),
    "asleep": ("    irq_off();\n    for (;;)\n        wait_for_interrupt();\n", "hang"),
    "boot loop": ("    mmio_write32(machine.finisher, 0x7777);\n"
                  "    for (;;)\n        asm volatile(\"\");\n", "reboot"),
    "off": ("    mmio_write32(machine.finisher, 0x5555);\n", "exit"),
    "giant output": ("    for (;;)\n        printf(\"all is well\\n\");\n", "output"),
}


@pytest.mark.parametrize("name", ENDS)
def test_machine_that_ends(lab, name, request):
    code, event = ENDS[name]
    if event == "hang":
        request.getfixturevalue("impatient")
    outcome = one(lab.kernel_says(code))
    assert not outcome.passed and outcome.reason.startswith("before the shell: ")
    assert f"\nevent: {event}\n" in outcome.observed and len(outcome.observed) < 20000
    assert (outcome.hint == ("panic", "It says: no way")) == (name == "panic")


def test_machine_that_ends_later(lab):
    """Tests behind the one at which it ended run in another machine."""
    code = "    static int calls;\n    if (++calls == 80)\n        panic(\"enough\");\n"
    result = lab.kernel_says(code, None)
    events = re.findall(r"^event: (\w+)$", "\n".join(o.observed for o in result.outcomes), re.M)
    assert "panic" in events and set(events) == {"panic"}
    assert any(o.passed for o in result.outcomes if o.check.kind == "vmtests")


class Told:
    """A process that prints these pieces, and each time that it is asked has used a second more."""

    deadline = float("inf")

    def __init__(self, pieces):
        self.pieces, self.seconds = iter(pieces), 0

    def read(self, _seconds):
        return next(self.pieces, None)

    def cpu_seconds(self):
        self.seconds += 1
        return self.seconds

    def write(self, _data):
        pass

    def end(self):
        pass


@pytest.fixture
def tell(monkeypatch):
    """What machines print from now on."""
    def set_up(*pieces):
        child = Told(pieces)
        monkeypatch.setattr(console, "Child", lambda *_: child)
        return child
    monkeypatch.setattr(console, "LOOK", 0)
    monkeypatch.setattr(console, "command_line", lambda *_: [])
    return set_up


@pytest.fixture
def told(tell):
    """What the command `x` gives on a machine that prints this, and how long it took."""
    def run(*pieces):
        child = tell(*pieces)
        with console.Machine(None, "", "word") as m:
            try:
                return m.run("x"), child.seconds
            except console.Ended as ended:
                return ended, child.seconds
    return run


def test_kernel_that_starts_anew(told):
    ended, _ = told(b"x\n", b"\nFaultline: 64 MiB\n", b"$ no\n\nFaul", b"tline: 64 MiB\n")
    assert (ended.event, ended.text) == ("reboot", "\nx\n\nFaultline: 64 MiB\n$ no\n")


def test_text_behind_the_prompt(told):
    """It is no hang, and is noticed long before one would be."""
    ended, seconds = told(b"x\n1\n", b"$", b" ", b"2: write -> 2\n")
    assert (ended.event, ended.text) == ("prompt", "\nx\n1\n$ 2: write -> 2\n")
    assert seconds < 3 * console.BEHIND < console.BUSY
    ended, seconds = told(b"x\n1\n", *[None] * 10, b"$ 2: write -> 2\n", *[b"more\n"] * 99)
    assert ended.event == "prompt" and seconds < 10 + 3 * console.BEHIND
    ended, _ = told(b"2: write ->", b" 2\nx\n1\n$ ")  # of the prompt before this command
    assert (ended.event, ended.text) == ("prompt", "\n2: write -> 2\nx\n1\n")
    ended, seconds = told(b"x\n1\n")
    assert ended.event == "hang" and seconds > console.BUSY
    assert "prompt" in suite.EVENTS


def test_text_behind_the_prompt_is_not_typed_again(tell):
    tell(b"\nFaultline: hello\n$ ", None, b"x\n1\n$ ", b"2: write -> 2\n")
    verdict = single.console(None, [Step("x", [], []), Step("y", [], [])])
    assert (verdict.event, verdict.printed) == ("prompt", "$ x\n1\n$ 2: write -> 2\n")
    check = Check(5, "console", "script", None)
    lines = debug_commands(None, check, verdict).split("\n")
    assert [line.split("  ")[0] for line in lines if line.startswith("$ ")] == ["$ x"]
    assert "(gdb) stop-on lab on" in lines


def test_script_with_many_tests(tell):
    """Each verdict is a sign of progress: all of them may take longer than a machine that hangs."""
    tests = [b"test t: OK\n", *[None] * 5] * 5
    child = tell(b"\nFaultline: hello\n$ ", None, b"x\n", *tests, b"$ ")
    assert single.console(None, [Step("x", [], [])]).passed and child.seconds > console.BUSY
    tell(b"\nFaultline: hello\n$ ", None, b"x\ntest t: OK\n", *[None] * 99)
    assert single.console(None, [Step("x", [], [])]).event == "hang"


def test_what_looks_like_a_prompt(told):
    """It is none if the command goes on, even if the command had been busy for long before."""
    pieces = [b"x\n", *[None] * 10, b"$ 5\n", b"1\n", b"$ "]
    assert told(*pieces)[0] == "$ 5\n1\n"
    text, seconds = told(b"x\n$ 5\n", b"word test t: OK\n", *[None] * 9, b"1\n$ ")
    assert text == "$ 5\nword test t: OK\n1\n" and seconds > 2 * console.BEHIND


def test_many_hangs_are_cut_short(monkeypatch):
    """A kernel that hangs in each of many tests is graded within the time of a batch."""
    patience = []

    class Hanging(contextlib.nullcontext):
        def __init__(self, _products, _memory, word, _harts, busy):
            super().__init__(self)
            self.word = word
            patience.append(busy)

        def boot(self):
            return ""

        def run(self, command):
            if " -v -n " not in command:
                return ""
            name = command.split()[4]
            raise console.Ended("hang", f"{self.word} test {name}: started at 0\n")

    monkeypatch.setattr(suite, "Machine", Hanging)
    names = [f"t{i}" for i in range(2 * suite.HANGS)]
    verdicts = suite.Suite("vmtests", None).run(names)
    assert [verdicts[name].event for name in names] == ["hang"] * len(names)
    assert patience == [None] * suite.HANGS + [suite.SHORT] * suite.HANGS


def test_fork_bomb(lab, impatient):
    """Each process that forks, and each child, does so again at once."""
    outcome = one(lab.kernel_says("    if (va == 0)\n        proc_self()->tf->pc -= 4;\n"))
    assert not outcome.passed and re.search(r"^event: (hang|output)$", outcome.observed, re.M)
    assert "no more processes" in outcome.observed


def test_fake_passes(lab):
    lie = "".join(f'    printf("{word}test fault_cow: {what}\\n");\n'
                  for word in ("", "0123456789abcdef ") for what in ("started at 0", "OK"))
    result = lab.kernel_says(lie)
    assert not one(result).passed and "tampering" in one(result).reason
    assert result.notes == ["tampering: the submission prints verdicts of its own"]


def test_memory_that_leaks(lab, impatient):
    code = "    while (frame_alloc(FRAME_ANON, 0))\n        ;\n"
    assert not one(lab.kernel_says(code)).passed


# ---- text that means harm ----------------------------------------------------------------------

@pytest.fixture
def short_of_breath(monkeypatch):
    monkeypatch.setattr(products, "COMPILING", limits.Limits(
        wall=10 * PATIENCE, cpu=2, output=1 << 16, memory=1 << 30))


def build_error(lab, text):
    """What is told of a file that does not compile; each test says why it was not run."""
    result = lab.grade(lab.write({**lab.stub, FORK: text}), "fault_cow")
    assert result.points == 0 and result.error and result.outcomes[0].reason.startswith("not run")
    assert len(result.error) < 20000
    return result


def test_compile_error(lab):
    result = build_error(lab, lab.stub[FORK].replace("int r = 0;", "int r = zero;"))
    assert f"{FORK}:" in result.error and "'zero' undeclared" in result.error
    assert str(lab.folder) not in result.error and "make:" not in result.error
    assert re.search(r"^build: .*'zero' undeclared", result.outcomes[0].observed, re.M)


@pytest.mark.parametrize("text", [
    '#include "/dev/zero"\n', '#include </dev/zero>\n', '#include "../../secret.c"\n',
    "#inc\\\nlude /* */ \"/etc/passwd\"\n", '#define F "/etc/passwd"\n%: include F\n',
    'asm(".inc" "bin \\"/etc/passwd\\"");\n', 'asm(".include \\"/etc/passwd\\"");\n',
    'asm(".\\151nc\\x6cude \\"/etc/passwd\\"");\n', '#import "/etc/passwd"\n',
    'char *a = "/*";\n#include "/etc/passwd"\nchar *b = "*/";\n',
    "#if 0\nit's /*\n#endif\n#include \"/etc/passwd\"\n/* */\n",
    'char *a = R"(" /*)";\n#include "/etc/passwd"\n/**/', '#inc\\ \r\nlude "/etc/passwd"\n'])
def test_files_of_the_computer(lab, text):
    assert build_error(lab, text).error == f"{FORK} includes what is outside of the tree"


def test_compiler_that_prints_without_end(lab, short_of_breath):
    text = f'#include "{FORK}"\n#include "{FORK}"\n'
    assert "prints without end" in build_error(lab, text).error


def test_compiler_that_never_ends(lab, short_of_breath):
    names = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    text = "".join(f"#define {a} {b} {b} {b} {b}\n" for a, b in zip(names, names[1:]))
    assert build_error(lab, text + "int x = A;\n").error


def test_unit_test_that_calls_the_library(lab):
    text = "void exit(int);\n" + lab.stub[MISTAKE].replace("\n{\n", "\n{\n    exit(0);\n")
    result = lab.grade(lab.write({**lab.stub, MISTAKE: text}), "test_mistake")
    assert one(result).reason == "the submission uses exit: not the kernel's"


@pytest.mark.parametrize("function", ["_cmocka_run_group_tests", "__asan_default_options"])
def test_unit_test_that_replaces_the_library(lab, function):
    text = f"char *{function}(void);\nchar *{function}(void)\n{{\n    return 0;\n}}\n"
    text = lab.stub[MISTAKE] + text
    result = lab.grade(lab.write({**lab.stub, MISTAKE: text}), "test_mistake")
    assert one(result).reason == f"the submission uses {function}: not the kernel's"


def test_unit_test_that_crashes(lab):
    text = lab.stub[MISTAKE].replace("\n{\n", "\n{\n    *(volatile char *)8 = 1;\n")
    outcome = one(lab.grade(lab.write({**lab.stub, MISTAKE: text}), "test_mistake"))
    assert not outcome.passed and "console: [  ERROR   ] " in outcome.observed


# ---- submissions that mean harm ----------------------------------------------------------------

def placed(lab, path):
    """Notes, and the files of the lab as they would be built."""
    changed, notes = intake.select(intake.read(path), sorted(lab.stub), lab.base)
    return notes, {**lab.stub, **{name: data.decode() for name, data in changed.items()}}


def tar_of(path, members, mode="w:gz"):
    """A tar of names and contents; a TarInfo stands for itself."""
    with tarfile.open(path, mode) as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def encoded(files, prefix=""):
    return [(prefix + name, text.encode()) for name, text in files.items()]


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


@pytest.mark.parametrize("prefix", ["", "./", "someone/", "a/b/"])
def test_archives_are_as_good_as_folders(lab, prefix):
    folder = lab.new_folder()
    tar_of(folder / "a.tar", encoded(lab.solution, prefix), "w")
    tar_of(folder / "a.tar.gz", encoded(lab.solution, prefix))
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for name, data in [("__MACOSX/x", b"?"), *encoded(lab.solution, prefix)]:
            archive.writestr(name, data)
    with zipfile.ZipFile(folder / "windows.zip", "w") as archive:
        for name, data in encoded(lab.solution, prefix):
            archive.writestr(name.replace("/", "\\"), data)
    for name in ("a.tar", "a.tar.gz", "a.zip", "windows.zip"):
        assert placed(lab, folder / name) == ([], lab.solution)


def test_missing_files(lab):
    result = lab.grade(lab.write({FORK: lab.solution[FORK]}))
    assert result.error == f"missing: {MISTAKE}" and result.points == 0 and result.out_of == 100
    assert {o.reason for o in result.outcomes} == {"not run"}


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\3\4nothing", b"\x1f\x8b\x08 broken"])
def test_no_archive(lab, data):
    path = lab.new_folder() / "submission.zip"
    path.write_bytes(data)
    result = lab.grade(path)
    assert result.error.startswith("it cannot be read as") and result.points == 0


def test_links_and_devices_in_a_folder(lab):
    folder = lab.write({FORK: lab.stub[FORK]})
    (folder / "kernel/trap").symlink_to("/etc")
    (folder / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    with pytest.raises(intake.IntakeError) as error:
        placed(lab, folder)
    assert str(error.value).split("\n") == [
        f"missing: {MISTAKE}", "refused passwd: it is a symbolic link",
        "refused pipe: it is neither a file nor a folder",
        "refused kernel/trap: it is a symbolic link"]
    (folder / "kernel/trap").unlink()
    (folder / "kernel/trap").mkdir()
    (folder / MISTAKE).symlink_to("/etc/passwd")
    with pytest.raises(intake.IntakeError, match=f"refused {MISTAKE}: it is a symbolic link"):
        placed(lab, folder)


def test_links_and_places_outside_in_archives(lab):
    folder = lab.new_folder()
    bad = [special("etc", tarfile.SYMTYPE, "/etc"), special("hard", tarfile.LNKTYPE, "/etc/passwd"),
           special("tty", tarfile.CHRTYPE), ("../../escaped", b"x"), ("/tmp/escaped", b"x"),
           ("etc/escaped", b"x")]
    notes, files = placed(lab, tar_of(folder / "bad.tar.gz", bad + encoded(lab.solution)))
    assert files == lab.solution and notes == [
        "refused etc: it is a symbolic link", "refused hard: it is a hard link",
        "refused tty: it is neither a file nor a folder",
        "refused ../../escaped: it names a place outside of the submission",
        "refused /tmp/escaped: it names a place outside of the submission",
        "ignored etc/escaped: the handout has none"]
    link = zipfile.ZipInfo(FORK)
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "bad.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr(MISTAKE, "")
    with pytest.raises(intake.IntakeError, match=f"refused {FORK}: it is a symbolic link"):
        placed(lab, folder / "bad.zip")


def test_bombs(lab, monkeypatch):
    folder, zeros = lab.new_folder(), bytes(64 << 20)
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(FORK, zeros)
        archive.writestr(MISTAKE, "")
    with pytest.raises(intake.IntakeError, match=f"refused {FORK}: it is larger than 1 MiB"):
        placed(lab, folder / "bomb.zip")
    tar_of(folder / "bomb.tar.gz", [("build/disk", zeros), *encoded(lab.solution)])
    assert placed(lab, folder / "bomb.tar.gz") == ([], lab.solution)
    monkeypatch.setattr(intake, "UNPACKED", 16 << 20)
    with pytest.raises(intake.IntakeError, match="unpacked it is larger than 16 MiB"):
        placed(lab, folder / "bomb.tar.gz")
    header = tarfile.TarInfo("x")
    header.type = tarfile.XHDTYPE
    tar_of(folder / "header.tar.gz", [(header, zeros)])
    with pytest.raises(intake.IntakeError, match="an entry of the tar file is too large"):
        intake.read(folder / "header.tar.gz")
    monkeypatch.setattr(intake, "COUNT", 100)
    tar_of(folder / "many.tar.gz", [(f"file{i}", b"") for i in range(101)])
    with pytest.raises(intake.IntakeError, match="more than 100 files"):
        intake.read(folder / "many.tar.gz")


def test_other_files_are_ignored(lab):
    """A Makefile with a fork bomb, tests that always pass, a compiler of one's own."""
    mark = lab.folder / "mark"
    folder = lab.write({
        **lab.stub, "Makefile": f"x := $(shell touch {mark})\nkernel image:\n\t:(){{ :|:& }};:\n",
        "user/vmtests/rows.c": "void fault_cow(void)\n{\n}\n", "tools/ksyms": f"touch {mark}\n",
        "tests/host/test_mistake.c": "int main(void)\n{\n    return 0;\n}\n",
        "kernel/vm/more.c": '#error "compiled"\n', "build/debug/kernel.elf": b"\x7fELF"})
    result = lab.grade(folder, "fault_cow")
    assert not one(result).passed and not mark.exists()
    assert result.notes == [
        "ignored Makefile: it is changed, but no file of the lab",
        "ignored kernel/vm/more.c: the handout has none",
        "ignored tests/host/test_mistake.c: it is changed, but no file of the lab",
        "ignored tools/ksyms: it is changed, but no file of the lab",
        "ignored user/vmtests/rows.c: it is changed, but no file of the lab",
        "all files are as in the handout"]


def test_report(lab):
    """Reasons of all tests, a hint once, the console where there is none, one way to debug."""
    check, other = grade.Lab("scratch", lab.base).checks()[:2]
    seen = "".join(f"\nconsole: line {i}" for i in range(9)) + "\nconsole: panic: f: why"
    result = Result("scratch", 1, [Outcome(check, False, "why", seen, None, None, "do this"),
                                   Outcome(other, False, "why not", seen, ("name", "say"), None,
                                           "do that"),
                                   Outcome(check, False, "why", seen, ("name", "say"), None,
                                           "do that")], ["a note"])
    told = report(result)
    assert all(text in told for text in ("why\n", "why not", "line 0", "line 3", "hint: say",
                                         f"hint: that of {other.name}\n", "do this",
                                         "note: a note", "0 of 100 points"))
    assert told.count("hint: say") == 1 and told.count("line 3") == 1
    assert told.count("console: panic: f: why\n") == 3
    assert "line 4" not in told and "do that" not in told
    whole = report(result, verbose=True)
    assert whole.count("line 8") == 3 and "do that" in whole
    result.error = "missing: file"
    assert report(result) == "missing: file\n\nhint: say\nnote: a note\n0 of 100 points\n"


def test_unit_tests_draw_the_same_numbers_each_time(lab, monkeypatch, tmp_path):
    """Also where somebody has asked for another order of the tests: make tells SEED to all."""
    program = tmp_path / "build/host/test_mistake"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho SEED=$SEED\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("SEED", "77")
    monkeypatch.setattr(single, "called_outside", lambda *_: [])
    [check] = [c for c in grade.Lab("scratch", lab.base).checks() if c.kind == "host"]
    assert single.host(tmp_path, check, lab.base).printed == f"SEED={single.SEED}\n"


def test_times_are_not_told():
    text = "V4: last fault: 12.345678 hart 0\n3 passed, 1 failed in 4 s\n   0.000001 hart 1\n1.5\n"
    assert suite.without_times(text) == (
        "V4: last fault: hart 0\n3 passed, 1 failed\n   hart 1\n1.5\n")


# ---- the commands ------------------------------------------------------------------------------

def grade_command(lab, *arguments):
    return subprocess.run([lab.base / "tools/grade", *arguments], cwd=lab.base, timeout=300,
                          capture_output=True, text=True, check=False)


def test_command(lab):
    assert grade_command(lab, "nothing").returncode == 2
    assert grade_command(lab, "--test", "nothing").returncode == 2
    out = lab.new_folder() / "result.json"
    done = grade_command(lab, "--submission", lab.write(lab.solution), "--test", "fault_cow",
                         "--json", out)
    assert done.returncode == 0 and done.stdout.endswith("40 of 40 points\n"), done
    assert json.loads(out.read_text())["points"] == 40
    broken = subprocess.run([lab.base / "tools/grade", "--test", "fault_cow"], timeout=300,
                            env={**os.environ, "QEMU": "qemu-of-nobody"}, capture_output=True,
                            text=True, check=False)
    assert broken.returncode == 1 and "qemu-of-nobody is not installed" in broken.stderr


def test_make_grade_and_handin(lab):
    """What students do, in the handout; and the commands it prints lead to the failure."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
    def make(*goals):
        return subprocess.run(["make", *goals], cwd=lab.base, timeout=300, env=env,
                              capture_output=True, text=True, check=False)
    done = make("grade", "LAB=scratch", "TEST=fault_cow", "V=1")
    assert done.returncode == 0 and "0 of 40 points" in done.stdout, done
    assert "hint: Only 0 pages" in done.stdout and "observed:" in done.stdout
    assert make("handin").returncode == 0
    assert placed(lab, lab.base / "handin-scratch.tar.gz")[1] == lab.stub


def test_debug_commands_lead_to_the_test(lab):
    """What is printed for a test that fails is typed, line by line."""
    gdb = follow(lab, one(lab.grade(lab.write(lab.stub), "fault_cow")).debug)
    assert "--- fork_leaves() begins ---" in gdb


FORKS = "$ usertests fork_isolates\n^goodbye$\n$ ls\nREADME\n"


@pytest.fixture
def script(lab):
    """The test `greeted` forks, and does not say goodbye."""
    path = lab.base / "labs/scratch/greeted.console"
    path.write_text(FORKS)
    yield lab
    path.write_text(GREETED)


def test_debug_commands_of_a_script(script):
    outcome = one(script.grade(script.write(script.stub), "greeted"))
    assert outcome.debug.endswith(" at the machine's prompt") and "$ ls" not in outcome.debug
    assert "--- fork_leaves() begins ---" in follow(script, outcome.debug)


def test_debug_commands_of_a_panic(script):
    """What was typed last is what made the kernel panic."""
    code = '    if (proc_self()->pid > 3)\n        panic("no way");\n'
    lines = one(script.kernel_says(code, "greeted")).debug.split("\n")
    assert [line.split("  ")[0] for line in lines[-5:]] == [
        "(gdb) continue", "(gdb) ^C", "(gdb) stop-on panic on", "(gdb) continue",
        "$ usertests fork_isolates"]


def test_debug_commands_of_a_program_that_does_not_start():
    """No test is reached: what stops is the crash of whoever should have started it."""
    verdict = suite.Verdict(reason="vmtests does not start", began=False)
    lines = debug_commands(None, Check(5, "vmtests", "fault_cow", None), verdict).split("\n")
    assert not [line for line in lines if "break-user" in line]
    assert "(gdb) stop-on crash on" in lines and lines[-1].startswith("$ vmtests fault_cow ")


RUNS = re.compile(r"\$ |\(gdb\) \^C")     # is typed while the machine runs


def follow(lab, debug):
    """Does what the lines say; the answer of gdb to the last one."""
    lines = [re.split(r"(?<=\S) {3,}", line)[0]
             for line in re.sub(r"\\\n +", "", debug).split("\n")]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = f" GDBPORT={free.getsockname()[1]}"
    with contextlib.ExitStack() as stack:
        def start(command):
            child = pexpect.spawn("/bin/sh", ["-c", command + port], cwd=str(lab.base),
                                  encoding="utf-8", timeout=30 * PATIENCE, dimensions=(50, 200))
            stack.callback(child.close, force=True)
            return child
        window = start(lines[0])
        window.expect("in another window")
        gdb = start(lines[1])
        gdb.expect(r"\(gdb\) $")
        for typed, following in zip(lines[2:], [*lines[3:], ""]):
            if typed == "(gdb) ^C":
                window.expect(r"\$ $")
                gdb.sendintr()
            elif typed.startswith("(gdb) "):
                gdb.sendline(typed.removeprefix("(gdb) "))
            else:
                window.sendline(typed.removeprefix("$ "))
            if typed.startswith("$ ") or not RUNS.match(following):
                gdb.expect(r"\(gdb\) $")
        said = gdb.before
    until(lambda: not running(f"GRADED_IN={os.environ['GRADED_IN']}".encode()), "QEMU ends")
    return said
