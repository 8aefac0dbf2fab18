"""The TLB ledger of DEBUG kernels: with any fence of kernel/vm taken out, or one for the wrong page
or address space, the machine stops and the panic names the rule.

The mutants are found in the sources: every statement that calls a fence, or a function that decides
on fences.  A new one is in the bank by itself.  Each is a kernel of its own, made of the objects of
the DEBUG build and one that is compiled here.
"""

import re
import shlex
import subprocess

import pexpect
import pytest

from machine import TOP, Machine, products

CALL = re.compile(r"^ +((?:mmu_(?:fence_\w+|set_satp)|tlb_\w+|follow_\w+|tell_others|write_satp)"
                  r"\((.*)\));(?: +/\*.*)?$")
FUNCTION = re.compile(r"^[a-z].*?(?<!__)\b(?!__)(\w+)\(.*\)$", re.M)
OPERANDS = {  # which argument of which call names a page or an address space
    "mmu_fence_page": [(0, "{} + PGSIZE", "next page"), (1, "{} + 1", "other asid")],
    "mmu_fence_asid": [(0, "{} + 1", "other asid")],
    "tlb_flush_page": [(1, "{} + PGSIZE", "next page")],
    "tlb_forget_page": [(1, "{} + PGSIZE", "next page")],
}

# Mutants that end without a word of the ledger, and why no stale translation is used then.
WAITS = "the hart that asked waits for the answer for ever, so nothing is let go"
NO_NUMBERS = "the machine seems to have no address-space numbers: each switch drops everything"
NO_USER_HALF = "the kernel's root maps nothing that a number could tell apart"
ASKS_ITSELF = "the loop behind it asks all harts, this one too"
HARMLESS = {
    "tlb.c:tlb_ipi:follow_space": WAITS,
    "tlb.c:tlb_ipi:follow_kernel": WAITS,
    "tlb.c:tlb_ipi:write_satp": WAITS,
    "tlb.c:tell_others:tlb_ipi": "two harts that ask each other at the same moment wait for ever",
    "tlb.c:tlb_retire:tlb_ipi": "two harts that ask each other at the same moment wait for ever",
    "tlb.c:tlb_flush_kernel:tlb_ipi":
        "two harts that ask each other at the same moment wait for ever",
    "pmap.c:pmap_take_accessed:tlb_flush_space":
        "no book is kept of accessed bits; tests/host/test_mmap.c finds it",
    "tlb.c:tlb_retire:write_satp": ASKS_ITSELF,
    "tlb.c:tlb_flush_kernel:follow_kernel": ASKS_ITSELF,
    "pmap_kernel.c:pmap_init_kernel:tlb_init": NO_NUMBERS,
    "tlb.c:tlb_init:mmu_set_satp": NO_NUMBERS,
    "tlb.c:tlb_init:mmu_set_satp:2": NO_USER_HALF,
    "tlb.c:tlb_init:mmu_fence_all": NO_USER_HALF,
}

# In `make test`: one for each kind of fence and each kind of wrong operand.
REPRESENTATIVE = [
    "tlb.c:follow_space:mmu_fence_asid", "tlb.c:follow_space:mmu_fence_asid:other asid",
    "tlb.c:tlb_flush_page:mmu_fence_page:next page", "tlb.c:tlb_flush_space:tell_others",
    "tlb.c:load_space:mmu_fence_all", "tlb.c:follow_code:mmu_fence_code",
    "pmap.c:after_enter:tlb_code_changed",
    "tlb.c:tlb_forget_page:mmu_fence_page:other asid", "pmap.c:sweep_flush:tlb_flush_space",
    "space.c:space_put:tlb_retire", "kstack.c:furnish:tlb_kernel_grown",
    "kstack.c:kstack_shrink:tlb_flush_kernel",
]

MACHINE = {"cpus": 2, "mem": "32M", "append": "panic=exit asids=8 spurious softad"}
WORK = ["usertests fork_ids exec_arguments vfork_many pipe_simple",
        "vmtests heap_regrows_zero heap_lazy_sparse cow_storm stack_grows",
        "vmtests mprotect_means_it mprotect_splits_and_joins pgaccess_tells madvise_forgets",
        "forktest", "usertests limit_memory"]


