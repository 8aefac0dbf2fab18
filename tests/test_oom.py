"""Overcommit: nothing is refused, and the largest process pays when memory ends (proc/oom.c)."""

import re

import pytest

from machine import CTRL_C, Machine, until
from test_hogs import counts, usable

KILLED = (r"out of memory: pid (\d+) (\S+) is the largest process with (\d+) KiB, "
          r"(\d+) KiB are free; killed")


def victims(m):
    """What the kernel said of those that it has killed so far: name, size and free KiB."""
    return [(name, int(size), int(free)) for _, name, size, free in re.findall(KILLED, m.log)]


def pids(m, name):
    return re.findall(rf"^ *(\d+) .* {name}$", m.type("ps"), re.M)


def until_gone(m, name):
    """While memory is short, a prompt may come without what was asked for."""
    def gone():
        out = m.type("ps")
        return "PID" in out and "init" in out and not re.search(rf" {name}$", out, re.M)
    until(gone, f"{name} ends", 120)
    m.settle()


@pytest.mark.parametrize("thing", ["lazy", "memory"])
@pytest.mark.parametrize("mem,debug", [("32M", True), ("64M", False)])
def test_hogs_die_and_others_live(thing, mem, debug):
    """Up to twenty processes at once, each wanting all."""
    with Machine(cpus=2, mem=mem, debug=debug, append="overcommit", timeout=60) as m:
        m.boot()
        m.type("sleep 100000 &")
        before = counts(m)
        neighbour = pids(m, "sleep")
        assert len(neighbour) == 1
        m.line(f"hog {thing} & hog {thing} &")
        m.expect(KILLED)
        until_gone(m, "hog")
        dead = victims(m)
        assert 2 <= len(dead) <= 20
        for name, size, free in dead:
            assert name == "hog"
            assert size > before["total"] // 50 and free < before["total"] // 8
        assert max(size for _, size, _ in dead) > before["total"] // 4
        assert pids(m, "sleep") == neighbour
        usable(m, before)
        if debug:
            assert m.status("vmcheck")[0] == 0
        m.halt()


def test_the_largest_is_not_the_one_that_asks():
    """Small hogs run into the end of memory; the one that had most of it before pays first."""
    with Machine(cpus=1, mem="32M", append="overcommit", timeout=60) as m:
        m.boot()
        m.type("hog large &")
        m.expect("hog: large")
        large = pids(m, "hog")
        assert len(large) == 1
        m.line("hog lazy &")
        m.expect(rf"out of memory: pid {large[0]} hog is")
        assert len(victims(m)) <= 1
        until_gone(m, "hog")
        m.halt()


def test_large_fork_by_setting():
    """The setting decides, at boot and later; what was promised stays so."""
    with Machine(cpus=2, mem="64M", debug=True) as m:
        m.boot()
        before = counts(m)
        assert m.run("overcommit").strip() == "off"
        for _ in range(2):
            code, out = m.status("hog fork", timeout=60)
            assert code == 1 and "no more processes: out of memory" in out
            assert "ALL TESTS PASSED" in m.type("vmtests heap_honest", timeout=60)
            assert m.run("overcommit on") == ""
            assert m.run("overcommit").strip() == "on"
            code, out = m.status("hog fork", timeout=60)
            assert code == 0 and "hog: forked" in out
            m.run("overcommit off")
        assert m.status("overcommit maybe")[0] != 0
        assert not victims(m)
        usable(m, before)
        m.halt()


def test_without_overcommit_a_lazy_hog_dies_alone():
    with Machine(cpus=2, mem="32M", timeout=60) as m:
        m.boot()
        m.line("hog lazy")
        m.expect(r"pid \d+ hog: .*out of memory; killed")
        m.send(CTRL_C)
        m.settle()
        assert not victims(m)
        m.halt()
