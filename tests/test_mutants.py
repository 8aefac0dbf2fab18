"""Do the tests of memory and files bite?  Bugs are planted in the kernel; each must be noticed."""

import re
import shutil
import subprocess
import sys

import pytest

from machine import TOP, Machine
from mutants import MUTANTS

NAMES = [mutant.name for mutant in MUTANTS]
GUESTS = ("vmtests", "usertests")


def guest_of(name):
    """The program in the machine that has this test."""
    for program in GUESTS:
        table = (TOP / "user" / program / "table.c").read_text()
        if re.search(rf"\b(TEST|SLOW)\({name}\)", table):
            return program
    return None


def is_there(name):
    if "::" in name:
        file, test = name.split("::")
        return re.search(rf"^def {test}\(", (TOP / "tests" / file).read_text(), re.M)
    if ":" in name:
        program, test = name.split(":")
        source = (TOP / "tests/host" / f"{program}.c").read_text()
        return re.search(rf"\b(cmocka_unit_test|TEST)\({test}\)", source)
    return guest_of(name)


@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_mutant_has_its_place(mutant):
    """The code that it would change is there, once, and so are the tests."""
    assert (TOP / mutant.file).read_text().count(mutant.old) == 1, mutant.old
    for name in mutant.tests.split():
        assert is_there(name), name


# --- planting them -------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the sources and of what is built of them."""
    copy = tmp_path_factory.mktemp("mutants") / "tree"
    subprocess.run(["cp", "-a", "--sparse=always", TOP, copy], check=True, timeout=300)
    return copy


def make(tree, *goals):
    done = subprocess.run(["make", *goals], cwd=tree, capture_output=True, text=True, timeout=600,
                          check=False)
    assert done.returncode == 0, done.stderr


def pass_in_guest(tree, names):
    """Which of these tests pass; a panic, a dead machine and a hanging one are answers too."""
    make(tree, "kernel", "DEBUG=0")
    alive, left = [], list(names)
    while left:
        with Machine(cpus=2, mem="64M", kernel=tree / "build/release/kernel.elf", timeout=30) as m:
            try:
                m.boot()
            except AssertionError:
                return alive
            while left:
                name = left.pop(0)
                try:
                    out = m.type(f"{guest_of(name)} {name}", timeout=100)
                except AssertionError:
                    break
                assert "no test is called" not in out
                if "ALL TESTS PASSED" in out:
                    alive.append(name)
    return alive


def pass_on_host(tree, names):
    """PROGRAM:TEST of tests/host."""
    alive = []
    for name in names:
        program, test = name.split(":")
        make(tree, f"build/host/{program}")
        try:
            done = subprocess.run([tree / "build/host" / program], capture_output=True, text=True,
                                  timeout=600, check=False)
        except subprocess.TimeoutExpired:
            continue
        if f"[       OK ] {test}\n" in done.stdout + done.stderr:
            alive.append(name)
    return alive


def pass_over_console(tree, names):
    """FILE::TEST of pytest."""
    alive = []
    for name in names:
        for debug in (0, 1):
            make(tree, "kernel", f"DEBUG={debug}")
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                               f"tests/{name}"], cwd=tree, timeout=1800, check=False)
        assert done.returncode in (0, 1)
        if done.returncode == 0:
            alive.append(name)
    return alive


def passing(tree, names):
    console = [name for name in names if "::" in name]
    host = [name for name in names if ":" in name and name not in console]
    guest = [name for name in names if ":" not in name]
    return (guest and pass_in_guest(tree, guest)) + pass_on_host(tree, host) + \
        pass_over_console(tree, console)


@pytest.mark.soak
def test_without_a_mutant_all_pass(tree):
    names = sorted({name for mutant in MUTANTS for name in mutant.tests.split()})
    assert sorted(passing(tree, names)) == names


@pytest.mark.soak
@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_mutant_is_killed(tree, mutant):
    source = tree / mutant.file
    assert mutant.old in source.read_text()
    shutil.copy2(source, tree / "original")
    source.write_text(source.read_text().replace(mutant.old, mutant.new))
    try:
        alive = passing(tree, mutant.tests.split())
    finally:
        source.write_text((tree / "original").read_text())
    assert not alive, f"not noticed by {alive}"
