"""vmtests, the tests of memory, on one and several harts; and nothing of the docs lacks a test."""

import re

import pytest

from machine import TOP, Machine, assert_all_passed

# Of the list of what kernels like this one get wrong, those that concern memory as it is now.
PITFALLS = [*range(1, 26), 41, 42, 48]


def passes(m, arguments, timeout=300):
    out = m.run(f"vmtests {arguments}".strip(), timeout=timeout)
    assert_all_passed(out)
    return re.findall(r"^test (\S+): OK", out, re.M)


@pytest.mark.parametrize("cpus,mem", [(1, "32M"), (4, "64M")])
def test_quick(cpus, mem):
    with Machine(cpus=cpus, mem=mem) as m:
        m.boot()
        assert len(passes(m, "-q")) >= 70
        m.halt()


@pytest.mark.parametrize("cpus,mem,debug", [(1, "64M", True), (2, "128M", False), (4, "64M", True)])
def test_all(cpus, mem, debug):
    with Machine(cpus=cpus, mem=mem, debug=debug) as m:
        m.boot()
        assert len(passes(m, "")) >= 80
        m.halt()


@pytest.mark.parametrize("option", ["spurious", "softad"])
def test_where_faults_are_spurious(option):
    with Machine(cpus=2, mem="64M", debug=True, append=option) as m:
        m.boot()
        assert "fault_spurious" in passes(m, "-q")
        m.halt()


def test_console_fills_untouched_pages():
    """What is typed goes to pages that are not there yet, across a border of two."""
    with Machine(cpus=2, mem="32M", debug=True) as m:
        m.boot()
        m.line("vmtests @console 6")
        m.expect(r"@console 6\r\n")
        m.line("hello")
        m.expect(r"console gave 6 bytes: hello")
        m.settle()
        m.halt()


# --- nothing is missing --------------------------------------------------------------------------

def guest_tests():
    table = (TOP / "user/vmtests/table.c").read_text()
    return set(re.findall(r"\b(?:TEST|SLOW)\((\w+)\)", table))


def rows():
    """Of docs/fault.md: kind and the name of its test."""
    table = (TOP / "docs/fault.md").read_text()
    return re.findall(r"^\| ([A-Z_]+) \|.*\| `(\w+)` \|$", table, re.M)


def kinds():
    body = re.search(r"enum fault_kind \{(.*?)FAULT_KINDS",
                     (TOP / "kernel/vmstat.h").read_text(), re.S)[1]
    return re.findall(r"^\s*KIND_(\w+),", body, re.M)


def test_every_row_is_a_kind_with_a_test():
    assert len(rows()) >= 8
    assert sorted(kind for kind, _ in rows()) == sorted(kinds())
    for kind, test in rows():
        assert test == f"fault_{kind.lower()}"
        assert test in guest_tests(), f"row {kind} of docs/fault.md has no test"


@pytest.mark.parametrize("source", ["kernel/vm/fault.c", "user/lib/faultnames.c"])
def test_every_kind_has_its_name(source):
    names = re.findall(r'\[KIND_(\w+)\]\s*=\s*"([A-Z+]+)"', (TOP / source).read_text())
    assert sorted(kind for kind, _ in names) == sorted(kinds())
    assert all(kind == name.replace("+", "_") for kind, name in names)


@pytest.mark.parametrize("number", PITFALLS)
def test_every_pitfall_has_a_test(number):
    assert any(name.startswith(f"pitfall_{number:02}_") for name in guest_tests())


def test_every_case_has_a_test():
    assert {name[5] for name in guest_tests() if name.startswith("case_")} == set("1234")


def test_no_test_is_left_out():
    """Every function that looks like a test stands in the table."""
    written = set()
    for source in (TOP / "user/vmtests").glob("*.c"):
        written |= set(re.findall(r"^void (\w+)\(void\)$", source.read_text(), re.M))
    helpers = {"holder_start", "holder_end", "call_set_up", "call_tear_down", "call_check_unmoved"}
    assert written - helpers == guest_tests()
