"""Tests inside the machine: which passed, and what was seen of those that did not.

Verdicts count only if the word is before them that was drawn for this run.  All tests of a program
run one after the other; a test that fails may leave a machine in which others fail, too, so
whatever fails then runs again alone, with the counters and the list of faults around it.
"""

import dataclasses
import re
import secrets
from typing import NamedTuple

from labkit.console import Ended, Machine

MEMORY = {"vmtests": "128M", "usertests": "128M", "console": "64M", "bench": "512M"}
AT_ONCE = 20        # names in a command
FAULTS = 10         # lines of `faults`
FIRST, LAST = 15, 30  # lines of the console
BOOT = "before the shell: "
WIDTH = 200         # characters of them
HANGS = 4           # with this many, patience becomes short: there may be dozens
SHORT = 5           # seconds of the processor, twice what any test needs
FIRST_PIDS = 5      # of init, sh, and the three programs that are started before a test


@dataclasses.dataclass
class Verdict:
    passed: bool = False
    reason: str = ""
    event: str | None = None
    printed: str = ""       # between its start and its verdict
    rows: str = ""          # of vmstat, as far as they changed
    faults: tuple = ()
    tainted: bool = False   # something failed before it in the same machine
    tampered: bool = False
    began: bool = True
    build: str = ""         # what the compiler says
    limit: str = ""         # what `bench` measured against its limit
    instructions: int | None = None
    typed: tuple = ()       # commands of a .console file, up to the one that failed

    def observed(self):
        """The observation of docs/labs.md."""
        console = [line for line in self.printed.split("\n") if line.strip()]
        if len(console) > FIRST + LAST:
            console[FIRST:-LAST] = ["..."]
        lines = [*(f"build: {line}" for line in self.build.split("\n") if line),
                 f"verdict: {self.reason}", self.event and f"event: {self.event}",
                 *(f"console: {line.rstrip()[:WIDTH]}" for line in console),
                 self.rows and f"rows: {self.rows}",
                 *(f"fault: {line}" for line in self.faults),
                 self.limit and f"limit: {self.limit}"]
        return "\n".join(line for line in lines if line)


EVENTS = {"panic": "the kernel panicked", "hang": "it did not end: the machine hangs",
          "reboot": "the machine started again", "exit": "the machine switched itself off",
          "output": "the machine printed without end", "crash": "QEMU was ended by a signal",
          "prompt": "something was printed behind the shell's prompt"}


# What the driver says beside verdicts; what looks like a verdict; one that somebody else gave.
DRIVER = r"^\d+ passed, .*\n?|^(?:ALL|SOME) TESTS \w+\n?"
FORGED = re.compile(r"\btest \w+: (?:OK|FAILED|SKIPPED|started)\b")
FORGED_VERDICT = Verdict(reason="tampering: a verdict that is not the test's own", tampered=True)


class Run(NamedTuple):
    """What one command with some tests gave."""
    verdicts: dict      # name -> Verdict; tests that did not begin are missing
    ended: Ended | None
    text: str           # all that was printed


class Suite:
    """The tests of vmtests or usertests on one kernel."""

    def __init__(self, program, products, harts=1):
        self.program, self.products, self.harts = program, products, harts
        self.tampered = False
        self.hangs = 0

    def machine(self, word):
        return Machine(self.products, MEMORY[self.program], word, self.harts,
                       SHORT if self.hangs >= HANGS else None)

    def run(self, names):
        """name -> Verdict."""
        verdicts = self.in_turn(names)
        for name in names:
            first = verdicts[name]
            if not first.passed and first.began and (first.tainted or not first.event):
                alone = self.alone(name)
                verdicts[name] = alone if first.tainted or not alone.passed else first
            self.tampered |= verdicts[name].tampered
        return verdicts

    def in_turn(self, names):
        """In as few boots as possible."""
        verdicts, pending = {}, list(names)
        while pending:
            found = self.boot_and_run(pending)
            verdicts |= found
            pending = [name for name in pending if name not in found]
        return verdicts

    def boot_and_run(self, names):
        """Of these tests the first, and as many more as the machine lives to see."""
        word, verdicts = secrets.token_hex(8), {}
        with self.machine(word) as m:
            try:
                self.begin(m, word)
            except Ended as ended:
                where = "" if ended.event == "prompt" else BOOT
                return {name: ended_in(ended, word, where) for name in names}
            for at in range(0, len(names), AT_ONCE):
                run = self.command(m, word, names[at:at + AT_ONCE])
                failed = any(not v.passed for v in verdicts.values())
                verdicts |= mark_tainted(run.verdicts, failed)
                if run.ended or not run.verdicts:
                    break
        return verdicts or dict.fromkeys(names, self.not_started(run, word))

    def begin(self, m, word):
        """Boots, and reads the programs once: else processes would run in an order that depends
        on when this computer's disk is ready."""
        self.tampered |= is_forged(m.boot(), word)
        m.run(f"wc sh faults {self.program}")

    def command(self, m, word, names):
        try:
            text, ended = m.run(f"{self.program} -v -n {word} {' '.join(names)}"), None
        except Ended as e:
            text, ended = e.text, e
            self.hangs += e.event == "hang"
        self.tampered |= is_forged(text, word)
        verdicts = read_verdicts(text, word, names, ended)
        if ended and not verdicts:
            verdicts = {names[0]: ended_in(ended, word)}
        return Run(verdicts, ended, text)

    def not_started(self, run, word):
        """Not a single test began: the shell or the program may have crashed."""
        return Verdict(reason=f"{self.program} does not start", printed=told(run.text, word),
                       began=False)

    def alone(self, name):
        """Again, in a machine of its own, with what it did to the counters of faults."""
        word = secrets.token_hex(8)
        with self.machine(word) as m:
            try:
                self.begin(m, word)
                before = m.run("vmstat")
                run = self.command(m, word, [name])
                found = run.verdicts.get(name)
                if run.ended or found is None:
                    return found or self.not_started(run, word)
                found.faults = last_faults(m.run("faults"))
                found.rows = rows_between(before, m.run("vmstat"))
            except Ended as ended:
                return ended_in(ended, word)
        return found


