"""Machines on damaged disks: refused with the reason, or mounted and used; never a panic or hang.

The images are those on which test_fsck_damage.py breaks one rule of kernel/fs.h after the other,
and images with random damage to one part or to all.  On each a machine boots and a user does what
there is to do with files; the commands may fail, but they come to an end.
"""

import collections
import os
import random
import struct
import subprocess

import pexpect
import pytest

import test_fsck_damage
from fsimage import BSIZE, DIRENT, FsImage, MAXFILE, Super
from machine import CTRL_C, CTRL_P, FSCK, MKFS, Machine, products
from patient import ADDR, MAJOR, NLINK, SIZE, TYPE, Patient

SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)
PROGRAMS = ("init", "sh", "cat", "echo", "ls", "ln", "mkdir", "rm", "wc", "sync", "halt",
            "stressfs", "usertests")
COMMANDS = (
    "ls; ls dev a a/b",
    "cat one eleven single double | wc; wc one eleven single double",
    "echo new > new; cat new; mkdir dir; echo x > dir/x; ln new dir/link; ln -s x y; cat y",
    "echo more >> one; echo more >> eleven; echo more >> single; echo more >> double; sync",
    "echo over > one; echo over > single; mkdir a/b/new; echo y > a/new; ln one a/one",
    "cat < double > copy; rm one eleven; rm a/b/file a/b a/c/file a; rm -rf a; sync",
    "rm double; rm single copy; ls; stressfs -p 2 -k 40 -r 1; rm -rf dir new y; sync",
    "usertests file_truncate file_unlinked_lives dir_make_remove dir_orphaned together_unlink",
    "ls; ls dev; rm -rf dev; ls /",
)
PROMPT = r"\n\$ |\$ $"  # the latter behind what a damaged program wrote last
DAMAGE = []


def damage(count):
    """Registers a function(p, sound, rng) that damages p, for `count` images; sound is p before."""
    def register(function):
        def plant(number):
            return lambda p: function(p, Patient(p.bytes),
                                      random.Random(f"{SEED} {function.__name__} {number}"))
        DAMAGE.extend((f"{function.__name__}-{n}", plant(n)) for n in range(count))
        return function
    return register


def number(p, rng):
    """A number where one of a block, an inode or a size belongs."""
    s = p.super
    return rng.choice((0, 1, 2, s.journal, s.inodes, s.bitmap, s.data, s.nblocks - 1, s.nblocks,
                       0x7fffffff, 0x80000000, 0xffffffff, rng.randrange(s.nblocks),
                       rng.randrange(s.data, p.used), rng.randrange(s.data, p.used),
                       rng.randrange(1 << 32)))


def used_inodes(p):
    return [1] + [inode.inum for _, inode in p.walk()]


def structure(p):
    """Blocks of the file system, but for those that hold the programs."""
    programs = {b for path, inode in p.walk() if path[1:] in PROGRAMS for b in p.blocks(inode)}
    return [b for b in range(p.super.inodes, p.used) if b not in programs]


@damage(12)
def superblock(p, sound, rng):
    field = rng.choice(Super._fields[:-1])
    old = getattr(p.super, field)
    new = rng.choice((old + 1, max(old, 1) - 1, old * 2, number(sound, rng)))
    p.set_super(field, new & 0xffffffff)


