"""The rules of docs/invariants.md: each planted violation is found, and nothing else ever is."""

import re

import pytest

from machine import TOP, Machine

BROKEN = re.compile(r"^(\w+) broken: ", re.M)
FRAME = re.compile(r"^    frame (\d+) ", re.M)
PLACE = re.compile(r"^    pid (\d+) (\S+) at (0x[0-9a-f]+)", re.M)
PLANTED = re.compile(r"^planted (\S+): (\w+)(?: frame (\d+))?(?: pid (\d+) at (0x[0-9a-f]+))?$")


def clean(m):
    assert m.run("vmcheck") == "0 rules broken\n"


def planted(m):
    """What the console said before each line `planted ...`, and that line's match."""
    said = []
    for line in m.run("plant", timeout=120).splitlines():
        if match := PLANTED.match(line):
            yield "\n".join(said), match
            said = []
        else:
            said.append(line)
    assert re.match(r"planted \d+ violations, 0 not found exactly once", said[-1])


@pytest.mark.parametrize("cpus", [1, 4])
def test_each_planted_violation_is_named(cpus):
    with Machine(cpus=cpus, mem="64M", plant=True) as m:
        m.boot()
        clean(m)
        rules, names = set(), set()
        for said, (name, rule, frame, pid, address) in \
                ((said, match.groups()) for said, match in planted(m)):
            assert BROKEN.findall(said) == [rule], f"{name}: {said}"
            assert FRAME.findall(said) == ([frame] if frame else []), f"{name}: {said}"
            places = [(p, a) for p, _, a in PLACE.findall(said)]
            assert (pid, address) in places if pid else not places, f"{name}: {said}"
            rules.add(rule)
            names.add(name)
        assert len(names) >= 46
        text = (TOP / "docs" / "invariants.md").read_text(encoding="utf-8")
        assert rules == set(re.findall(r"^\| (\w+)\*", text, re.M))
        clean(m)
        m.halt()


def test_the_last_fault_of_the_frame_is_told():
    with Machine(cpus=2, mem="64M", plant=True) as m:
        m.boot()
        for said, match in planted(m):
            if match[1] == "write-execute":
                fault = re.search(r"last fault: .* pid (\d+) COW va (\S+) .* frame (\d+) ", said)
                assert fault and fault.groups() == (match[4], match[5], match[3]), said
        m.halt()


def test_two_processes_are_named_for_a_shared_frame():
    with Machine(cpus=2, mem="64M", plant=True) as m:
        m.boot()
        for said, match in planted(m):
            if match[1] in ("shared-writable", "count-lost", "page-uncounted"):
                who = PLACE.findall(said)
                assert len(who) == 2 and len({pid for pid, _, _ in who}) == 2, said
                assert {(name, at) for _, name, at in who} == {("plant", match[5])}, said
        m.halt()


def test_no_false_alarm_while_all_harts_are_busy():
    with Machine(cpus=4, mem="64M", debug=True, timeout=300) as m:
        m.boot()
        m.line("vmcheck 100000 &")
        m.expect("vmcheck: 50 times")
        job = re.findall(r"\[(\d+)\]", m.log)[-1]
        for seed in range(11, 31):
            out = m.type(f"grind -s {seed} -n 4 -p 8", timeout=400)
            assert "grind: OK" in out, out[-3000:]
            assert "broken" not in out
            times = int(re.findall(r"vmcheck: (\d+) times", m.log)[-1])
            if times >= 100:
                break
        assert times >= 100
        m.type(f"kill {job}")
        m.settle()
        m.halt()


def test_other_kernels_say_what_they_lack():
    with Machine(cpus=1, mem="32M") as m:
        m.boot()
        status, out = m.status("vmcheck")
        assert status == 2 and "DEBUG=1" in out
        status, out = m.status("plant")
        assert status == 2 and "PLANT=1" in out
        m.halt()
