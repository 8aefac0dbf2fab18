"""The proof of a lab: what its handout, the reference and known wrong solutions come to.

All trees are made of one that is built first, so that each compiles only what is different in it.
Each job is a process of its own and returns facts; no fact stops the others.
"""

import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import subprocess
import traceback
from typing import NamedTuple

from labkit import single
from labkit.console import Products
from labkit.cut import copy_files, cut, finished, git
from labkit.grade import grade
from labkit.lab import TOP, Lab
from labkit.products import GraderError, clean_environment
from labkit.source import CutError
from labkit.suite import Suite

FULL_POINTS = 100
SEED = 7            # of labs that vary
HARTS = 2           # where all other tests run
LISTS = {"vmtests": "vmtests -l", "usertests": "usertests -q -l"}
CODE = ("kernel", "user", "mkfs", "tests/host", "Makefile", "kernel.ld")
LONG = 2400         # seconds: no command of these takes so long
SHOWN = 30          # lines of an explanation


class Fact(NamedTuple):
    text: str
    holds: bool
    why: str = ""


class Broken(Exception):
    """A job cannot go on; the text says what it was about."""


class Trees(NamedTuple):
    """Folders of one lab and seed, built."""
    lab: str
    handout: pathlib.Path
    whole: pathlib.Path         # what it was cut from
    reference: pathlib.Path     # the handout, with what students hand in as it is in the kernel


# ---- trees -----------------------------------------------------------------------------------

def run(tree, *command):
    return subprocess.run(command, cwd=tree, env=clean_environment(), timeout=LONG, check=False,
                          capture_output=True, text=True)


def make(tree, *goals, jobs=1):
    done = run(tree, "make", f"-j{jobs}", "--no-print-directory", "WERROR=1", *goals)
    if done.returncode:
        raise Broken(f"make {' '.join(goals)}\n{done.stderr}{done.stdout}")


def build(tree, jobs=1):
    make(tree, "DEBUG=0", "all", jobs=jobs)
    make(tree, "DEBUG=1", "all", jobs=jobs)


def host_tests(tree):
    return sorted(p.stem for p in (tree / "tests/host").glob("test_*.c"))


