#!/usr/bin/python3
"""The guided walks of docs/gdb.md: runs them, and compares what is said with what stands there.

usage: tests/gdb/walks.py --write     (puts what is said now into docs/gdb.md)

A walk is a block that begins with ```walk.  A line `(gdb) COMMAND` is given to gdb; lines `$ TEXT`
behind it are typed at the machine's console, where they arrive when the command lets it run.
"""

import pathlib
import re
import sys

if __name__ == "__main__":
    sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1])]

from machine import TOP
from session import Session

DOC = TOP / "docs" / "gdb.md"
BLOCK = re.compile(r"^```walk\n(.*?)^```$", re.M | re.S)

# What differs from run to run, or whenever something else of the kernel changes.
VARIES = [
    (re.compile(re.escape(f"{TOP}/")), ""),
    (re.compile(r"\b0x[0-9a-f]+\b"), "0x"),
    (re.compile(r"\b(pid|frame|page|inode|hart|entry) +\d+"), r"\1 N"),
    (re.compile(r"(\.[chS]):\d+"), r"\1"),
    (re.compile(r"( ?\+ ?)\d+\b"), "+N"),
    (re.compile(r"^#\d+ +"), "# "),
    (re.compile(r"(latest trap: )(system call|timer interrupt) "), r"\1"),   # it may have had one
    (re.compile(r"^ *\d+\.\d{6}.*"), lambda m: re.sub(r"\b[\d.]+\b", "N", m[0])),
    (re.compile(r"\s+"), " "),
]
# gdb's own words on where it stopped.
NOISE = re.compile(r"^$|^\[Switching|^(Thread \d+ hit )?Breakpoint \d+|^\d+\t|^Continuing|^0x\w+\t|"
                   r"^0x\w+ in ")


def blocks():
    """The commands of each walk: [(command, [typed], [said])]."""
    for block in BLOCK.findall(DOC.read_text(encoding="utf-8")):
        steps = []
        for line in block.splitlines():
            if line.startswith("(gdb) "):
                steps.append((line[6:], [], []))
            elif line.startswith("$ "):
                steps[-1][1].append(line[2:])
            else:
                steps[-1][2].append(line)
        yield steps


def run(session, steps):
    """The same steps with what is said now."""
    done = []
    for command, typed, _ in steps:
        for line in typed:
            session.machine.line(line)
        said = session.do(command).replace(f"{TOP}/", "").rstrip("\n")
        done.append((command, typed, said.split("\n") if said else []))
    return done


def substance(lines):
    """What of an answer has to be as it was."""
    kept = []
    for line in lines:
        if NOISE.match(line):
            continue
        for pattern, words in VARIES:
            line = pattern.sub(words, line)
        kept.append(line.strip())
    return kept


def text_of(steps):
    """The block of the document."""
    lines = []
    for command, typed, said in steps:
        lines += [f"(gdb) {command}"] + [f"$ {line}" for line in typed] + said
    return "```walk\n" + "\n".join(line.rstrip() for line in lines) + "\n```"


def write():
    with Session(cpus=1) as session:
        texts = []
        for steps in blocks():
            session.reset()
            texts.append(text_of(run(session, steps)))
    left = iter(texts)
    old = DOC.read_text(encoding="utf-8")
    DOC.write_text(BLOCK.sub(lambda _: next(left), old), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    write()
