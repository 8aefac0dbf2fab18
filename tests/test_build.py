"""The build itself: nothing is built twice, everything that must be is."""

import os
import shutil
import subprocess

import pytest

from machine import TOP


def make(tree, *args, **env):
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    clean.update(env)
    return subprocess.run(["make", "-C", tree, "--no-print-directory", *args], timeout=600,
                          capture_output=True, text=True, env=clean, check=False)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the sources, built once."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copytree(TOP, copy, dirs_exist_ok=True, symlinks=True,
                    ignore=shutil.ignore_patterns("build", ".git", "__pycache__", ".gdbinit"))
    done = make(copy, "WERROR=1")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return copy


def test_second_make_does_nothing(tree):
    done = make(tree, "WERROR=1")
    assert done.returncode == 0
    assert not [line for line in done.stdout.splitlines() if line.startswith("  ")], done.stdout


def test_touching_a_header_rebuilds_its_users(tree):
    header = tree / "kernel" / "proc" / "timer.h"
    header.write_text(header.read_text() + "\n")
    built = make(tree, "WERROR=1").stdout
    assert "kernel/proc/timer.c" in built
    assert "kernel/fs/" not in built
    assert "kernel.elf" in built


def test_a_new_program_is_in_the_image(tree):
    (tree / "user" / "greet.c").write_text(
        '#include "kernel/types.h"\n#include "user/user.h"\n'
        'int main(void)\n{\n    printf("greetings\\n");\n    return 0;\n}\n')
    done = make(tree, "WERROR=1")
    assert done.returncode == 0, done.stdout + done.stderr
    listing = subprocess.run(["strings", "-n", "5", tree / "build/release/fs.img"],
                             capture_output=True, text=True, check=True).stdout
    assert "greet" in listing and "greetings" in listing


def test_the_image_is_reproducible(tree):
    image = tree / "build" / "release" / "fs.img"
    first = image.read_bytes()
    image.unlink()
    assert make(tree).returncode == 0
    assert image.read_bytes() == first


def test_help_lists_targets_and_variables(tree):
    out = make(tree, "help").stdout
    for word in ("qemu", "test", "lint", "bench", "doctor", "clean", "CPUS", "MEM", "DEBUG"):
        assert word in out


def test_clean_leaves_only_sources(tree):
    assert make(tree, "clean").returncode == 0
    assert not (tree / "build").exists()


def test_lint():
    done = make(TOP, "lint")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
