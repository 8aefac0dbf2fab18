"""uwhere: a backtrace of kernel frames, then of user frames below the trap."""

import functools

import gdb

import memory
from command import Command, say
from instructions import has_frame
from memory import Damaged, unsigned
from objects import in_user_mode, process_of, register
from userspace import load, loaded, place, program_file, read_user

MOST = 64
SLOT = 0x4000


def functions_at(pc):
    """The blocks of the function at pc and of those that it is inlined in."""
    block = gdb.block_for_pc(pc)
    while block:
        if block.function:
            yield block
        block = block.superblock


def function_at(pc):
    """The name of the function at pc, None if there is none."""
    return next((block.function.name for block in functions_at(pc)), None)


def where(pc, call):
    """FUNCTION FILE:LINE of a kernel address; behind a call another line may begin."""
    line = gdb.find_pc_line(pc - 1 if call else pc)
    name = " in ".join(block.function.name for block in functions_at(pc - 1 if call else pc))
    if not name:
        said = gdb.execute(f"info symbol {pc - call:#x}", to_string=True)
        name = "?" if said.startswith("No symbol") else said.split(" in section")[0].strip()
    file = f" {line.symtab.filename}:{line.line}" if line.symtab and line.line else ""
    return name + file


def record(fp, read, valid):
    """The return address and the caller's s0 that a function has saved below its own (psABI).

    One that calls nothing has saved no return address but, in its place, s0: it gets (0, s0).
    """
    raw = read(fp - 16, 16)
    caller, saved = (int.from_bytes(raw[i:i + 8], "little") for i in (0, 8))
    return (0, saved) if valid(saved) else (saved, caller)


def chain(fp, read, valid):
    """Return addresses along the frame pointers."""
    for _ in range(MOST):
        if fp % 8 or not valid(fp):
            return
        saved, caller = record(fp, read, valid)
        if saved:
            yield saved
        if caller <= fp:
            return
        fp = caller


def caller_here():
    """(address, frame pointer) of who called the function that the selected hart is in.

    gdb knows it from the compiler's tables: in its first and last instructions a function has no
    record.
    """
    try:
        frame = gdb.newest_frame()
        while frame.type() == gdb.INLINE_FRAME:
            frame = frame.older()
        caller = frame.older()
        return (caller.pc(), unsigned(caller.read_register("fp"))) if caller else (0, 0)
    except gdb.error as why:
        raise Damaged(why) from None


def caller_asleep(p):
    """As caller_here(), for a process that does not run."""
    context = p.value["ctx"]
    return unsigned(context["ra"]), unsigned(context["s"][0])


def kernel_chain(pc, fp):
    """Return addresses of a kernel stack, from that one on."""
    slot = (fp - 16) // SLOT
    if pc < memory.DIRECT_BASE:
        return
    yield pc
    for saved in chain(fp, memory.read, lambda a: a > 16 and (a - 16) // SLOT == slot
                       and (a - 1) // SLOT == slot):
        if saved < memory.DIRECT_BASE:
            return
        yield saved


def kernel_frames(p):
    """(address, function) of a process that does not run, newest first."""
    with memory.physical():
        pcs = list(kernel_chain(*caller_asleep(p)))
    return [(pc, function_at(pc - 1)) for pc in pcs]


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
        if here and in_user_mode():
            tell(user_calls(p, register("pc"), register("sp"), caller_here), 0)
            return
        n = tell(kernel_calls(p, here), 0)
        if p.kthread or p.space() is None:
            return
        tf = p.trapframe()
        pc, reg = unsigned(tf["pc"]), [unsigned(tf["reg"][i]) for i in range(9)]
        say("    -- trap from user mode --")
        tell(user_calls(p, pc, reg[2], lambda: caller_saved(p, pc, reg)), n)


def tell(calls, n):
    """A line for each, numbered from n on; the number of the next."""
    try:
        for address, words in calls:
            say(f"#{n:<2} {address:#018x} {words}".rstrip())
            n += 1
    except Damaged as why:
        say(f"    (no further: {why})")
    return n


def kernel_calls(p, here):
    """(address, words) of the kernel's functions, newest first."""
    if here:
        pc = register("pc")
        yield pc, where(pc, False)
        ra, fp = caller_here()
    else:
        ra, fp = caller_asleep(p)
    for address in kernel_chain(ra, fp):
        yield address, where(address, True)


def user_calls(p, pc, sp, caller):
    """(address, words) of the program's functions, newest first."""
    yield pc, place(p, pc)
    ra, fp = caller()
    if ra:
        yield ra, place(p, ra - 1)
    for address in chain(fp, functools.partial(read_user, p.space()), stack_above(sp)):
        yield address, place(p, address - 1)


def stack_above(sp):
    """Whether an address can be a frame pointer of the stack from sp on."""
    return lambda address: sp <= address - 16 and address <= sp + (1 << 20)


def caller_saved(p, pc, reg):
    """As caller_here(), for the program below the trap."""
    _, ra, sp, *_, fp = reg
    valid = stack_above(sp)
    if not has_record(p, pc):
        return ra, fp
    if not valid(fp):
        return 0, 0
    saved, caller = record(fp, functools.partial(read_user, p.space()), valid)
    return saved or ra, caller


def has_record(p, pc):
    """The program is between the first and the last instructions of a function; stubs have none."""
    if loaded() is None or loaded().stem != p.name:
        return True
    *_, block = None, *functions_at(pc)
    return block is not None and has_frame(read_user(p.space(), block.start, pc - block.start),
                                           next_instructions(p.space(), pc))


def next_instructions(space, pc):
    """As many as a function needs to leave; none if it is them that are not in memory."""
    try:
        return read_user(space, pc, 64)
    except Damaged:
        return b""


COMMANDS = (Uwhere,)
