"""Programs that take all there is (user/hog.c): the shell, init and the machine live on."""

import re

import pytest

from machine import CTRL_C, CTRL_P, Machine, until

THINGS = ["forks", "memory", "lazy", "files", "pipes", "disk", "inodes"]
FULL = r"hog: no more [^\n]*\n| hog: [^\n]* out of memory; killed\r\n"


def counts(m):
    """What `free` shows, in KiB."""
    return {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+) KiB", m.type("free"), re.M)}


def usable(m, before):
    """Everything that the hog had is there again, and everything works."""
    until(lambda: counts(m)["committed"] == before["committed"], f"{before['committed']} KiB")
    now = counts(m)
    assert now["free"] + now["cache"] > before["free"] + before["cache"] - before["total"] // 20
    assert not re.search(r"^ *\d+ .* hog$", m.type("ps"), re.M)
    assert "alive" in m.type("echo alive | cat")
    out = m.type("usertests fork_ids file_sizes pipe_simple malloc_random", timeout=120)
    assert "ALL TESTS PASSED" in out, out


@pytest.mark.parametrize("mem", ["32M", "128M"])
@pytest.mark.parametrize("thing", THINGS)
def test_hog_is_killed_by_ctrl_c(thing, mem):
    with Machine(cpus=2, mem=mem, debug=mem == "32M", timeout=30) as m:
        m.boot()
        before = counts(m)
        m.line(f"hog {thing}")
        m.expect(FULL, timeout=90)
        m.send(CTRL_P)  # also now the kernel answers
        m.expect("PID +PPID")
        m.send(CTRL_C)
        m.expect(r"\n\$ ", timeout=60)
        m.settle()
        if thing == "disk":
            assert "no space" in m.type("cat README > full")
            m.type("rm hog0 hog1 hog2 hog3 hog4 hog5 full", timeout=90)
        if thing == "inodes":
            assert "no space" in m.type("mkdir full")
            m.type(f"rm {' '.join(f'hog{n}' for n in range(16))}")
        usable(m, before)
        m.halt()


@pytest.mark.parametrize("thing", THINGS)
def test_shell_works_beside_a_hog(thing):
    """What cannot be done says why; prompts come, and halt works."""
    with Machine(cpus=2, mem="32M", debug=True, timeout=60) as m:
        m.boot()
        m.line(f"hog {thing} &")
        m.expect(FULL, timeout=90)
        for command in ("echo one | cat", "ps | wc", "cd dev; cd /", "cat README | wc", "sleep 3",
                        "ls"):
            m.type(command)
        out = m.type("free")
        assert "total" in out or "out of memory" in out, out
        m.line("halt")
        assert m.exit_code(60) == 0
        m.fsck()


def test_two_fork_bombs_and_a_memory_hog():
    with Machine(cpus=4, mem="64M", timeout=60) as m:
        m.boot()
        m.type("hog forks & hog memory & hog forks &")
        m.type("sleep 20")
        m.type("echo one; ps | wc")
        m.line("halt")
        assert m.exit_code(60) == 0
        m.fsck()
