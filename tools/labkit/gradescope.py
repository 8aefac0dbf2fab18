"""A grade in the formats of those who show it: Gradescope, GitHub Classroom, a plain text.

usage: gradescope.py GRADED OUT-FOLDER [VISIBILITY]     (GRADED is what worker.py wrote)
"""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from labkit.report import report  # noqa: E402
from labkit.result import Result  # noqa: E402
from labkit.worker import write_whole  # noqa: E402

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
LONGEST = 20_000    # characters of one text: these pages show them all at once


def readable(text):
    """Without what a terminal would obey, and what is no text at all."""
    return re.sub(r"[^\t\n\x20-\x7e\u00a0-\ud7ff\ue000-\U0010ffff]", "?", text)


def shortened(text):
    text = readable(text)
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]}\n[...]\n{text[-half:]}"


def output_of(outcome):
    """What the student reads about one test."""
    if outcome.passed:
        spent = outcome.instructions
        return "" if spent is None else f"{spent} instructions, at most {outcome.check.limit}"
    parts = [outcome.reason, outcome.hint and f"Hint: {outcome.hint[1]}",
             outcome.observed and f"What was seen:\n{outcome.observed}",
             outcome.debug and f"To look at it:\n{outcome.debug}"]
    return shortened("\n\n".join(part for part in parts if part))


def introduction(result):
    """Without the points: who shows it knows them, and whether they may be seen yet."""
    lines = list(result.notes)
    if result.error:
        lines.append(f"Nothing could be run: {result.error}")
    return shortened("\n".join(lines))


def instructions(result):
    """What all measured rows took together; None unless the solution is complete."""
    spent = [o.instructions for o in result.outcomes if o.instructions is not None]
    complete = result.outcomes and result.points == result.out_of
    return sum(spent) if spent and complete else None


def gradescope(result, visibility="visible"):
    """results.json: https://gradescope-autograders.readthedocs.io, "Autograder Output Format"."""
    tests = [{"number": str(number), "name": f"{o.check.kind} {o.check.name}",
              "score": o.points, "max_score": o.check.points,
              "status": "passed" if o.passed else "failed", "output": output_of(o),
              "output_format": "text", "visibility": visibility}
             for number, o in enumerate(result.outcomes, 1)]
    page = {"score": result.points, "output": introduction(result), "output_format": "text",
            "visibility": visibility, "stdout_visibility": "hidden", "tests": tests,
            "extra_data": {"lab": result.lab, "seed": result.seed}}
    if (spent := instructions(result)) is not None:
        page["leaderboard"] = [{"name": "Instructions", "value": spent, "order": "asc"}]
    return page


def classroom(result):
    """What the runners of GitHub Classroom hand to its reporter: one entry for each test."""
    tests = [{"name": f"{o.check.kind} {o.check.name}", "status": "pass" if o.passed else "fail",
              "score": o.points, "max_score": o.check.points, "points": o.check.points,
              "message": output_of(o)} for o in result.outcomes]
    full = not result.error and all(o.passed for o in result.outcomes)
    return {"version": 1, "status": "error" if result.error else "pass" if full else "fail",
            "score": result.points, "max_score": result.out_of, "message": introduction(result),
            "tests": tests}


def write_all(result, folder, visibility="visible"):
    folder = pathlib.Path(folder)
    pages = {"results.json": gradescope(result, visibility), "classroom.json": classroom(result)}
    for name, page in pages.items():
        write_whole(folder / name, json.dumps(page, indent=1) + "\n")
    write_whole(folder / "result.json", result.to_json())
    write_whole(folder / "report.txt", readable(report(result, verbose=True)))


def main(graded, out, visibility="visible"):
    told = json.loads(pathlib.Path(graded).read_text(encoding="utf-8"))
    if told["state"] != "graded":
        sys.exit(f"autograder: {told['why']}")
    write_all(Result.from_json(json.dumps(told["result"])), out, visibility)


if __name__ == "__main__":
    main(*sys.argv[1:])
