"""Grading a submission: from the files handed in to points, reasons and hints."""

import pathlib
import random
import tempfile

from labkit import debug, intake, products, single
from labkit.hints import hint_for
from labkit.lab import Lab
from labkit.result import Outcome, Result
from labkit.source import CutError
from labkit.suite import Suite, Verdict

SUITES = ("vmtests", "usertests")


def grade(lab_name, base, submission=None, only=None, seed=1):
    """The result of a submission, put over a copy of the handout `base`.

    Without a submission `base` itself is built and graded, where it is.  `only` names one test;
    other seeds than 1 run the tests in other orders.  Raises GraderError if this computer cannot
    grade, CutError if the lab itself is not sound.
    """
    base = pathlib.Path(base).resolve()
    products.check_tools()
    lab = Lab(lab_name, base)
    checks = [c for c in lab.checks() if only in (None, c.name)]
    if not checks:
        raise CutError(f"lab {lab_name} has no test {only!r}; it has: "
                       f"{', '.join(c.name for c in lab.checks())}")
    result = Result(lab_name, seed)
    with tempfile.TemporaryDirectory(prefix="grade-") as work:
        try:
            tree = base if submission is None else accept(lab, submission, checks, work, result)
            grading = Grading(lab, tree, work, seed)
            verdicts = grading.verdicts(checks)
            if grading.tampered or any(v.tampered for v in verdicts.values()):
                result.notes.append("tampering: the submission prints verdicts of its own")
        except (intake.IntakeError, products.BuildError) as error:
            result.error = str(error)
            verdicts = dict.fromkeys(checks, not_run(error))
    result.outcomes = [outcome(lab, check, verdicts[check]) for check in checks]
    return result


def accept(lab, submission, checks, work, result):
    files, result.notes = intake.select(intake.read(submission), lab.hand_in(), lab.top)
    tree = products.copy_of(lab.top, work, modes_of(checks))
    intake.place(files, tree)
    return tree


def modes_of(checks):
    """The kernels that checks need."""
    kinds = {check.kind for check in checks}
    return ({"debug"} if kinds & {*SUITES, "console"} else set()) | (
        {"release"} if "bench" in kinds else set())


def not_run(error):
    if isinstance(error, products.BuildError):
        return Verdict(reason="not run: the kernel does not build", build=str(error))
    return Verdict(reason="not run")


def outcome(lab, check, verdict):
    if verdict.passed:
        return Outcome(check, True, instructions=verdict.instructions)
    observed = verdict.observed()
    return Outcome(check, False, verdict.reason, observed, hint_for(lab.hints(), observed),
                   verdict.instructions, debug.commands(lab, check, verdict))


class Grading:
    """One tree, of which the products are made when a test needs them."""

    def __init__(self, lab, tree, work, seed):
        self.lab, self.tree, self.work, self.seed = lab, tree, work, seed
        self.tampered = False

    def verdicts(self, checks):
        """Check -> Verdict."""
        kinds, modes = {check.kind for check in checks}, modes_of(checks)
        if "debug" in modes:
            debug_kernel = products.kernel(self.tree, self.work, debug=True)
        if "release" in modes:
            release = products.kernel(self.tree, self.work, debug=False)
        found = {}
        for kind in SUITES:
            if kind in kinds:
                found |= self.suite([c for c in checks if c.kind == kind], debug_kernel)
        for check in checks:
            if check.kind == "bench":
                found[check] = single.bench(release, check)
            elif check.kind == "console":
                found[check] = single.console(debug_kernel, self.lab.console(check.name))
            elif check.kind == "host":
                found[check] = self.host(check)
        return found

    def suite(self, checks, built):
        order = list(checks)
        if self.seed != 1:
            random.Random(self.seed).shuffle(order)
        suite = Suite(checks[0].kind, built)
        verdicts = suite.run([c.name for c in order])
        self.tampered |= suite.tampered
        return {check: verdicts[check.name] for check in checks}

    def host(self, check):
        try:
            products.build(self.tree, [f"build/host/{check.name}"])
        except products.BuildError as error:
            return Verdict(reason="the test does not build with the submission", build=str(error))
        return single.host(self.tree, check, self.lab.top)
