"""uwhere: a backtrace of kernel frames, then of user frames below the trap."""

import gdb

import memory
from command import Command, say
from memory import Damaged, unsigned
from objects import in_user_mode, process_of, register
from userspace import load, loaded, place, program_file, read_user

MOST = 64
SLOT = 0x4000


def function_at(pc):
    """The name of the kernel function at pc, None if there is none."""
    block = gdb.block_for_pc(pc)
    while block and not block.function:
        block = block.superblock
    return block.function.name if block else None


def where(pc, call):
    """FUNCTION FILE:LINE of a kernel address; behind a call another line may begin."""
    line = gdb.find_pc_line(pc - 1 if call else pc)
    name = function_at(pc - 1 if call else pc)
    if name is None:
        said = gdb.execute(f"info symbol {pc - call:#x}", to_string=True)
        name = "?" if said.startswith("No symbol") else said.split(" in section")[0].strip()
    file = f" {line.symtab.filename}:{line.line}" if line.symtab and line.line else ""
    return name + file


def chain(fp, read, valid, ra=None):
    """Return addresses along the frame pointers (psABI: ra at -8, the caller's s0 at -16).

    A function that calls nothing saves only s0, at -8: if it is the newest, `ra` is the register.
    """
    for depth in range(MOST):
        if fp % 8 or not valid(fp):
            return
        raw = read(fp - 16, 16)
        caller, saved = (int.from_bytes(raw[i:i + 8], "little") for i in (0, 8))
        if valid(saved) and not valid(caller):
            caller, saved = saved, ra if depth == 0 else None
        if saved:
            yield saved
        if caller <= fp:
            return
        fp = caller


def kernel_chain(pc, fp, ra=None):
    """(address, is a return address) of a kernel stack; `ra` as in chain()."""
    yield pc, False
    slot = (fp - 16) // SLOT
    for saved in chain(fp, memory.read, lambda a: a > 16 and (a - 16) // SLOT == slot
                    and (a - 1) // SLOT == slot, ra):
        if saved < memory.DIRECT_BASE:
            return
        yield saved, True


def kernel_frames(p):
    """(address, function) of a process that does not run, newest first."""
    context = p.value["ctx"]
    with memory.physical():
        pcs = list(kernel_chain(unsigned(context["ra"]), unsigned(context["s"][0])))
    return [(pc, function_at(pc - 1)) for pc, _ in pcs]


class Uwhere(Command):
    """uwhere [PID]: the kernel's calls, then the user program's below the trap, with symbols.

Without PID, of the selected hart.  It loads the symbols of the program as `user` does."""

    name = "uwhere"
    kind = gdb.COMMAND_STACK

    def run(self, words):
        p = process_of(*words[:1])
        runs = p.runs_on()
        here = process_of().address == p.address
        if runs is not None and not here:
            raise Damaged(f"{p} runs on hart {runs}: select that with `thread {runs + 1}`")
        if not p.kthread and program_file(p.name) and (loaded() is None
                                                       or loaded().stem != p.name):
            load(p.name)
        say(f"{p}:")
        if not here:
            context = p.value["ctx"]
            n = self.kernel(unsigned(context["ra"]), unsigned(context["s"][0]), 0)
        elif in_user_mode():
            self.user(p, register("pc"), register("ra"), register("sp"), register("fp"), 0)
            return
        else:
            n = self.kernel(register("pc"), register("fp"), 0, register("ra"))
        if p.kthread or p.space() is None:
            return
        tf = p.trapframe()
        pc, reg = unsigned(tf["pc"]), tf["reg"]
        say("    -- trap from user mode --")
        self.user(p, pc, unsigned(reg[1]), unsigned(reg[2]), unsigned(reg[8]), n)

    @staticmethod
    def kernel(pc, fp, n, ra=None):
        try:
            for address, call in kernel_chain(pc, fp, ra):
                say(f"#{n:<2} {address:#018x} {where(address, call)}")
                n += 1
        except Damaged as why:
            say(f"    (no further: {why})")
        return n

    @staticmethod
    def user(p, pc, ra, sp, fp, n):
        space = p.space()
        say(f"#{n:<2} {pc:#018x} {place(p, pc)}")
        n += 1
        if ra and saves_nothing(p, pc):
            say(f"#{n:<2} {ra:#018x} {place(p, ra - 1)}")
            n, ra = n + 1, None
        try:
            for address in chain(fp, lambda va, k: read_user(space, va, k),
                                 lambda a: sp <= a - 16 and a <= sp + (1 << 20), ra):
                say(f"#{n:<2} {address:#018x} {place(p, address - 1)}")
                n += 1
        except Damaged as why:
            say(f"    (no further: {why})")


def saves_nothing(p, pc):
    """The newest function has no frame of its own: a stub of a system call, or not yet."""
    if loaded() is None or loaded().stem != p.name:
        return False
    block = gdb.block_for_pc(pc)
    while block and not block.function:
        block = block.superblock
    if block is None:
        return True     # assembly: the stubs
    line = gdb.find_pc_line(block.start)
    return bool(line.last) and pc <= line.last


COMMANDS = (Uwhere,)
