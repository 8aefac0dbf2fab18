"""Unit tests of kernel, library and mkfs code on the host, under ASan and UBSan (cmocka)."""

import os
import subprocess

import pytest

from machine import TOP

PROGRAMS = sorted(p.stem for p in (TOP / "tests" / "host").glob("test_*.c"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    program = TOP / "build" / "host" / name
    assert program.exists(), f"{program} is missing: run the tests with `make test`"
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="STDOUT")
    done = subprocess.run([program], capture_output=True, text=True, timeout=300, cwd=TOP, env=env,
                          check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
