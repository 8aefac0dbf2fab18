"""Processes, spaces, areas, entries and frames of the stopped machine."""

import gdb

import memory
from memory import Damaged, PAGE, PTE_FRAME, at, deref, static, unsigned

BITS = "VRWXUGAD"
BIT_NAMES = {"V": "valid", "R": "read", "W": "write", "X": "execute", "U": "user", "G": "global",
             "A": "accessed", "D": "dirty"}
V, R, W, X, U, G, A, D = (1 << i for i in range(8))


def pte_frame(pte):
    return (pte >> 10 & PTE_FRAME) << 12


def letters(pte):
    """V R W X U G A D, each its letter or a dash."""
    return "".join(c if pte >> i & 1 else "-" for i, c in enumerate(BITS))


def rights(prot):
    return "".join(c if prot >> i & 1 else "-" for i, c in enumerate("rwx"))


def entry(pte):
    """As `faults` shows an entry."""
    if pte == 0:
        return "empty "
    return "".join(c if pte >> i & 1 else "-" for i, c in
                   ((1, "r"), (2, "w"), (3, "x"), (4, "u"), (6, "a"), (7, "d")))


# --- Harts ----------------------------------------------------------------------------------------

def harts():
    """(index, value) of the harts that run the kernel."""
    table, n = static("harts"), int(static("nharts"))
    return [(i, table[i]) for i in range(min(n, table.type.range()[1] + 1))]


def selected_hart():
    """Index of the hart that gdb looks at; None before the kernel knows it."""
    thread = gdb.selected_thread()
    if thread is None:
        raise Damaged("no machine is stopped")
    hartid = thread.ptid[1] - 1
    return next((i for i, h in harts() if int(h["hartid"]) == hartid and int(h["proc"])), None)


def register(name):
    """Of the selected hart, whatever frame of the call stack is selected."""
    return unsigned(gdb.newest_frame().read_register(name))


def in_user_mode():
    return register("priv") & 3 == 0


# --- Processes ------------------------------------------------------------------------------------

class Process:
    """A process: its address and its fields."""

    def __init__(self, address, value=None):
        self.address = unsigned(address)
        self.value = value if value is not None else at(address, "struct proc")
        self.pid = int(self.value["pid"])
        self.name = memory.text(self.value["name"])
        self.kthread = bool(self.value["kthread"])

    def __str__(self):
        return f"pid {self.pid} {self.name}"

    def state(self):
        names = memory.enum("enum proc_state", "PROC_")
        return names.get(int(self.value["state"]), "?").lower()

    def parent(self):
        p = unsigned(self.value["parent"])
        return Process(p) if p else None

    def space(self):
        """Its space, None if it has none."""
        s = unsigned(self.value["space"])
        return Space(s) if s else None

    def trapframe(self):
        return deref(self.value["tf"])

    def runs_on(self):
        """The hart that it runs on now, None if none."""
        return next((i for i, h in harts() if unsigned(h["proc"]) == self.address), None)


def processes():
    """All that are in the table, in the order of birth; idle ones are not."""
    head = memory.address_of("all", "proc/proc.c")
    with memory.physical():
        return [Process(a, v) for a, v in memory.each(head, "struct proc", "all", 4096)]


def process_of(word=None):
    """The process with that pid; with none, or `.`, that of the selected hart."""
    if word not in (None, "."):
        pid = int(word, 0) if word.lstrip("-").isalnum() and word[0].isdigit() else None
        if pid is None:
            raise Damaged(f"{word} is no pid: see `ps`")
        found = [p for p in processes() if p.pid == pid and pid != 0]
        if not found:
            raise Damaged(f"there is no process {pid}: see `ps`")
        return found[0]
    hart = selected_hart()
    if hart is None:
        raise Damaged("this hart runs no process yet")
    return Process(static("harts")[hart]["proc"])


# --- Spaces and areas -----------------------------------------------------------------------------

class Area:
    """One promise."""

    def __init__(self, address, value):
        self.address, self.value = address, value
        self.start, self.end = unsigned(value["start"]), unsigned(value["end"])
        self.prot, self.kind = int(value["prot"]), int(value["kind"])
        self.charged = bool(value["charged"])
        known = memory.has(value, "store", "shared")
        self.store = unsigned(value["store"]) if known else 0
        self.shared = bool(value["shared"]) if known else False
        self.offset = unsigned(value["offset"]) if memory.has(value, "offset") else 0

    def kind_name(self):
        return memory.enum("enum area_kind", "AREA_").get(self.kind, "?").lower()

    def __str__(self):
        shared = " shared" if self.shared else ""
        return f"{self.start:#x} to {self.end:#x} {rights(self.prot)} {self.kind_name()}{shared}"

    def index(self, va):
        """The page of the store that va is a part of."""
        return (va - self.start + self.offset) // PAGE


