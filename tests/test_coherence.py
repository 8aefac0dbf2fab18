"""Files that are mapped, read and written at once, also where memory has no room for them."""

import re
import struct

import pytest

from fsimage import FsImage
from machine import Machine, copy_image, image_with


@pytest.fixture(scope="module")
def image():
    return image_with("coherence")


@pytest.fixture(name="disk")
def fresh_disk(image, tmp_path):
    copy_image(image, tmp_path / "fs.img")
    return tmp_path / "fs.img"


@pytest.mark.parametrize("cpus,flags", [(1, ""), (2, "-t "), (4, ""), (4, "-t ")])
def test_views_agree(disk, cpus, flags):
    with Machine(image=disk, cpus=cpus, mem="48M", debug=True, timeout=600) as m:
        m.boot()
        assert "coherence: 8192 words of round 4\n" in m.type(f"coherence {flags}file 16 4")
        m.halt()
    with Machine(image=disk, mem="32M", timeout=600) as m:
        m.boot()
        assert "coherence: 8192 words of round 4\n" in m.type("coherence -c file 16 4")
        m.halt()


def test_pinned_page_is_written_back_twice(disk):
    with Machine(image=disk, mem="32M", debug=True, timeout=60) as m:
        m.boot()
        assert "pinned: late\n" in m.type("pinned file")
        m.halt()
    with Machine(image=disk, mem="32M", timeout=60) as m:
        m.boot()
        assert "late\n" in m.type("cat file")
        m.halt()


@pytest.mark.parametrize("cpus", [1, 2])
def test_larger_than_memory(disk, cpus):
    with Machine(image=disk, cpus=cpus, mem="32M", timeout=600) as m:
        m.boot()
        assert "bigmap: 10240 pages changed and found\n" in m.type("bigmap file 40")
        m.halt()


class SlowDisk(Machine):
    """A machine whose disk takes so many bytes a second."""

    def __init__(self, image, speed, **how):
        super().__init__(disk=False, extra=[
            "-drive", f"file={image},if=none,format=raw,id=x0,throttling.bps-write={speed}",
            "-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0"], **how)
        self.image = image


MIB = 16


def flooded():
    """What `flood` leaves in its file."""
    mask = (1 << 64) - 1
    return b"".join(struct.pack("<Q", (n + 1) * 0x9e3779b97f4a7c15 & mask ^ 0x6666666666666666)
                    for n in range(MIB << 17))


@pytest.mark.parametrize("cpus,debug", [(1, False), (4, True)])
def test_no_more_is_dirty_than_may_be(disk, cpus, debug):
    """Who writes faster than the disk waits; a quarter of the memory is dirty, and hardly more."""
    with SlowDisk(disk, 5 << 20, cpus=cpus, mem="32M", debug=debug, timeout=120) as m:
        m.boot()
        out = m.run(f"flood file {MIB}", timeout=120)
        most = {way: int(n) for way, n in re.findall(r"flood: (\w+): (\d+) of 100\n", out)}
        assert set(most) == {"write", "store", "read"}, out
        assert all(75 <= n <= 120 for n in most.values()), most
        assert "dirty               0 KiB" in m.run("sync; free")
        m.halt()
    with FsImage(disk) as fs:
        assert fs.read("/file") == flooded()


@pytest.mark.parametrize("cpus,debug", [(1, True), (4, True)])
def test_mapped_files_beside_a_hog(disk, cpus, debug):
    with Machine(image=disk, cpus=cpus, mem="32M", debug=debug, timeout=120) as m:
        m.boot()
        assert m.run("squeeze 8 2", timeout=300) == "squeeze: all is as it was left\n"
        m.halt()
