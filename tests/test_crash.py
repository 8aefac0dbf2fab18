"""Crashes of a running machine: whenever it stops, the disk is sound and what was synced is there.

The guest works on a disk whose writes QEMU records; then the disk after every write, after every
loss of one unflushed write, and after torn writes is checked by fsck with the journal replayed.
Files that the guest had synced, or removed and synced, by then must be in that state.
"""

import collections
import os
import random

import pytest

import crashlog
from fsimage import FsImage
from machine import Machine, copy_image, products

SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)

# From this event of the log on, the file has this content; None: it does not exist.
Promise = collections.namedtuple("Promise", "index path content")


class Recorded:
    """A machine whose disk writes are recorded from its start."""

    def __init__(self, folder, **how):
        self.before, self.log = folder / "before.img", folder / "writes.log"
        self.folder = folder
        copy_image(products(how.get("debug", False)) / "fs.img", self.before)
        copy_image(self.before, folder / "run.img")
        drive = crashlog.qemu_drive(folder / "run.img", self.log)
        self.machine = Machine(disk=False, extra=drive + [
            "-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0"], **how)
        self.machine.image = folder / "run.img"
        self.promises = []

    def __enter__(self):
        self.machine.start()
        self.machine.boot()
        return self

    def __exit__(self, *unused):
        self.machine.close()

    def run(self, command, **files):
        """Runs a command and sync; from then on the files are promised to hold what is given."""
        self.machine.run(command + "; sync", timeout=120)
        index = len(crashlog.WriteLog(self.log).events)
        self.promises += [Promise(index, "/" + name.replace("__", "/"), content)
                          for name, content in files.items()]

    def check(self, path, crash):
        """For crashlog.run: None if the disk is sound and keeps the promises made by then."""
        wrong = crashlog.fsck(path)
        if wrong:
            return wrong
        with FsImage(path) as fs:
            for promise in self.promises:
                if promise.index > crash.index:
                    continue
                found = fs.read(promise.path) if fs.exists(promise.path) else None
                if found != promise.content:
                    return f"{promise.path} holds {found!r:.40}, not {promise.content!r:.40}"
        return None

    def crash(self, **how):
        log = crashlog.WriteLog(self.log)
        print(f"SEED={SEED}; {len(log.events)} events")
        points, failures = crashlog.run(log, self.before, self.folder, self.check, seed=SEED, **how)
        assert not failures, "\n".join(f"crash {c.text}: {why}" for c, why in failures)
        return points


@pytest.fixture
def recorded(tmp_path):
    def start(**how):
        return Recorded(tmp_path, **{"cpus": 2, "mem": "64M", **how})
    return start


def test_synced_files_survive_every_crash(recorded):
    with recorded() as r:
        r.run("echo one > one", one=b"one\n")
        r.run("mkdir d; echo two > d/two; ln d/two three", d__two=b"two\n", three=b"two\n")
        r.machine.run("cat README README README > big; sync")
        r.run("rm big", big=None)
        r.run("echo gone > gone; rm gone; mkdir e; rm e", gone=None, e=None)
        r.run("cat < /cat > copy; ln copy again; rm copy", copy=None)
        r.machine.halt()
    points = r.crash(share=0.5)
    assert points["prefix"] > 20 and points["lost"] > 20 and points["torn"] > 10


def test_crash_among_busy_processes(recorded):
    with recorded(cpus=4) as r:
        r.run("stressfs", one=None)
        r.machine.halt()
    crashes = r.crash(share=0.2)
    assert sum(crashes.values()) > 50


@pytest.mark.soak
def test_every_crash_of_usertests(recorded):
    with recorded(cpus=4, debug=True) as r:
        out = r.machine.run("usertests -q", timeout=900)
        assert "ALL TESTS PASSED" in out
        r.machine.halt()
    assert sum(r.crash(share=0.1).values()) > 1000
