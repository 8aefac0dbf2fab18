"""What a disk may hold after a crash, computed from the log of all its writes.

QEMU's blklogwrites driver records what a guest writes, in the format of Linux's dm-log-writes.
From the image before the run and this log, CrashDisk makes one image after the other in which the
machine stopped at some write:

    prefix  every write up to here arrived, nothing after it
    lost    the same, but for one write since the last flush that stayed in the disk's cache
    torn    the same, but only some of the sectors of the last write arrived

A write that a flush followed is never lost.  Sectors arrive whole, as disks promise.
"""

import bisect
import collections
import os
import pathlib
import random
import struct
import subprocess

TOP = pathlib.Path(__file__).resolve().parent.parent
FSCK = TOP / "build" / "fsck"
KINDS = ("prefix", "lost", "torn")
MAGIC, VERSION = 0x6a736677736872, 1
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
HEAD = struct.Struct("<QQQI")
ENTRY = struct.Struct("<4Q")   # sector, sectors, flags, bytes of a mark
WINDOW = 24   # pending writes up to which each is lost at each later point
SAMPLE = 4    # of more pending writes, so many are lost at each point, and all before the flush

Write = collections.namedtuple("Write", "sector data")
Crash = collections.namedtuple("Crash", "kind index text")
Failure = collections.namedtuple("Failure", "crash reason")


class LogError(Exception):
    """The file is no log of writes."""


def qemu_drive(image, log):
    """Arguments for QEMU: a drive x0 on `image`, all writes to which go to the file `log` too."""
    pathlib.Path(log).write_bytes(b"")
    return ["-drive", "if=none,id=x0,driver=blklogwrites,file.driver=raw,file.file.driver=file,"
            f"file.file.filename={image},log.driver=raw,log.file.driver=file,"
            f"log.file.filename={log}"]


