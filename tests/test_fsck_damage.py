"""fsck names every kind of damage: each function below breaks one rule of kernel/fs.h."""

import re

import pytest

import fsimage
from fsimage import BSIZE, SUPER
from patient import ADDR, MAJOR, NLINK, SIZE, TYPE, check, patient, sound  # noqa: F401

DAMAGE = []


def damage(*expected):
    def register(function):
        DAMAGE.append(pytest.param(function, expected, id=function.__name__))
        return function
    return register


@damage("superblock: magic")
def super_magic(p):
    p.set_super("magic", 0x12345678)


@damage("superblock: checksum")
def super_checksum(p):
    p.put(BSIZE + SUPER.size - 4, "I", 1)


@damage("superblock: 2000 blocks, but the image has only 1400")
def super_too_long(p):
    p.set_super("nblocks", 2000)


@damage("superblock", "none is left for data")
def super_too_short(p):
    p.set_super("nblocks", 3)


@damage("start of the journal")
def super_journal(p):
    p.set_super("journal", 1)


@damage("start of the inode table")
def super_inodes(p):
    p.set_super("inodes", 0xffffffff)


@damage("start of the bitmap")
def super_bitmap(p):
    p.set_super("bitmap", p.super.bitmap + 1)


@damage("start of the data")
def super_data(p):
    p.set_super("data", 0)


@damage("the journal is too small")
def super_no_journal(p):
    p.set_super("njournal", 0)


@damage("too many inodes")
def super_inode_count(p):
    p.set_super("ninodes", 70000)


@damage("journal: no half has a valid header")
def journal_magic(p):
    p.put(p.half(0), "I", 0)
    p.put(p.half(1), "I", 0)


@damage("journal: no half has a valid header")
def journal_selfcheck(p):
    p.put(p.half(0) + 4, "I", 98)
    p.put(p.half(1) + 4, "I", 99)


@damage("journal: 310 images cannot stand in half of 620 blocks")
def journal_count(p):
    p.commit([], count=310)


@damage("journal: 4294967295 images cannot stand")
def journal_huge_count(p):
    p.commit([], count=0xffffffff)


@damage("journal: an image belongs to block 1, which")
def journal_home_super(p):
    p.commit([(1, bytes(BSIZE))])


@damage("journal: an image belongs to block 4000000000, which")
def journal_home_outside(p):
    p.commit([(4000000000, bytes(BSIZE))])


@damage("journal: two images belong to block 900")
def journal_home_twice(p):
    p.commit([(900, bytes(BSIZE)), (900, bytes(BSIZE))])


@damage("inode 0 is in use")
def inode_zero(p):
    p.put(p.at(0, TYPE), "H", 2)


@damage("there is no type 9")
def inode_type(p):
    p.put(p.at("/one", TYPE), "H", 9)


@damage("size 67382273 is above the limit")
def inode_size_limit(p):
    p.put(p.at("/one", SIZE), "I", fsimage.MAXFILE * BSIZE + 1)


@damage("1 blocks below its size of 1025 bytes are missing")
def inode_hole(p):
    p.put(p.at("/one", SIZE), "I", BSIZE + 1)


@damage("65773 blocks below its size of 67382272 bytes are missing")
def inode_no_double_indirect(p):
    p.put(p.at("/single", SIZE), "I", fsimage.MAXFILE * BSIZE)


@damage("1 blocks beyond its size of 0 bytes")
def inode_blocks_beyond(p):
    p.put(p.at("/one", SIZE), "I", 0)


@damage("2 blocks beyond its size of 11264 bytes")
def inode_needless_indirect(p):
    p.put(p.at("/single", SIZE), "I", 11 * BSIZE)
    p.put(p.at("/single", ADDR + 12 * 4), "I", p.used + 3)


@damage("a directory cannot have a size of 81")
def directory_odd_size(p):
    p.put(p.at("/a/b", SIZE), "I", 81)


@damage("a directory cannot have a size of 16")
def directory_short(p):
    p.put(p.at("/a/b", SIZE), "I", 16)


@damage("a device cannot have a size of 5")
def device_size(p):
    p.put(p.at("/dev/null", SIZE), "I", 5)


@damage("there is no device 77,0")
def device_number(p):
    p.put(p.at("/dev/null", MAJOR), "H", 77)


@damage("a file with the device number 3,4")
def file_device_number(p):
    p.put(p.at("/one", MAJOR), "HH", 3, 4)


@damage("a symbolic link cannot have a size of 700")
def symlink_length(p):
    p.put(p.at("/one", TYPE), "H", fsimage.SYMLINK)


@damage("the target of the symbolic link has a NUL byte")
def symlink_nul(p):
    p.put(p.at("/one", TYPE), "H", fsimage.SYMLINK)
    p.put(p.at("/one", SIZE), "I", 20)
    p.put(p.blocks(p.stat("/one"))[0] * BSIZE + 5, "B", 0)


@damage("link count 40000 is above the limit")
def link_limit(p):
    p.put(p.at("/one", NLINK), "H", 40000)


@damage("block number 1400 lies outside the data")
def block_beyond(p):
    p.put(p.at("/one", ADDR), "I", 1400)


@damage("block number 1 lies outside the data")
def block_is_super(p):
    p.put(p.at("/one", ADDR), "I", 1)


