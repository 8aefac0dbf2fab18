"""DEBUG kernels on machines that do what QEMU does not (docs/vm.md, "Other machines"); copies of
user memory where nothing may sleep.
"""

import re

import pytest

import test_ledger
from machine import TOP, Machine, assert_all_passed

USERTESTS = "usertests -q -x faults_leave_events"  # which wants a program without faults


@pytest.mark.parametrize("mode,cpus,suite,at_least", [
    ("spurious", 2, USERTESTS, 100), ("softad", 2, USERTESTS, 100),
    ("asids=8", 4, "vmtests -q", 0), ("asids=0", 1, "vmtests -q", 0)])
def test_suite_passes(mode, cpus, suite, at_least):
    """vmtests counts faults, so it is not for modes that cause some."""
    with Machine(cpus=cpus, mem="64M", debug=True, append=mode, timeout=400) as m:
        m.boot()
        out = m.run(suite)
        assert_all_passed(out)
        spurious = int(re.search(r"SPURIOUS +(\d+)", m.run("vmstat"))[1])
        assert spurious >= at_least, "the mode does nothing"
        m.halt()


COPIES = {  # a copy, where it is; before its first argument a lock is taken
    "copyout": ("kernel/proc/sysproc.c", "copyout(", "s, arg[0], &status"),
    "copyin": ("kernel/proc/sysproc.c", "copyin(", "s, &ustring"),
    "copyinstr": ("kernel/proc/sysfile.c", "copyinstr(", "own_space(), path"),
    "user_pin": ("kernel/proc/sysfile.c", "user_pin(", "own_space(), arg[1]"),
}


@pytest.mark.parametrize("copy", COPIES)
def test_copy_under_a_spin_lock_is_named(copy, tmp_path):
    """Also where the page is there, so that nothing would have slept."""
    name, call, arguments = COPIES[copy]
    text = (TOP / name).read_text()
    assert text.count(call + arguments) == 1
    space, rest = arguments.split(",", 1)
    text = text.replace(call + arguments, f"{call}(spin_lock(&planted), {space}),{rest}")
    lock = 'static struct spinlock planted = SPINLOCK_INIT("planted", RANK_PIPE);\n'
    text = re.sub(r"^(static |int64 )", lambda m: lock + m[0], text, count=1, flags=re.M)
    said = test_ledger.verdict(test_ledger.link(TOP / name, text, tmp_path))
    rule = r"panic: mutex_lock: may sleep, but hart \d holds a spin lock"
    assert said and re.match(rule, said), said
