"""check: the rules of docs/invariants.md but V3, proven from outside on the stopped machine.

The kernel's own checker (vm/check*.c) waits until nobody is in the middle of anything.  Here the
machine stands still wherever it was stopped, so what is under way is told first: a rule that is
broken by it may hold again a moment later.
"""

import memory
from checkframes import check_frames
from checkspace import check_kernel, check_space
from command import Command, say
from layout import FrameTable
from memory import Damaged, unsigned
from objects import Process, harts, spaces, state_name
from trace import events

MOST = 12

RULES = {
    "V1": "areas are sorted, disjoint, page-aligned, in the user half",
    "V2": "a user entry lies in an area and grants no more than it",
    "V4": "the count of a frame is its entries, its cache and its pins",
    "V5": "an entry is writable only if its frame is its alone",
    "V7": "a frame is in exactly one state, and used accordingly",
    "V8": "a cached frame is found by its store and index",
    "V9": "free and used frames are all frames, and each is in its place",
    "V10": "no user entry maps the kernel, no kernel entry is the user's",
    "V11": "nothing is both writable and executable",
    "V12": "resident, promised and committed equal a walk",
    "V13": "the zero frame is all zeros",
    "T1": "a page table exists only where an area lies",
}


class Findings:
    """What was found to be broken."""

    def __init__(self, frames):
        self.frames, self.found = frames, []

    def add(self, rule, what, frame=None, places=(), counts=None):
        self.found.append((rule, what, frame, list(places), counts))

    def tell(self):
        for rule, what, frame, places, counts in self.found[:MOST]:
            say(f"{rule} broken: {RULES[rule]}: {what}")
            if frame is not None:
                self.tell_frame(frame)
                places = places or self.mappings(frame)
            if counts:
                say(f"    expected {counts[0]}, found {counts[1]}")
            for space, va in places[:4]:
                say(f"    {space or 'the kernel'} at {va:#x}")
            if len(places) > 4:
                say(f"    and {len(places) - 4} more")
        if len(self.found) > MOST:
            say(f"    and {len(self.found) - MOST} more findings")

    def tell_frame(self, frame):
        pins = f", pins {frame.pins}" if frame.pins else ""
        say(f"    frame {frame.n} ({self.frames.pa(frame.n):#x}): {state_name(frame.state)}, "
            f"count {frame.refs}{pins}")
        last = last_fault(self.frames, frame.n)
        if last:
            say(f"    last fault: {last}")

    def mappings(self, frame):
        from frames import mappings
        return [(str(s), va) for s, va, _ in mappings(self.frames, {frame.n})]


def last_fault(frames, n):
    """The latest fault that is kept whose entry before or after maps frame n, in words."""
    from moment import kind_names
    from objects import entry, pte_frame
    try:
        kept = events()
    except Damaged:
        return None
    for _, hart, _, e in reversed(kept):
        ptes = unsigned(e["before"]), unsigned(e["after"])
        if any(pte and frames.number(pte_frame(pte)) == n for pte in ptes):
            return (f"hart {hart} pid {int(e['pid'])} {kind_names().get(int(e['kind']))} va "
                    f"{unsigned(e['va']):#x} {entry(ptes[0]).strip()} -> {entry(ptes[1]).strip()}")
    return None


def under_way(all_spaces):
    """What the machine was stopped in the middle of."""
    for s in all_spaces:
        if unsigned(s.value["lock"]["holder"]):
            yield f"the space of {s} is locked: somebody may be changing it"
    for i, h in harts():
        idle = Process(h["proc"]).name.startswith("idle")   # which waits with interrupts off
        if int(h["locks_held"]) or int(h["irq_depth"]) and not idle:
            yield f"hart {i} is in a step that it does with interrupts off"


def committed(totals, findings):
    """V12 of the machine."""
    if not (memory.exists("total", "vm/commit.c") and memory.exists("other", "vm/commit.c")):
        return
    other = unsigned(memory.static("other", "vm/commit.c"))
    total = unsigned(memory.static("total", "vm/commit.c"))
    if totals + other != total:
        findings.add("V12", "what is promised in all is not the sum over spaces",
                     counts=(totals + other, total))


class Check(Command):
    """check: proves the rules of docs/invariants.md on the stopped machine.

Those marked * there, but V3.  None of the machine's code is run.  Each broken rule is told with
frame, process and address.  What was under way when the machine stopped is told first: it may break
a rule for a moment."""

    name = "check"

    def run(self, words):
        if words:
            raise Damaged("it takes no arguments")
        frames = FrameTable()
        findings = Findings(frames)
        everyone = spaces()
        complete = memory.exists("spaces", "vm/check.c")
        for line in under_way(everyone):
            say(f"note: {line}")
        total = sum(check_space(s, frames, findings) for s in everyone)
        if complete:
            committed(total, findings)
        check_kernel(frames, findings)
        check_frames(frames, findings)
        if not complete:
            say("note: only DEBUG builds count pins: what is held beyond entries is taken for them")
        findings.tell()
        n = len(findings.found)
        say(f"{n} rule{'' if n == 1 else 's'} broken, {len(everyone)} spaces, "
            f"{len(frames.entries)} frames looked at")


COMMANDS = (Check,)