class Mutant:
    """One changed line: deleted if `change` is None, else with one argument changed."""

    def __init__(self, path, number, call, function, change=None):
        self.path, self.number = path, number
        name = call[1].split("(")[0]
        self.name = f"{path.name}:{function}:{name}" + (f":{change[2]}" if change else "")
        if change:
            arguments = call[2].split(", ")
            arguments[change[0]] = change[1].format(arguments[change[0]])
            self.line = f"{name}({', '.join(arguments)});"
        else:
            self.line = f"(void)sizeof({call[1]}, 0);"

    def source(self):
        lines = self.path.read_text().split("\n")
        lines[self.number] = self.line
        return "\n".join(lines)


def mutants():
    found = []
    for path in sorted((TOP / "kernel/vm").glob("*.c")):
        text = path.read_text()
        for number, line in enumerate(text.split("\n")):
            if call := CALL.match(line):
                before = "\n".join(text.split("\n")[:number])
                function = FUNCTION.findall(before)[-1]
                kinds = [None] + OPERANDS.get(call[1].split("(")[0], [])
                found += [Mutant(path, number, call, function, kind) for kind in kinds]
    for mutant in found:  # the second of two alike in one function gets a number
        alike = [m for m in found if m.name == mutant.name]
        for n, m in enumerate(alike[1:], 2):
            m.name += f":{n}"
    return found


BANK = {m.name: m for m in mutants()}


def link(path, text, folder):
    """A DEBUG kernel in which the file of the kernel at `path` has that text instead of its own."""
    made = products(debug=True)
    cc, _, *flags = shlex.split((made / "kernel.note").read_text())
    objects = shlex.split((made / "klink.note").read_text())
    own = f"build/debug/{path.relative_to(TOP)}.o"
    source, changed, kernel = folder / path.name, folder / "changed.o", folder / "kernel.elf"
    source.write_text(text)
    assert own in objects
    objects[objects.index(own)] = changed
    run = {"cwd": TOP, "check": True, "timeout": 100}
    subprocess.run([cc, *flags, "-w", "-c", "-o", changed, source], **run)
    subprocess.run([cc.replace("gcc", "ld"), *objects, made / "ksyms.o", "-T", "kernel.ld",
                    "-o", kernel], **run)
    return kernel


def build(mutant, folder):
    return link(mutant.path, mutant.source(), folder)


def verdict(kernel, timeout=120, work=WORK):
    """What the panic says, "" if the work ends well, None if it never ends."""
    with Machine(**MACHINE, kernel=kernel, debug=True, timeout=timeout) as m:
        for command in [None, *work]:
            if command:
                m.send(command + "\n")
            try:
                end = m.child.expect([r"panic: [^\n]*\n", r"\n\$ $", pexpect.TIMEOUT, pexpect.EOF])
            except OSError:
                end = 3
            if end == 0:
                return m.child.after
            if end > 1:
                return None
        return ""


def caught(name, folder, boots=6):
    """Where a process moves to another hart is a matter of luck, so there are several boots."""
    kernel = build(BANK[name], folder)
    said = ""
    while said == "" and boots:
        said = verdict(kernel)
        boots -= 1
    assert said and re.match("panic: (ledger: |tlb_flush_page: a hart .* has missed)", said), \
        f"{name}: {said!r}"


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_missing_fence_is_caught(name, tmp_path):
    caught(name, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("name", [n for n in BANK if n not in HARMLESS])
def test_every_missing_fence_is_caught(name, tmp_path):
    caught(name, tmp_path)


def test_bank_and_lists_agree():
    assert len(BANK) >= 40
    assert not [name for name in [*REPRESENTATIVE, *HARMLESS] if name not in BANK]


def test_kernel_as_it_is_passes():
    assert verdict(products(debug=True) / "kernel.elf", timeout=400) == ""


def test_lender_that_never_sleeps(tmp_path):
    """Its borrower has made code on another hart and is gone before vfork() looks for it."""
    path = TOP / "kernel/proc/vfork.c"
    text = path.read_text()
    start, follow = "    sched_ready(child);\n", "    space_activate(p->space);\n"
    assert text.count(start) == text.count(follow) == 1
    late = text.replace(start, start + "    while (*(struct proc *volatile *)&p->borrower)\n"
                                       "        ;\n")
    work = ["usertests vfork_makes_code"]
    assert verdict(link(path, late, tmp_path), work=work) == ""
    said = verdict(link(path, late.replace(follow, ""), tmp_path), work=work)
    assert said and "has had no fence.i since code was mapped" in said
