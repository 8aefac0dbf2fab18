"""Reads files and directories out of a disk image, without any code of mkfs or the kernel.

The format is that of kernel/fs.h.  A committed transaction in the journal counts as replayed, so
what is read is what the next mount would show.

    with FsImage("fs.img") as fs:
        fs.read("/README"), fs.listdir("/dev"), fs.stat("/console").nlink
"""

import collections
import mmap
import os
import struct

BSIZE = 1024
ROOTINO = 1
NDIRECT = 11
PER_BLOCK = BSIZE // 4
MAXFILE = NDIRECT + PER_BLOCK + PER_BLOCK ** 2
DIR, FILE, DEVICE, SYMLINK = 1, 2, 3, 4
SUPER_MAGIC, JOURNAL_MAGIC = 0x464c5431, 0x4a4c5446
DINODE = struct.Struct("<4H I 13I")
DIRENT = struct.Struct("<H14s")
SUPER = struct.Struct("<9I")
JOURNAL = struct.Struct("<5I")

Super = collections.namedtuple(
    "Super", "magic nblocks journal njournal inodes ninodes bitmap data checksum")
Inode = collections.namedtuple("Inode", "inum type nlink major minor size addr")


class FormatError(Exception):
    """The image is not what kernel/fs.h says."""


def checksum(data, value=2166136261):
    for byte in data:
        value = ((value ^ byte) * 16777619) & 0xffffffff
    return value


class FsImage:
    """An image of the host, given by its path, or as bytes."""

    def __init__(self, source):
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        else:
            self.bytes = source
        self.super = Super(*SUPER.unpack_from(self.bytes, BSIZE))
        if self.super.magic != SUPER_MAGIC:
            raise FormatError(f"magic {self.super.magic:#x}")
        if self.super.checksum != checksum(self.bytes[BSIZE:BSIZE + SUPER.size - 4]):
            raise FormatError("checksum of the superblock")
        self.replayed = self._read_journal()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if isinstance(self.bytes, mmap.mmap):
            self.bytes.close()

    def _raw(self, first, count=1):
        return self.bytes[first * BSIZE:(first + count) * BSIZE]

    def journal_half(self, which):
        """(sequence number, {home block: journal block}) of a half: (-1, {}) if its list was
        overwritten, None if its header is not whole."""
        size = self.super.njournal // 2
        start = self.super.journal + which * size
        header = self._raw(start)
        magic, seq, count, total, own = JOURNAL.unpack_from(header)
        if magic != JOURNAL_MAGIC or own != checksum(header[:JOURNAL.size - 4]) or seq % 2 != which:
            return None
        images = start - (-(JOURNAL.size + 4 * count) // BSIZE)
        if images + count > start + size:
            raise FormatError(f"{count} images in half a journal of {size} blocks")
        homes = self._raw(start, images - start)[JOURNAL.size:JOURNAL.size + 4 * count]
        if checksum(homes) != total:
            return -1, {}
        return seq, {home: images + i for i, home in enumerate(struct.unpack(f"<{count}I", homes))}

    def _read_journal(self):
        """{home block: journal block} of the transaction that a mount would replay."""
        halves = [half for half in map(self.journal_half, (0, 1)) if half]
        if not halves or max(halves)[0] < 0:
            raise FormatError("headers of the journal")
        return max(halves)[1] if len(halves) == 2 else {}  # a header is written when all is home

    def block(self, number):
        if not 0 < number < self.super.nblocks:
            raise FormatError(f"block number {number}")
        return self._raw(self.replayed.get(number, number))

    def inode(self, inum):
        if not 0 < inum < self.super.ninodes:
            raise FormatError(f"inode number {inum}")
        per_block = BSIZE // DINODE.size
        table = self.block(self.super.inodes + inum // per_block)
        fields = DINODE.unpack_from(table, inum % per_block * DINODE.size)
        return Inode(inum, *fields[:5], fields[5:])

    def _numbers(self, block):
        return struct.unpack(f"<{PER_BLOCK}I", self.block(block))

    def blocks(self, inode):
        """The numbers of the data blocks, in file order."""
        count = -(-inode.size // BSIZE)
        numbers = list(inode.addr[:NDIRECT])
        if count > NDIRECT:
            numbers += self._numbers(inode.addr[NDIRECT])
        if count > NDIRECT + PER_BLOCK:
            for indirect in self._numbers(inode.addr[NDIRECT + 1]):
                if len(numbers) >= count:
                    break
                numbers += self._numbers(indirect)
        return numbers[:count]

    def content(self, inode):
        return b"".join(self.block(b) for b in self.blocks(inode))[:inode.size]

    def entries(self, inode):
        """{name: inode number} of a directory, '.' and '..' included."""
        if inode.type != DIR:
            raise NotADirectoryError(f"inode {inode.inum}")
        return {name.rstrip(b"\0").decode("utf-8", "backslashreplace"): inum
                for inum, name in DIRENT.iter_unpack(self.content(inode)) if inum}

    def stat(self, path):
        """The inode of a path; symbolic links are not followed."""
        inode = self.inode(ROOTINO)
        for name in filter(None, path.split("/")):
            entries = self.entries(inode)
            if name[:14] not in entries:
                raise FileNotFoundError(path)
            inode = self.inode(entries[name[:14]])
        return inode

    def exists(self, path):
        try:
            self.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def read(self, path):
        return self.content(self.stat(path))

    def listdir(self, path="/"):
        return sorted(set(self.entries(self.stat(path))) - {".", ".."})

    def walk(self, path="/"):
        """(path, inode) of everything below a directory."""
        for name in self.listdir(path):
            below = path.rstrip("/") + "/" + name
            inode = self.stat(below)
            yield below, inode
            if inode.type == DIR:
                yield from self.walk(below)

    def free_blocks(self):
        bits = b"".join(self.block(b) for b in range(self.super.bitmap, self.super.data))
        used = int.from_bytes(bits, "little") & ((1 << self.super.nblocks) - 1)
        return self.super.nblocks - bin(used).count("1")

    def free_inodes(self):
        return sum(self.inode(i).type == 0 for i in range(1, self.super.ninodes))
