"""Crashes of a running machine: whenever it stops, the disk is sound and what was synced is there.

The guest works on a disk whose writes QEMU records; then the disk after every write, after every
loss of one unflushed write, and after torn writes is checked by fsck with the journal replayed.
Files that the guest had synced, or removed and synced, by then must be in that state.  On some of
these disks a machine is booted, to see that the kernel replays its journal as fsck does.
"""

import collections
import os
import random

import pytest

import crashlog
from fsimage import BSIZE, FsImage
from machine import Machine, copy_image, products

SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)

# From this event of the log on, the file has this content; None: it does not exist.
Promise = collections.namedtuple("Promise", "index path content")


class Recorded:
    """A machine whose disk writes are recorded from its start."""

    def __init__(self, folder, source=None, **how):
        self.before, self.log = folder / "before.img", folder / "writes.log"
        self.folder = folder
        copy_image(source or products(how.get("debug", False)) / "fs.img", self.before)
        copy_image(self.before, folder / "run.img")
        drive = crashlog.qemu_drive(folder / "run.img", self.log)
        self.machine = Machine(disk=False, extra=drive + [
            "-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0"], **how)
        self.machine.image = folder / "run.img"
        self.promises = []
        self.boots = 0

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

    def check_booted(self, path, crash):
        """The same after a machine has mounted the disk, replayed its journal and been halted."""
        with FsImage(path) as fs:
            homes = {home: fs.block(home) for home in fs.replayed}
            orphans = any(i.type and not i.nlink for i in map(fs.inode, range(1, 200)))
        image = self.folder / "booted.img"
        copy_image(path, image)
        try:
            with Machine(mem="32M", image=image, timeout=20) as m:
                m.boot()
                m.halt()
        except AssertionError as error:
            return str(error)[-1000:]
        with open(image, "rb") as disk:
            for home, content in homes.items():
                disk.seek(home * BSIZE)
                if disk.read(BSIZE) != content and not orphans:  # freeing one changes blocks again
                    return f"block {home} is not what the journal says"
        return self.check(image, crash)

    def check_some_booted(self, share):
        """check_booted() for a part of the states, most of them with one half of the journal."""
        choice = random.Random(SEED)

        def check(path, crash):
            with FsImage(path) as fs:
                torn = None in (fs.journal_half(0), fs.journal_half(1))
            picked = choice.random() < share * (6 if torn else 1)
            self.boots += picked
            return self.check_booted(path, crash) if picked else None
        return check

    def crash(self, check=None, **how):
        log = crashlog.WriteLog(self.log)
        print(f"SEED={SEED}; {len(log.events)} events")
        points, failures = crashlog.run(log, self.before, self.folder, check or self.check,
                                        seed=SEED, **how)
        assert not failures, "\n".join(f"crash {c.text}: {why}" for c, why in failures)
        print(dict(points))
        return points


@pytest.fixture
def recorded(tmp_path):
    def start(**how):
        return Recorded(tmp_path, **{"cpus": 2, "mem": "64M", **how})
    return start


def keep_promises(r):
    """A little work, of which what is synced, or removed and synced, is promised."""
    r.run("echo one > one", one=b"one\n")
    r.run("mkdir d; echo two > d/two; ln d/two three", d__two=b"two\n", three=b"two\n")
    r.machine.run("cat README README README > big; sync")
    r.run("rm big", big=None)
    r.run("echo gone > gone; rm gone; mkdir e; rm e", gone=None, e=None)
    r.run("cat < /cat > copy; ln copy again; rm copy", copy=None)
    r.run("cat one d/two > both; ln -s both soft", both=b"one\ntwo\n")
    r.run("mkdir k; ln d/two k/two; rm k/two; rm k", k=None, d__two=b"two\n")


def test_synced_files_survive_every_crash(recorded):
    with recorded() as r:
        keep_promises(r)
        r.machine.halt()
    points = r.crash()
    assert points["prefix"] > 20 and points["lost"] > 20 and points["torn"] > 20


def test_crash_among_busy_processes(recorded):
    with recorded(cpus=4) as r:
        keep_promises(r)
        status, out = r.machine.status(f"grind -s {SEED % 1000} -n 16 -p 6", timeout=200)
        assert status == 0, out
        r.machine.halt()
    points = r.crash()
    assert points["prefix"] > 100 and points["lost"] > 100 and points["torn"] > 100


def test_the_kernel_recovers_by_itself(recorded):
    with recorded(cpus=4) as r:
        keep_promises(r)
        r.machine.run("stressfs -p 4 -k 500 -r 2; grind -n 3", timeout=200)
        r.machine.halt()
    r.crash(r.check_some_booted(0.01))
    assert r.boots >= 5  # how many crashes there are depends on how writes fell together


@pytest.mark.soak
def test_the_kernel_recovers_at_very_many_points(recorded):
    with recorded(cpus=4, debug=True) as r:
        keep_promises(r)
        r.machine.run("stressfs -p 6 -k 500 -r 3; grind -n 20", timeout=600)
        r.machine.halt()
    r.crash(r.check_some_booted(0.15))
    assert r.boots > 400


@pytest.mark.soak
def test_every_crash_of_usertests(recorded):
    with recorded(cpus=4, debug=True) as r:
        out = r.machine.run("usertests -q", timeout=900)
        assert "ALL TESTS PASSED" in out
        r.machine.halt()
    assert sum(r.crash().values()) > 2000
