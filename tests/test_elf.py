"""Programs come from their files page by page; damaged ones harm nobody (tests/elf/)."""

import re

import pytest

from machine import copied, image_with

ROUNDS = 2400


@pytest.fixture(scope="module")
def image():
    return image_with("elf")


@pytest.fixture
def guest(image, tmp_path):
    with copied(image, tmp_path, debug=True, timeout=600) as m:
        yield m


def cold(m, what):
    """Frames read, waits for the disk and pages asked for by a program (tests/elf/cold.c)."""
    out = m.run(f"cold {what}")
    got = re.search(r"cold: status 0, (\d+) frames, (\d+) waits, (\d+) pages, ", out)
    assert got, out
    return tuple(map(int, got.groups()))


def test_only_what_runs_is_read(guest):
    """Of a program of a MiB, 256 pages and a few, that calls one page."""
    frames, waits, pages = cold(guest, "/big 100")
    assert 1 <= waits <= pages < 12 and frames < 64, (frames, waits, pages)
    assert cold(guest, "/big 100") == (0, 0, pages)
    everything = " ".join(str(n) for n in range(0, 256, 9))
    more, waits, pages = cold(guest, "/big " + everything)
    assert more > frames and waits > 1
    assert cold(guest, "/big " + everything)[:2] == (0, 0)


def test_thousands_of_damaged_programs(guest):
    for seed in (1, 2):
        out = guest.type(f"mutants {seed} {ROUNDS // 2}", timeout=600)
        got = re.search(r"seed \d+: (\d+) started, (\d+) ran, (\d+) refused, (\d+) died", out)
        assert got, out[-3000:]
        started, ran, refused, died = map(int, got.groups())
        assert started == ROUNDS // 2
        assert min(ran, refused) > started // 5 and died > started // 100, got[0]
        assert guest.run("vmcheck") == "0 rules broken\n"
