"""Crashes while files are written: what they hold then, and that all of it gets to the disk.

After any crash each sector of a file holds what was written to it, at the time of the last sync or
since; never what the block held before it belonged to the file (docs/fs.md).
"""

import struct

import pytest

import crashlog
from fsimage import BSIZE, JOURNAL, JOURNAL_MAGIC, FsImage
from machine import Machine, copy_image, image_with, until
from test_crash import Recorded

SECTOR, KIB = 512, 300


class Letters(Recorded):
    """Files of letters; rules: from this event on, these letters, and this size if it is known."""

    def __init__(self, folder, **how):
        super().__init__(folder, source=image_with("crash"), **how)
        self.rules = {}

    def now(self):
        return len(crashlog.WriteLog(self.log).events)

    def put(self, path, letter, sync):
        rules = self.rules.setdefault(path, [])
        before, size = rules[-1][1:] if rules else ("", None)
        rules.append((self.now(), before + letter, size))
        status, out = self.machine.status(f"put {path} {letter} {KIB} {'s' if sync else ''}")
        assert status == 0, out
        if sync:
            rules.append((self.now(), letter, KIB * 1024))

    def check(self, path, crash):
        wrong = crashlog.fsck(path)
        if wrong:
            return wrong
        with FsImage(path) as fs:
            for name, rules in self.rules.items():
                active = [rule for rule in rules if rule[0] <= crash.index]
                if active:
                    wrong = wrong or self.check_file(fs, name, *active[-1][1:])
        return wrong

    @staticmethod
    def check_file(fs, name, letters, size):
        content = fs.read(name) if fs.exists(name) else b""
        if size is not None and len(content) != size:
            return f"{name} has {len(content)} bytes, not {size}"
        for at in range(0, len(content), SECTOR):
            found = set(content[at:at + SECTOR])
            if len(found) != 1 or not found <= set(letters.encode()):
                return f"{name} holds {bytes(found)} at {at}, not one of {letters}"
        return None


def test_what_files_hold_after_every_crash(tmp_path):
    with Letters(tmp_path, cpus=2, mem="64M") as r:
        r.run("put junk x 2000; rm junk")  # what free blocks hold is not what files may hold
        r.put("/f", "a", sync=False)
        r.put("/g", "b", sync=True)
        r.put("/f", "c", sync=True)
        r.put("/f", "d", sync=False)
        r.put("/g", "e", sync=False)
        r.put("/g", "f", sync=True)
        r.machine.run("rm /f; put /h i 200; put /h j 300; sync")
        del r.rules["/f"]
        r.machine.halt()
    points = r.crash()
    assert points["prefix"] > 20 and points["lost"] > 20 and points["torn"] > 20


def large_transactions(log):
    """How many transactions have lists that do not fit into the header's block."""
    most = (BSIZE - JOURNAL.size) // 4
    heads = (event.data[:12] for event in log.events if event and len(event.data) == BSIZE)
    fields = (struct.unpack("<3I", head) for head in heads)
    return sum(magic == JOURNAL_MAGIC and count > most for magic, _, count in fields)


def test_crash_with_large_transactions(tmp_path):
    with Letters(tmp_path, cpus=2, mem="256M") as r:
        r.run("put kept k 40", kept=b"k" * 40 * 1024)
        for _ in range(8):  # a commit comes after half a second: a slow machine needs luck
            status, out = r.machine.status("dirs 600", timeout=200)
            assert status == 0, out
            if large_transactions(crashlog.WriteLog(r.log)):
                break
        r.machine.halt()
    assert large_transactions(crashlog.WriteLog(r.log))
    assert sum(r.crash(check=super(Letters, r).check).values()) > 60


def at_rest(image):
    with FsImage(image) as fs:
        return not fs.replayed


def all_hold(image, blocks, byte):
    with open(image, "rb") as disk:
        for number in blocks:
            disk.seek(number * BSIZE)
            if disk.read(BSIZE) != byte * BSIZE:
                return False
    return True


@pytest.mark.parametrize("size", [40, 5000])
def test_data_reaches_the_disk_without_a_sync(tmp_path, size):
    """What replaces bytes of a file changes nothing but the file, and is written all the same."""
    copy_image(image_with("crash"), tmp_path / "img")
    with Machine(cpus=2, mem="64M", image=tmp_path / "img") as m:
        m.boot()
        m.run(f"put f a {size}; sync", timeout=120)
        with FsImage(m.image) as fs:
            blocks = fs.blocks(fs.stat("/f"))
        until(lambda: at_rest(m.image), "a rest")  # so the daemon has nothing to wake up for
        m.run(f"put f z {size}", timeout=120)
        until(lambda: all_hold(m.image, blocks, b"z"), "data without a sync")
        m.halt()
