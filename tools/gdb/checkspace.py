"""Areas and page tables against the rules V1 V2 V7 V10 V11 V12 T1; as vm/check_space.c does it."""

import memory
from memory import Damaged, unsigned
from objects import A, PAGE, R, U, V, W, X, pte_frame

USER_END = (1 << 38) - 3 * PAGE   # memlayout.h: USYSCALL
SPACE_COST = 2                    # space.h
RIGHTS = R | W | X


def words(table):
    raw = memory.read_physical(table, PAGE)
    return [int.from_bytes(raw[i:i + 8], "little") for i in range(0, PAGE, 8)]


def wrong_area(s, a, before):
    """What is wrong with an area that follows `before`; None if nothing is."""
    low, top = unsigned(s.value["stack_low"]), unsigned(s.value["stack_top"])
    if (a.start | a.end) % PAGE:
        return "an area does not consist of whole pages"
    if a.start >= a.end or a.end > USER_END:
        return "an area is empty or leaves the user half"
    if before and a.start < before.end:
        return "an area overlaps the one before it"
    if a.prot & 2 and a.prot & 4:
        return "an area is both writable and executable"
    if a.kind_name() == "stack":
        return "the stack leaves the room that is kept for it" \
            if a.start < low or a.end > top else None
    return "an area lies in the room of the stack" \
        if top and a.start < top and a.end > low - PAGE else None


class Walk:
    """One space, and what was counted in it."""

    def __init__(self, space, frames, findings):
        self.s, self.frames, self.findings = space, frames, findings
        self.who, self.states = str(space), memory.enum("enum frame_state", "FRAME_")
        self.sound, self.areas = True, []
        self.promised = self.charged = self.resident = self.lazy = self.tables = 0

    def broken(self, rule, what, va, frame=None, counts=None):
        self.findings.add(rule, what, frame, [(self.who, va)], counts)

    def walk_areas(self):
        try:
            self.areas = self.s.areas()
        except Damaged as why:
            self.sound = False
            self.broken("V1", str(why), 0)
        before = None
        for a in self.areas:
            wrong = wrong_area(self.s, a, before)
            if wrong:
                self.sound = False
                self.broken("V1", wrong, a.start)
            self.promised += (a.end - a.start) // PAGE
            self.charged += (a.end - a.start) // PAGE if a.charged else 0
            before = a

    def area_of(self, va):
        """The area at va, which is asked for in ascending order."""
        while self.next < len(self.areas) and self.areas[self.next].end <= va:
            self.next += 1
        a = self.areas[self.next] if self.next < len(self.areas) else None
        return a if a and a.start <= va else None

    def user_frame(self, pte, va):
        """Where an entry leads: a frame that a user may see, or None with a finding."""
        f = self.frames.frame_at(pte_frame(pte))
        state = self.states.get(f.state) if f else None
        if state in ("ANON", "CACHE"):
            return f
        if f is None:
            self.broken("V10", "a user entry maps what is not memory", va)
        elif state == "FREE":
            self.broken("V7", "a free frame is mapped", va, f)
        elif state is not None:
            self.broken("V10", "a user entry maps a frame of the kernel", va, f)
        return None

    def wrong_rights(self, pte, zero, a):
        """(rule, what) if the rights of an entry in area a are wrong."""
        if not pte & V or pte & (A | U) == A or not pte & RIGHTS:
            return "V2", "an entry is neither empty nor one for the user"
        if pte & W and pte & X:
            return "V11", "a user entry is both writable and executable"
        if self.sound and a is None:
            return "V2", "an entry lies outside all areas"
        if self.sound and (pte & RIGHTS & ~(a.prot << 1) if a.prot else pte & U):
            return "V2", "an entry grants more than its area"
        if pte & W and zero:
            return "V5", "the zero frame is writable"
        return None

    def entry(self, pte, va):
        zero = self.frames.number(pte_frame(pte)) is not None \
            and self.frames.is_zero(self.frames.number(pte_frame(pte)))
        self.resident += not zero
        f = self.user_frame(pte, va)
        if f is None:
            return
        a = self.area_of(va)
        anon = self.states.get(f.state) == "ANON"
        self.lazy += bool(a and not a.charged and not zero and anon)
        f.mapped += 1
        wrong = self.wrong_rights(pte, zero, a)
        if wrong:
            self.broken(*wrong, va, f)
        if pte & W and not zero:
            f.writable = True

    def lower(self, pte, va):
        """The frame of the table that an entry points to; None with a finding."""
        f = self.frames.frame_at(pte_frame(pte))
        table = f is not None and self.states.get(f.state) == "TABLE"
        if table and pte & (V | U | RIGHTS) == V:
            return f
        if f is None or table:
            self.broken("V2", "an upper entry does not point to a table", va, f)
        else:
            self.broken("V7", "a page table is in a frame of another state", va, f)
        return None

    def table(self, root, level, base, n):
        span = PAGE << 9 * level
        for i, pte in enumerate(words(root)[:n]):
            va = base + i * span
            f = self.lower(pte, va) if pte else None
            if f is None:
                continue
            f.mapped += 1
            self.tables += 1
            if self.sound and not any(a.end > va and a.start < va + span for a in self.areas):
                self.broken("T1", "no area lies where this table maps", va, f)
            if f.mapped > 1:
                continue        # two entries use it, which V9 will say
            if level > 1:
                self.table(pte_frame(pte), level - 1, va, 512)
                continue
            for k, leaf in enumerate(words(pte_frame(pte))):
                if leaf:
                    self.entry(leaf, va + k * PAGE)

    def walk_root(self):
        f = self.frames.frame_at(self.s.root)
        if f:
            f.mapped += 1
        kernel = words(unsigned(memory.static("pmap_kernel_root", "vm/pmap_kernel.c")))
        for i, (mine, its) in enumerate(zip(words(self.s.root), kernel)):
            if i >= 256 and mine != its:
                self.broken("V10", "an upper root entry is not the kernel's",
                            i << 30 | (1 << 64) - (1 << 39))
        self.next = 0
        self.table(self.s.root, 2, 0, 256)

    def compare(self, what, expected, field):
        is_now = unsigned(self.s.value[field])
        if expected != is_now:
            self.broken("V12", what, 0, counts=(expected, is_now))


