"""pmap and memview: what they print of processes whose address space is known (tests/views)."""

import re

import pytest

from machine import copied, image_with, until

USER_END = 0x3fffffd000
MEM_FRAMES = 64 * 256
LINE = 64


@pytest.fixture(scope="module")
def image():
    return image_with("views")


@pytest.fixture
def guest(image, tmp_path):
    with copied(image, tmp_path, debug=True) as m:
        yield m


def start_layout(m, children):
    """Starts tests/views/layout.c; the pids of parent and first child, and where the heap is."""
    m.line(f"layout {children} &")
    m.expect(r"layout: parent (\d+) first child (\d+) heap (0x[0-9a-f]+)\r\n")
    parent, child, heap = m.child.match.groups()
    m.settle()
    return int(parent), int(child), int(heap, 16)


def rows_of(text):
    """The lines of pmap that are ranges, top first."""
    rows = []
    for line in text.splitlines():
        if got := re.match(r"(0x\w{10}) (0x\w{10}) ([-r][-w][-x]) ([a-z ]{10}) *(.*)", line):
            rest = got[5].split()
            row = {"start": int(got[1], 16), "end": int(got[2], 16), "rights": got[3],
                   "what": got[4].strip(), "pages": int(rest[0])}
            names = ("resident", "shared", "private", "zero", "swapped")
            row.update(zip(names, map(int, rest[1:6])), promise=" ".join(rest[6:]))
            rows.append(row)
    assert rows, text
    return rows


def check_is_whole(rows):
    """From the end of the user half down to 0 every address is in exactly one line."""
    top = USER_END
    for row in rows:
        assert row["end"] == top and row["start"] < top, row
        assert row["pages"] == (row["end"] - row["start"]) // 4096, row
        top = row["start"]
    assert top == 0


def named(rows, what):
    return [row for row in rows if row["what"] == what]


def test_areas_of_a_child(guest):
    parent, child, heap = start_layout(guest, 1)
    rows = rows_of(guest.run(f"pmap {child}"))
    check_is_whole(rows)
    lazy, eager = named(rows, "heap")
    assert eager["start"] == heap and eager["promise"] == "charged"
    assert [eager[k] for k in ("pages", "resident", "shared", "private", "zero", "swapped")] == \
        [8, 8, 5, 3, 0, 0]
    assert lazy["promise"] == "lazy" and lazy["pages"] == 1 << 18 and lazy["resident"] == 0
    mine, = named(rows_of(guest.run(f"pmap {parent}")), "heap")[1:]
    assert (mine["shared"], mine["private"]) == (5, 3)
    assert all(row["rights"][1:] != "wx" for row in rows)
    assert named(rows, "text")[0]["rights"] == "r-x"


def test_stack_and_guard(guest):
    _, child, heap = start_layout(guest, 1)
    rows = rows_of(guest.run(f"pmap {child}"))
    stack, = named(rows, "stack")
    room, = named(rows, "stack room")
    guard, = named(rows, "guard page")
    assert stack["end"] == heap and 11 <= stack["pages"] <= 14, stack
    assert stack["resident"] == stack["pages"]
    assert room["pages"] + stack["pages"] == 64 and guard["pages"] == 1
    assert rows.index(stack) + 2 == rows.index(room) + 1 == rows.index(guard)
    assert guard["rights"] == "---"


def test_picture_of_pages(guest):
    _, child, heap = start_layout(guest, 5)
    out = guest.run(f"pmap -p {child}")
    pictures = dict(re.findall(r"^    (0x\w{10})  (.*)$", out, re.M))
    assert pictures[f"0x{heap:010x}"] == "ppp66666"
    assert pictures[f"0x{heap + 8 * 4096:010x}"] == ". (262144 pages)"
    assert out.splitlines()[-2].startswith("0xffffffc000000000 and up: the kernel")
    areas = [row for row in rows_of(out) if row["promise"]]
    assert len(areas) == len(pictures), out


def test_two_shells_share_their_text(guest):
    outer = int(re.findall(r"^ *(\d+) .* sh$", guest.run("ps"), re.M)[0])
    guest.type("sh")
    inner = int(re.findall(r"^ *(\d+) .* sh$", guest.run("ps"), re.M)[-1])
    assert inner != outer
    files = set()
    for pid in (outer, inner):
        rows = rows_of(guest.run(f"pmap {pid}"))
        for row in named(rows, "text") + [r for r in named(rows, "data") if r["rights"] == "r--"]:
            assert row["shared"] == row["resident"] > 0 and row["private"] == 0, row
            files.add(re.fullmatch(r"backed inode (\d+) from 0x[1-9a-f]000", row["promise"])[1])
        written = [r for r in named(rows, "data") if r["rights"] == "rw-"]
        assert sum(row["private"] for row in written) > 0
        assert all(row["promise"].startswith("charged") for row in written)
    assert len(files) == 1
    picture = re.search(r"text .*\n    0x0{10}  ([f.]+)\n", guest.run(f"pmap -p {inner}"))
    assert picture and "f" in picture[1]
    guest.line("exit")


