"""Do the tests of memory bite?  Bugs are planted in kernel/vm, and each has to be noticed."""

import re
import shutil
import subprocess

import pytest

from machine import TOP, Machine
from mutants import MUTANTS

NAMES = [mutant.name for mutant in MUTANTS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_mutant_has_its_place(mutant):
    """The code that it would change is there, once, and so are the tests."""
    assert (TOP / mutant.file).read_text().count(mutant.old) == 1, mutant.old
    table = (TOP / "user/vmtests/table.c").read_text()
    for name in mutant.tests.split():
        assert re.search(rf"\b(TEST|SLOW)\({name}\)", table), name


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the sources and of what is built of them."""
    copy = tmp_path_factory.mktemp("mutants") / "tree"
    subprocess.run(["cp", "-a", "--sparse=always", TOP, copy], check=True, timeout=300)
    return copy


def build(tree):
    done = subprocess.run(["make", "kernel", "DEBUG=0"], cwd=tree, capture_output=True, text=True,
                          timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return tree / "build/release/kernel.elf"


def passing(kernel, names):
    """Which of these tests pass; a panic, a dead machine and a hanging one are answers too."""
    alive, left = [], list(names)
    while left:
        with Machine(cpus=2, mem="64M", kernel=kernel, timeout=30) as m:
            try:
                m.boot()
            except AssertionError:
                return alive
            while left:
                name = left.pop(0)
                try:
                    out = m.type(f"vmtests {name}", timeout=100)
                except AssertionError:
                    break
                assert "no test is called" not in out
                if "ALL TESTS PASSED" in out:
                    alive.append(name)
    return alive


@pytest.mark.soak
def test_without_a_mutant_all_pass(tree):
    names = sorted({name for mutant in MUTANTS for name in mutant.tests.split()})
    assert passing(build(tree), names) == names


@pytest.mark.soak
@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_mutant_is_killed(tree, mutant):
    source = tree / mutant.file
    assert mutant.old in source.read_text()
    shutil.copy2(source, tree / "original")
    source.write_text(source.read_text().replace(mutant.old, mutant.new))
    try:
        kernel = build(tree)
        alive = passing(kernel, mutant.tests.split())
    finally:
        source.write_text((tree / "original").read_text())
    assert not alive, f"not noticed by {alive}"
