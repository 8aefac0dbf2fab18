"""Grades one submission on whatever machine this runs: a process of a batch, or an autograder.

usage: worker.py LAB BASE SUBMISSION SEED SECONDS RESULT [TEST]     (paths relative to here)

BASE is a folder, or BASE.tar.gz is there and becomes it.  RESULT appears whole or not at all:
{"state": "graded", "result": ...}, or {"state": "not graded", "why": ...}.  The exit status is 1
if the grader could not work, which another attempt may change.  Standard library only: hosts get
this file alone.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

MADE_ON = "made-on"     # in a base: the tools that its products were made with
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def prctl(option, value):
    """Of Linux; elsewhere a process that dies may leave others behind, and that is all."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


# ---- the base ------------------------------------------------------------------------------------

def toolchain():
    """What decides whether products that another machine made are as good as our own."""
    told = [platform.machine(), *platform.libc_ver()]
    for tool in ("cc", "riscv64-unknown-elf-gcc", "riscv64-linux-gnu-gcc", "riscv64-elf-gcc"):
        if shutil.which(tool):
            run = subprocess.run([tool, "--version"], capture_output=True, text=True, timeout=60,
                                 check=False)
            told.append(run.stdout.split("\n", 1)[0])
    return "\n".join(told) + "\n"


def goals_of(base):
    """What the tests of the lab need (docs/labs.md, "tests")."""
    texts = [path.read_text(encoding="utf-8") for path in pathlib.Path(base).glob("labs/*/tests")]
    tests = [words[1:3] for line in "\n".join(texts).split("\n")
             if len(words := line.split("#")[0].split()) >= 3]
    yield ["DEBUG=1", "kernel", "image", *(f"build/host/{n}" for k, n in tests if k == "host")]
    if any(kind == "bench" for kind, _ in tests):
        yield ["DEBUG=0", "kernel", "image"]


def prebuild(base):
    """Makes what grading makes of every submission, so that only what differs is compiled then."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS", "LAB", "SEED", "TEST")}
    for goals in goals_of(base):
        subprocess.run(["make", "-C", base, "-j2", *goals], env=env, stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, timeout=900, check=True)
    (pathlib.Path(base) / "build" / MADE_ON).write_text(toolchain())


def unpack_base(base):
    """The first job on a host does it; the others wait."""
    packed = base.with_name(base.name + ".tar.gz")
    with open(base.with_name(base.name + ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if base.exists():
            return
        with tempfile.TemporaryDirectory(dir=base.parent, prefix=".base-") as scratch:
            with tarfile.open(packed) as archive:
                archive.extractall(scratch)
            tree = pathlib.Path(scratch) / base.name
            made_on = tree / "build" / MADE_ON
            if not made_on.exists() or made_on.read_text() != toolchain():
                shutil.rmtree(tree / "build", ignore_errors=True)
                prebuild(tree)
            tree.rename(base)


# ---- one submission ------------------------------------------------------------------------------

def children():
    """Processes whose parent is this one, orphans of the grader among them."""
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(entry.read_text().rsplit(")", 1)[1].split()[1]) == os.getpid():
                yield int(entry.parent.name)


def end_all(group):
    """Ends the grader and whatever it started: what loses its parent becomes a child of ours."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    while left := list(children()):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def last_lines(text):
    return "\n".join(text.strip().split("\n")[-5:])[-1000:]


def grade(command, seconds, out):
    """What tools/grade says of the submission, and whether it could say anything."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    with open(out.with_name("log"), "w+", encoding="utf-8", errors="replace") as log:
        grader = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  start_new_session=True, env={**os.environ, "TMPDIR": out.parent},
                                  preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        try:
            status = grader.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return {"state": "not graded", "why": f"grading took longer than {seconds} s"}, 0
        finally:
            end_all(grader.pid)
        log.seek(0)
        told = log.read()
    if status == 0 and out.exists():
        return {"state": "graded", "result": json.loads(out.read_text(encoding="utf-8"))}, 0
    return {"state": "not graded", "why": f"the grader failed, status {status}: "
            f"{last_lines(told)}"}, 1


def write_whole(path, text):
    """All of a file, or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".part-", delete=False,
                                     encoding="utf-8") as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def main(lab, base, submission, seed, seconds, result, *test):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # so that nothing is left behind
    base, started = pathlib.Path(base).absolute(), time.monotonic()
    if not base.exists():
        unpack_base(base)
    with tempfile.TemporaryDirectory(prefix="faultline-batch-") as scratch:
        out = pathlib.Path(scratch) / "result"
        command = [sys.executable, base / "tools" / "grade", lab, "--base", base,
                   "--submission", pathlib.Path(submission).absolute(), "--seed", seed,
                   "--json", out, *(["--test"] if test else []), *test]
        given, status = grade(command, int(seconds), out)
    given |= {"host": os.environ.get("PARALLEL_SSHHOST", "").strip(":") or platform.node(),
              "seconds": round(time.monotonic() - started, 1)}
    write_whole(pathlib.Path(result), json.dumps(given, indent=1) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