def check_space(space, frames, findings):
    """Looks at one space; returns what it should have been charged."""
    w = Walk(space, frames, findings)
    with memory.physical():
        w.walk_areas()
        w.walk_root()
    cost = SPACE_COST + w.tables + w.charged + w.lazy
    if not w.sound:
        return unsigned(space.value["committed"])
    w.compare("the resident pages of a space", w.resident, "resident")
    w.compare("the page tables of a space", w.tables, "tables")
    w.compare("the promised pages of a space", w.promised, "promised")
    w.compare("the pages that a space is charged", cost, "committed")
    return cost


def kernel_leaf(pte, va, frames, findings, states):
    stack = va >= 0xfffffff000000000
    f = frames.frame_at(pte_frame(pte)) if stack else None
    if pte & U:
        findings.add("V10", "user mode may see an entry of the kernel", f, [(None, va)])
    if pte & W and pte & X:
        findings.add("V11", "a kernel entry is both writable and executable", f, [(None, va)])
    if stack and (f is None or states.get(f.state) != "KSTACK"):
        findings.add("V7", "a kernel stack is in a frame of another state", f, [(None, va)])
    elif stack:
        f.mapped += 1


def kernel_table(table, level, base, first, frames, findings, states):
    for i, pte in enumerate(words(table)):
        va = base + (i << 12 + 9 * level)
        if i < first or pte == 0:
            continue
        if level == 0 or pte & RIGHTS:
            kernel_leaf(pte, va, frames, findings, states)
            continue
        f = frames.frame_at(pte_frame(pte))
        if f is None or states.get(f.state) != "TABLE" or pte & U:
            findings.add("V10" if pte & U else "V7",
                         "an entry of the kernel half points to what is not its table", f,
                         [(None, va)])
            continue
        f.mapped += 1
        kernel_table(pte_frame(pte), level - 1, va, 0, frames, findings, states)


def check_kernel(frames, findings):
    """The kernel half, which is the same in all spaces."""
    root = unsigned(memory.static("pmap_kernel_root", "vm/pmap_kernel.c"))
    f = frames.frame_at(root)
    if f:
        f.mapped += 1
    with memory.physical():
        kernel_table(root, 2, (1 << 64) - (1 << 39), 256, frames, findings,
                     memory.enum("enum frame_state", "FRAME_"))
