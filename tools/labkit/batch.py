"""Grading all submissions of a course, by GNU parallel, on this machine or on several.

What is to be graded is a key: the hash of the submission, of the base and of the seed.  A result is
a file of that name, which appears whole or not at all; so a batch that was interrupted, or that is
run again after more submissions came, does only what is missing, and equal submissions are graded
once.  Whatever becomes of one submission, the others go on.
"""

import contextlib
import fcntl
import json
import pathlib
import shutil
import subprocess
import sys
from typing import NamedTuple

from labkit import base as bases
from labkit import submissions
from labkit.gradescope import write_all
from labkit.lab import TOP
from labkit.result import Result
from labkit.submissions import BatchError, Refused, Submission, key_of
from labkit.worker import write_whole

ON_HOST = ".faultline-batch"    # the folder of a host, in the home of whoever logs in there
WORKER = pathlib.Path(__file__).with_name("worker.py")
TRIES = 3                       # of a submission whose worker died or whose grader failed
GRACE = 120                     # seconds until parallel ends a worker that should have ended


class Options(NamedTuple):
    lab: str
    out: pathlib.Path
    jobs: str = "100%"
    hosts: str | None = None    # an --sshloginfile of GNU parallel
    seconds: int = 600
    test: str | None = None
    visibility: str = "visible"


class Job(NamedTuple):
    key: str
    file: str                   # the packed submission
    base: bases.Base


class Student(NamedTuple):
    """A line of the summary."""
    submission: Submission
    result: Result | None       # None: not graded, and `why`
    why: str = ""
    again: bool = False         # whether another attempt may change that
    host: str = ""
    seconds: float = 0


@contextlib.contextmanager
def alone(out):
    """Batches with the same folder take turns, by hand: two would write the same files."""
    (out / "work").mkdir(parents=True, exist_ok=True)
    with open(out / "work" / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BatchError(f"{out}: another batch is at work there") from error
        yield


def stage(submission, base, options):
    """Packs one submission; the job that grades it."""
    suffix, contents = submissions.pack(submission.path)
    key = key_of(suffix, contents, base.name, options.test)
    file = options.out / "work" / "packed" / (key + suffix)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".part-{key}")
        part.write_bytes(contents)
        part.rename(file)
    return Job(key, f"packed/{file.name}", base)


def given(options, key):
    """What the worker wrote, or why there is nothing."""
    try:
        told = json.loads((options.out / "work" / "given" / f"{key}.json")
                          .read_text(encoding="utf-8"))
        if told["state"] == "graded":
            told["result"] = Result.from_json(json.dumps(told["result"]))
        return told
    except FileNotFoundError:
        return {"state": "not graded", "why": "the worker died, or was never started"}
    except (ValueError, KeyError, TypeError, OSError) as error:
        return {"state": "not graded", "why": f"its result cannot be read: {error!r}"}


def command_line(options, jobs):
    """GNU parallel and what it runs.  Words of the jobs are our own, safe for any shell."""
    line = ["parallel", "--colsep", "\t", "--joblog", "joblog", "--retries", str(TRIES),
            "--timeout", str(options.seconds + GRACE), "--jobs", options.jobs]
    if sys.stderr.isatty():
        line.append("--bar")
    if options.hosts:
        (options.out / "work" / ON_HOST).unlink(missing_ok=True)
        (options.out / "work" / ON_HOST).symlink_to(".")    # parallel's "remote" folder of host `:`
        needed = [WORKER.name, *sorted({f"bases/{bases.packed(job.base).name}" for job in jobs})]
        line += ["--sshloginfile", str(pathlib.Path(options.hosts).absolute()), "--wd", ON_HOST,
                 *(word for file in needed for word in ("--basefile", file)),
                 "--transferfile", "{3}", "--return", "{6}", "--cleanup"]
    return [*line, "python3", WORKER.name, *(f"{{{n}}}" for n in range(1, 7)),
            *([options.test] if options.test else [])]


def run(options, jobs):
    """Grades what has no result; returns when all jobs have ended, however."""
    work = options.out / "work"
    shutil.copy2(WORKER, work / WORKER.name)
    lines = ["\t".join([options.lab, f"bases/{job.base.name}", job.file,
                        str(job.base.seed or 1), str(options.seconds), f"given/{job.key}.json"])
             for job in jobs]
    (work / "jobs").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for job in jobs:
        (work / "given" / f"{job.key}.json").unlink(missing_ok=True)
    with open(work / "jobs", encoding="utf-8") as queue, open(work / "log", "a",
                                                               encoding="utf-8") as log:
        try:
            subprocess.run(command_line(options, jobs), cwd=work, stdin=queue, stdout=log,
                           check=False)
        except FileNotFoundError as error:
            raise BatchError("GNU parallel is not installed: run ./setup") from error
        except KeyboardInterrupt:
            print("\ngrade-batch: interrupted; the same command goes on", file=sys.stderr)


def folder_of(submission, options):
    return options.out / "students" / submission.folder


def not_graded(submission, why, options, again=False):
    """No grade of an earlier time must stay."""
    shutil.rmtree(folder_of(submission, options), ignore_errors=True)
    write_whole(folder_of(submission, options) / "report.txt", f"Not graded: {why}\n")
    return Student(submission, None, why, again)


def finish(submission, key, options):
    """A student's files, and the line of the summary."""
    told = given(options, key)
    if told["state"] != "graded":
        return not_graded(submission, told["why"], options, again=True)
    write_all(told["result"], folder_of(submission, options), options.visibility)
    return Student(submission, told["result"], "", False, told["host"], told["seconds"])


def grade_all(found, options, top=TOP):
    """The students, each with a result or the reason why there is none."""
    handed_in = [s for s in found if s.path is not None]
    seeds = sorted({s.seed for s in handed_in}, key=lambda seed: seed or 0)
    of_seed = bases.bases_for(options.lab, seeds, options.out / "work" / "bases", top)
    jobs, refused = {}, {}
    for submission in handed_in:
        try:
            jobs[submission] = stage(submission, of_seed[submission.seed], options)
        except Refused as error:
            refused[submission] = str(error)
    todo = {job.key: job for job in jobs.values() if given(options, job.key)["state"] != "graded"}
    print(f"grade-batch: {len(handed_in)} submissions, {len(jobs)} can be graded, "
          f"{len(todo)} of them now", file=sys.stderr)
    if todo:
        run(options, list(todo.values()))
    return [finish(s, jobs[s].key, options) if s in jobs else
            not_graded(s, refused.get(s, "nothing was handed in"), options) for s in found]
