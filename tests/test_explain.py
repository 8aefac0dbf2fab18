"""What the console says when a program makes a mistake (user/crash.c)."""

import re
import subprocess
import time

import pytest

from fsimage import FsImage
from machine import CTRL_C, MKFS, Machine, image_with, products, until

PTE = r"level {} entry +\d+: 0x[0-9a-f]+ {}\n"
WALK = ("    walk     " + PTE.format(2, "V------- table 0x[0-9a-f]+")
        + "             " + PTE.format(1, "V------- table 0x[0-9a-f]+")
        + "             " + PTE.format(0, "{}"))
EMPTY, CODE, CONST, DATA = (WALK.format(end) for end in (
    "empty", "VR-XU-A- page 0x[0-9a-f]+", "VR--U-A- page 0x[0-9a-f]+",
    "VRW-U-AD page 0x[0-9a-f]+"))
OUTSIDE = "    walk     none: the address is not in the user half\n"

AREA = r"0x[0-9a-f]+ to 0x[0-9a-f]+ "
BELOW = "    below    " + AREA + r"{}, ends {} below\n"
ABOVE = "    above    " + AREA + r"{}, begins {} above\n"
NONE = r"    area     none\n"
BYTES = r"\d+ bytes?"
STACK = r"    stack    sp 0x[0-9a-f]+; may grow from 0x[0-9a-f]+ down to 0x[0-9a-f]+\n"
FILE = r", of inode \d+ from 0x[0-9a-f]+ on"
TEXT = f"    area     0x0 to 0x[0-9a-f]+ text, r-x{FILE}\n    allowed  read, execute\n"
RETURN = r"(?:    return   0x[0-9a-f]+ \(\w+\+0x[0-9a-f]+\)\n)?"

# Name of the crash -> exception, function, address, likely mistake, and the lines about the memory.
PAGE_FAULTS = {
    "null": ("store", "null", "0x8", r"null pointer \+ 8", TEXT + CODE),
    "handler": ("store", "on_signal", "0x8", r"null pointer \+ 8",
                r"    return   0x[0-9a-f]+ \(signal_restorer\+0x0\)\n" + TEXT + CODE),
    "text": ("store", "text", "0x1[0-9a-f]{3}", r"write to program text \(it is read-only\)",
             TEXT + f"(?:{CODE}|{EMPTY})"), # the page may never have been used
    "rodata": ("store", "rodata", "0x[23][0-9a-f]{3}",
               r"write to constant data \(it is read-only\)",
               f"    area     {AREA}data, r--{FILE}\n    allowed  read\n" + CONST),
    "stack": ("store", r"(?:stack|memset)", "0x[45]f[0-9a-f]{2}",
              "below the stack, in its guard page: the stack is full",
              NONE + BELOW.format("data, rw-" + FILE, BYTES) + ABOVE.format("stack, rw-", BYTES)
              + "    allowed  nothing\n" + STACK + EMPTY),
    "below": ("load", "below", "0x[0-9a-f]+", "below the stack pointer by 12288 bytes",
              NONE + BELOW.format("data, rw-" + FILE, BYTES) + ABOVE.format("stack, rw-", BYTES)
              + "    allowed  nothing\n" + STACK + EMPTY),
    "guard": ("load", "guard", "0x[0-9a-f]+008", "in the guard page below the stack",
              NONE + BELOW.format("data, rw-" + FILE, "9 bytes") + ABOVE.format("stack, rw-", BYTES)
              + "    allowed  nothing\n" + STACK + EMPTY),
    "heap": ("store", "heap", "0x[0-9a-f]+000", "heap beyond the break by 1 byte",
             NONE + BELOW.format("heap, rw-", "1 byte") + "    allowed  nothing\n" + EMPTY),
    "kernel": ("load", "kernel", "0xffffffc080000000", "kernel address",
               NONE + "    allowed  nothing\n" + OUTSIDE),
    "beyond": ("load", "beyond", "0x4000000000", "beyond the user half",
               NONE + "    allowed  nothing\n" + OUTSIDE),
    "exec": ("instruction", None, "0x[0-9a-f]+", "jump into the data: not executable",
             r"    return   0x[0-9a-f]+ \(exec_data\+0x[0-9a-f]+\)\n"
             f"    area     {AREA}data, rw-{FILE}\n    allowed  read, write\n" + DATA),
    "wild": ("load", "wild", "0x2000000000", "wild pointer: nothing is near",
             NONE + BELOW.format("heap, rw-", "127 GiB") + "    allowed  nothing\n"
             "    walk     level 2 entry 128: 0x0{16} empty\n"),
    "string": ("load", "string", "0x6e75727265766f", 'the pointer holds the text "overrun"',
               NONE + "    allowed  nothing\n" + OUTSIDE),
    "eof": ("load", "end_of_file", "0x[0-9a-f]+000", "the file ends before this page",
            f"    area     {AREA}mapping, r--{FILE}\n    allowed  read\n"
            r"    walk     (?:.*\n)+"),
    "closed": ("load", "closed", "0x[0-9a-f]+000", "read from the mapping, which may not be read",
               f"    area     {AREA}mapping, ---\n    allowed  nothing\n"
               + WALK.format("-------- page 0x[0-9a-f]+000")),
    "memory": ("store", "memory", "0x[0-9a-f]+", "out of memory",
               f"    area     {AREA}heap, rw-\n    allowed  read, write\n"
               r"    walk     (?:.*\n)+"),
}

