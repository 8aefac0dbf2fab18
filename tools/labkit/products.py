"""Building a tree under limits, and what comes of it."""

import os
import pathlib
import re
import shutil
import subprocess
import time

from labkit.console import Products
from labkit.limits import MIB, Limits, run

COMPILING = Limits(wall=480, cpu=30, output=MIB // 4, memory=2048 * MIB)
TOLD = 40       # lines of a compiler
WHY = {"time": "it takes too long to compile", "output": "the compiler prints without end"}


class BuildError(Exception):
    """The tree does not build; the text is what the compiler says."""


class GraderError(Exception):
    """Nothing can be graded on this computer; nobody's submission is to blame."""


def clean_environment():
    """Without what a `make` above passes on."""
    return {k: v for k, v in os.environ.items()
            if k not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "LAB", "SEED")}


def make(tree, jobs, goals):
    return run(["make", f"-j{jobs}", "--no-print-directory", "PLANT=0", "WERROR=0", "V=0", "LAB=",
                "UPROGS_EXTRA=", *goals], COMPILING, cwd=tree, env=clean_environment())


def build(tree, goals):
    """Makes the goals.  What is told of a failure is in the same order every time."""
    done = make(tree, 2, goals)
    if done.status == 0:
        return
    if not done.broken:
        done = make(tree, 1, goals)
    text = done.output.replace(f"{tree}/", "")
    lines = [line[:400] for line in text.split("\n")
             if line.strip() and not re.match("make|  [A-Z]+ +", line)]
    if done.broken:
        lines = [f"{WHY[done.broken]}.", *lines]
    check_computer(tree)
    raise BuildError("\n".join(lines[:TOLD]))


def check_computer(tree):
    """Is the computer to blame?"""
    doctor = subprocess.run(["tools/doctor", "--quiet", "build"], cwd=tree, timeout=120,
                            capture_output=True, text=True, check=False)
    if doctor.returncode:
        raise GraderError(doctor.stdout + doctor.stderr)


def kernel(tree, work, debug):
    """Builds the kernel and a fresh image of all programs."""
    build(tree, [f"DEBUG={int(debug)}", "kernel", "image"])
    folder = pathlib.Path(tree) / "build" / ("debug" if debug else "release")
    image = pathlib.Path(work) / f"{folder.name}.img"
    made = subprocess.run([f"{tree}/build/mkfs", image, f"README={tree}/README.md",
                           *sorted((folder / "bin").iterdir())], timeout=60,
                          capture_output=True, text=True, check=False)
    if made.returncode:
        raise GraderError(made.stdout + made.stderr)
    return Products(folder / "kernel.elf", image)


def copy_of(base, work, modes):
    """A private copy of a tree with its products of these modes, and their times.

    What is written from now on is newer than they are, or they go: the clock was wrong then.
    """
    def unneeded(folder, names):
        needed = {*modes, "host", "mkfs", "fsck"} if folder == f"{base}/build" else set(names)
        return [name for name in names if name == ".git" or name.endswith(".img")
                or name not in needed and "." not in name]

    tree = pathlib.Path(work) / "tree"
    tree.mkdir()
    shutil.copytree(base, tree, symlinks=True, dirs_exist_ok=True,
                    ignore=unneeded)
    newest = max((p.lstat().st_mtime for p in tree.glob("build/**/*")), default=0)
    if newest > time.time():
        shutil.rmtree(tree / "build")
    return tree


def check_tools():
    qemu = os.environ.get("QEMU", "qemu-system-riscv64")
    if not shutil.which(qemu):
        raise GraderError(f"{qemu} is not installed: see tools/doctor")