@damage(16)
def journal(p, sound, rng):
    """Committed transactions whose images are good and bad, at home and not."""
    s = p.super
    homes = rng.sample(structure(sound), rng.randrange(1, 40))
    contents = [rng.choice((bytes(BSIZE), rng.randbytes(BSIZE), bytes(p.block(home)),
                            b"\xff" * BSIZE)) for home in homes]
    if rng.random() < 0.3:
        homes[rng.randrange(len(homes))] = number(sound, rng)
    count = rng.choice((None, None, None, s.njournal // 2, 0xffffffff, len(homes) + 1))
    p.commit(list(zip(homes, contents)), seq=rng.choice((7, 8, 0xffffffff)), count=count,
             total=None if rng.random() < 0.8 else 5)


@damage(24)
def inodes(p, sound, rng):
    for _ in range(rng.choice((1, 1, 2, 5))):
        field, form, value = rng.choice((
            (TYPE, "H", rng.choice((0, 1, 2, 3, 4, 5, 0xffff))),
            (NLINK, "H", rng.choice((0, 1, 2, 3, 32767, 32768, 0xffff))),
            (MAJOR, "HH", rng.randrange(1 << 16)),
            (SIZE, "I", rng.choice((0, 1, 16, 31, 32, 48, 1024, 11 * BSIZE, 12 * BSIZE, 267 * BSIZE,
                                    268 * BSIZE, MAXFILE * BSIZE, number(sound, rng)))),
            (ADDR + 4 * rng.randrange(13), "I", number(sound, rng)),
            (ADDR + 4 * rng.randrange(11, 13), "I", number(sound, rng)),
        ))
        values = (value,) if form != "HH" else (value, rng.randrange(1 << 16))
        p.put(sound.at(rng.choice(used_inodes(sound)), field), form, *values)


@damage(12)
def indirect_blocks(p, sound, rng):
    single, double = sound.stat("/single"), sound.stat("/double")
    tables = [single.addr[11], double.addr[11], double.addr[12]]
    tables += [n for n in sound._numbers(double.addr[12]) if n]
    for _ in range(rng.choice((1, 2, 30))):
        p.put(rng.choice(tables) * BSIZE + 4 * rng.randrange(256), "I", number(sound, rng))


@damage(20)
def directories(p, sound, rng):
    names = (b"one", b".", b"..", b"a", b"", b"a/b", b"\xff" * 14, b"sh", b"dev", b"x\0y")
    for _ in range(rng.choice((1, 1, 2, 6))):
        directory = rng.choice(("/", "/", "/a", "/a/b", "/dev"))
        slot = rng.randrange(sound.stat(directory).size // DIRENT.size)
        inum = rng.choice((0, 1, 2, 65535, p.super.ninodes, rng.choice(used_inodes(sound))))
        p.put(sound.entry(directory, slot), "H14s", inum, rng.choice(names))


@damage(10)
def bitmap(p, sound, rng):
    """Blocks in use that are marked free, which will have two owners, and the other way round."""
    for block in rng.sample(range(p.super.nblocks), 400):
        p.set_bit(block, rng.random() < 0.5)
    if rng.random() < 0.4:
        start = p.super.bitmap * BSIZE
        p.bytes[start:start + BSIZE] = rng.choice((b"\0", b"\xff", b"\xaa")) * BSIZE


@damage(20)
def anything(p, sound, rng):
    s = p.super
    blocks = structure(sound)
    areas = ([s.journal], range(s.inodes, s.bitmap), range(s.bitmap, s.data),
             blocks[blocks.index(s.data):])
    for _ in range(rng.choice((1, 3, 10, 100))):
        size = rng.choice((1, 2, 4, 16, 64))
        offset = rng.choice(rng.choice(areas)) * BSIZE + rng.randrange(BSIZE) // size * size
        p.bytes[offset:offset + size] = rng.choice((
            rng.randbytes(size), bytes(size), b"\xff" * size,
            struct.pack("<I", number(sound, rng))[:size].ljust(size, b"\0")))


DAMAGE += [(entry.id, entry.values[0]) for entry in test_fsck_damage.DAMAGE]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """The image before the damage: the files that test_fsck_damage.py damages, and programs."""
    folder = tmp_path_factory.mktemp("healthy")
    for name, size in (("one", 700), ("eleven", 11 * BSIZE), ("single", 30 * BSIZE),
                       ("double", 300 * BSIZE + 5)):
        (folder / name).write_bytes((name.encode() * size)[:size])
    files = [folder / name for name in ("one", "eleven", "single", "double")]
    files += [f"a/b/file={folder}/one", f"a/c/file={folder}/one"]
    files += [products() / "bin" / name for name in PROGRAMS]
    subprocess.run([MKFS, "-s", "4000", "-l", "620", "-i", "200", folder / "img", *files],
                   check=True, timeout=60)
    return (folder / "img").read_bytes()


def boot(m):
    """How far a machine comes: "refused", "no shell" or "prompt"."""
    start = r"init: starting sh\r\n"
    m.expect(rf"{start}|cannot run /init.*\n|init ended.*\n|faultline: .*\n")
    if "starting" not in m.child.after:
        assert "faultline:" not in m.child.after or m.exit_code() == 1
        return "refused"
    if m.child.expect([r"\$ ", r"cannot run /sh.*\n", r"pid \d+ sh: .*; killed\r\n", start,
                       pexpect.TIMEOUT], timeout=30) == 4:
        m.send(CTRL_P)  # what the damage made of sh may loop; the kernel must not
        m.expect(r"\d+ +1 (run|ready) .* sh\r\n", timeout=5)
    return "prompt" if m.child.after == "$ " else "no shell"


def work(m):
    for command in COMMANDS:
        m.line(command)
        if m.child.expect([PROMPT, pexpect.TIMEOUT], timeout=40) == 1:
            m.send(CTRL_C)  # the same for any program
            m.expect(PROMPT, timeout=20)
        assert "panic:" not in m.child.before, m.child.before
    m.line("halt")
    m.expect([PROMPT, pexpect.EOF], timeout=20)


def use(image, debug):
    """Boots and types; returns how far it came.  A panic or a hang is an AssertionError."""
    with Machine(mem="32M", cpus=2, image=image, debug=debug, timeout=20) as m:
        how = boot(m)
        if how != "prompt":
            return how
        work(m)
        return "used"


def run(cases, healthy, folder, debug):
    """Uses all images; the number of each result."""
    print(f"SEED={SEED}")
    results, failures = collections.Counter(), []
    for name, plant in cases:
        patient = Patient(healthy)
        plant(patient)
        image = folder / "damaged.img"
        image.write_bytes(patient.bytes)
        try:
            results[use(image, debug)] += 1
            judged = subprocess.run([FSCK, "-q", image], check=False, timeout=60).returncode
            assert judged in (0, 1), f"fsck ends with {judged}"
        except AssertionError as error:
            failures.append(f"{name}: {error}")
    print(dict(results))
    assert not failures, f"{len(failures)} of {len(cases)}\n" + "\n\n".join(failures)
    return results


def test_sound_image(healthy, tmp_path):
    (tmp_path / "img").write_bytes(healthy)
    assert use(tmp_path / "img", True) == "used"
    subprocess.run([FSCK, tmp_path / "img"], check=True, timeout=60)


def test_damaged_images(healthy, tmp_path):
    cases = random.Random(SEED).sample(DAMAGE, 32)
    results = run(cases, healthy, tmp_path, debug=True)
    assert results["used"] > 5 and results["refused"] > 2


@pytest.mark.soak
@pytest.mark.parametrize("debug", [False, True])
def test_all_damaged_images(healthy, tmp_path, debug):
    assert len(DAMAGE) >= 150
    run(DAMAGE, healthy, tmp_path, debug)
