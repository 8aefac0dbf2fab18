"""Programs written for xv6 (tests/compat) compile unmodified with -Wall -Werror, and run."""

import re

import pytest

from machine import TOP, copied, image_with


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    """A machine whose image has the programs, at its prompt; its disk is checked at the end."""
    with copied(image_with("compat"), tmp_path_factory.mktemp("compat")) as m:
        yield m


def test_pingpong(guest):
    got = re.findall(r"(\d+): got (\d+)", guest.run("pingpong"))
    assert [int(token) for _, token in got] == list(range(1, 11))
    assert len({pid for pid, _ in got[0::2]}) == len({pid for pid, _ in got[1::2]}) == 1
    assert got[0][0] != got[1][0]


def test_primes(guest):
    found = [int(n) for n in re.findall(r"prime (\d+)", guest.run("primes 100", timeout=60))]
    assert found == [n for n in range(2, 101) if all(n % d for d in range(2, n))]


def test_seek(guest):
    guest.run("mkdir t; mkdir t/u; echo x > t/n; echo x > t/u/n; echo x > t/m")
    assert sorted(guest.run("seek t n").split()) == ["t/n", "t/u/n"]


def test_foreach(guest):
    assert guest.run("echo a b | foreach echo x").strip() == "x a b"
    guest.run("echo one > lines; echo two three >> lines")
    assert guest.run("cat lines | foreach echo got").splitlines() == ["got one", "got two three"]
    assert guest.status("echo y | foreach nosuch")[0] == 1


def test_nap(guest):
    ticks, clock = re.search(r"nap: (\d+) ticks, clock (\w+)", guest.run("nap 5")).groups()
    assert 5 <= int(ticks) < 50 and clock == "moved"
    assert guest.status("nap")[0] == 1


@pytest.mark.parametrize("program", ["lazycow", "slinks", "ticker", "maplab"])
def test_passes(guest, program):
    status, out = guest.status(program, timeout=60)
    assert status == 0 and f"{program}: passed" in out


def test_oldstyle(guest):
    assert guest.run("oldstyle").strip() == "oldstyle: 3 big 1 ok"


def test_all_programs_are_tested():
    names = {f.stem for f in (TOP / "tests" / "compat").glob("*.c")}
    tested = {"pingpong", "primes", "seek", "foreach", "nap", "lazycow", "slinks", "oldstyle",
              "ticker", "maplab"}
    assert names == tested
