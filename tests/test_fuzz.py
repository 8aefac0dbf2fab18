"""Random system calls (user/fuzz.c): no panic, hang, leak or damage, on one and several harts."""

import os
import random
import re

import pytest

from machine import Machine

SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 31)


def fuzz(calls, timeout, processes=6, **how):
    with Machine(**how) as m:
        m.boot()
        status, out = m.status(f"fuzz -s {SEED} -n {calls} -p {processes}", timeout=timeout)
        assert status == 0 and re.search(r"^fuzz: OK", out, re.M), f"SEED={SEED}\n" + out[-4000:]
        assert m.run("usertests fork_ids file_sizes pipe_simple").endswith("ALL TESTS PASSED\n")
        m.halt()


@pytest.mark.parametrize("cpus,mem", [(1, "32M"), (4, "64M")])
def test_random_calls(cpus, mem):
    fuzz(200000, cpus=cpus, mem=mem, debug=True, timeout=300)


def test_a_crowd_of_fuzzers():
    fuzz(200000, processes=40, cpus=4, mem="64M", timeout=300)


@pytest.mark.soak
@pytest.mark.parametrize("cpus", [1, 2, 4, 8])
@pytest.mark.parametrize("debug", [True, False])
def test_millions_of_calls(cpus, debug):
    fuzz(2000000, cpus=cpus, mem="128M", debug=debug, timeout=1800)
