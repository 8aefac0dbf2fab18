"""A lazy heap of nearly the whole user half costs what was touched, counted in instructions."""

import re
import subprocess

import pytest

from machine import TOP

LIMIT = 2_000_000  # instructions: two milliseconds, as QEMU's -icount shift=0 counts time


@pytest.mark.parametrize("row", ["forksparse", "shrinksparse", "looksparse"])
def test_walks_skip_what_is_not_there(row):
    """At 64 instructions for each of the 2^26 pages it would be four seconds."""
    out = subprocess.run([TOP / "tools" / "bench", row], capture_output=True, text=True,
                         timeout=300, check=False)
    assert out.returncode == 0, out.stdout + out.stderr
    found = re.search(r"255 GiB lazy +(\d+)", out.stdout)
    assert found and int(found.group(1)) < LIMIT, out.stdout
