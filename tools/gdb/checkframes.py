"""The frame table against the rules V4 V5 V7 V8 V9 V13; as vm/check_frames.c does it.

All page tables were walked before: each entry knows how often it was found.
"""

import memory
from memory import Damaged, unsigned

BLOCK = 1024   # frames: FRAME_BLOCK of mem/frame.h


class Tally:
    """The walk over the table, and what it counts."""

    def __init__(self, frames, findings):
        self.frames, self.findings = frames, findings
        self.states = memory.enum("enum frame_state", "FRAME_")
        self.in_buddy = self.in_caches = self.used = 0
        self.pages = Pages(frames)
        self.pins_known = "pins" in (f.name for f in memory.type_of("struct frame").fields())

    def found(self, rule, what, f, counts=None):
        self.findings.add(rule, what, f, counts=counts)

    def in_block(self, f, first):
        """A frame in a free block of the buddy allocator."""
        if self.states.get(f.state) != "FREE":
            self.found("V7", "a frame in a free block is not free", f)
        elif f.refs or f.pins:
            self.found("V7", "a free frame has a count", f)
        elif f.mapped or f.in_buddy and not first:
            self.found("V9", "a free frame is in two places", f)

    def loose(self, f):
        """A free frame that is in no block: in the cache of one hart."""
        if f.refs or f.pins:
            self.found("V7", "a free frame has a count", f)
        elif f.mapped != 1:
            self.found("V9", "a free frame is in two places" if f.mapped
                       else "a free frame is on no list", f)
        self.in_caches += 1

    def refs(self, f, expected):
        """`expected` holders; where pins are not counted there may be more."""
        if f.refs < expected or f.refs > expected and self.pins_known:
            self.found("V4", "the count of a frame", f, (expected, f.refs))

    def placed(self, f):
        if f.mapped != 1:
            self.found("V9", "a page table that no entry, or more than one, uses"
                       if self.states[f.state] == "TABLE"
                       else "a page of kernel stacks that is not mapped once", f, (1, f.mapped))
        else:
            self.refs(f, 1)

    def zeros(self, f):
        if any(memory.read_physical(self.frames.pa(f.n), memory.PAGE)):
            self.found("V13", "the zero frame was written to", f)

    def anon(self, f):
        if f.writable and f.mapped > 1:
            self.found("V5", "a writable frame has more than one entry", f, (1, f.mapped))
        elif self.frames.is_zero(f.n):
            self.zeros(f)
            self.refs(f, 1 + f.pins)
        elif f.mapped == 0 and f.pins == 0 and self.pins_known:
            self.found("V9", "a frame that nobody maps or pins", f)
        else:
            self.refs(f, f.mapped + f.pins)

    def cached(self, f):
        if f.owner[0] and self.pages.find(*f.owner) != f.n:
            self.found("V8", "its store and index do not lead to it", f)
        else:
            self.refs(f, 1 + f.mapped + f.pins)

    def by_state(self, f):
        state = self.states.get(f.state)
        if state == "FREE":
            self.loose(f)
        elif state in ("WIRED", "SLAB"):
            if f.refs == 0:
                self.found("V7", "a frame in use has no count", f)
        elif state in ("TABLE", "KSTACK"):
            self.placed(f)
        elif state == "ANON":
            self.anon(f)
        elif state == "CACHE":
            self.cached(f)
        elif state in ("PIPE", "RESERVED"):
            self.refs(f, state == "PIPE")
        else:
            self.found("V7", "a frame has no known state", f)

    def block(self, n):
        """What begins at frame n; returns how many frames that are."""
        entries = self.frames.entries
        if n not in entries:
            raw = memory.read(self.frames.table + n * self.frames.size, self.frames.size)
            in_buddy = raw[memory.offset_of("struct frame", "in_buddy")]
            self.in_buddy += BLOCK if in_buddy else 0
            return BLOCK
        f = entries[n]
        many = 1 << min(f.order, 10)
        if f.in_buddy:
            for i in range(many):
                if n + i in entries:
                    self.in_block(entries[n + i], i == 0)
            self.in_buddy += many
            return many
        if self.states.get(f.state) in ("FREE", "RESERVED"):
            many = 1
        else:
            self.used += many
            for i in range(1, many):
                g = entries.get(n + i)
                if g and (g.state != f.state or g.refs or g.in_buddy):
                    self.found("V7", "a frame within a block is not like the first", g)
        self.by_state(f)
        return many


class Pages:
    """The cached pages of each store, by the list that the store keeps of them."""

    def __init__(self, frames):
        self.frames, self.stores = frames, {}

    def find(self, store, index):
        """The number of the frame of that page; None if there is none."""
        if store not in self.stores:
            self.stores[store] = self.of(store)
        return self.stores[store].get(index)

    def of(self, store):
        found = {}
        try:
            head = store + memory.offset_of("struct store", "pages")
            for _, page in memory.each(head, "struct page", "of_store"):
                pa = unsigned(page["bytes"]) - memory.DIRECT_BASE
                found[unsigned(page["index"])] = self.frames.number(pa)
        except Damaged:
            pass        # then its pages are not found, which is the finding
        return found


def mark_caches(frames):
    """Notes the frames in the caches of harts."""
    caches = memory.static("hartcaches")
    for i in range(int(memory.static("nharts"))):
        slots = caches[i]["slot"]
        for k in range(slots.type.range()[1] + 1):
            address = unsigned(slots[k])
            f = frames.entries.get((address - frames.table) // frames.size) if address else None
            if f:
                f.mapped += 1


def check_frames(frames, findings):
    """All entries; then that free and used frames are all there are."""
    tally = Tally(frames, findings)
    with memory.physical():
        mark_caches(frames)
        n = 0
        while n < frames.count:
            n += tally.block(n)
        free = unsigned(memory.static("buddy_unclaimed"))
        managed = unsigned(memory.static("managed", "mem/frame.c"))
    if tally.in_buddy != free:
        findings.add("V9", "free blocks are not what the allocator counts",
                     counts=(tally.in_buddy, free))
    total = tally.in_buddy + tally.in_caches + tally.used
    if total != managed:
        findings.add("V9", "free and used frames are not all frames", counts=(managed, total))
