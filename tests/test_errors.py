"""Errors of the disk: they reach whoever asked, and never stop the kernel.

QEMU's blkdebug driver lets requests fail: the n-th read, write or flush, that one only or all from
then on, or whatever touches one block.  When nothing can be committed any more the file system is
read-only, and the disk is as after a crash: sound once the journal is replayed.
"""

import os
import random
import re
import struct
import subprocess

import pytest

from fsimage import BSIZE, FsImage
from machine import MKFS, Machine, copy_image, products

SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)
EVENTS = {"read": "read_aio", "write": "write_aio", "flush": "flush_to_disk"}
READ_ONLY = "the file system is read-only from now on"


def rule(kind, **options):
    return f"[{kind}]\n" + "".join(f'{k} = "{v}"\n' for k, v in options.items())


def nth(what, n, once):
    """Rules by which the n-th request of a kind fails, from 1, or that one and all behind it."""
    rules = [rule("set-state", event=EVENTS[what], state=i, new_state=i + 1) for i in range(1, n)]
    return rules + [rule("inject-error", event=EVENTS[what], iotype=what, state=n, errno=5,
                         once="on" if once else "off")]


def at(what, block, once=False):
    """Rules by which requests of a kind fail that touch the first sector of a block."""
    return [rule("inject-error", event="none", iotype=what, sector=block * BSIZE // 512, errno=5,
                 once="on" if once else "off")]


def until_flush():
    """Of rules that wait for no event, a last one by which they end when the disk is flushed."""
    return [rule("inject-error", event="flush_to_disk", iotype="discard", errno=5)]


class Faulty(Machine):
    """A machine with such a disk."""

    def __init__(self, folder, rules, image=None, **how):
        (folder / "rules").write_text("\n".join(rules))
        path = image or folder / "faulty.img"
        if not image:
            copy_image(products(how.get("debug", False)) / "fs.img", path)
        drive = ("if=none,id=x0,rerror=report,werror=report,driver=raw,file.driver=blkdebug,"
                 f"file.config={folder}/rules,file.image.driver=file,file.image.filename={path}")
        super().__init__(**{"mem": "32M", "timeout": 15, "disk": False, **how}, extra=[
            "-drive", drive, "-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0"])
        self.image = path

    def try_boot(self):
        """True at the prompt; False if it has said why there is none."""
        self.expect(r"(?<=\n)\$ |cannot run /sh.*\n|faultline: .*\n")
        return self.child.after == "$ "


@pytest.fixture
def faulty(tmp_path):
    print(f"SEED={SEED}")

    def start(rules, **how):
        return Faulty(tmp_path, rules, **how)
    return start


# ---- the n-th request ------------------------------------------------------------------------

def reads_fail(start, n, once):
    """One machine; whether it came up."""
    with start(nth("read", n, once)) as m:
        if not m.try_boot():
            assert re.search(r"cannot|damaged", m.log), m.log
            if "faultline:" in m.log:
                assert m.exit_code() == 1
            return False
        for command in ("ls", "cat README | wc", "echo x > new; cat new; mkdir d; rm new", "ps"):
            out = m.type(command)
            assert "damaged" not in out, out
        if once:
            m.type("ls nowhere")
            m.halt()
        return True


def sample(most, count):
    """Some of 1 .. most: the first few, then at random."""
    rng = random.Random(SEED)
    first = list(range(1, min(4, count)))
    return first + sorted(rng.sample(range(len(first) + 1, most + 1), count - len(first)))


@pytest.fixture(scope="module")
def boot_reads(tmp_path_factory):
    """Reads until the prompt."""
    with Faulty(tmp_path_factory.mktemp("count"), []) as m:
        m.boot()
        m.send("\x01c")  # to QEMU's monitor
        m.expect(r"\(qemu\) ")
        m.send("info blockstats\n")
        m.expect(r"x0: .*? rd_operations=(\d+)")
        return int(m.child.match.group(1))


@pytest.mark.parametrize("once", [True, False])
def test_nth_read_fails(faulty, boot_reads, once):
    points = sample(boot_reads - 20, 6) + [boot_reads + n for n in (-15, -8, -3, 1, 3, 8)]
    booted = [reads_fail(faulty, n, once) for n in points]
    assert not all(booted) and any(booted)


WORK = ("echo one > one; cat one; sync", "mkdir d; echo two > d/two; ln d/two three; cat three",
        "cat README README > big; sync; rm big", "ln -s one soft; cat soft; rm three; sync")


