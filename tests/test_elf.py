"""Programs whose headers are damaged at random: they harm nobody (tests/elf/mutants.c)."""

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


def test_thousands_of_damaged_programs(guest):
    for seed in (1, 2):
        out = guest.type(f"mutants {seed} {ROUNDS // 2}", timeout=600)
        got = re.search(r"seed \d+: (\d+) started, (\d+) ran, (\d+) refused, (\d+) died", out)
        assert got, out[-3000:]
        started, ran, refused, died = map(int, got.groups())
        assert started == ROUNDS // 2
        assert min(ran, refused) > started // 5 and died > started // 100, got[0]
        assert guest.run("vmcheck") == "0 rules broken\n"
