"""Processes that run what others wrote: an end to their time, memory and output.

Each has a session of its own, and a mark in its environment by which whatever it started is found
and ended with it.  It dies with the grader, too.
"""

import contextlib
import ctypes
import os
import pathlib
import resource
import secrets
import select
import signal
import subprocess
import time
from typing import NamedTuple

MIB = 1 << 20
FILE_SIZE = 1024 * MIB  # a disk image is the largest file that anybody has to write
MARK = "LABKIT_PROCESS"
PR_SET_PDEATHSIG = 1
DYING = 0.02            # seconds

libc = ctypes.CDLL(None, use_errno=True)


class Limits(NamedTuple):
    wall: float             # seconds from start to end
    cpu: int                # seconds of each process
    output: int             # bytes
    memory: int | None      # bytes of address space of each process


class Done(NamedTuple):
    status: int | None      # None if it was ended
    output: str
    broken: str | None      # "time" or "output": the limit that ended it


def enter(limits):
    """Between fork and exec."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.memory:
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))


def marked(mark):
    """All processes that have this mark."""
    found, text = [], f"{MARK}={mark}".encode()
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if text in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


class Child:
    """A running process; a context manager, behind which it and all that it started are gone."""

    def __init__(self, argv, limits, cwd=None, env=None):
        self.mark = secrets.token_hex(8)
        self.deadline = time.monotonic() + limits.wall
        # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
        self.process = subprocess.Popen(
            argv, cwd=cwd, env={**(os.environ if env is None else env), MARK: self.mark},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=lambda: enter(limits))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.end()

    def read(self, seconds):
        """What it printed; b"" at its end, None if nothing came in this time."""
        ready = select.select([self.process.stdout], [], [], seconds)[0]
        return os.read(self.process.stdout.fileno(), 1 << 16) if ready else None

    def write(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # that it has ended is seen when it is read

    def cpu_seconds(self):
        try:
            text = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        except OSError:
            return 0.0
        fields = text.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        """Its exit status, negative if a signal ended it."""
        self.process.kill()
        self.process.wait()
        ended = set()
        while others := marked(self.mark):
            if ended.issuperset(others):
                time.sleep(DYING)   # nothing new was started; who is ended needs a moment
            for pid in others:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            ended.update(others)
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        return self.process.returncode


def run(argv, limits, cwd=None, env=None):
    """Runs a command to its end, or to that of its limits."""
    output = b""
    with Child(argv, limits, cwd, env) as child:
        child.process.stdin.close()
        while (data := child.read(max(0, child.deadline - time.monotonic()))):
            output += data
            if len(output) > limits.output:
                return Done(None, output[:limits.output].decode("utf-8", "replace"), "output")
        broken = "time" if data is None else None
        if not broken:
            try:
                child.process.wait(max(0, child.deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                broken = "time"
        status = None if broken else child.process.returncode
    return Done(status, output.decode("utf-8", "replace"), broken)
