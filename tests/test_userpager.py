"""Paging in user mode (user/userpager.c): the faults of each line, and the kernel's count."""

import re

import pytest

from machine import Machine

ROW = re.compile(r"^(\w[\w ]*): (.*?) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", re.M)


@pytest.mark.parametrize("cpus,debug", [(1, False), (4, True)])
def test_userpager(cpus, debug):
    with Machine(cpus=cpus, mem="64M", debug=debug) as m:
        m.boot()
        status, out = m.status("userpager")
        assert status == 0, out
        rows = [(kind, what, *map(int, numbers)) for kind, what, *numbers in ROW.findall(out)]
        remote = [row[2:] for row in rows if row[0] == "remote array"]
        snapshot = [row[2:] for row in rows if row[0] == "snapshot"]
        barrier = [row[2:] for row in rows if row[0] == "barrier"]
        assert (len(remote), len(snapshot), len(barrier)) == (4, 1, 3), out

        # accesses, faults by reads and by writes, pages in, pages out
        whole, few, every_third, again = remote
        assert whole == (64 * 512, 64, 0, 64, 0)
        assert few == (50 * 6 * 512, 6, 0, 6, 0)  # they fit: nothing is fetched twice
        assert every_third[:4] == (22, 22, 22, 22)
        assert again[:4] == (64 * 512, 64, 0, 64)
        assert every_third[4] + again[4] == 22  # a dirty page goes back once
        assert snapshot == [(500, 0, 10, 0, 10)]
        assert [row[0] for row in barrier] == [3000] * 3
        assert [row[2] for row in barrier] == [4, 8, 16]

        handled, refused = map(int, re.search(r"^(\d+) faults .*, (\d+) acc", out, re.M).groups())
        assert handled == refused == sum(row[3] + row[4] for row in rows)
        m.halt()
