"""The commands that show a failure in the debugger, to be typed as they are printed."""

import re

from labkit.console import ICOUNT
from labkit.single import SEED
from labkit.suite import BOOT, MEMORY

HERE, THERE, PROMPT = "", "in another window", "at the machine's prompt"
CONTINUE = ("(gdb) continue", HERE)
FAULTS = re.compile(r"kernel/vm/fault")     # a lab in which they are written is seen at faults


def aligned(lines):
    return "\n".join(f"{text:<40} {where}".rstrip() for text, where in lines)


def commands(lab, check, verdict):
    """What to type, where, for a test that failed."""
    if check.kind == "host":
        return (f"make build/host/{check.name}\n"
                f"SEED={SEED} ASAN_OPTIONS=detect_leaks=0 gdb -q build/host/{check.name}\n"
                "(gdb) start\n(gdb) break _fail\n(gdb) continue\n(gdb) backtrace")
    if check.kind == "bench":
        return f"make all\ntools/bench {check.name}"
    steps = on_console if check.kind == "console" else in_program
    return aligned([
        (f"make qemu-gdb DEBUG=1 CPUS=1 MEM={MEMORY[check.kind]} APPEND=tick \\", HERE),
        (f"    QEMUEXTRA='{ICOUNT}'", HERE), ("make gdb", THERE), *steps(lab, check, verdict)])


def in_program(lab, check, verdict):
    """For a test of vmtests or usertests, from where it begins, if the machine comes so far."""
    watched, command = watch(lab, check, verdict), (f"$ {check.kind} {check.name}", PROMPT)
    if verdict.reason.startswith(BOOT):
        return [*watched, CONTINUE, *at_end(verdict)]
    if not verdict.began:
        return [*watched, CONTINUE, command]
    begin = [(f"(gdb) break-user {check.kind} {check.name}", HERE), CONTINUE, command]
    return [*begin, *watched, CONTINUE, *at_end(verdict)]


def on_console(lab, check, verdict):
    """For commands that were typed, the last of which did not do what it should."""
    typed = [(f"$ {command}", PROMPT) for command in verdict.typed]
    stops = watch(lab, check, verdict)
    begin = [CONTINUE, ("(gdb) ^C", "when the shell is there")] if stops and typed else []
    return [*begin, *stops, CONTINUE, *typed, *at_end(verdict)]


def watch(lab, check, verdict):
    """Where to stop from there on: a kernel that goes on does so in functions of the lab."""
    if verdict.event == "hang":
        return []
    if verdict.event == "panic":
        return [("(gdb) stop-on panic on", HERE)]
    if verdict.event not in (None, "prompt") or not verdict.began:
        return [("(gdb) stop-on panic on", HERE), ("(gdb) stop-on crash on", HERE)]
    if check.kind != "console" and any(FAULTS.match(name) for name in lab.hand_in()):
        return [(f"(gdb) break-fault prog={check.kind}", HERE)]
    return [("(gdb) stop-on lab on", HERE)]


def at_end(verdict):
    if verdict.event != "hang":
        return []
    return [("(gdb) ^C", "when it hangs"), ("(gdb) backtrace", HERE)]
