"""A machine that runs a kernel nobody trusts, driven over its console.

It is the same machine every time: one hart, a nanosecond of its time for each instruction.  What
becomes of it is told as an event:

    panic    the kernel panicked            reboot   it started a second time
    exit     QEMU ended by itself           crash    a signal ended QEMU
    output   it printed more than anybody reads
    hang     the prompt did not come back: QEMU used much of the processor without a sign of
             progress, or did nothing at all, or took far too long
    prompt   the prompt came, and something was printed behind it
"""

import os
import re
import subprocess
import time
from typing import NamedTuple

from labkit.limits import MIB, Child, Limits

BANNER = "\nFaultline: "
PANIC = "\npanic: "
PROMPT = "\n$ "
ICOUNT = "-icount shift=0,sleep=off"

BUSY = 15           # seconds of the processor between two signs of progress
BEHIND = 3          # the same where the prompt came: nothing should follow
IDLE = 15           # seconds in which QEMU does nothing, not even let time pass
LAST_RESORT = 600   # seconds of a clock on the wall, for a whole boot
OUTPUT = MIB // 2   # bytes of a boot
MARGIN = 64         # characters of what may have come in half
DYING = 5           # seconds for the rest of a panic
QUIET = 0.05        # seconds in which nothing follows a prompt that is one
LOOK = 0.25         # seconds between two looks at QEMU

LIMITS = Limits(wall=LAST_RESORT, cpu=LAST_RESORT, output=OUTPUT, memory=None)


class Ended(Exception):
    """The machine does not answer any more."""

    def __init__(self, event, text):
        super().__init__(event)
        self.event, self.text = event, text


class Products(NamedTuple):
    kernel: str
    image: str      # no boot changes it


def command_line(products, memory, harts):
    """QEMU.  With `tick` virtual time does not jump to a far timer while the disk works."""
    return [os.environ.get("QEMU", "qemu-system-riscv64"), "-machine", "virt,aclint=on",
            "-bios", "none", "-kernel", str(products.kernel), "-m", memory,
            "-smp", str(harts), *(ICOUNT.split() if harts == 1 else []),
            "-append", "panic=exit tick",
            "-display", "none", "-monitor", "none", "-serial", "stdio",
            "-global", "virtio-mmio.force-legacy=false",
            "-drive", f"file={products.image},if=none,format=raw,id=x0,snapshot=on",
            "-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0"]


def plain(data):
    """Bytes as text that can be shown anywhere."""
    return re.sub(r"[^\n\t -~]", "?", data.decode("latin-1").replace("\r", ""))


class Machine:
    """One boot; a context manager.  `progress` is a text that shows that tests go on.

    With several harts QEMU cannot count instructions, and no run is like another.
    """

    def __init__(self, products, memory, progress, harts=1, busy=None):
        self.progress = progress
        self.busy = busy or BUSY
        self.text = "\n"    # what came since the last command
        self.looked = 0     # up to where nothing was found in it
        self.received = 0
        self.booted = False
        self.busy_from = self.cpu = 0.0
        self.prompted = False   # since the last sign of progress
        self.idle_from = self.look_at = time.monotonic()
        self.child = Child(command_line(products, memory, harts), LIMITS)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.child.end()

    def boot(self):
        return self.listen()

    def run(self, command):
        """Types a command; what it printed, up to the next prompt.  Raises Ended."""
        self.text, self.looked = "\n", 0
        self.progressed()
        self.child.write(command.encode() + b"\n")
        text, echo = self.listen(), f"\n{command}\n"
        if not text.startswith(echo):
            raise Ended("prompt", text)     # it came so late that the command was typed before
        return text[len(echo):]

    def listen(self):
        while True:
            at_prompt = self.text.endswith(PROMPT)
            data = self.child.read(QUIET if at_prompt else LOOK)
            if data is None and at_prompt:
                return self.text[:-len(PROMPT) + 1]
            if data == b"":
                raise Ended(self.how_it_ended(), self.text)
            if data:
                self.hear(data)
            if time.monotonic() > self.look_at:
                self.be_patient()

    def hear(self, data):
        self.text += plain(data)
        self.received += len(data)
        self.idle_from = time.monotonic()
        news = self.text[self.looked:]
        if self.progress in news:
            self.progressed()
        elif PROMPT in news and not self.prompted:
            self.progressed()
            self.prompted = True
        if PANIC in news:
            self.hear_last_words()
            raise Ended("panic", self.text)
        banner = self.text.find(BANNER, self.looked)
        if banner >= 0 and self.booted:
            raise Ended("reboot", self.text[:banner])
        self.booted |= banner >= 0
        self.looked = max(banner + 1, self.looked, len(self.text) - MARGIN)
        if self.received > OUTPUT:
            raise Ended("output", self.text)

    def hear_last_words(self):
        end = time.monotonic() + DYING
        while len(self.text) < OUTPUT and (data := self.child.read(
                max(0, end - time.monotonic()))):
            self.text += plain(data)

    def progressed(self):
        self.busy_from, self.prompted = self.child.cpu_seconds(), False

    def be_patient(self):
        self.look_at = time.monotonic() + LOOK
        now = self.child.cpu_seconds()
        if now - self.cpu > LOOK / 10:
            self.cpu, self.idle_from = now, time.monotonic()
        patience = min(self.busy, BEHIND) if self.prompted else self.busy
        if (now - self.busy_from > patience or time.monotonic() - self.idle_from > IDLE
                or time.monotonic() > self.child.deadline):
            raise Ended("prompt" if self.prompted else "hang", self.text)

    def how_it_ended(self):
        try:
            return "crash" if self.child.process.wait(DYING) < 0 else "exit"
        except subprocess.TimeoutExpired:
            return "hang"
