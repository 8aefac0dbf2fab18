"""fsck: it passes what is sound, refuses what it cannot read, and no bytes can make it fall."""

import os
import random
import re
import struct
import subprocess

import pytest

import fsimage
from fsimage import BSIZE, FsImage, checksum
from machine import TOP
from patient import NLINK, SIZE, Patient, check, patient, run_fsck, sound  # noqa: F401

SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)


def test_sound(patient, check):
    code, out = check(patient)
    assert code == 0 and re.fullmatch(r"\S+: clean\n", out)
    assert check(patient, "-q") == (0, "")
    code, out = check(patient, "-v")
    assert code == 0 and "16 of 64 inodes used, 0 orphans" in out and "0 blocks to replay" in out


def test_orphan_is_a_note(patient, check):
    patient.put(patient.at("/one", NLINK), "H", 0)
    patient.put(patient.entry("/", "one"), "H", 0)
    code, out = check(patient)
    assert code == 0 and "an orphan" in out and out.endswith(": clean\n")


def test_longer_image_is_a_note(patient, check):
    patient.bytes += bytes(3 * BSIZE)
    code, out = check(patient)
    assert code == 0 and "goes on for 3 blocks" in out


def empty_file(patient):
    """The two writes that empty /double: its inode loses all blocks, the bitmap their bits."""
    table = patient.at("/double") // BSIZE
    after = Patient(patient.bytes)
    inode = after.stat("/double")
    single, double = inode.addr[11:]
    extra = [single, double] + [n for n in after._numbers(double) if n]
    for block in after.blocks(inode) + extra:
        after.set_bit(block, 0)
    after.put(after.at("/double", SIZE), "14I", *([0] * 14))
    return [(b, bytes(after.block(b))) for b in (table, after.super.bitmap)]


def test_committed_transaction_counts_as_replayed(patient, check):
    patient.commit(empty_file(patient))
    code, out = check(patient, "-v")
    assert code == 0, out
    assert "transaction 7 is committed" in out and "2 blocks to replay" in out
    assert FsImage(patient.bytes).read("/double") == b""


def test_a_committed_transaction_can_be_the_damage(patient, check):
    patient.commit(empty_file(patient)[:1])
    code, out = check(patient)
    assert code == 1 and "marked used but no inode owns it" in out


def test_the_later_transaction_counts(patient, check):
    writes = empty_file(patient)
    patient.commit(writes[:1], seq=6)
    assert check(patient)[0] == 1
    patient.commit(writes, seq=7)
    code, out = check(patient)
    assert code == 0 and "transaction 7 is committed" in out
    patient.commit([], seq=8)
    code, out = check(patient)
    assert code == 0 and "committed" not in out


@pytest.mark.parametrize("written", [0, 1])
def test_a_header_being_written(patient, check, written):
    """The other half is the last commit, and all of it is home."""
    patient.commit(empty_file(patient)[:1], seq=7 - written)
    patient.bytes[patient.half(written) + 4] ^= 1
    code, out = check(patient)
    assert code == 0 and "is committed" not in out
    assert f"the half of transaction {8 - written} was being written" in out
    assert FsImage(patient.bytes).read("/double") != b""


def test_a_list_being_overwritten(patient, check):
    """The other half is the last commit, and is replayed."""
    patient.commit([], seq=6, total=12345)
    patient.commit(empty_file(patient), seq=7)
    code, out = check(patient)
    assert code == 0 and "transaction 7 is committed" in out
    assert "the half of transaction 8 was being written" in out
    assert FsImage(patient.bytes).read("/double") == b""


def test_a_list_being_written(patient, check):
    patient.commit(empty_file(patient)[:1], total=12345)
    code, out = check(patient)
    assert code == 0 and "the half of transaction 1 was being written" in out
    assert FsImage(patient.bytes).read("/double") != b""


def test_a_half_in_the_wrong_place(patient, check):
    header = struct.pack("<4I", fsimage.JOURNAL_MAGIC, 4, 0, checksum(b""))
    patient.put(patient.half(1), "16sI", header, checksum(header))
    code, out = check(patient)
    assert code == 0 and "the half of transaction 1 was being written" in out


def test_transaction_whose_list_runs_on(patient, check):
    first = patient.super.nblocks - 300
    patient.commit([(first + i, bytes([i % 256]) * BSIZE) for i in range(300)])
    code, out = check(patient, "-v")
    assert code == 0 and "300 blocks to replay" in out, out
    assert FsImage(patient.bytes).block(first + 299) == bytes([299 % 256]) * BSIZE


# ---- what cannot be checked ------------------------------------------------------------------

@pytest.mark.parametrize("args", [(), ("a", "b"), ("-x", "a")])
def test_usage(args):
    done = run_fsck(*args)
    assert done.returncode == 2 and "usage: fsck" in done.stderr


def test_unreadable(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe", "/dev/null"):
        done = run_fsck(path)
        assert done.returncode == 2 and f"fsck: {path}: " in done.stderr


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1500, 2047, 2048, 5000, 1399 * 1024])
def test_cut_off(patient, check, size):
    del patient.bytes[size:]
    code, out = check(patient)
    assert code == 1 and "superblock: " in out


def test_image_is_only_read(sound, tmp_path):
    image = tmp_path / "img"
    image.write_bytes(sound)
    image.chmod(0o444)
    assert run_fsck(image).returncode == 0 and image.read_bytes() == sound


# ---- anything at all: the whole program, with sanitizers (test_check.c does the checker alone) --

@pytest.fixture(scope="module")
def sanitized():
    tool = TOP / "build" / "host" / "fsck-asan"
    tool.parent.mkdir(parents=True, exist_ok=True)
    sources = [p for p in (TOP / "mkfs").glob("*.c") if p.stem not in ("mkfs", "image", "output")]
    subprocess.run([os.environ.get("HOSTCC", "cc"), "-std=gnu11", "-O1", "-g", f"-I{TOP}",
                    "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-o", tool,
                    *sources], check=True, timeout=300)
    return tool


def mutate(image, rng):
    areas = (range(1, 2), range(2, 4), range(312, 314), range(622, 627), range(627, 1020))
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        size = rng.choice((1, 1, 2, 4, 4, 16))
        offset = rng.choice(rng.choice(areas)) * BSIZE + rng.randrange(BSIZE) // size * size
        image[offset:offset + size] = rng.choice((
            rng.randbytes(size), bytes(size), b"\xff" * size,
            struct.pack("<I", rng.randrange(1400))[:size].ljust(size, b"\0")))
    if rng.random() < 0.1:
        del image[rng.randrange(len(image)):]


def test_mutations(sound, sanitized, tmp_path):
    print(f"SEED={SEED}")
    rng = random.Random(SEED)
    image = tmp_path / "img"
    results = {0: 0, 1: 0, 2: 0}
    for turn in range(200):
        content = bytearray(sound)
        mutate(content, rng)
        image.write_bytes(content)
        done = run_fsck("-v", image, tool=sanitized)
        assert done.returncode in results and "Sanitizer" not in done.stderr, (turn, done.stderr)
        assert "runtime error" not in done.stderr, (turn, done.stderr)
        results[done.returncode] += 1
    assert results[1] > 20
