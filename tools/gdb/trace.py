"""trace: the last page faults of all harts, from their rings."""

import pathlib
import re

import memory
from command import Command, say, table
from memory import Damaged, unsigned
from moment import kind_names
from objects import entry, harts

HEADER = pathlib.Path(__file__).resolve().parents[2] / "kernel" / "trace" / "trace.h"
LETTERS = {1: "r", 2: "w", 4: "x"}


def slots():
    """Events in a ring: a macro of the kernel, which its symbols do not tell."""
    found = re.search(r"#define TRACE_EVENTS\s+(\d+)", HEADER.read_text(encoding="utf-8"))
    if not found:
        raise Damaged(f"{HEADER} does not say how many events a ring has")
    return int(found[1])


def events():
    """(time, hart, event) of all events that are kept, in the order of time."""
    n = slots()
    kind = memory.type_of("struct fault_event")
    rings = memory.static("ring_of", "trace/trace.c")
    found = []
    for i, hart in harts():
        written, ring = unsigned(hart["traced"]), unsigned(rings[i])
        if not ring:
            continue
        for k in range(max(0, written - n + 2), written):
            e = memory.at(ring + k % n * kind.sizeof, kind)
            found.append((unsigned(e["time"]), i, k, e))
    return sorted(found, key=lambda e: e[:3])


class Trace(Command):
    """trace [N]: the last N page faults (10) of all harts, in the order of time.

REFS is how many held the frame afterwards; see docs/fault.md.  N is a count here; the program
`faults PID` shows those of one process."""

    name = "trace"

    def run(self, words):
        n = int(words[0], 0) if words else 10
        if n <= 0:
            raise Damaged("usage: trace [N]")
        with memory.physical():
            last = events()[-n:]
            frequency = self.frequency()
        kinds = kind_names()
        results = memory.enum("enum fault_result", "FAULT_")
        rows = [("TIME", "HART", "PID", "KIND", "A", "ADDRESS", "PC", "BEFORE", "", "AFTER",
                 "FRAME", "REFS", "RESULT")]
        for time, hart, _, e in last:
            after = unsigned(e["after"])
            pte = after or unsigned(e["before"])
            rows.append((f"{time / frequency:.6f}", hart, int(e["pid"]),
                         kinds.get(int(e["kind"]), "?"), LETTERS.get(int(e["access"]), "?"),
                         f"{unsigned(e['va']):#x}", f"{unsigned(e['pc']):#x}",
                         entry(unsigned(e["before"])).strip(), "->", entry(after).strip(),
                         self.frame(pte), int(e["refs"]), results.get(int(e["result"]), "?")))
        if len(rows) == 1:
            say("no faults are traced")
            return
        table(rows, right=(0, 1, 2, 10, 11))

    @staticmethod
    def frequency():
        """Ticks of the clock in a second."""
        return unsigned(memory.static("machine")["timebase"]) or 1

    @staticmethod
    def frame(pte):
        return ((pte >> 10 & memory.PTE_FRAME) * memory.PAGE
                - unsigned(memory.static("frame_base"))) // memory.PAGE if pte else 0


COMMANDS = (Trace,)
