"""Files that are mapped, read and written at once, also where memory has no room for them."""

import pytest

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
