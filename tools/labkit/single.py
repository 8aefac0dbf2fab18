"""Checks outside of vmtests and usertests: rows of bench, scripts for the console, unit tests."""

import dataclasses
import os
import re
import secrets
import subprocess

from labkit.console import Ended, Machine, plain
from labkit.limits import Limits, run
from labkit.source import without_comments
from labkit.suite import MEMORY, Verdict, ended_in, without_times

HOST = Limits(wall=120, cpu=60, output=1 << 18, memory=None)  # the sanitizers reserve terabytes
VERDICT = "\ntest "  # a script may type a whole program of tests, which prints no word
SEED = "1"          # of unit tests that draw numbers: the same ones for everybody


def bench(products, check):
    """A row of `bench`: guest instructions, and whether they are within the limit."""
    word = secrets.token_hex(8)
    with Machine(products, MEMORY["bench"], word) as m:
        try:
            m.boot()
            text = m.run(f"bench -n {word} {check.name}")
        except Ended as ended:
            return ended_in(ended, word)
    rows = re.findall(rf"^{word} .{{34}} +(\d+|failed)\b", text, re.M)
    if len(rows) > 1:
        return Verdict(reason="tampering: a row of bench that is not its own", tampered=True)
    if not rows or rows[0] == "failed":
        return Verdict(reason="bench gave no number", printed=text.replace(word, ""))
    count = int(rows[0])
    if count <= check.limit:
        return Verdict(True, instructions=count)
    return Verdict(reason=f"{count} instructions, more than {check.limit}", instructions=count,
                   limit=f"{check.name} {count} > {check.limit}")


def console(products, steps):
    """Types what a .console file says, and looks for what it expects."""
    with Machine(products, MEMORY["console"], VERDICT) as m:
        printed, typed = "", ()
        try:
            m.boot()
            for step in steps:
                typed += (step.command,)
                printed += "$ "
                text = m.run(step.command)
                printed += f"{step.command}\n{text}"
                wrong = mismatch(step, text.split("\n"))
                if wrong:
                    return Verdict(reason=f"`{step.command}` {wrong}", typed=typed,
                                   printed=without_times(printed))
        except Ended as ended:
            told = ended_in(Ended(ended.event, printed + ended.text.lstrip("\n")))
            return dataclasses.replace(told, typed=typed)
    return Verdict(True)


def mismatch(step, lines):
    """What is wrong with the lines that a command printed; None if nothing is."""
    for expression in step.never:
        for line in lines:
            if expression.search(line):
                return f"printed a line that must not come: {line.strip()}"
    at = 0
    for expression in step.lines:
        at = next((i + 1 for i in range(at, len(lines)) if expression.search(lines[i])), 0)
        if not at:
            return f"printed no line, at its place, that matches: {expression.pattern}"
    return None


# What any C code may call without knowing it.
HARMLESS = re.compile(r"__(?:asan|ubsan|cxa|libc|gmon|stack)_\w+|_ITM_\w+|mem\w+|str\w+"
                      r"|_assert_\w+|_cmocka_\w+|_expect_\w+|_check_\w+|_mock|_will_\w+|_fail"
                      r"|print_error")


def called_outside(tree, check, base):
    """Names that the test shares with libraries for the sake of the submission alone.

    The submission's code is a part of the test's process: with exit() or printf() it could pass,
    or with a function that the libraries then call instead of their own.
    """
    test = base / "tests/host" / f"{check.name}.c"
    text = test.read_text(encoding="utf-8")
    sources = re.findall(r"^// sources: (.*)$", text, re.M)
    ours = [test, *(base / name for line in sources for name in line.split()),
            *(base / name for name in re.findall(r'^#include "(tests/host/\S+)"', text, re.M))]
    known = set(re.findall(r"\w+", "".join(
        without_comments(p.read_text(encoding="utf-8")) for p in ours)))
    listed = subprocess.run(["nm", "-D", tree / "build/host" / check.name],
                            capture_output=True, text=True, timeout=60, check=True).stdout
    imported = re.findall(r"^ *[UwWvV] (\w+)", listed, re.M)
    exported = re.findall(r"^[0-9a-f]+ \w (?!__asan_option_)(\w+)$", listed, re.M)
    foreign = exported + [name for name in imported if not HARMLESS.fullmatch(name)]
    return [name for name in foreign if name not in known]


def host(tree, check, base):
    """A unit test on this computer; addresses and process numbers are not told."""
    foreign = called_outside(tree, check, base)
    if foreign:
        return Verdict(reason=f"the submission uses {', '.join(foreign)}: not the kernel's",
                       tampered=True)
    done = run([f"build/host/{check.name}"], HOST, cwd=tree,
               env={**os.environ, "SEED": SEED, "ASAN_OPTIONS": "hard_rss_limit_mb=1024"})
    text = re.sub(r"0x[0-9a-f]{5,}|==\d+==", "0x...", plain(done.output.encode()))
    if done.status == 0:
        return Verdict(True)
    text = re.sub(r"^\[ RUN      \] (\w+)\n\[       OK \] \1\n", "", text, flags=re.M)
    failed = re.findall(r"\[  FAILED  \] (\w+)$", text, re.M)
    if failed:  # what a test has when it fails leaks
        text = re.split(r"^=+\n.*ERROR: LeakSanitizer", text, maxsplit=1, flags=re.M)[0]
    event = {"time": "hang", "output": "output"}.get(done.broken)
    event = "crash" if done.status and done.status < 0 else event
    reason = ("did not end" if event == "hang" else
              f"failed: {', '.join(sorted(set(failed)))}" if failed else "did not reach its end")
    return Verdict(reason=reason, event=event, printed=text)
