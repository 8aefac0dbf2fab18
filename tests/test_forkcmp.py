"""forkcmp: what each way to start a program costs, in a machine that counts instructions."""

import re

import pytest

from machine import Machine

ROW = re.compile(r"^ *(\d+) (\w+) +(\d+) +(\d+) +(\d+) +(\d+)  (#+)$", re.M)


@pytest.fixture(scope="module")
def guest():
    with Machine(cpus=1, mem="256M", timeout=240, extra=["-icount", "shift=0,sleep=off"]) as m:
        m.boot()
        yield m
        m.halt()


@pytest.fixture(scope="module")
def table(guest):
    """(size, way) -> instructions, frames copied, frames shared, page tables, length of the bar."""
    rows = ROW.findall(guest.run("forkcmp"))
    return {(int(size), way): (*map(int, numbers), len(bar)) for size, way, *numbers, bar in rows}


def test_every_way_at_every_size(table):
    ways = ["eager", "cow", "vfork", "spawn"]
    assert list(table) == [(size, way) for size in (0, 1, 4, 16, 64) for way in ways]


def test_copy_on_write_copies_nothing_that_nobody_writes(table):
    eager, cow = table[64, "eager"], table[64, "cow"]
    assert eager[1] >= 64 * 256 and eager[2] == 0
    assert cow[1] * 100 <= eager[1] and cow[2] >= 64 * 256
    assert cow[0] * 10 <= eager[0], "a copy of a page costs more than ten times its sharing"
    assert cow[3] == eager[3]


@pytest.mark.parametrize("way", ["vfork", "spawn"])
def test_size_does_not_matter_without_a_copy(table, way):
    small = table[0, way]
    for size in (1, 4, 16, 64):
        assert table[size, way][0] <= small[0] * 1.05
        assert table[size, way][1:3] == (0, 0)
    assert small[0] < table[0, "cow"][0] < table[0, "eager"][0]


def test_bars_grow_with_the_cost(table):
    by_cost = sorted(table.values())
    assert [row[4] for row in by_cost] == sorted(row[4] for row in table.values())
    assert by_cost[0][4] == 1 and by_cost[-1][4] > 20


def test_sizes_are_arguments(guest):
    rows = ROW.findall(guest.run("forkcmp 2 3"))
    assert [row[0] for row in rows] == ["2"] * 4 + ["3"] * 4
    assert "no memory" in guest.run("forkcmp 200")


@pytest.mark.parametrize("arguments,words", [
    ("-x", "usage"), ("4 x", "not a size"), ("-- -1", "not a size"), ("1025", "not a size"),
    ("1 " * 17, "usage"),
])
def test_wrong_arguments(guest, arguments, words):
    status, out = guest.status(f"forkcmp {arguments}".strip())
    assert status == 2 and words in out, out


def test_help(guest):
    status, out = guest.status("forkcmp -h")
    assert status == 0 and out.startswith("usage: forkcmp")
    assert "forkcmp.tmp" not in guest.run("ls")
