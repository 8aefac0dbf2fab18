"""The line discipline and ^C, as a person at the keyboard meets them."""

import re
import time

import pexpect
import pytest

from machine import (CTRL_C, CTRL_D, CTRL_H, CTRL_P, CTRL_T, CTRL_U, CTRL_W, Machine,
                     until)


def typed(shell, keys):
    """What the shell prints for a line of keys that ends in a newline."""
    shell.send(keys)
    shell.expect(r"\r\n")
    return shell.expect(r"(?:^|(?<=\n))\$ $")


def test_echo_and_erase_character(shell):
    assert typed(shell, f"echo abx{CTRL_H}c\n") == "abc\n"
    assert typed(shell, "echo abx\x7fc\n") == "abc\n"


def test_erase_does_not_pass_the_start_of_the_line(shell):
    assert typed(shell, f"{CTRL_H * 5}echo ok\n") == "ok\n"


def test_erase_word_and_line(shell):
    assert typed(shell, f"echo one two{CTRL_W}three\n") == "one three\n"
    assert typed(shell, f"rubbish rubbish{CTRL_U}echo clean\n") == "clean\n"


def test_end_of_file(shell):
    shell.line("cat")
    shell.expect("cat\r\n")
    shell.line("one line")
    shell.expect("one line\r\none line\r\n")
    shell.send("without newline" + CTRL_D)
    shell.expect("without newlinewithout newline")
    shell.send(CTRL_D)
    shell.expect(r"\$ $")


def test_process_list_on_a_key(shell):
    shell.send(CTRL_P)
    shell.expect(r"PID +PPID +STATE")
    assert re.search(r" 1 +0 \w+ .*init", shell.expect(r" sh\r\n"))
    assert typed(shell, "echo on\n").endswith("on\n")


def test_interrupt_kills_a_pipeline_but_not_the_shell(shell):
    before = shell.run("ps").count(" sh\n")
    shell.line("cat | cat | cat")
    shell.until_running("cat", 3)
    shell.send(CTRL_C)
    shell.expect(r"\$ $")
    out = shell.run("ps")
    assert " cat" not in out, out
    assert out.count(" sh\n") == before


def test_interrupt_kills_a_busy_process(shell):
    shell.line("grind")
    shell.expect("seed")
    shell.send(CTRL_C)
    shell.expect(r"\$ $")
    until(lambda: "grind" not in shell.run("ps"), "grind ends")


@pytest.mark.parametrize("command", [
    "sleep 100000; echo x && echo x", "sleep 100000 || echo x", "cat | cat; echo x; echo x &",
    "(sleep 100000; echo x); echo x", "sh -c 'sleep 100000; echo x'; echo x"])
def test_interrupt_gives_up_the_rest_of_the_line(shell, command):
    shell.line(command)
    shell.until_running("sleep" if "sleep" in command else "cat")
    shell.send(CTRL_C)
    assert not re.search(r"^x$", shell.expect(r"\^C\r\n[^$]*\$ $"), re.M)
    assert shell.run("echo on; echo and on") == "on\nand on\n"


def interrupted(shell, answer):
    """Types ^C; true if the answer comes.  The first ^C may come before what it shall end."""
    shell.send(CTRL_C)
    return shell.child.expect([rf"{answer}\r\n", pexpect.TIMEOUT], timeout=1) == 0


def test_interrupt_is_caught(shell):
    """In whatever the program is: ^C ends its wait, not the program."""
    shell.line("usertests @catch; echo gave up")
    shell.expect(r"reads\r\n")
    for stage in "pauses", "loops", "ignores":
        until(lambda: interrupted(shell, stage), stage)
    shell.send(CTRL_C + "x\n")
    assert "gave up" not in shell.expect(r"(?<=\n)\$ $")
    assert shell.run("echo $?") == "3\n"


def test_interrupt_at_the_prompt_discards_the_line(shell):
    shell.send("echo nonsense" + CTRL_C)
    shell.expect(r"\$ $")
    assert "alive" in shell.run("echo alive")


def test_interrupt_leaves_background_jobs(shell):
    shell.run("sleep 100000 &")
    shell.line("cat")
    shell.until_running("cat")
    shell.send(CTRL_C)
    shell.expect(r"\$ $")
    ps = shell.run("ps")
    pids = re.findall(r"^ *(\d+) .* sleep$", ps, re.M)
    assert len(pids) == 1, ps
    shell.run(f"kill {pids[0]}; wait")


def test_a_long_paste_loses_nothing():
    with Machine(cpus=2, mem="64M") as m:
        m.boot()
        lines = [f"line {n} " + "x" * (n % 60) for n in range(150)]
        m.line("cat > pasted")
        for line in lines:
            m.line(line)
        m.send(CTRL_D)
        m.expect(r"\$ $", timeout=60)
        assert m.run("cat pasted", timeout=60).splitlines() == lines
        m.halt()


def test_memory_picture_on_a_key(shell):
    """It comes while a program runs, which goes on."""
    shell.line("cat; echo behind cat")
    shell.until_running("cat")
    shell.send(CTRL_T)
    shell.expect(r"\r\n64 MiB, 64 KiB a character[^\r]*\r\n")
    rows = re.findall(r"^0x(\w{9})  ([.ktso|pc#+zf]{64})$", shell.expect("# reserved"), re.M)
    assert [int(at, 16) for at, _ in rows] == [0x80000000 + n * (4 << 20) for n in range(16)]
    assert rows[0][1].startswith("#" * 16)
    shell.expect(r"shared +\d+ +z zero frame +1[^\r]*\r\n")
    shell.line("it goes on")
    shell.expect("it goes on\r\nit goes on\r\n")
    shell.send(CTRL_D)
    assert shell.expect(r"\$ $") == "behind cat\n"


def test_keys_do_not_keep_a_hart_busy():
    """While nobody takes what is printed, the kernel's lists wait like programs do."""
    with Machine(cpus=1, mem="32M") as m:
        m.boot()
        m.line("cat " + "README " * 28 + "&")  # more than anybody between takes
        time.sleep(2)
        m.send(CTRL_P + CTRL_T)
        m.becomes_idle(4, 0.08)
        m.expect("PID +PPID")
        m.expect("zero frame")
        m.settle()
        m.halt()
