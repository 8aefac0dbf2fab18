"""The kernel's own faults, provoked from outside with gdb, end in a panic that explains itself."""

import re
import socket
import subprocess

from machine import Machine, products


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def provoke(debug, commands, shows=r"panic: .*\n", at="sys_pause"):
    """Boots, stops at a function, runs gdb commands there; returns what the console then shows."""
    port = free_port()
    with Machine(mem="32M", debug=debug, append="panic=exit",
                 extra=["-gdb", f"tcp:127.0.0.1:{port}"]) as m:
        m.boot()
        script = ["set confirm off", "set pagination off", f"target remote 127.0.0.1:{port}",
                  f"hbreak *{at}", "continue", *commands, "delete", "detach"]
        args = ["gdb-multiarch", "-nx", "-batch"]
        for command in script:
            args += ["-ex", command]
        with subprocess.Popen([*args, str(products(debug) / "kernel.elf")], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as gdb:
            try:
                for line in gdb.stdout:
                    if "breakpoint 1" in line:
                        break
                m.send("sleep 1\n" * 4 + "vmtests fault_reuse\n")
                text = m.expect(shows)
                if "panic" in shows:
                    assert m.exit_code() == 127
            finally:
                gdb.kill()
        return text.replace("\r", "") + m.log.replace("\r", "")


def test_kernel_fault_is_decoded_with_symbols():
    text = provoke(True, ["set $pc = 0xffffffc000000123"])
    assert re.search(r"kernel trap: instruction page fault", text), text
    assert re.search(r"address 0xffffffc000000122|address 0xffffffc000000123", text), text
    assert re.search(r"^hart 0, pid .*\n(\d+\.\d{6} hart 0 pid \d+ [A-Z+]+ va 0x\w+ .*\n){4}", text,
                     re.M), text
    assert re.search(r"#\d+ .*user_trap\+0x[0-9a-f]+ kernel/trap/trap\.c:\d+", text), text


def test_kernel_stack_overflow_is_named():
    text = provoke(False, ["set $sp = ((unsigned long)$sp & ~0x3ffful) + 0x1008"])
    assert "kernel stack overflow" in text, text


def test_stack_of_the_idle_process_has_a_guard_page():
    text = provoke(True, ["set $sp = ((unsigned long)$sp & ~0x3ffful) + 0x1008"], at="pick")
    got = re.search(r"kernel stack overflow: sp 0x(\w+), address 0x(\w+)", text)
    assert got, text
    sp, address = (int(n, 16) for n in got.groups())
    assert sp >= 0xfffffff000000000 and address & ~0x3fff == sp & ~0x3fff, text
    assert "no process" not in text and "idle0" in text, text


# The handler resolves a fault and leaves the entry as it was: the same instruction faults again.
NO_PROGRESS = ["delete", "hbreak *pmap_widen", "continue", "set $pc = $ra"]


def test_fault_without_progress_is_a_named_rule():
    text = provoke(True, NO_PROGRESS)
    assert re.search(r"a fault that was resolved does not come again", text), text


def test_fault_without_progress_ends_the_process_only():
    provoke(False, NO_PROGRESS, r"comes again although it was resolved[^$]*\$ ")
