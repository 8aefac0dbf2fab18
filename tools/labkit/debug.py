"""The commands that show a failure in the debugger, to be typed as they are printed."""

from labkit.console import ICOUNT
from labkit.suite import MEMORY


def commands(check, verdict):
    """What to type, where, for a test that failed."""
    if check.kind == "host":
        return (f"make build/host/{check.name}\n"
                f"gdb -q build/host/{check.name}\n"
                f"(gdb) run")
    if check.kind == "bench":
        return f"make all\ntools/bench {check.name}"
    machine = (f"make qemu-gdb DEBUG=1 CPUS=1 MEM={MEMORY[check.kind]} QEMUEXTRA='{ICOUNT}'\n"
               "make gdb                                in another window\n")
    if check.kind == "console":
        return f"{machine}(gdb) continue\n" + "\n".join(
            f"$ {line}" for line in typed(verdict))
    return (f"{machine}"
            f"(gdb) user {check.kind}\n"
            f"(gdb) tbreak {check.name}\n"
            f"(gdb) continue\n"
            f"$ {check.kind} {check.name}               at the machine's prompt\n"
            f"(gdb) {watch(verdict, check.kind)}\n"
            f"(gdb) continue")


def watch(verdict, program):
    """What to stop at once the test has begun."""
    if verdict.event == "panic":
        return "stop-on panic on"
    return f"break-fault prog={program}"


def typed(verdict):
    return [line[2:] for line in verdict.printed.split("\n") if line.startswith("$ ")]