@damage("block number 4294967295 lies outside the data")
def block_number_max(p):
    p.put(p.at("/double", ADDR + 4 * 12), "I", 0xffffffff)


@damage("again to inode")
def block_twice(p):
    p.put(p.at("/one", ADDR), "I", p.stat("/eleven").addr[3])


@damage("belongs to inode 11 and again to inode 11")
def indirect_in_a_loop(p):
    indirect = p.stat("/double").addr[12]
    p.put(indirect * BSIZE, "I", indirect)


@damage("outside the data")
def indirect_entry(p):
    p.put(p.stat("/single").addr[11] * BSIZE + 8, "I", 5)


@damage("in use but marked free")
def bitmap_clear(p):
    p.set_bit(p.stat("/one").addr[0], 0)


@damage("bitmap: block 0: in use but marked free")
def bitmap_boot_clear(p):
    p.set_bit(0, 0)


@damage("marked used but no inode owns it")
def bitmap_leak(p):
    p.set_bit(p.used + 7, 1)


@damage("beyond the end but marked used")
def bitmap_tail(p):
    p.set_bit(p.super.nblocks + 1, 1)


@damage("the root, inode 1, is not a directory")
def root_is_a_file(p):
    p.put(p.at(1, TYPE), "H", 2)


@damage("the root, inode 1, is not a directory")
def root_is_free(p):
    p.put(p.at(1, TYPE), "H", 0)


@damage("entry 0 is '', not '.'")
def dot_missing(p):
    p.put(p.entry("/a", 0), "H14s", 0, b"")


@damage("entry 0 is 'x', not '.'")
def dot_renamed(p):
    p.put(p.entry("/a", 0) + 2, "14s", b"x")


@damage("'.' names inode 1, not")
def dot_wrong(p):
    p.put(p.entry("/a/b", 0), "H", 1)


@damage("'..' names inode 1, not")
def dotdot_wrong(p):
    p.put(p.entry("/a/b", 1), "H", 1)


@damage("'..' names inode 2, not 1")
def root_dotdot(p):
    p.put(p.entry("/", 1), "H", 2)


@damage("the name 'one' stands there twice")
def name_twice(p):
    p.put(p.entry("/", "eleven") + 2, "14s", b"one")


@damage("the name '..' stands there twice")
def dotdot_twice(p):
    p.put(p.entry("/", "one") + 2, "14s", b"..")


@damage("an entry has no name")
def name_empty(p):
    p.put(p.entry("/", "one") + 2, "14s", b"")


@damage("the name 'a/b' has a slash")
def name_slash(p):
    p.put(p.entry("/", "one") + 2, "14s", b"a/b")


@damage(r"stray bytes after the name 'o\x01'")
def name_stray(p):
    p.put(p.entry("/", "one") + 2, "14s", b"o\x01\0secret")


@damage("'one' names inode 60, which is free")
def entry_to_free(p):
    p.put(p.entry("/", "one"), "H", 60)


@damage("'one' names inode 65535 of 64")
def entry_beyond(p):
    p.put(p.entry("/", "one"), "H", 65535)


@damage("link count 5, but 1 entries name it")
def link_count_high(p):
    p.put(p.at("/one", NLINK), "H", 5)


@damage("link count 1, but 2 entries name it")
def link_count_low(p):
    p.put(p.at("/console", NLINK), "H", 1)


@damage("link count 0, but 1 entries name it")
def link_count_zero(p):
    p.put(p.at("/one", NLINK), "H", 0)


@damage("link count 3, but 4 entries name it")
def directory_link_count(p):
    p.put(p.at("/a", NLINK), "H", 3)


@damage("cannot be reached from the root")
def file_lost(p):
    p.put(p.entry("/", "one"), "H", 0)


@damage("cannot be reached from the root (a directory)")
def directory_lost(p):
    p.put(p.entry("/a", "b"), "H", 0)


@damage("which already stands in")
def directory_twice(p):
    p.add_entry("/dev", "again", p.stat("/a/b").inum)


@damage("'up' names directory 1, which already stands in 1")
def loop_to_the_root(p):
    p.add_entry("/a/b", "up", 1)


@damage("part of a loop of directories", "cannot be reached from the root (a directory)")
def loop_cut_off(p):
    a, b = p.stat("/a").inum, p.stat("/a/b").inum
    slot = p.entry("/", "a")
    p.add_entry("/a/b", "a", a)
    p.put(p.entry("/a", 1), "H", b)
    p.put(slot, "H", 0)


@pytest.mark.parametrize("plant, expected", DAMAGE)
def test_damage_is_named(patient, check, plant, expected):
    plant(patient)
    code, out = check(patient)
    assert code == 1, out
    for words in expected:
        assert words in out
    assert re.search(r": DAMAGED, \d+ errors\n$", out)
    assert check(patient, "-q") == (1, "")


def test_lines_are_bounded(patient, check):
    for inum in range(20, 64):
        patient.put(patient.at(inum), "4HI13I", 9, 40000, 1, 1, 5, *range(13))
    code, out = check(patient)
    assert code == 1 and len(out.splitlines()) == 52
    more = int(re.search(r"and (\d+) findings more", out).group(1))
    assert len(check(patient, "-v")[1].splitlines()) == 50 + more + 2
