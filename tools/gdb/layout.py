"""The frame table and page tables in bulk: raw bytes and offsets, for the check of all of them."""

import struct

import memory
from objects import Frames

FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}


class Entry:
    """What the check asks of one frame; `mapped`, `writable` and `places` it counts itself."""

    __slots__ = ("n", "refs", "state", "order", "in_buddy", "owner", "pins", "mapped", "writable")

    def __init__(self, n, refs, state, order, in_buddy, owner, pins):
        self.n, self.refs, self.state, self.order = n, refs, state, order
        self.in_buddy, self.owner, self.pins = in_buddy, owner, pins
        self.mapped, self.writable = 0, False


def fields(kind, *names):
    """name -> (offset, format) of simple fields."""
    known = {f.name: f for f in memory.type_of(kind).fields()}
    return {n: (known[n].bitpos // 8, "<" + FORMATS[known[n].type.sizeof])
            for n in names if n in known}


class FrameTable(Frames):
    """All entries whose block is known: number -> Entry."""

    def __init__(self):
        super().__init__()
        at = fields("struct frame", "refs", "state", "order", "in_buddy", "pins")
        owner = memory.offset_of("struct frame", "owner")
        self.entries = {}
        with memory.physical():
            for first in range(0, self.count, 1024):
                if not self.known(first):
                    continue
                raw = memory.read(self.table + first * self.size, 1024 * self.size)
                for i in range(1024):
                    self.add(first + i, raw, i * self.size, at, owner)

    def add(self, n, raw, start, at, owner):
        """Decodes one entry."""
        def get(name):
            if name not in at:
                return 0
            offset, form = at[name]
            return struct.unpack_from(form, raw, start + offset)[0]

        self.entries[n] = Entry(n, get("refs"), get("state"), get("order"), get("in_buddy"),
                                struct.unpack_from("<QQ", raw, start + owner), get("pins"))

    def frame_at(self, pa):
        """The entry of the frame at pa; None if RAM has none there."""
        n = self.number(pa)
        return self.entries.get(n) if n is not None else None
