"""A disk image whose fields can be edited one by one, and the fixtures to have fsck look at it."""

import struct
import subprocess

import pytest

import fsimage
from fsimage import BSIZE, DINODE, DIRENT, SUPER, FsImage, checksum
from machine import FSCK, MKFS, TOP

TYPE, NLINK, MAJOR, SIZE, ADDR = 0, 2, 4, 8, 12   # offsets of an inode's fields


class Patient(FsImage):
    """An image in memory that can be edited at the level of its fields."""

    def __init__(self, content):
        super().__init__(bytearray(content))
        s = self.super
        self.used = max(b for _, inode in self.walk() for b in self.blocks(inode)) + 1
        assert s.data < self.used < s.nblocks

    def put(self, offset, form, *values):
        struct.pack_into("<" + form, self.bytes, offset, *values)

    def u32(self, offset):
        return struct.unpack_from("<I", self.bytes, offset)[0]

    def at(self, path, field=0):
        """Offset of a field of the inode of a path."""
        inum = path if isinstance(path, int) else self.stat(path).inum
        return self.super.inodes * BSIZE + inum * DINODE.size + field

    def entry(self, directory, name):
        """Offset of a directory entry; name can be a slot number."""
        inode = self.stat(directory)
        slot = name if isinstance(name, int) else list(self.entries(inode)).index(name)
        return self.blocks(inode)[slot * DIRENT.size // BSIZE] * BSIZE + slot * DIRENT.size % BSIZE

    def add_entry(self, directory, name, inum):
        """Appends an entry to a directory that has room in its last block."""
        inode = self.stat(directory)
        offset = self.blocks(inode)[inode.size // BSIZE] * BSIZE + inode.size % BSIZE
        self.put(self.at(directory, SIZE), "I", inode.size + DIRENT.size)
        self.put(offset, "H14s", inum, name.encode())

    def set_bit(self, block, value):
        offset = self.super.bitmap * BSIZE + block // 8
        if value:
            self.bytes[offset] |= 1 << block % 8
        else:
            self.bytes[offset] &= ~(1 << block % 8)

    def set_super(self, field, value):
        index = fsimage.Super._fields.index(field)
        self.put(BSIZE + 4 * index, "I", value)
        self.put(BSIZE + SUPER.size - 4, "I", checksum(self.bytes[BSIZE:BSIZE + SUPER.size - 4]))

    def half(self, which):
        return (self.super.journal + which * (self.super.njournal // 2)) * BSIZE

    def commit(self, writes, seq=7, total=None, count=None):
        """Leaves a transaction [(home, block content)] in the journal."""
        start = self.half(seq % 2)
        homes = struct.pack(f"<{len(writes)}I", *(home for home, _ in writes))
        blocks = b"".join(content for _, content in writes)
        header = struct.pack("<4I", fsimage.JOURNAL_MAGIC, seq,
                             len(writes) if count is None else count,
                             checksum(homes) if total is None else total)
        listed = header + struct.pack("<I", checksum(header)) + homes
        listed += bytes(-len(listed) % BSIZE)
        self.bytes[start:start + len(listed) + len(blocks)] = listed + blocks


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    if not (MKFS.exists() and FSCK.exists()):
        subprocess.run(["make", "-C", TOP, "build/mkfs", "build/fsck"], check=True,
                       capture_output=True, timeout=300)
    for name, size in (("one", 700), ("eleven", 11 * BSIZE), ("single", 30 * BSIZE),
                       ("double", 300 * BSIZE + 5)):
        (folder / name).write_bytes((name.encode() * size)[:size])
    subprocess.run([MKFS, "-s", "1400", "-l", "620", "-i", "64", folder / "img", folder / "one",
                    folder / "eleven", folder / "single", folder / "double",
                    f"a/b/file={folder}/one", f"a/c/file={folder}/one"], check=True, timeout=60)
    return (folder / "img").read_bytes()


@pytest.fixture
def patient(sound):
    return Patient(sound)


def run_fsck(*args, tool=FSCK):
    return subprocess.run([tool, *map(str, args)], capture_output=True, text=True, timeout=60,
                          check=False, errors="replace")


@pytest.fixture
def check(tmp_path):
    def run(patient, *options):
        (tmp_path / "img").write_bytes(patient.bytes)
        done = run_fsck(*options, tmp_path / "img")
        assert not done.stderr, done.stderr
        return done.returncode, done.stdout
    return run
