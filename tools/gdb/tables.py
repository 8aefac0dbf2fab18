"""pt, pages: what a page table says of one address, and of all."""

import memory
from command import Command, number, say
from memory import Damaged
from objects import (BIT_NAMES, BITS, Frames, PAGE, V, letters, process_of, pte_frame, state_name)

MAXVA = 1 << 38
ROW = 64


def bits(pte, level):
    """Every bit of an entry by name, and what the reserved ones hold."""
    if pte == 0:
        return "empty: nothing is mapped by this entry"
    said = ", ".join(BIT_NAMES[c] for i, c in enumerate(BITS) if pte >> i & 1)
    lacks = ", ".join(BIT_NAMES[c] for i, c in enumerate(BITS) if not pte >> i & 1)
    if level == 0 and not pte & 0x3ff:
        return f"page {pte_frame(pte):#x}: not valid, all rights were taken from it"
    if not pte & V:
        return f"absent: not valid, but {pte:#x}: no entry of this kernel"
    what = "page" if pte & 0xe else "table" if level else "neither page nor table"
    odd = f"; software bits {pte >> 8 & 3:#x}" if pte >> 8 & 3 else ""
    odd += f"; reserved bits {pte >> 54:#x}" if pte >> 54 else ""
    return f"{what} {pte_frame(pte):#x}: {said} (not {lacks}){odd}" if lacks \
        else f"{what} {pte_frame(pte):#x}: {said}{odd}"


def show_walk(root, va):
    """Prints the walk; returns the last entry and its level."""
    found = memory.walk(root, va)
    for level, at, pte in found:
        say(f"  level {level} entry {va >> 12 + 9 * level & 511:3} at {at:#x}: {pte:#018x} "
            f"{letters(pte)}")
        say(f"    {bits(pte, level)}")
    return found[-1][2], found[-1][0]


class Pt(Command):
    """pt PID VA: walks the page table of a process for an address, level by level.

Every bit of each entry is named, also where nothing is mapped; then the frame, and what the area
promises.  `pt . VA` takes the process that runs on the selected hart."""

    name = "pt"

    def run(self, words):
        if len(words) != 2:
            raise Damaged("usage: pt PID VA, or pt . VA")
        p = process_of(words[0])
        va = number(words[1])
        if MAXVA <= va < (1 << 64) - MAXVA:
            raise Damaged(f"{va:#x} is not an address of Sv39: its bits 63 to 38 must be alike")
        space = p.space()
        root = space.root if space else int(memory.static("pmap_kernel_root", "vm/pmap_kernel.c"))
        say(f"{p}, address {va:#x}, root table {root:#x}")
        pte, level = show_walk(root, va)
        if pte & V and pte & 0xe:
            self.leaf(va, pte, level)
        area = space.area_of(va) if space else None
        if va < MAXVA:
            say(f"  promised: {area or 'nothing: no area holds this address'}")

    @staticmethod
    def leaf(va, pte, level):
        span = PAGE << 9 * level
        pa = pte_frame(pte) & ~(span - 1) | va & span - 1
        frames = Frames()
        n = frames.number(pa)
        say(f"  physical address {pa:#x}")
        if n is None or not frames.known(n):
            say("  it is no frame of RAM that was ever handed out")
        elif frames.is_zero(n):
            say(f"  frame {n}: the zero frame, which is not counted")
        else:
            f = frames.entry(n)
            say(f"  frame {n}: {state_name(int(f['state']))}, count {int(f['refs'])}")


def letter(frames, pte):
    """One character for a mapped page, as `pmap -p` prints it."""
    n = frames.number(pte_frame(pte))
    if n is None or not frames.known(n):
        return "?"
    if frames.is_zero(n):
        return "z"
    f = frames.entry(n)
    if state_name(int(f["state"])) == "cache":
        return "f"
    refs = int(f["refs"])
    return "p" if refs == 1 else str(refs) if 2 <= refs <= 9 else "+" if refs > 9 else "?"


def count(pages):
    return f"{pages} page{'' if pages == 1 else 's'}"


class Pages(Command):
    """pages PID [AREA]: a picture of a space, or of one area of it, one character a page.

AREA is any address in it.  p the process's own, 2 to 9 and + so many hold the frame, z the zero
frame, f a page of a file, ? damaged, . promised and not there.  `pages .` is the process that runs
here."""

    name = "pages"

    def run(self, words):
        if not 1 <= len(words) <= 2:
            raise Damaged("usage: pages PID [AREA]")
        p = process_of(words[0])
        space = p.space()
        if space is None:
            raise Damaged(f"{p} is a kernel thread: it has no space")
        areas = space.areas()
        if len(words) == 2:
            area = space.area_of(number(words[1]))
            if area is None:
                raise Damaged(f"no area of {p} holds {words[1]}")
            areas = [area]
        frames = Frames()
        mapped = {va: letter(frames, pte) for va, pte in space.pages()}
        for a in areas:
            say(str(a))
            self.draw(a, mapped)

    @staticmethod
    def draw(a, mapped):
        """Rows of a picture; rows without a mapped page are only counted."""
        rows = sorted({(va - a.start) // PAGE // ROW for va in mapped if a.start <= va < a.end})
        pages, done = (a.end - a.start) // PAGE, 0
        for r in rows:
            if r * ROW > done:
                say(f"  {a.start + done * PAGE:#012x}  . ({count(r * ROW - done)})")
            first, done = r * ROW, min((r + 1) * ROW, pages)
            say(f"  {a.start + first * PAGE:#012x}  " + "".join(
                mapped.get(a.start + i * PAGE, ".") for i in range(first, done)))
        if done < pages:
            say(f"  {a.start + done * PAGE:#012x}  . ({count(pages - done)})")


COMMANDS = (Pt, Pages)
