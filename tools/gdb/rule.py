"""The rule of fault_classify() (kernel/vm/fault.h), for a look from outside.

Pure: it knows nothing of gdb.  tests/gdb/test_rule.py compares it with the kernel's for all inputs.
"""

READ, WRITE, EXEC = 1, 2, 4   # enum fault_access: the right that is needed
V = 1

NONE, SOME, ALL = "none", "some", "all"   # how much of a page the store of an area has


def classify_empty(store, shared, part, write):
    """The row for a page that is not mapped."""
    if not store:
        return "LAZY" if write else "ZERO"
    if part == NONE:
        return "EOF"
    return "FILE+COW" if part == SOME or write and not shared else "FILE"


def classify(area, grows, pte, part, alone, access):
    """The row of docs/fault.md; `area` is None or (prot, has a store, is shared)."""
    if area is None:
        return "BAD"
    prot, store, shared = area
    if prot & access != access:
        return "PROT"
    if grows:
        return "STACK"
    if pte == 0:
        return classify_empty(store, shared, part, access == WRITE)
    needs = V | access << 1
    if access != WRITE or pte & needs == needs:
        return "SPURIOUS"
    if shared:
        return "DIRTY"
    return "REUSE" if alone else "COW"


NEXT = {
    "BAD": "refuse: nothing is promised there",
    "PROT": "refuse: the area does not allow it",
    "EOF": "refuse: the file ends before this page",
    "STACK": "grow the stack area down to the page, then as ZERO or LAZY",
    "ZERO": "map the zero frame, read-only",
    "LAZY": "take a zeroed frame and map it with all rights of the area",
    "FILE": "fetch the page of the file and map it",
    "FILE+COW": "fetch the page of the file, copy it, and map the copy",
    "COW": "take a frame, copy the page, map the copy; the shared frame loses one holder",
    "REUSE": "grant the rights of the area, no copy: the frame is its alone",
    "DIRTY": "tell the file that the page is written, then grant the right",
    "SPURIOUS": "set A and D and fence: the entry permits it already",
}


def next_step(kind, write, zero, grown):
    """What vm_fault() does next; the entry maps the zero frame, the stack area has grown."""
    if kind == "STACK" and grown:
        kind = "LAZY" if write else "ZERO"
    if kind == "COW" and zero:
        kind = "LAZY"
    return NEXT.get(kind, "?")
