"""What names cost, in instructions: paths in the cache, and directories of thousands of files."""

import re
import subprocess

from machine import TOP


def bench(*rows):
    """The figures of these rows of the table, in its order."""
    done = subprocess.run([TOP / "tools" / "bench", *rows], capture_output=True, text=True,
                          timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [int(n) for n in re.findall(r"^.{34} +(\d+)[ !]", done.stdout, re.M)]


def test_a_cached_path_is_a_few_thousand_instructions():
    """However many names it has, and however many files are in its directory."""
    short, deep, large = bench("open", "opendeep", "openlarge")
    assert max(short, deep, large) <= 3000


def test_a_large_directory_costs_no_more_for_each_file():
    """The creation of a file among 3,800, and its removal, beside that of one among a hundred."""
    first, last, few, many = bench("createfirst", "createlast", "unlinkfirst", "unlinkmany")
    assert last < 2 * first and many < 2 * few, (first, last, few, many)