def test_init_and_pmap_itself(guest):
    for command in ("pmap 1", "pmap"):
        rows = rows_of(guest.run(command))
        check_is_whole(rows)
        assert named(rows, "text")[0]["resident"] > 0


def test_who_cannot_be_seen(guest):
    parent, child, _ = start_layout(guest, 1)
    guest.run(f"kill {parent} {child}")
    until(lambda: "layout" not in guest.run("ps"), "layout ends")
    for pid in (child, 4000000):
        status, out = guest.status(f"pmap {pid}")
        assert (status, out) == (1, f"pmap: cannot look at process {pid}: no such process\n")


@pytest.mark.parametrize("command", ["pmap x", "pmap 0", "pmap -3", "pmap 1 2", "pmap -q",
                                     "memview 1", "memview -x"])
def test_usage(shell, command):
    status, out = shell.status(command)
    assert status == 2 and "usage: " in out, out


def test_processes_that_end_meanwhile(guest):
    """Each pid is looked at while it starts, runs and ends."""
    first = int(re.findall(r"^ *(\d+) .* ps$", guest.run("ps"), re.M)[0])
    looks = "; ".join(f"pmap {first + n}" for n in range(1, 31))
    out = guest.run(f"sleep 100000 & echo x & echo y | cat & {looks}", timeout=60)
    assert "no such process" in out and "text" in out, out
    rows_of(guest.run("pmap"))


# --- memview -----------------------------------------------------------------------------------

def picture_of(out):
    """All characters that a memview without collapsed lines would show; lines are in order."""
    cells, at = [], 0x80000000
    for line in out.splitlines():
        if got := re.match(r"0x(\w{9})  (\S+)$", line):
            assert int(got[1], 16) == at and len(got[2]) == LINE, line
            cells.append(got[2])
        elif got := re.match(r" +\((\d+) more like this\)$", line):
            cells += [cells[-1]] * int(got[1])
        at = 0x80000000 + len(cells) * LINE * 4096
    return "".join(cells)


def totals_of(out):
    return {name.strip(): int(n) for name, n in
            re.findall(r"^[^ ]* +([a-z ]+?) +(\d+) frames +\d+ KiB$", out, re.M)}


LETTERS = {".": "free", "k": "kernel", "t": "page tables", "s": "kernel stacks", "o": "objects",
           "|": "pipes", "p": "private", "c": "cache", "#": "reserved", "z": "zero frame",
           "f": "mapped files",
           "+": "shared", **{str(n): "shared" for n in range(2, 10)}}


def test_picture_agrees_with_totals(guest):
    start_layout(guest, 5)
    out = guest.run("memview")
    picture, totals = picture_of(out), totals_of(out)
    assert len(picture) == MEM_FRAMES == totals.pop("all")
    assert sum(totals.values()) == MEM_FRAMES
    counted = dict.fromkeys(totals, 0)
    for letter in picture:
        counted[LETTERS[letter]] += 1
    assert counted == totals
    assert totals["zero frame"] == 1
    saved = int(re.search(r"sharing saves (\d+) frames", out)[1])
    assert saved >= sum(int(c) - 1 for c in picture if c.isdigit()), out
    assert totals["mapped files"] > 5


def test_sharing_is_seen(guest):
    before = picture_of(guest.run("memview"))
    start_layout(guest, 5)
    during = picture_of(guest.run("memview"))
    # Five pages are the parent's and its five children's, three the parent's and four children's.
    assert during.count("6") >= before.count("6") + 5
    assert during.count("5") == before.count("5") + 3


def test_totals_agree_with_free(guest):
    memory = {k: int(v) // 4 for k, v in re.findall(r"^(\w+) +(\d+) KiB", guest.run("free"), re.M)}
    totals = totals_of(guest.run("memview -s"))
    assert totals["all"] - totals["reserved"] == memory["total"]
    kept = totals["kernel stacks"] + totals["objects"]  # may be kept for reuse: free counts them
    assert -40 <= memory["free"] - totals["free"] <= kept + 40
    assert "0x0" not in guest.run("memview -s")


def test_memory_comes_and_goes(guest):
    before = totals_of(guest.run("memview -s"))
    parent, child, _ = start_layout(guest, 1)
    during = totals_of(guest.run("memview -s"))
    assert during["shared"] >= before["shared"] + 5
    assert during["private"] >= before["private"] + 6
    assert during["page tables"] >= before["page tables"] + 6
    guest.run(f"kill {parent} {child}")
    until(lambda: "layout" not in guest.run("ps"), "layout ends")
    after = totals_of(guest.run("memview -s"))
    assert after["shared"] <= during["shared"] - 4
    assert after["private"] <= during["private"] - 6
