"""A guest machine under test: QEMU on a copy of the built image, driven over its console."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import pexpect

TOP = pathlib.Path(__file__).resolve().parent.parent
QEMU = os.environ.get("QEMU", "qemu-system-riscv64")
FSCK = TOP / "build" / "fsck"
MKFS = TOP / "build" / "mkfs"

# A computer with other work is slow, and unevenly: all timeouts are so many times what they say.
PATIENCE = 4

CTRL_C, CTRL_D, CTRL_H, CTRL_P = "\x03", "\x04", "\x08", "\x10"
CTRL_T, CTRL_U, CTRL_W = "\x14", "\x15", "\x17"


def products(debug=False, plant=False):
    return TOP / "build" / ("plant" if plant else "debug" if debug else "release")


def copy_image(source, target):
    """Copies a sparse image without reading its holes."""
    subprocess.run(["cp", "--sparse=always", source, target], check=True, timeout=60)


def image_with(folder):
    """Builds and returns an image that also has the programs in tests/FOLDER."""
    own = f"build/{folder}"
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
    made = subprocess.run(["make", f"O={own}", f"UPROGS_EXTRA=tests/{folder}", "WERROR=1", "image"],
                          cwd=TOP, env=env, capture_output=True, text=True, timeout=300,
                          check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return TOP / own / "fs.img"


def until(condition, what, seconds=60):
    """Waits until condition() is true, which a loaded computer may delay."""
    deadline = time.monotonic() + PATIENCE * seconds
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.1)


def assert_all_passed(out):
    """What usertests or vmtests printed; says which test failed, however long ago."""
    failed = re.findall(r"^.*\bFAILED\b.*$", out, re.M)
    assert not failed and "ALL TESTS PASSED" in out, "\n".join(failed) or out[-4000:]


class Machine:
    """One boot.  Use as a context manager: the QEMU that it started is gone afterwards."""

    def __init__(self, cpus=1, mem="128M", debug=False, image=None, disk=True, append="",
                 machine="virt,aclint=on", extra=(), kernel=None, timeout=60, workdir=None,
                 plant=False):
        self.timeout = timeout
        self.own_dir = None if workdir else tempfile.mkdtemp(prefix="faultline-")
        self.dir = pathlib.Path(workdir or self.own_dir)
        self.image = None
        self.debug = debug or plant
        args = ["-machine", machine, "-bios", "none", "-m", str(mem), "-smp", str(cpus),
                "-nographic", "-kernel", str(kernel or products(debug, plant) / "kernel.elf"),
                "-global", "virtio-mmio.force-legacy=false"]
        if disk:
            self.image = pathlib.Path(image) if image else self.dir / "fs.img"
            if not image:
                copy_image(products(debug, plant) / "fs.img", self.image)
            args += ["-drive", f"file={self.image},if=none,format=raw,id=x0",
                     "-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0"]
        if append:
            args += ["-append", append]
        self.args = args + list(extra)
        self.child = None
        self.settled = 0
        self.log = ""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.close()

    def start(self):
        self.started = time.monotonic()
        self.child = pexpect.spawn(QEMU, self.args, timeout=PATIENCE * self.timeout,
                                   encoding="utf-8",
                                   codec_errors="replace", dimensions=(50, 200))
        self.child.delaybeforesend = None

    def close(self):
        if self.child:
            self.child.close(force=True)
        if self.own_dir:
            shutil.rmtree(self.own_dir, ignore_errors=True)

    def expect(self, pattern, timeout=None):
        """Waits for a regular expression; returns what came before it."""
        try:
            self.child.expect(pattern, timeout=PATIENCE * (timeout or self.timeout))
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            tail = (self.log + (self.child.before or ""))[-3000:]
            raise AssertionError(f"{type(error).__name__} while waiting for {pattern!r}:\n{tail}")
        matched = self.child.after if isinstance(self.child.after, str) else ""
        self.log += self.child.before + matched
        assert "panic:" not in self.child.before or "panic" in pattern, self.child.before[-3000:]
        return self.child.before.replace("\r\n", "\n")

    def boot(self):
        """Waits for the shell's first prompt; returns what was printed until then."""
        return self.expect(r"\$ $", timeout=self.timeout)

    def send(self, text):
        self.child.send(text)

    def line(self, text):
        self.child.send(text + "\n")

    def run(self, command, timeout=None):
        """Types a command and returns what it printed, up to the next prompt."""
        self.line(command)
        self.expect(re.escape(command) + r"\r\n")
        return self.expect(r"(?:^|(?<=\n))\$ $", timeout=timeout)

    def type(self, command, timeout=None):
        """The same where messages of the kernel may come in between; the typed line is included."""
        self.line(command)
        return self.expect(r"(?<=\n)\$ ", timeout=timeout)

    def settle(self, timeout=None):
        """Waits until the shell has answered all that was typed, however many prompts that took."""
        self.settled += 1
        self.line(f"echo 'settled' {self.settled}")  # unlike its echo
        self.expect(rf"settled {self.settled}\r\n(?:[^\n]*\n)*?\$ ", timeout=timeout)

    def processes(self):
        """The kernel's list; by keys, which work while a program has the console."""
        self.send(CTRL_P + CTRL_T)
        self.expect(r"PID +PPID[^\n]*\n")
        return self.expect(r"zero frame +\d+[^\r]*\r\n")  # so ends what ^T shows behind it

    def until_running(self, name, count=1):
        """Waits until so many processes run this program."""
        until(lambda: len(re.findall(rf"^ *\d+ .* {name}$", self.processes(), re.M)) >= count,
              f"{count} processes {name}")

    def status(self, command, timeout=None):
        """The exit status of a command, and what it printed."""
        out = self.run(command, timeout)
        return int(self.run("echo $?").split()[-1]), out

    def exit_code(self, timeout=20):
        """Waits for QEMU to end by itself."""
        self.expect(pexpect.EOF, timeout=timeout)
        self.child.close()
        assert self.child.exitstatus is not None, f"QEMU died of signal {self.child.signalstatus}"
        return self.child.exitstatus

    def halt(self):
        """Ends the machine from its shell and checks the disk that it leaves.

        A DEBUG kernel proves its rules (docs/invariants.md) before.
        """
        if self.debug:
            self.line("vmcheck")
            self.expect(r"(?<!\d)0 rules broken\r\n")
        self.line("halt")
        code = self.exit_code()
        assert code == 0, f"halt ended QEMU with status {code}"
        self.fsck()

    def fsck(self):
        check = subprocess.run([FSCK, self.image], capture_output=True, text=True, timeout=60,
                               check=False)
        assert check.returncode == 0, check.stdout + check.stderr
        return check.stdout

    def becomes_idle(self, seconds, share):
        """Waits until QEMU uses less than this share of one processor for so many seconds."""
        def used():
            before = self.host_cpu_seconds()
            time.sleep(seconds)
            return self.host_cpu_seconds() - before
        until(lambda: used() < seconds * share, f"a share of {share} for {seconds} s")

    def host_cpu_seconds(self):
        """Processor time that QEMU has used so far."""
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def copied(image, folder, **how):
    """A machine at its prompt, on a copy of the image; halted at the end, and its disk checked."""
    copy_image(image, folder / "fs.img")
    with Machine(image=folder / "fs.img", **{"cpus": 2, "mem": "64M", **how}) as m:
        m.boot()
        yield m
        m.settle()
        m.halt()
