"""The page fault that the selected hart handles now, as far as it has come.

The kernel's `struct fault` (vm/fault.c) knows it all from find() on; before, it is in the arguments
of vm_fault() or, at the trap itself, in scause, stval and sepc.
"""

import gdb

import memory
import rule
from instructions import instructions, jump_offset
from memory import Damaged, PAGE, unsigned
from objects import (Area, Frames, Process, Space, process_of, pte_frame, register, state_name)

CAUSES = {0: "instruction address misaligned", 1: "instruction access fault",
          2: "illegal instruction", 3: "breakpoint", 4: "load address misaligned",
          5: "load access fault", 6: "store address misaligned", 7: "store access fault",
          8: "system call", 12: "instruction page fault", 13: "load page fault",
          15: "store page fault"}
ACCESS = {12: rule.EXEC, 13: rule.READ, 15: rule.WRITE}
ACCESS_NAME = {rule.READ: "read", rule.WRITE: "write", rule.EXEC: "fetch of an instruction"}
FILE = "kernel/vm/fault.c"


def cause_name(cause):
    if cause >> 63:
        return {1: "interrupt from another hart", 5: "timer interrupt",
                9: "device interrupt"}.get(cause & 63, "interrupt")
    return CAUSES.get(cause, f"trap {cause}")


def kind_names():
    """number -> name, as `faults` prints them."""
    names = memory.enum("enum fault_kind", "KIND_")
    return {n: s.replace("FILE_COW", "FILE+COW") for n, s in names.items()}


def frames_of_fault():
    """gdb's frames of functions of vm/fault.c, newest first."""
    frame, depth = gdb.newest_frame(), 0
    while frame is not None and depth < 40:
        function = frame.function()
        if function and function.symtab.filename.endswith(FILE):
            yield function.name, frame
        try:
            frame = frame.older()
        except gdb.error:
            return
        depth += 1


def variable(frame, name):
    """An argument or variable there; None if it is none, or has no place now."""
    try:
        value = frame.read_var(name)
        return None if value.is_optimized_out else value
    except (ValueError, gdb.error):
        return None


class Moment:
    """One fault: whose, where, which access; and `f`, the kernel's own record, if there is one."""

    def __init__(self, space, va, access, retried, f=None):
        self.space, self.va, self.access, self.retried, self.f = space, va, access, retried, f
        self.classified = f is not None

    def known_kind(self):
        """What the kernel has decided; None before."""
        return kind_names().get(int(self.f["kind"]), "?") if self.classified else None

    def look(self):
        """(area, grows, entry): what find() finds."""
        area = self.space.area_of(self.va)
        grows = False
        if area is None:
            area = self.stack_above()
            grows = area is not None
        return area, grows, self.space.pte(self.va)

    def stack_above(self):
        v, user = self.space.value, self.space.user()
        if not unsigned(v["stack_low"]) <= self.va < unsigned(v["stack_top"]):
            return None
        if user and self.va < unsigned(memory.at(user[2], "struct trapframe")["reg"][2]):
            return None
        above = next((a for a in self.space.areas() if a.end > self.va), None)
        return above if above and above.kind_name() == "stack" else None

    def predicted(self):
        """The row that fault_classify() will choose."""
        area, grows, pte = self.look()
        known = area and (area.prot, bool(area.store), area.shared)
        part = part_of_store(area, self.va) if area and not pte else rule.NONE
        return rule.classify(known, grows, pte, part, pte and is_alone(pte), self.access)


def is_alone(pte):
    frames = Frames()
    n = frames.number(pte_frame(pte))
    if n is None or not frames.known(n) or frames.is_zero(n):
        return False
    f = frames.entry(n)
    return int(f["refs"]) == 1 and state_name(int(f["state"])) == "anon"


def part_of_store(area, va):
    """How much of the page the store has; of stores that are no file, all is assumed."""
    from processes import is_inode
    if not area.store:
        return rule.NONE
    if is_inode(area.store):
        inode = memory.at(memory.container(area.store, "struct inode", "store"), "struct inode")
        if area.index(va) * PAGE >= int(inode["d"]["size"]):
            return rule.NONE
    limit = unsigned(area.value["bytes"]) if memory.has(area.value, "bytes") else (1 << 64) - 1
    page = va & ~(PAGE - 1)
    return rule.SOME if page - area.start + PAGE > limit else rule.ALL


def record_at(address):
    """The kernel's struct fault there, if it makes sense."""
    f = memory.at(address, "struct fault")
    return f if unsigned(f["s"]) >> 63 else None


def from_record(address):
    f = record_at(address)
    if f is None:
        return None
    return Moment(Space(f["s"]), unsigned(f["va"]), int(f["access"]), bool(f["retried"]), f)


def from_arguments(name, frame):
    s, va, access = (variable(frame, n) for n in ("s", "va", "access"))
    if s is None or va is None or access is None or s.type.strip_typedefs().code != \
            gdb.TYPE_CODE_PTR:
        return None
    return Moment(Space(s), unsigned(va), int(access), name == "vm_fault")


def address_of_record(frame):
    """Of the struct fault that a function of fault.c works on; None if it has none."""
    f = variable(frame, "f")
    if f is None:
        return None
    if f.type.strip_typedefs().code == gdb.TYPE_CODE_PTR:
        return unsigned(f) if f.type.target().strip_typedefs().tag == "fault" else None
    return unsigned(f.address) if f.address is not None else None


def handled():
    """The fault that the selected hart is in the middle of; None if it is in none."""
    before_find = False
    for name, frame in frames_of_fault():
        address = address_of_record(frame)
        if name == "find":
            before_find = True
        if name in ("resolve", "find"):
            moment = from_arguments(name, frame) if name == "resolve" else None
            if name == "resolve" and not before_find and past_find(frame.pc()):
                moment = from_record(address) if address else moment
            elif moment is None and address:
                moment = from_record(address)
                if moment:
                    moment.classified = False
        else:
            moment = from_record(address) if address else from_arguments(name, frame)
        if moment:
            return moment
    return None


_after_find = {}


def after_find():
    """The instruction of resolve() behind its call of find(); None where that is inlined."""
    key = len(gdb.objfiles())
    if key in _after_find:
        return _after_find[key]
    _after_find[key] = None
    if memory.exists("resolve", "vm/fault.c") and memory.exists("find", "vm/fault.c"):
        find = memory.address_of("find", "vm/fault.c")
        block = gdb.block_for_pc(memory.address_of("resolve", "vm/fault.c"))
        _after_find[key] = behind_call(block.start, block.end, find)
    return _after_find[key]


def behind_call(start, end, target):
    """The instruction behind the first `jal ra, target`; None if there is none.

    From RAM, for the kernel's addresses may not be mapped yet.
    """
    for i, word in instructions(memory.read(start, end - start)):
        if word & 0xfff == 0xef and start + i + jump_offset(word) == target:
            return start + i + 4
    return None


def past_find(pc):
    address = after_find()
    return address is not None and pc >= address


def at_the_trap():
    """The page fault that is the hart's latest trap, by its registers; None if it was none."""
    cause = register("scause")
    if cause not in ACCESS:
        return None
    p = process_of()
    space = p.space()
    if space is None:
        return None
    return Moment(space, register("stval"), ACCESS[cause], True)


def process_using(space):
    """The process whose space it is, None if none yet."""
    user = unsigned(space.value["user"])
    if not user:
        return None
    return Process(memory.container(user, "struct proc", "vm"))


def page_area(area):
    return Area(area, memory.at(area, "struct area")) if area else None
