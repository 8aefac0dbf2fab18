"""usertests on one and several harts, with the kernel's checks on and off; the disk afterwards."""

import re

import pytest

from machine import Machine, assert_all_passed


def passes(m, arguments, timeout):
    out = m.run(f"usertests {arguments}".strip(), timeout=timeout)
    assert_all_passed(out)
    return len(re.findall(r"^test \S+: OK", out, re.M))


@pytest.mark.parametrize("cpus,debug", [(1, False), (2, True), (4, False), (4, True)])
def test_quick(cpus, debug):
    with Machine(cpus=cpus, mem="64M", debug=debug) as m:
        m.boot()
        assert passes(m, "-q", timeout=400) >= 80
        m.halt()


def test_all():
    with Machine(cpus=2, mem="128M") as m:
        m.boot()
        assert passes(m, "", timeout=800) >= 85
        m.halt()


def test_quick_in_the_smallest_machine():
    with Machine(cpus=1, mem="32M") as m:
        m.boot()
        passes(m, "-q", timeout=400)
        m.halt()


def test_names_are_listed_and_selected():
    with Machine(cpus=1, mem="32M") as m:
        m.boot()
        names = [line.split()[0] for line in m.run("usertests -l").splitlines() if line.strip()]
        assert len(names) >= 80
        out = m.run(f"usertests {names[0]}")
        assert f"test {names[0]}: OK" in out and "ALL TESTS PASSED" in out
        status, out = m.status("usertests nonsense")
        assert status != 0 and "nonsense" in out
        m.halt()


@pytest.mark.parametrize("command", ["grind -s 7 -n 60", "forktest", "stressfs"])
@pytest.mark.parametrize("cpus", [1, 4])
def test_stress_program(command, cpus):
    with Machine(cpus=cpus, mem="64M") as m:
        m.boot()
        status, out = m.status(command, timeout=200)
        assert status == 0, out[-2000:]
        m.halt()