class WriteLog:
    """events: a Write, or None for a flush, in the order in which the disk got them."""

    def __init__(self, path):
        self.events = []
        self.size = os.path.getsize(path)
        with open(path, "rb") as file:
            head = file.read(HEAD.size).ljust(HEAD.size, b"\0")
            magic, version, count, self.sector = HEAD.unpack(head)
            if magic != MAGIC or version != VERSION:
                raise LogError(f"{path} is no log of blklogwrites")
            if self.sector < 512 or self.sector & (self.sector - 1):
                raise LogError(f"{path}: a sector of {self.sector} bytes")
            file.seek(self.sector)
            for number in range(count):
                self._read_entry(file, f"{path}: entry {number}")

    def _read_entry(self, file, where):
        sector, count, flags, mark = ENTRY.unpack(
            file.read(self.sector).ljust(self.sector, b"\0")[:ENTRY.size])
        if flags & MARK:
            count = -(-mark // self.sector)
        if count * self.sector > self.size - file.tell() and not flags & DISCARD:
            raise LogError(f"{where} is cut off")
        if flags & FLUSH:
            self.events.append(None)
        if flags & DISCARD:
            self.events.append(Write(sector, bytes(count * self.sector)))
        else:
            data = file.read(count * self.sector)
            if data and not flags & MARK:
                self.events.append(Write(sector, data))
        if flags & FUA:
            self.events.append(None)


class CrashDisk:
    """A scratch image that becomes each state of the disk after a crash in turn."""

    def __init__(self, image, log, scratch, seed=1):
        self.log = log
        self.size = log.sector
        self.path = pathlib.Path(scratch) / "crash.img"
        self.random = random.Random(seed)
        subprocess.run(["cp", "--sparse=always", "--no-preserve=mode", image, self.path],
                       check=True, timeout=120)
        self.file = open(self.path, "r+b", buffering=0)
        self.pending = []   # (index, write) since the last flush
        self.history = {}   # sector -> [(index, content)], the first is from before the flush

    def close(self):
        self.file.close()
        self.path.unlink()

    def _put(self, sector, data):
        self.file.seek(sector * self.size)
        self.file.write(data)

    def _get(self, sector):
        self.file.seek(sector * self.size)
        return self.file.read(self.size).ljust(self.size, b"\0")

    def _sectors(self, write):
        for i in range(len(write.data) // self.size):
            yield write.sector + i, write.data[i * self.size:(i + 1) * self.size]

    def _apply(self, index, write):
        for sector, data in self._sectors(write):
            self.history.setdefault(sector, [(-1, self._get(sector))]).append((index, data))
        self._put(write.sector, write.data)
        self.pending.append((index, write))

    def _flush(self):
        self.pending.clear()
        self.history.clear()

    def _without(self, index, write):
        """{sector: content} in which the disk differs if this pending write is lost."""
        changes = {}
        for sector, _ in self._sectors(write):
            versions = self.history[sector]
            if versions[-1][0] == index and versions[-2][1] != versions[-1][1]:
                changes[sector] = versions[-2][1]
        return changes

    def _state(self, crash, changes):
        """Makes the changes for as long as the caller looks at the crash."""
        before = {sector: self._get(sector) for sector in changes}
        for sector, data in changes.items():
            self._put(sector, data)
        yield crash
        for sector, data in before.items():
            self._put(sector, data)

    def _lost(self, index, before_flush):
        candidates = self.pending[:-1]
        if len(candidates) > WINDOW and not before_flush:
            candidates = self.random.sample(candidates, SAMPLE)
        if before_flush:
            candidates = candidates + self.pending[-1:]
        for lost, write in candidates:
            changes = self._without(lost, write)
            if changes:
                text = f"after write {index}, without write {lost} of sector {write.sector}"
                yield from self._state(Crash("lost", index, text), changes)

    def _torn(self, index, write):
        count = len(write.data) // self.size
        cuts = sorted({1, count // 2, count - 1, self.random.randrange(count)} - {0})
        for cut in cuts if count > 1 else ():
            for first, last in ((cut, count), (0, cut)):
                lost = write._replace(sector=write.sector + first,
                                      data=write.data[first * self.size:last * self.size])
                changes = self._without(index, lost)
                if changes:
                    text = f"in write {index} of sector {write.sector}: its sectors {first} to " \
                           f"{last - 1} of {count} did not arrive"
                    yield from self._state(Crash("torn", index, text), changes)

    def crashes(self, kinds=KINDS, start=0, stop=None):
        """Yields every Crash; while the caller holds it, self.path is the disk after it."""
        events = self.log.events
        flushes = [i for i, event in enumerate(events) if event is None]
        for index, event in enumerate(events[:stop]):
            if event is None:
                self._flush()
                continue
            self._apply(index, event)
            if index < start:
                continue
            if "prefix" in kinds:
                yield Crash("prefix", index, f"after write {index} of sector {event.sector}")
            if "torn" in kinds:
                yield from self._torn(index, event)
            if "lost" in kinds:
                at = bisect.bisect(flushes, index)
                end = flushes[at] if at < len(flushes) else len(events)
                yield from self._lost(index, index + 1 == end)


def fsck(path, unused_crash=None):
    """None if the image is sound, with its journal replayed in memory; otherwise what is wrong."""
    done = subprocess.run([FSCK, path], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 0:
        return None
    lines = (done.stdout + done.stderr).replace(f"{path}: ", "").splitlines()
    return "; ".join(lines[:5]) or f"fsck ended with {done.returncode}"


def run(log, image, scratch, check=fsck, kinds=KINDS, seed=1, start=0, stop=None, most=10, share=1):
    """Checks the disk after every crash.  Returns ({kind: states}, [Failure]).

    log is a WriteLog, image the disk before its first event; check(path, crash) gives None or a
    reason; it ends after `most` failures.  Of all states, only this share is checked, at random.
    """
    points, failures = collections.Counter(), []
    disk = CrashDisk(image, log, scratch, seed)
    choice = random.Random(seed)
    try:
        for crash in disk.crashes(kinds, start, stop):
            if choice.random() >= share:
                continue
            points[crash.kind] += 1
            reason = check(disk.path, crash)
            if reason:
                failures.append(Failure(crash, reason))
                if len(failures) >= most:
                    break
    finally:
        disk.close()
    return points, failures