def tree(node, depth=0):
    """(address, value) of the nodes of an AVL tree, in order."""
    if not node:
        return
    if depth > 32:
        raise Damaged("the tree of areas is too deep: it is damaged")
    value = at(node, "struct avl_node")
    yield from tree(unsigned(value["child"][0]), depth + 1)
    yield node
    yield from tree(unsigned(value["child"][1]), depth + 1)


class Space:
    """An address space."""

    def __init__(self, address):
        self.address = unsigned(address)
        self.value = at(address, "struct space")
        self.root = unsigned(self.value["root"])
        self._areas = None

    def areas(self):
        """All areas, by address."""
        if self._areas is None:
            with memory.physical():
                found = [memory.container(node, "struct area", "node")
                         for node in tree(unsigned(self.value["areas"]["root"]))]
                self._areas = [Area(a, at(a, "struct area")) for a in found]
        return self._areas

    def area_of(self, va):
        return next((a for a in self.areas() if a.start <= va < a.end), None)

    def user(self):
        """(pid, name, trap frame) of the process that uses it; None before it has one."""
        u = unsigned(self.value["user"])
        if not u:
            return None
        u = at(u, "struct vm_user")
        return int(u["pid"]), memory.text_at(u["name"], 16), unsigned(u["tf"])

    def __str__(self):
        user = self.user()
        return f"pid {user[0]} {user[1]}" if user else "(new)"

    def pages(self):
        """(address, entry) of all that is mapped in the user half."""
        with memory.physical():
            return list(leaves(self.root, 2, 0, 256))

    def pte(self, va):
        """The entry for va: 0 if there is none, or no table."""
        level, _, pte = memory.walk(self.root, va)[-1]
        return pte if level == 0 else 0


def leaves(table, level, base, n=512, seen=None):
    """(address, entry) of the leaves under a table; what is no table is passed over."""
    raw = memory.read_physical(table, n * 8)
    for i in range(n):
        pte = int.from_bytes(raw[i * 8:i * 8 + 8], "little")
        va = base + (i << 12 + 9 * level)
        if pte == 0:
            continue
        if level == 0:
            yield va, pte
        elif pte & 0xf == V:
            try:
                yield from leaves(pte_frame(pte), level - 1, va)
            except Damaged:
                continue


def spaces():
    """Those of all processes; in DEBUG kernels also those that have none yet."""
    if memory.exists("spaces", "vm/check.c"):
        head = memory.address_of("spaces", "vm/check.c")
        with memory.physical():
            return [Space(a) for a, _ in memory.each(head, "struct space", "all", 8192)]
    found = {}
    for p in processes():
        s = unsigned(p.value["space"])
        if s and s not in found:
            found[s] = Space(s)
    return list(found.values())


# --- Frames ---------------------------------------------------------------------------------------

class Frames:
    """The frame table."""

    def __init__(self):
        self.base = unsigned(static("frame_base"))
        self.count = unsigned(static("frame_count"))
        self.table = unsigned(static("frame_table"))
        self.zero = unsigned(static("pmap_zero", "vm/pmap.c"))
        self.size = memory.type_of("struct frame").sizeof
        self.known_bits = memory.read(memory.address_of("known", "mem/frame.c"),
                                      symbol_size("known", "mem/frame.c"))
        if not self.count:
            raise Damaged("the kernel has not set up its frames yet")

    def known(self, n):
        """Its block was handed out from: the entry has a meaning."""
        block = n >> 10
        return 0 <= n < self.count and self.known_bits[block // 8] >> block % 8 & 1

    def number(self, pa):
        """Of the frame at pa; None if RAM has none there."""
        n = (pa - self.base) // PAGE
        return n if pa >= self.base and n < self.count else None

    def pa(self, n):
        return self.base + n * PAGE

    def entry(self, n):
        return at(self.table + n * self.size, "struct frame")

    def zero_number(self):
        return (self.zero - self.table) // self.size

    def is_zero(self, n):
        return n == self.zero_number()


def symbol_size(name, file):
    return memory.symbol(name, file).type.sizeof


def state_name(n):
    return memory.enum("enum frame_state", "FRAME_").get(n, f"no known state ({n})").lower()


def frame_argument(frames, word):
    """The number of the frame that PA, a PTE, a kernel address or a number names."""
    from command import number
    n = number(word)
    if n >= memory.DIRECT_BASE:
        n -= memory.DIRECT_BASE
    if n < frames.count:
        return n
    if n & V and frames.number(pte_frame(n)) is not None:
        return frames.number(pte_frame(n))
    if frames.number(n) is not None:
        return frames.number(n)
    raise Damaged(f"{word} is no frame: not a number below {frames.count}, not an address or entry "
                  f"of RAM ({frames.base:#x} to {frames.pa(frames.count):#x})")