def commits_fail(start, what, n, once):
    """One machine; whether its journal failed."""
    with start(nth(what, n, once)) as m:
        assert m.try_boot()
        for command in WORK:
            m.type(command)
        m.type("sync")
        failed = READ_ONLY in m.log
        if failed:
            assert m.log.count(READ_ONLY) == 1
            out = m.type("echo x > late || echo status $?")
            assert "read-only" in out and "status" in out, out
            for command in ("mkdir d2", "rm README", "ln cat dog", "ln -s cat dog"):
                assert "read-only" in m.type(command), command
            assert "device error" in m.type("sync") or "read-only" in m.log
            assert re.search(r"\d+ +\d+ +\d+", m.type("wc README"))
        else:
            assert "one\n" in m.type("cat soft")
        m.halt()
        with FsImage(m.image) as fs:
            assert failed or fs.read("/d/two") == b"two\n"
        return failed


@pytest.mark.parametrize("what,most", [("write", 24), ("flush", 8)])
@pytest.mark.parametrize("once", [True, False])
def test_nth_write_fails(faulty, what, most, once):
    failed = [commits_fail(faulty, what, n, once) for n in sample(most, 7)]
    assert any(failed)


@pytest.mark.parametrize("what", ["write", "flush", "read"])
def test_busy_processes_survive_a_failing_disk(faulty, boot_reads, what):
    n = random.Random(SEED).randrange(5, 15) + (boot_reads + 20 if what == "read" else 0)
    with faulty(nth(what, n, False), cpus=4, mem="64M", debug=True) as m:
        m.boot()
        m.type("cat cat echo sh > /dev/null")
        m.line("stressfs -p 5 & grind -n 3 -p 5; stressfs -p 3; echo $?; kill 99999; echo over")
        m.expect(r"\n(over|sh: echo: device error)\r\n", timeout=60)
        if what != "read":
            assert READ_ONLY in m.log
            m.halt()


