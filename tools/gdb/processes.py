"""ps, areas, trapframe: who there is, what it was promised, its user registers."""

import memory
from command import Command, say, table
from memory import Damaged, unsigned
from objects import PAGE, harts, process_of, processes, rights, Process

REGISTERS = ("zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 "
             "s11 t3 t4 t5 t6").split()


def waits_for(p):
    """Where a process that sleeps was put aside: the name of that function's caller."""
    from uwhere import kernel_frames
    if p.state() != "sleeping":
        return ""
    for _, name in kernel_frames(p):
        if name and not name.startswith(("waitq_", "sched_", "switch_to", "context_", "sleep")):
            return name
    return ""


class Ps(Command):
    """ps: the processes, with what runs on each hart marked by its number.

RESIDENT and PROMISED are pages; WAITS is the function that put a sleeper aside."""

    name = "ps"

    def run(self, words):
        if words:
            raise Damaged("it takes no arguments")
        running = {unsigned(h["proc"]): i for i, h in harts() if unsigned(h["proc"])}
        listed = processes()
        rows = [("PID", "PPID", "STATE", "HART", "PROMISED", "RESIDENT", "NAME", "WAITS")]
        for p in listed:
            rows.append(self.row(p, running))
        known = {p.address for p in listed}
        for address in running:
            if address not in known:
                rows.append(self.row(Process(address), running))
        table(rows, right=(0, 1, 3, 4, 5))

    @staticmethod
    def row(p, running):
        try:
            space = p.space()
            sizes = (int(space.value["promised"]), int(space.value["resident"])) if space \
                else ("-", "-")
            parent = p.parent()
            ppid = parent.pid if parent else 0
            where = waits_for(p)
        except Damaged as why:
            return p.pid, "?", p.state(), "", "?", "?", p.name, f"({why})"
        name = f"[{p.name}]" if p.kthread else p.name
        return p.pid, ppid, p.state(), running.get(p.address, ""), *sizes, name, where


class Areas(Command):
    """areas [PID]: what a process was promised, area by area, and what of it is there.

Without PID, of the process that runs on the selected hart.  Columns in pages."""

    name = "areas"

    def run(self, words):
        p = process_of(*words[:1])
        space = p.space()
        if space is None:
            raise Damaged(f"{p} is a kernel thread: it has no space")
        mapped = [va for va, _ in space.pages()]
        rows = [("FROM", "TO", "MAY", "WHAT", "PAGES", "MAPPED", "PROMISE")]
        for a in space.areas():
            there = sum(a.start <= va < a.end for va in mapped)
            rows.append((f"{a.start:#x}", f"{a.end:#x}", rights(a.prot),
                         a.kind_name() + (" shared" if a.shared else "") + store_of(a),
                         (a.end - a.start) // PAGE, there, promise_of(a)))
        say(f"{p}:")
        table(rows, right=(4, 5))
        v = space.value
        top, low = unsigned(v["stack_top"]), unsigned(v["stack_low"])
        if top:
            say(f"the stack may grow down to {low:#x}; guard page at {low - PAGE:#x}")
        say(f"the heap begins at {unsigned(v['heap']):#x}, the break is {unsigned(v['brk']):#x}; "
            f"{int(v['promised'])} pages promised, {int(v['committed'])} charged, "
            f"{int(v['resident'])} resident, {int(v['tables'])} tables")


def promise_of(a):
    """In the words of the program `pmap`."""
    return "charged" if a.charged else "backed" if a.store else "lazy"


def store_of(a):
    return f" of {store_name(a.store)} from page {a.offset // PAGE}" if a.store else ""


def store_name(address):
    """What a store of pages is: the disk, a file by its inode, or just its address."""
    if memory.exists("cache_disk") and address == memory.address_of("cache_disk"):
        return "the disk"
    try:
        if memory.offset_of("struct inode", "store") >= 0 and is_inode(address):
            inode = memory.container(address, "struct inode", "store")
            return f"inode {int(memory.at(inode, 'struct inode')['num'])}"
    except Damaged:
        pass
    return f"store {address:#x}"


def is_inode(address):
    """In DEBUG and release kernels alike: the object lies in a slab of inodes."""
    from objects import Frames
    frames = Frames()
    n = frames.number(address - memory.DIRECT_BASE)
    if n is None or not frames.known(n):
        return False
    owner = unsigned(frames.entry(n)["owner"][0])
    return owner != 0 and slab_name(owner) == "inode"


def slab_name(cache):
    try:
        return memory.text_at(memory.at(cache, "struct slab_cache")["name"], 24)
    except Damaged:
        return "?"


class Trapframe(Command):
    """trapframe [PID]: the user registers of a process, as the kernel keeps them.

Saved when it last entered the kernel, loaded when it goes back.  What the kernel has changed in
between, for a system call's result or a signal's handler, is what it goes back with.
While a process runs in user mode its registers are in the hart: use `info registers`."""

    name = "trapframe"

    def run(self, words):
        p = process_of(*words[:1])
        if p.kthread:
            raise Damaged(f"{p} is a kernel thread: it was never in user mode")
        tf = p.trapframe()
        from userspace import place
        pc, status = unsigned(tf["pc"]), unsigned(tf["status"])
        say(f"{p}: registers that it goes back to user mode with, at {unsigned(p.value['tf']):#x}")
        say(f"  pc   {pc:#018x}  {place(p, pc)}")
        for row in range(8):
            say("".join(f"  {REGISTERS[n]:4} {unsigned(tf['reg'][n]):#018x}"
                        for n in range(row * 4, row * 4 + 4) if n))
        came = "supervisor" if status >> 8 & 1 else "user"
        say(f"  sstatus {status:#x}: came from {came} mode, interrupts were "
            f"{'on' if status >> 5 & 1 else 'off'} there")


COMMANDS = (Ps, Areas, Trapframe)
