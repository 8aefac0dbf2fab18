"""A machine under gdb: QEMU with its stub open, gdb-multiarch with the commands of tools/gdb."""

import os
import re
import shutil
import socket

import pexpect

from machine import TOP, Machine, products

GDB = os.environ.get("GDB") or shutil.which("gdb-multiarch") or "gdb-multiarch"
PROMPT = r"\(gdb\) $"
TIMEOUT = int(os.environ.get("GDB_TIMEOUT", "240"))   # two slow cores that others use as well


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Session:
    """One machine at its shell's prompt and one gdb; as a context manager both are gone after."""

    def __init__(self, cpus=1, debug=True, append="", halted=False, **machine):
        self.port = free_port()
        self.debug = debug
        extra = ["-gdb", f"tcp:127.0.0.1:{self.port}"] + ["-S"] * halted
        self.machine = Machine(cpus=cpus, mem="64M", debug=debug, timeout=TIMEOUT, append=append,
                               extra=extra, **machine)
        self.halted = halted
        self.gdb = None

    def __enter__(self):
        self.machine.start()
        try:
            if not self.halted:
                self.machine.boot()
            self.attach()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *unused):
        self.close()

    def attach(self):
        """Starts gdb as .gdbinit does."""
        text = (TOP / ".gdbinit.tmpl").read_text(encoding="utf-8")
        for name, value in (("TOP", TOP), ("PORT", self.port),
                            ("KERNEL", products(self.debug) / "kernel.elf")):
            text = text.replace(f"@{name}@", str(value))
        start = self.machine.dir / "gdbinit"
        start.write_text(text, encoding="utf-8")
        self.gdb = pexpect.spawn(
            GDB, ["-q", "-nx", "-iex", "set style enabled off", "-iex", "set width 0",
                  "-iex", f"set auto-load safe-path {TOP}", "-x", str(start)],
            encoding="utf-8", codec_errors="replace", timeout=TIMEOUT, dimensions=(50, 500),
            env={**os.environ, "TERM": "dumb"})
        self.gdb.delaybeforesend = None
        self.gdb.setecho(False)
        self.started = self.answer()

    def answer(self):
        """What gdb says up to its next prompt."""
        try:
            self.gdb.expect(PROMPT)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            raise AssertionError(f"gdb: {type(error).__name__}:\n{self.gdb.before[-3000:]}\n"
                                 f"machine: {self.machine.log[-1000:]}") from None
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.gdb.before).replace("\r", "")

    def do(self, command):
        """Runs a command; returns what it said."""
        self.gdb.send(command + "\n")
        return self.answer()

    def go(self, typed=None):
        """Continues, `typed` arriving at the console, until the machine stops."""
        if typed is not None:
            self.machine.line(typed)
        return self.do("continue")

    def interrupt(self, command="continue"):
        """Lets the machine run until its shell has answered, and stops it there."""
        self.gdb.send(command + "\n")
        self.gdb.expect("Continuing")
        self.machine.settle()
        return self.stop()

    def stop(self):
        self.gdb.sendintr()
        return self.answer()

    def reset(self):
        """No breakpoints, and a shell that waits for a line."""
        self.do("delete")
        self.do("stop-on panic off")
        self.do("stop-on crash off")
        return self.interrupt()

    def close(self):
        if self.gdb:
            self.gdb.close(force=True)
        self.machine.close()