OTHERS = {
    "illegal": r"illegal instruction 0xffffffff at pc 0x[0-9a-f]+ \(illegal\+0x[0-9a-f]+\): "
               "not an instruction of this machine",
    "zeros": r"illegal instruction 0x0000 at pc 0x[0-9a-f]+ \(zeros\+0x[0-9a-f]+\): "
             "zeros are no instruction",
    "fpu": r"illegal instruction 0x00007053 at pc .* \(fpu\+.*: "
           "programs have no floating-point unit",
    "csr": r"illegal instruction 0x18002573 at pc .* \(csr\+.*: "
           "a control register that programs may not use",
    "break": r"breakpoint at pc 0x[0-9a-f]+ \(brk\+.*: ebreak, and nobody debugs this program",
    "align": r"misaligned load address at pc .* \(align\+.*, address 0x[0-9a-f]+4: "
             "the address is no multiple of the size of the access",
}


def first_line(name, symbols=True):
    kind, function, address, mistake, _ = PAGE_FAULTS[name]
    place = rf" \({function}\+0x[0-9a-f]+\)" if symbols and function else ""
    return (rf"pid \d+ \w+: {kind} page fault at pc 0x[0-9a-f]+{place}, "
            rf"address {address}: {mistake}; killed\n")


def explanation(name):
    return first_line(name) + RETURN + PAGE_FAULTS[name][-1]


@pytest.fixture(scope="module", params=[False, True], ids=["release", "debug"])
def guest(request):
    with Machine(mem="32M", debug=request.param) as m:
        m.boot()
        yield m
        m.halt()


@pytest.mark.parametrize("name", PAGE_FAULTS)
def test_page_fault(guest, name):
    guest.type("sleep 11")  # so many a second are explained in full
    out = guest.type(f"crash {name}", timeout=120)
    assert re.fullmatch(f"crash {name}\n" + explanation(name), out), out
    assert "alive" in guest.type("echo alive")


@pytest.mark.parametrize("name", OTHERS)
def test_other_exception(guest, name):
    out = guest.type(f"crash {name}; echo $?")
    assert re.fullmatch(rf".*\npid \d+ crash: {OTHERS[name]}; killed\n-1\n", out), out


def test_bad_pointers_of_system_calls_are_silent(guest):
    out = guest.type("vmtests -q pointer_bad pointer_partly_bad", timeout=120)
    assert "2 passed" in out and "killed" not in out, out