# ---- one bad block -----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def layout():
    """Block numbers of the built image, by name."""
    with FsImage(products() / "fs.img") as fs:
        readme, sh = fs.stat("/README"), fs.stat("/usertests")
        return {"data": fs.blocks(readme)[1], "leaf": sh.addr[11],
                "header": fs.blocks(sh)[0], "text": fs.blocks(sh)[4], "late": fs.blocks(sh)[40],
                "root": fs.blocks(fs.stat("/"))[0], "dev": fs.blocks(fs.stat("/dev"))[0],
                "table": fs.super.inodes, "bitmap": fs.super.bitmap, "super": 1,
                "journal": fs.super.journal,
                "half": fs.super.journal + fs.super.njournal // 2}


def test_bad_block_of_a_file(faulty, layout):
    with faulty(at("read", layout["data"])) as m:
        m.boot()
        for command in ("cat README > /dev/null", "cat README > copy", "wc README",
                        "grep x README", "cat < README > /dev/null"):
            out = m.type(command + " || echo failed")
            assert "device error" in out and "failed" in out, out
        assert "usage" in m.type("ln")
        m.halt()


def test_bad_block_read_again(faulty, layout):
    """A read that fails once leaves nothing wrong in the cache."""
    with faulty(at("read", layout["data"], once=True)) as m:
        m.boot()
        m.type("cat README > /dev/null")  # the read-ahead may have met the error already
        m.type("cat README > copy")
        m.halt()
        with FsImage(m.image) as fs:
            assert fs.read("/copy") == fs.read("/README")


@pytest.mark.parametrize("block,says", [
    ("header", "usertests: device error"),  # exec itself needs it
    ("text", r"usertests: instruction page fault at pc 0x0 .*: "
             "the page could not be read from the disk; killed"),
    ("leaf", "usertests: .* page fault .*: the page could not be read from the disk; killed"),
    ("late", None),  # nobody needs that page
])
def test_bad_block_of_a_program(faulty, layout, block, says):
    with faulty(at("read", layout[block])) as m:
        m.boot()
        out = m.type("usertests -l || echo failed")
        assert ("failed" in out and re.search(says, out)) if says else "fork_ids" in out, out
        assert "device error" in m.type("cat usertests | wc")
        assert "device error" in m.type("cat usertests > copy")
        m.type("rm copy")
        m.type("rm usertests")
        m.halt()


@pytest.mark.parametrize("block", ["text", "leaf", "header"])
def test_program_runs_when_its_blocks_can_be_read_again(faulty, layout, block):
    with faulty(at("read", layout[block]) + until_flush()) as m:
        m.boot()
        for _ in range(2):
            assert m.status("usertests -l")[0] != 0
        m.type("echo x > x; sync")
        assert "fork_ids" in m.run("usertests -l")
        assert m.status("usertests @fresh")[0] == 0
        m.halt()


@pytest.mark.parametrize("block,reason", [
    ("super", "the superblock cannot be read"),
    ("journal", "the journal cannot be read"),
    ("half", "the journal cannot be read"),
    ("table", "the inode table cannot be read"),
    ("bitmap", "the block bitmap cannot be read"),
    ("root", "cannot run /init"),
])
def test_bad_block_at_boot(faulty, layout, block, reason):
    with faulty(at("read", layout[block])) as m:
        m.expect(rf"faultline: .*{reason}.*\n")
        assert m.exit_code() == 1


def test_bad_block_of_a_directory(faulty, layout):
    """Without /dev/console, init makes a console of its own."""
    with faulty(at("read", layout["dev"])) as m:
        m.boot()
        assert "device error" in m.type("ls /dev")
        assert "device error" in m.type("echo x > /dev/new")
        m.halt()


@pytest.mark.parametrize("block", ["root", "table", "bitmap"])
def test_what_cannot_go_home_is_in_the_journal(faulty, layout, block):
    """The commit is durable before its home blocks are written: sync() keeps its promise."""
    with faulty(at("write", layout[block])) as m:
        m.boot()
        m.type("echo one > one; sync")
        assert READ_ONLY in m.log
        assert "read-only" in m.type("echo two > two")
        m.halt()
        with FsImage(m.image) as fs:
            assert fs.read("/one") == b"one\n" and not fs.exists("/two")
        with Machine(mem="32M", image=m.image) as again:
            again.boot()
            assert again.run("cat one") == "one\n"
            again.run("echo two > two")
            again.halt()


@pytest.mark.parametrize("block", ["journal", "half"])
def test_journal_header_cannot_be_written(faulty, layout, block):
    with faulty(at("write", layout[block])) as m:
        m.boot()
        m.type("echo one > one; sync; echo two > two; sync")
        assert READ_ONLY in m.log
        m.halt()


def test_read_only_disk(tmp_path):
    copy_image(products() / "fs.img", tmp_path / "fs.img")
    drive = ("if=none,id=x0,driver=raw,read-only=on,file.driver=file,"
             f"file.filename={tmp_path}/fs.img")
    with Machine(mem="32M", disk=False, extra=[
            "-drive", drive, "-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0"]) as m:
        assert "the disk is read-only" in m.boot()
        assert "read-only" in m.run("echo one > one")
        assert "README" in m.run("wc README")
        m.image = tmp_path / "fs.img"
        m.halt()


# ---- pages that cannot be read -----------------------------------------------------------------

PAGES = 100  # of a file whose words are numbers
MARK = struct.pack("<5Q", 0x756e7265616461, 1, 2, 3, 0)  # user/usertests/unreadable.c
NOT_READABLE = "the page could not be read from the disk; killed"


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """An image with such a file."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "words").write_bytes(struct.pack(f"<{PAGES * 512}Q", *range(PAGES * 512)))
    subprocess.run([MKFS, "-s", "8000", folder / "fs.img", folder / "words",
                    *(products() / "bin" / name for name in ("init", "sh", "halt", "cat", "echo",
                                                             "vmcheck", "usertests"))],
                   check=True, timeout=60)
    return folder / "fs.img"


@pytest.mark.parametrize("bad,slot,cpus", [(0, 0, 1), (50, 3, 2), (PAGES - 1, 1, 4)])
def test_mapped_page_that_cannot_be_read(faulty, words, tmp_path, bad, slot, cpus):
    """Any block of it will do: first alone, then among what is read ahead."""
    copy_image(words, tmp_path / "words.img")
    with FsImage(words) as fs:
        block = fs.blocks(fs.stat("/words"))[4 * bad + slot]
    with faulty(at("read", block) + until_flush(), image=tmp_path / "words.img", cpus=cpus,
                debug=True) as m:
        m.boot()
        status, out = m.status(f"usertests @unreadable words {PAGES} {bad}")
        assert status == 0, out
        assert len(re.findall(rf"load page fault at pc .*: {NOT_READABLE}", out)) == 6, out
        assert len(re.findall(rf"store page fault at pc .*: {NOT_READABLE}", out)) == 4, out
        m.halt()
    with FsImage(m.image) as fs:
        content = list(range(PAGES * 512))
        content[bad * 512] = 0
        assert fs.read("/words") == struct.pack(f"<{PAGES * 512}Q", *content)


def test_program_mends_a_page_of_its_own(faulty, words, tmp_path):
    copy_image(words, tmp_path / "words.img")
    with FsImage(words) as fs:
        offset = fs.read("/usertests").index(MARK)
        assert offset % 4096 == 0
        block = fs.blocks(fs.stat("/usertests"))[offset // BSIZE]
    with faulty(at("read", block) + until_flush(), image=tmp_path / "words.img", debug=True) as m:
        m.boot()
        status, out = m.status("usertests @unreadable_self")
        assert status == 0 and out.count(NOT_READABLE) == 1, out
        m.halt()


# ---- every request -----------------------------------------------------------------------------

@pytest.mark.soak
@pytest.mark.parametrize("once", [True, False])
def test_every_request_fails_in_turn(faulty, boot_reads, once):
    for n in range(1, boot_reads + 30):
        reads_fail(faulty, n, once)
    for what, most in (("write", 60), ("flush", 30)):
        for n in range(1, most):
            commits_fail(faulty, what, n, once)