def ended_in(ended, word="", where=""):
    """The verdict where the machine ended; lines with the word that was drawn are not told."""
    return Verdict(reason=where + EVENTS[ended.event], event=ended.event,
                   printed=told(ended.text, word))


def told(text, word):
    """What may be told of what was printed."""
    return without_times("\n".join(line for line in text.split("\n")
                                   if not word or word not in line))


def mark_tainted(verdicts, tainted):
    for verdict in verdicts.values():
        verdict.tainted = tainted
        tainted |= not verdict.passed
    return verdicts


def read_verdicts(text, word, names, ended):
    """The verdicts in what a command printed, by names of tests that began."""
    found = {}
    parts = re.split(rf"^.*?{word} test (\w+): started.*\n", text, flags=re.M)
    for name, printed in zip(parts[1::2], parts[2::2]):
        found[name] = (FORGED_VERDICT if name in found else
                       read_verdict(printed, word, name, ended))
    return {name: found[name] for name in names if name in found}


def read_verdict(printed, word, name, ended):
    lines = re.findall(rf"\b{word} test (\w+): (OK|FAILED|SKIPPED)(?: \((.*)\))?$", printed, re.M)
    own = re.sub(DRIVER, "", re.sub(rf".*\b{word} .*\n?", "", printed), flags=re.M)
    if len(lines) > 1 or FORGED.search(own) or any(line[0] != name for line in lines):
        return dataclasses.replace(FORGED_VERDICT, printed=without_times(own))
    if lines:
        _, verdict, why = lines[0]
        reason = {"OK": "", "FAILED": why, "SKIPPED": f"skipped: {why}"}[verdict]
        return Verdict(verdict == "OK", reason, printed=without_times(own))
    if ended:
        return ended_in(Ended(ended.event, own))
    return Verdict(reason="the program of the tests was ended", printed=without_times(own))


def is_forged(text, word):
    """Whether somebody printed verdicts without knowing the word."""
    return any(FORGED.search(line) and word not in line for line in text.split("\n"))


def without_times(text):
    """No run is at the same second as another."""
    return re.sub(r"(?<![\d.])\d+\.\d{6} | in \d+ s$", "", text, flags=re.M)


def rows_between(before, after):
    """`COW=3 LAZY=12`: what was added to the counters of vmstat."""
    def counters(text):
        return {m[1]: int(m[2]) for m in re.finditer(r"^(\S+) +(\d+) faults$", text, re.M)}
    old, new = counters(before), counters(after)
    return " ".join(f"{row}={new[row] - old.get(row, 0)}" for row in new
                    if new[row] > old.get(row, 0))


def last_faults(text):
    """The last lines of `faults` about the processes of the test, without the time."""
    lines = [m for m in re.finditer(r"^ *[\d.]+ +\d+ +(\d+) (.*)$", text, re.M)]
    newest = max((int(m[1]) for m in lines), default=0)
    return tuple(f"pid {m[1]} {m[2]}" for m in lines
                 if FIRST_PIDS < int(m[1]) < newest)[-FAULTS:]