def snapshot(top, work):
    """The tree as it is now, whatever is edited from here on."""
    there = git(top, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    taken = work / "source"
    copy_files(top, taken, [name for name in there if (top / name).exists()])
    git(taken, "init", "-q")
    git(taken, "add", "-A")
    return taken


def build_first(top, work, jobs):
    """The kernel as it is, whose objects serve all other trees."""
    tree = work / "kernel"
    finished(tree, top, None)
    build(tree, jobs)
    make(tree, *(f"build/host/{test}" for test in host_tests(tree)), jobs=jobs)
    return tree


def copy(source, target):
    subprocess.run(["cp", "-a", "--sparse=always", source, target], check=True, timeout=LONG)


def code_of(tree):
    """A digest of what decides how a tree behaves."""
    digest = hashlib.sha256()
    for path in sorted(p for part in CODE for p in [tree / part, *(tree / part).rglob("*")]):
        if path.is_file():
            digest.update(f"{path.relative_to(tree)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def put_back(trees):
    copy(trees.handout, trees.reference)
    for name in Lab(trees.lab, trees.handout).hand_in():
        shutil.copyfile(trees.whole / name, trees.reference / name)


def prepare(top, work, name, seed):
    """Cuts and builds; the trees, or None, and facts."""
    called = f"SEED={seed}: " if seed else ""
    trees = Trees(name, *(work / f"{name}-{seed or 0}-{what}"
                          for what in ("handout", "whole", "reference")))
    facts = []
    try:
        cut(name, trees.handout, top, seed)
        facts.append(Fact(f"{called}the handout is cut, and nothing tells what was", True))
        finished(trees.whole, top, name, seed)
        copy(work / "kernel/build", trees.handout / "build")
        build(trees.handout)
        facts.append(Fact(f"{called}the handout builds without a warning", True))
        put_back(trees)
        build(trees.reference)
        facts.append(Fact(f"{called}so does the reference", True))
    except (CutError, Broken, subprocess.SubprocessError, OSError) as error:
        return None, [*facts, Fact(f"{called}cut and built", False, str(error))]
    same = code_of(trees.reference) == code_of(trees.whole)
    return trees, [*facts, Fact(f"{called}with what students hand in put back it is the kernel",
                                same, "" if same else "the code differs")]


# ---- jobs ------------------------------------------------------------------------------------

def sound(top, name):
    """The lab by itself, without a kernel."""
    lab = Lab(name, top)
    total = sum(check.points for check in lab.checks())
    yield Fact(f"{total} points in {len(lab.checks())} tests", total == FULL_POINTS)
    hints = {hint.name for hint in lab.hints()}
    strange = [f"{wrong.where}: there is no hint {wrong.hint}" for wrong in lab.wrong()
               if wrong.hint not in hints]
    strange += [f"{wrong.where}: no test of this lab: {name}" for wrong in lab.wrong()
                for name in wrong.fails if name not in {check.name for check in lab.checks()}]
    yield Fact(f"{len(hints)} hints, {len(lab.wrong())} wrong solutions",
               bool(hints and lab.wrong() or lab.is_challenge()) and not strange,
               "\n".join(strange))


def linted(trees, called):
    done = run(trees.handout, "make", "lint")
    complaints = [line for line in done.stdout.split("\n") if ":" in line]
    yield Fact(f"{called}the handout's layout is that of the kernel", done.returncode == 0,
               "\n".join(complaints) + done.stderr)


def repeated(top, work, trees, seed):
    """The same seed once more."""
    again = work / f"{trees.lab}-{seed}-again"
    cut(trees.lab, again, top, seed)
    done = run(work, "diff", "-r", "-x", "build", "-x", "compile_commands.json", again,
               trees.handout)
    yield Fact(f"SEED={seed} gives the same handout again", done.returncode == 0, done.stdout)


def products(tree, debug):
    folder = tree / "build" / ("debug" if debug else "release")
    return Products(folder / "kernel.elf", folder / "fs.img")


def boots(trees):
    """A release kernel; that of DEBUG boots for the tests."""
    with Suite("vmtests", products(trees.handout, False), HARTS).machine("") as m:
        m.boot()
        said = m.run("echo the shell speaks")
    yield Fact("the handout boots to a shell", "the shell speaks" in said, said)


def listed(checks, kind):
    return {check.name for check in checks if check.kind == kind}


def others_pass(tree, called, program, checks):
    """All tests of a program but those listed."""
    suite = Suite(program, products(tree, True), HARTS)
    with suite.machine("") as m:
        m.boot()
        there = [line.split()[0] for line in m.run(LISTS[program]).split("\n") if line.strip()]
    chosen = [test for test in there if test not in listed(checks, program)]
    verdicts = suite.run(chosen)
    wrong = [f"{test}: {v.reason}" for test, v in verdicts.items()
             if not v.passed and not v.reason.startswith("skipped")]
    yield Fact(f"{called}: {len(chosen)} of {len(there)} {program} pass",
               len(verdicts) > 0 and not wrong, "\n".join(wrong))


def other_host_tests_pass(base, work, called, checks):
    """In a copy, as other jobs read the tree."""
    tree = work / f"{base.name}-host"
    copy(base, tree)
    chosen = [test for test in host_tests(tree) if test not in listed(checks, "host")]
    wrong = []
    for test in chosen:
        try:
            make(tree, f"build/host/{test}")
            done = run(tree, "env", f"SEED={single.SEED}", f"build/host/{test}")
            if done.returncode:
                wrong.append(f"{test}: {done.stderr[-2000:]}")
        except Broken as error:
            wrong.append(str(error))
    yield Fact(f"{called}: {len(chosen)} host tests pass", bool(chosen) and not wrong,
               "\n".join(wrong))


def listed_fail(trees, called):
    result = grade(trees.lab, trees.handout)
    passing = [o.check.name for o in result.outcomes if o.passed]
    yield Fact(f"{called}the handout: all {len(result.outcomes)} tests of the lab fail",
               bool(result.outcomes) and not passing and not result.error,
               f"these pass: {' '.join(passing)}\n{result.error or ''}")


def explained(outcome):
    hint = f"hint {outcome.hint[0]}" if outcome.hint else "no hint"
    return "\n".join([f"{outcome.check.name}: {outcome.reason} ({hint})",
                      *(f"    {line}" for line in outcome.observed.split("\n"))])


def reference_passes(trees, called):
    result = grade(trees.lab, trees.reference)
    yield Fact(f"{called}the reference: {result.points} of {result.out_of} points",
               bool(result.outcomes) and all(o.passed for o in result.outcomes),
               "\n".join([result.error or "",
                          *(explained(o) for o in result.outcomes if not o.passed)]))


def submission_of(trees, wrong, folder):
    """What somebody with a wrong solution hands in."""
    files = Lab(trees.lab, trees.handout).hand_in()
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(trees.whole / name, folder / name)
    before = code_of(folder)
    done = run(folder, "patch", "-p1", "-F0", "--no-backup-if-mismatch", "-i",
               str(wrong.path.resolve()))
    touched = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    if done.returncode or touched != set(files) or code_of(folder) == before:
        raise Broken(f"{wrong.where} does not fit what is handed in:\n{done.stdout}{done.stderr}")


def wrong_is_seen(trees, work, wrong):
    folder = work / f"{trees.lab}-wrong-{wrong.name}"
    folder.mkdir()
    submission_of(trees, wrong, folder)
    result = grade(trees.lab, trees.handout, folder)
    failed = [o for o in result.outcomes if not o.passed and o.check.name in wrong.fails]
    missed = set(wrong.fails) - {o.check.name for o in failed}
    hints = [o for o in failed if o.hint and o.hint[0] == wrong.hint]
    yield Fact(f"wrong, {wrong.name}: {result.points} points; {len(failed)} of {len(wrong.fails)} "
               f"tests fail, {len(hints)} with hint {wrong.hint}", bool(hints) and not missed,
               "\n".join([result.error or "", *(f"{name} passes" for name in sorted(missed)),
                          *map(explained, failed)]))


def jobs_of(top, work, trees, seed):
    """What is to be shown of a lab: functions with their arguments."""
    lab = Lab(trees.lab, top)
    called, checks = f"SEED={seed}: " if seed else "", lab.checks()
    yield listed_fail, trees, called
    if not lab.is_challenge():
        yield reference_passes, trees, called
    yield linted, trees, called
    for program in LISTS:
        yield others_pass, trees.handout, f"{called}the handout", program, checks
    yield other_host_tests_pass, trees.handout, work, f"{called}the handout", checks
    if seed:
        yield repeated, top, work, trees, seed
        return
    yield boots, trees
    for wrong in lab.wrong():
        yield wrong_is_seen, trees, work, wrong


def kernel_jobs(tree):
    """The reference of every lab is this kernel."""
    for program in LISTS:
        yield others_pass, tree, "the reference", program, []
    yield other_host_tests_pass, tree, tree.parent, "the reference", []


def proven(job, *arguments):
    """The facts of a job, also if it fails: the others go on."""
    try:
        return list(job(*arguments))
    except (CutError, GraderError, Broken) as error:
        why = str(error)
    except Exception as error:  # pylint: disable=broad-except
        why = "".join(traceback.format_exception(error))
    return [Fact(job.__name__.replace("_", " "), False, why)]


class Report:
    """Facts, a line each, and how many hold."""

    def __init__(self):
        self.count = {True: 0, False: 0}

    def tell(self, about, facts):
        for fact in facts:
            self.count[fact.holds] += 1
            print(f"{'ok  ' if fact.holds else 'FAIL'} {about}: {fact.text}", flush=True)
            lines = [line for line in fact.why.split("\n") if line.strip()]
            for line in lines[:SHOWN] if not fact.holds else []:
                print(f"         {line}", flush=True)

    def end(self):
        print(f"{self.count[True]} passed, {self.count[False]} failed", flush=True)
        return self.count[False] == 0


def seeds_of(top, name):
    return [None, SEED] if (top / "labs" / name / "vary").is_file() else [None]


def check(chosen, work, top=TOP, jobs=os.cpu_count()):
    """Proves the labs of these names; True if all facts hold."""
    work, report = pathlib.Path(work).resolve(), Report()
    top = snapshot(pathlib.Path(top), work)
    for name in chosen:
        report.tell(name, proven(sound, top, name))
    try:
        kernel = build_first(top, work, jobs)
    except (CutError, Broken) as error:
        report.tell("kernel", [Fact("builds without a warning", False, str(error))])
        return report.end()
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        preparing = [(name, seed, pool.submit(prepare, top, work, name, seed))
                     for name in chosen for seed in seeds_of(top, name)]
        proving = [("kernel", pool.submit(proven, *job)) for job in kernel_jobs(kernel)]
        for name, seed, future in preparing:
            trees, facts = future.result()
            report.tell(name, facts)
            proving += [(name, pool.submit(proven, *job))
                        for job in (jobs_of(top, work, trees, seed) if trees else [])]
        for name, future in proving:
            report.tell(name, future.result())
    return report.end()
