"""The commands that show a failure in the debugger, to be typed as they are printed."""

from labkit.console import ICOUNT
from labkit.single import SEED
from labkit.suite import BOOT, MEMORY

HERE, THERE, PROMPT = "", "in another window", "at the machine's prompt"


def aligned(lines):
    return "\n".join(f"{text:<40} {where}".rstrip() for text, where in lines)


def commands(check, verdict):
    """What to type, where, for a test that failed."""
    if check.kind == "host":
        return (f"make build/host/{check.name}\n"
                f"SEED={SEED} gdb -q build/host/{check.name}\n"
                "(gdb) run")
    if check.kind == "bench":
        return f"make all\ntools/bench {check.name}"
    return aligned([
        (f"make qemu-gdb DEBUG=1 CPUS=1 MEM={MEMORY[check.kind]} APPEND=tick \\", HERE),
        (f"    QEMUEXTRA='{ICOUNT}'", HERE), ("make gdb", THERE),
        *start(check, verdict), *watch(check, verdict)])


def start(check, verdict):
    """Up to the place where the test begins; nothing if the machine does not come so far."""
    if verdict.reason.startswith(BOOT):
        return []
    if check.kind == "console":
        typed = [line for line in verdict.printed.split("\n") if line.startswith("$ ")]
        return [("(gdb) continue", HERE), *((line, PROMPT) for line in typed), ("(gdb) ^C", HERE)]
    return [(f"(gdb) user {check.kind}", HERE), (f"(gdb) tbreak {check.name}", HERE),
            ("(gdb) continue", HERE), (f"$ {check.kind} {check.name}", PROMPT)]


def watch(check, verdict):
    """What to look at from there on."""
    if verdict.event == "hang":
        return [("(gdb) continue", HERE), ("(gdb) ^C", "when it hangs"), ("(gdb) backtrace", HERE)]
    if verdict.event or check.kind == "console":
        return [("(gdb) stop-on panic on", HERE), ("(gdb) continue", HERE)]
    return [(f"(gdb) break-fault prog={check.kind}", HERE), ("(gdb) continue", HERE)]
