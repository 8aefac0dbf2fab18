"""frame, who, cow: what a frame is, who maps it, what is shared with whom."""

import gdb

import memory
from command import Command, number, say, table
from memory import Damaged, unsigned
from objects import (Frames, PAGE, entry, frame_argument, process_of, pte_frame, spaces,
                     state_name)
from processes import slab_name, store_name


def describe(frames, n):
    """The lines about a frame."""
    pa = frames.pa(n)
    yield f"frame {n}: {pa:#x} to {pa + PAGE:#x}, for the kernel {pa + memory.DIRECT_BASE:#x}"
    if not frames.known(n):
        yield "  free: no frame of its block was ever handed out"
        return
    f = frames.entry(n)
    state, refs = state_name(int(f["state"])), int(f["refs"])
    pins = f", of which pins {int(f['pins'])}" if memory.has(f, "pins") else ""
    yield f"  state {state}, count {refs}{pins}"
    if frames.is_zero(n):
        yield "  it is the zero frame: entries that map it are not counted"
    if int(f["in_buddy"]):
        yield f"  the first of a free block of 2^{int(f['order'])} frames"
    elif int(f["order"]) and state != "free":
        yield f"  the first of 2^{int(f['order'])} frames in use"
    owner = [unsigned(f["owner"][0]), unsigned(f["owner"][1])]
    if state == "cache":
        yield f"  cached: page {owner[1]} of {store_name(owner[0])}" if owner[0] \
            else "  cached: has no name (it is being made, or was dropped)"
    elif state == "slab" and owner[0]:
        yield f"  objects of \"{slab_name(owner[0])}\""


def frame_named(frames, words, usage):
    """The number of the frame that PA, PTE or NUMBER names, or that PID has at VA."""
    if len(words) == 1:
        return frame_argument(frames, words[0])
    if len(words) != 2:
        raise Damaged(usage)
    p = process_of(words[0])
    pte = p.space().pte(number(words[1])) if p.space() else 0
    n = frames.number(pte_frame(pte)) if pte else None
    if n is None:
        raise Damaged(f"{p} has no frame at {words[1]}")
    return n


CALLS = 64   # numbers below are frames of the call stack; frames of RAM so low are the kernel's


OWN = ("function", "level", "address", "view")


class Frame(Command):
    """frame PA|PTE|NUMBER, frame PID VA: what a frame of RAM is: state, count, owner, name.

With nothing, a number below 64, or words such as `function NAME` it is gdb's own command, which
selects a frame of the call stack."""

    name = "frame"
    kind = gdb.COMMAND_STACK

    def run(self, words):
        few = len(words) == 1 and words[0].isdigit() and int(words[0]) < CALLS
        if not words or words[0] in OWN or few:
            if words:
                gdb.execute("select-frame " + " ".join(words))
            gdb.execute("up 0")
            return
        frames = Frames()
        n = frame_named(frames, words, "usage: frame PA|PTE|NUMBER, or frame PID VA")
        for line in describe(frames, n):
            say(line)


def mappings(frames, wanted):
    """(space, address, entry) of all entries of user halves that map a frame in `wanted`."""
    for s in spaces():
        for va, pte in s.pages():
            if frames.number(pte_frame(pte)) in wanted:
                yield s, va, pte


class Who(Command):
    """who PA|PTE|NUMBER, who PID VA: every process and address that maps a frame.

Also whether that explains its count.  PID may be `.`, the process that runs here."""

    name = "who"

    def run(self, words):
        frames = Frames()
        n = frame_named(frames, words, "usage: who PA|PTE|NUMBER, or who PID VA")
        for line in describe(frames, n):
            say(line)
        found = list(mappings(frames, {n}))
        rows = [(f"  {s}", f"at {va:#x}", entry(pte)) for s, va, pte in found]
        if rows:
            table(rows)
        self.sum(frames, n, len(found))

    @staticmethod
    def sum(frames, n, found):
        say(f"{found} entr{'y' if found == 1 else 'ies'} of user page tables")
        if not frames.known(n) or frames.is_zero(n):
            return
        f = frames.entry(n)
        state, refs = state_name(int(f["state"])), int(f["refs"])
        if state not in ("anon", "cache"):
            return
        pins = int(f["pins"]) if memory.has(f, "pins") else None
        known = found + (state == "cache") + (pins or 0)
        if refs != known:
            why = "pins are not told apart in this build" if pins is None and refs > known \
                else "the count is wrong, or an operation is half done: see `check`"
            say(f"  count {refs}, explained {known}: {why}")


class Cow(Command):
    """cow PID: which pages of a process are shared with whom, run by run.

A run is consecutive pages with the same relatives.  `its own` pages are not told.  The next write
to a shared page is a fault of kind COW, by the last of those that hold it REUSE."""

    name = "cow"

    def run(self, words):
        p = process_of(*words[:1])
        space = p.space()
        if space is None:
            raise Damaged(f"{p} is a kernel thread: it has no space")
        frames = Frames()
        mine, own, zero = {}, 0, 0
        for va, pte in space.pages():
            n = frames.number(pte_frame(pte))
            if n is None or not frames.known(n):
                say(f"  {va:#x}: {pte:#x} maps no frame: see `check`")
            elif frames.is_zero(n):
                zero += 1
            elif int(frames.entry(n)["refs"]) == 1:
                own += 1
            else:
                mine[va] = n
        say(f"{p}: {len(mine)} page{'' if len(mine) == 1 else 's'} shared, {own} its own, "
            f"{zero} of the zero frame")
        self.tell(frames, space, mine)

    @staticmethod
    def tell(frames, space, mine):
        holders = {}
        for s, va, _ in mappings_of(frames, set(mine.values())):
            if s.address != space.address:
                holders.setdefault(va[1], set()).add(str(s))
        runs = []
        for va in sorted(mine):
            f = frames.entry(mine[va])
            cached = state_name(int(f["state"])) == "cache"
            with_whom = tuple(sorted(holders.get(mine[va], ())) + (["the cache"] * cached))
            key = with_whom, int(f["refs"]), str(space.area_of(va) or "no area")
            if runs and runs[-1][0] == key and runs[-1][2] == va:
                runs[-1][2] = va + PAGE
            else:
                runs.append([key, va, va + PAGE])
        rows = [(f"  {a:#x}", f"to {b:#x}", f"count {key[1]}",
                 key[2].split(" ", 3)[-1], "with " + (", ".join(key[0]) or "a pin"))
                for key, a, b in runs]
        if rows:
            table(rows)


def mappings_of(frames, wanted):
    """As mappings(), with (address, frame number) for the address."""
    for s in spaces():
        for va, pte in s.pages():
            n = frames.number(pte_frame(pte))
            if n in wanted:
                yield s, (va, n), pte


COMMANDS = (Frame, Who, Cow)