def test_explanations_do_not_mix():
    with Machine(cpus=2, mem="32M", debug=True) as m:
        m.boot()
        either = f"(?:{explanation('null')}|{explanation('guard')}|{explanation('wild')})"
        for _ in range(5):
            m.type("sleep 11")
            m.line("crash null 5 & crash guard 5 & crash wild 5 & wait; echo all")
            out = m.expect(r"\nall\r\n") + "\n"
            lines = out[out.index("all\n") + 4:]
            lines = re.sub(r"\[\d+\].*\n", "", lines)  # the shell's, before and after
            assert re.fullmatch(either + "{3}", lines), out
            m.settle()
        m.halt()


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """An image with scripts of many crashes and a program without symbols."""
    folder = tmp_path_factory.mktemp("explain")
    bare = bytearray((products() / "bin" / "crash").read_bytes())
    bare[40:48] = bytes(8)  # e_shoff
    bare[58:64] = bytes(6)  # e_shentsize, e_shnum, e_shstrndx
    (folder / "bare").write_bytes(bare)
    (folder / "many").write_text("crash null\n" * 40)
    (folder / "illegal").write_text("crash illegal\n" * 300)
    programs = [products() / "bin" / name
                for name in ("init", "sh", "halt", "echo", "cat", "sleep", "rm", "crash", "ps")]
    programs.append(image_with("attack").parent / "xbin" / "deaf")
    subprocess.run([MKFS, "-s", "4000", folder / "fs.img", *programs,
                    *(folder / name for name in ("bare", "many", "illegal"))],
                   check=True, timeout=60)
    return folder / "fs.img"


@pytest.fixture
def many(scripts, tmp_path):
    (tmp_path / "fs.img").write_bytes(scripts.read_bytes())
    with Machine(mem="32M", image=tmp_path / "fs.img", timeout=60) as m:
        m.boot()
        yield m
        m.halt()


def test_many_crashes_are_told_in_short(many):
    """Four explanations a second; every death has its line."""
    begin = time.monotonic()
    out = many.type("sh < many", timeout=120)
    seconds = time.monotonic() - begin
    first, full = (len(re.findall(p, out)) for p in (first_line("null"), explanation("null")))
    assert first == 40, out
    assert 4 <= full <= 4 * (seconds + 2), out
    assert out.count("walk") == full
    many.type("sleep 11")
    assert re.search(explanation("null"), many.type("crash null"))


def test_without_symbols(many):
    out = many.type("bare guard")
    assert re.search(first_line("guard", symbols=False) + PAGE_FAULTS["guard"][-1], out), out


def test_the_program_file_is_gone(many):
    """The process holds its file: the name is known until the end."""
    out = many.type("crash null 20 & sleep 5; rm crash; wait")
    assert re.search(explanation("null"), out), out


def test_the_program_file_cannot_become_garbage(many):
    """Its pages are the program's: a file that runs is not written (docs/abi.md, ETXTBSY)."""
    out = many.type("crash null 20 & sleep 5; cat illegal > crash; wait")
    assert "sh: crash: program is running" in out
    assert re.search(explanation("null"), out), out


def test_a_stopped_terminal_stops_no_hart(many):
    many.line("sh < illegal")
    time.sleep(4)  # nobody reads: everything on the way is full by now
    many.becomes_idle(3, 0.3)
    many.expect(r"\$ $", timeout=120)
    log = many.log
    assert len(re.findall(r"pid \d+ crash: " + OTHERS["illegal"] + r"; killed\r\n", log)) == 300


def test_a_killed_process_says_its_last_words(many):
    many.line("sh < illegal")
    for _ in range(12):
        many.expect("killed\r\n")
    time.sleep(4)  # nobody reads
    many.send(CTRL_C)
    many.expect(r"\$ $")  # the terminal takes text again in time: no line is cut
    log = many.log.replace("^C\r\n", "").replace("\r\n", "\n")  # the echo may stand anywhere
    lines = [line for line in log.split("\n") if "pid" in line or "killed" in line]
    assert 10 < len(lines) < 300
    assert all(re.fullmatch(r"(\$ )*pid \d+ crash: " + OTHERS["illegal"] + "; killed", line)
               for line in lines), log


def test_a_killed_process_does_not_wait_for_ever(many):
    many.line("sh < illegal & sleep 30; deaf gone crash illegal")
    time.sleep(6)  # the crash waits for its turn behind a script of crashes
    assert not FsImage(many.image.read_bytes()).exists("/gone")

    def gone():
        """Nobody reads: who waits for the crash goes on, and tells it on the disk in a second."""
        many.send(CTRL_C)
        time.sleep(4)
        return FsImage(many.image.read_bytes()).exists("/gone")
    until(gone, "the crash is over")
    many.type("wait", timeout=60)
    many.settle()
