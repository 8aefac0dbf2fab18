"""The crash tester itself: it reads QEMU's logs, makes the right states, and finds a bad order."""

import struct
import subprocess

import pytest

import crashlog
from crashlog import ENTRY, FLUSH, HEAD, MAGIC, CrashDisk, LogError, Write, WriteLog
from fsimage import BSIZE, JOURNAL, JOURNAL_MAGIC, FsImage, checksum
from machine import FSCK, MKFS, QEMU, TOP

SECTOR = 512


def write_log(path, events, sector=SECTOR, count=None):
    """Writes a log as QEMU would; an event is None for a flush or (sector, bytes)."""
    with open(path, "wb") as file:
        file.write(HEAD.pack(MAGIC, 1, len(events) if count is None else count, sector)
                   .ljust(sector, b"\0"))
        for event in events:
            at, data = event or (0, b"")
            flags = 0 if event else FLUSH
            head = ENTRY.pack(at, len(data) // sector, flags, 0)
            file.write(head.ljust(sector, b"\0") + data)
    return path


def states(tmp_path, events, sectors=8, **how):
    """{state of the disk as one letter a sector: [crashes]} of a disk that starts as '........'."""
    image = tmp_path / "before"
    image.write_bytes(b"." * SECTOR * sectors)
    log = WriteLog(write_log(tmp_path / "log", events))
    disk = CrashDisk(image, log, tmp_path)
    found = {}
    for crash in disk.crashes(**how):
        content = disk.path.read_bytes()
        assert all(len(set(content[i:i + SECTOR])) == 1 for i in range(0, len(content), SECTOR))
        found.setdefault(content[::SECTOR].decode(), []).append(crash)
    final = disk.path.read_bytes()[::SECTOR].decode()
    disk.close()
    return found, final


def letters(text):
    return b"".join(letter.encode() * SECTOR for letter in text)


def test_prefixes(tmp_path):
    events = [(0, letters("a")), (1, letters("bb")), None, (0, letters("c"))]
    found, final = states(tmp_path, events, kinds=("prefix",))
    assert list(found) == ["a.......", "abb.....", "cbb....."] and final == "cbb....."
    assert [crash.index for crash in sum(found.values(), [])] == [0, 1, 3]


def test_lost(tmp_path):
    events = [(0, letters("a")), (1, letters("b")), None, (2, letters("c")), (3, letters("d"))]
    found, final = states(tmp_path, events, kinds=("lost",))
    # Neither a nor b can be lost once the flush is through.
    assert set(found) == {".b......", "a.......", "ab.d....", "abc....."} and final == "abcd...."


def test_lost_write_that_was_written_over(tmp_path):
    events = [(0, letters("aa")), (1, letters("bb")), (0, letters("c"))]
    found, _ = states(tmp_path, events, kinds=("lost",))
    assert set(found) == {".bb.....", "ca......", "abb....."}


def test_lost_write_uncovers_the_one_before(tmp_path):
    events = [(0, letters("a")), None, (0, letters("b")), (0, letters("c"))]
    found, _ = states(tmp_path, events, kinds=("lost",))
    assert set(found) == {"........", "b......."}


def test_torn(tmp_path):
    found, final = states(tmp_path, [(2, letters("abcd"))], kinds=("torn",))
    assert {"..a.....", "..ab....", "..abc...", "...bcd..", "....cd..", ".....d.."} == set(found)
    assert final == "..abcd.."
    assert not states(tmp_path, [(2, letters("a"))], kinds=("torn",))[0]


def test_many_pending_writes_are_sampled(tmp_path):
    events = [(i, letters("x")) for i in range(200)]
    found, final = states(tmp_path, events, sectors=200, kinds=("lost",))
    count = sum(map(len, found.values()))
    assert 200 + 170 * crashlog.SAMPLE < count < 1200
    assert {final[:i] + "." + final[i + 1:] for i in range(200)} <= set(found)


def test_start_and_stop(tmp_path):
    events = [(i, letters("x")) for i in range(6)]
    found, _ = states(tmp_path, events, kinds=("prefix",), start=2, stop=4)
    assert list(found) == ["xxx.....", "xxxx...."]


@pytest.mark.parametrize("content", [
    b"", b"short", HEAD.pack(MAGIC, 2, 0, 512), HEAD.pack(MAGIC, 1, 1, 500),
    HEAD.pack(MAGIC, 1, 1, 512).ljust(512, b"\0") + ENTRY.pack(0, 9, 0, 0),
    HEAD.pack(MAGIC, 1, 1, 512).ljust(512, b"\0") + ENTRY.pack(0, 1 << 60, 0, 0),
])
def test_bad_log(tmp_path, content):
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(LogError):
        WriteLog(tmp_path / "log")


def test_log_that_qemu_writes(tmp_path):
    image = tmp_path / "img"
    image.write_bytes(bytes(1 << 20))
    commands = ["write -P 7 4096 1024", "flush", "write -P 8 8192 4096", "write -z 16384 4096"]
    script = "".join(f'qemu-io x0 "{command}"\n' for command in commands) + "quit\n"
    subprocess.run([QEMU, "-machine", "virt", "-bios", "none", "-S", "-display", "none",
                    "-serial", "none", "-monitor", "stdio",
                    *crashlog.qemu_drive(image, tmp_path / "log")],
                   input=script, text=True, capture_output=True, timeout=60, check=True)
    events = WriteLog(tmp_path / "log").events
    assert events[:4] == [Write(8, b"\x07" * 1024), None, Write(16, b"\x08" * 4096),
                          Write(32, bytes(4096))]
    assert image.read_bytes()[4096:5120] == b"\x07" * 1024


# ---- a file system whose order of writes is right, or wrong in a known way --------------------

@pytest.fixture(scope="module")
def before(tmp_path_factory):
    folder = tmp_path_factory.mktemp("before")
    if not (MKFS.exists() and FSCK.exists()):
        subprocess.run(["make", "-C", TOP, "build/mkfs", "build/fsck"], check=True,
                       capture_output=True, timeout=300)
    (folder / "data").write_bytes(b"d" * 5000)
    subprocess.run([MKFS, "-s", "500", "-l", "60", "-i", "64", folder / "img",
                    *(f"f{i}={folder}/data" for i in range(8))], check=True, timeout=60)
    return folder / "img"


def removal(content, fs, name):
    """The blocks that change, {number: new content}, when a file of the root is removed."""
    changed = {}

    def edit(offset, form, *values):
        block = changed.setdefault(offset // BSIZE,
                                   bytearray(content[offset // BSIZE * BSIZE:][:BSIZE]))
        struct.pack_into(form, block, offset % BSIZE, *values)

    inode, root = fs.stat(name), fs.inode(1)
    edit(fs.blocks(root)[0] * BSIZE + fs.content(root).index(name.encode() + b"\0") - 2, "<H", 0)
    edit(fs.super.inodes * BSIZE + inode.inum * 64, "<64s", bytes(64))
    for number in fs.blocks(inode):
        offset = fs.super.bitmap * BSIZE + number // 8
        block = changed.setdefault(offset // BSIZE,
                                   bytearray(content[offset // BSIZE * BSIZE:][:BSIZE]))
        block[offset % BSIZE] &= ~(1 << number % 8)
    return changed


def journalled_run(image, flush_before=True, flush_after=True):
    """Events of a kernel that removes f0 .. f7, one transaction each."""
    content, events = bytearray(image.read_bytes()), []
    for seq in range(2, 10):
        fs = FsImage(content)
        changed = removal(content, fs, f"f{seq - 2}")
        half = fs.super.journal + seq % 2 * (fs.super.njournal // 2)
        homes = struct.pack(f"<{len(changed)}I", *changed)
        header = struct.pack("<4I", JOURNAL_MAGIC, seq, len(changed), checksum(homes))
        header = (header + struct.pack("<I", checksum(header)) + homes).ljust(BSIZE, b"\0")
        assert JOURNAL.size + len(homes) <= BSIZE
        events += [(2 * (half + 1 + i), bytes(b)) for i, b in enumerate(changed.values())]
        events += [None] if flush_before else []
        events += [(2 * half, header)]
        events += [None] if flush_after else []
        events += [(2 * number, bytes(block)) for number, block in changed.items()]
        events += [None]
        for event in filter(None, events):
            content[event[0] * SECTOR:event[0] * SECTOR + len(event[1])] = event[1]
    return events


def test_right_order_survives(before, tmp_path):
    log = WriteLog(write_log(tmp_path / "log", journalled_run(before)))
    points, failures = crashlog.run(log, before, tmp_path)
    assert not failures, failures
    assert points["prefix"] == sum(event is not None for event in log.events)
    assert points["lost"] > 50 and points["torn"] > 50


@pytest.mark.parametrize("missing", ["flush_before", "flush_after"])
def test_a_missing_flush_is_found(before, tmp_path, missing):
    log = WriteLog(write_log(tmp_path / "log", journalled_run(before, **{missing: False})))
    assert not crashlog.run(log, before, tmp_path, kinds=("prefix",))[1]
    failures = crashlog.run(log, before, tmp_path, kinds=("lost",))[1]
    assert failures


def test_without_a_journal(before, tmp_path):
    events = [event for event in journalled_run(before)
              if event is None or event[0] >= 2 * 62]
    log = WriteLog(write_log(tmp_path / "log", events))
    assert crashlog.run(log, before, tmp_path, kinds=("prefix",), most=3)[1]


def test_command(before, tmp_path):
    tool = TOP / "tools" / "crashtest"
    log = write_log(tmp_path / "log", journalled_run(before))
    done = subprocess.run([tool, log, before], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith("0 damaged\n"), done.stdout + done.stderr
    bad = write_log(tmp_path / "bad", journalled_run(before, flush_before=False))
    done = subprocess.run([tool, "--most", "1", bad, before], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and "crash after write" in done.stdout
    done = subprocess.run([tool, before, before], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "no log of blklogwrites" in done.stderr
