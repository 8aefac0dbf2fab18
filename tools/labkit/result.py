"""What grading a submission gave.  No times stand in it: two runs give the same bytes."""

import dataclasses
import json

from labkit.lab import Check


@dataclasses.dataclass
class Outcome:
    """One test of the lab."""

    check: Check
    passed: bool
    reason: str = ""         # why it failed, in a line or a few
    observed: str = ""       # what the machine showed meanwhile (docs/labs.md, "hints")
    hint: tuple | None = None           # name and text of the hint that fits
    instructions: int | None = None     # what `bench` measured
    debug: str = ""          # the commands that show the failure in gdb

    @property
    def points(self):
        return self.check.points if self.passed else 0


@dataclasses.dataclass
class Result:
    """A submission.  With `error` set nothing could be run: the submission's fault, 0 points."""

    lab: str
    seed: int
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    error: str | None = None

    @property
    def points(self):
        return sum(outcome.points for outcome in self.outcomes)

    @property
    def out_of(self):
        return sum(outcome.check.points for outcome in self.outcomes)

    def to_json(self):
        whole = dataclasses.asdict(self)
        for plain, outcome in zip(whole["outcomes"], self.outcomes):
            plain["check"] = outcome.check._asdict()
        whole |= {"points": self.points, "out_of": self.out_of}
        return json.dumps(whole, indent=1) + "\n"

    @classmethod
    def from_json(cls, text):
        whole = json.loads(text)
        outcomes = [Outcome(**{**plain, "check": Check(**plain["check"]),
                               "hint": plain["hint"] and tuple(plain["hint"])})
                    for plain in whole["outcomes"]]
        return cls(whole["lab"], whole["seed"], outcomes, whole["notes"], whole["error"])
