"""locks: who holds which lock, and who waits for it."""

import re

import gdb

import memory
from command import Command, say
from memory import Damaged, unsigned
from objects import Process, harts, processes, spaces

WAITED = 1   # in the holder of a mutex: somebody waits


def variables(kind):
    """(name, file) of the kernel's variables of a type."""
    listed = gdb.execute(f"info variables -q -n -t {kind}", to_string=True)
    file = None
    for line in listed.splitlines():
        if match := re.match(r"File (\S+):$", line):
            file = match[1].replace("kernel/", "", 1)
        elif match := re.match(rf"\d+:\s+(?:static )?(?:struct )?{kind} (\w+);$", line):
            yield match[1], file


def spin_locks():
    """(name, value) of spin locks that are variables of their own."""
    for name, file in variables("spinlock"):
        lock = memory.static(name, file)
        yield memory.text_at(lock["name"], 32) if unsigned(lock["name"]) else name, lock


def mutexes():
    """(what, address) of mutexes that can be found: variables, of spaces, of inodes in use."""
    for name, file in variables("mutex"):
        yield name, memory.address_of(name, file)
    for s in spaces():
        yield f"space of {s}", s.address + memory.offset_of("struct space", "lock")
    for inode, number in inodes():
        for field in ("write_lock", "lock"):
            yield f"inode {number}, {field}", inode + memory.offset_of("struct inode", field)


def inodes():
    """(address, number) of inodes that files and processes refer to."""
    seen = set()
    for p in processes():
        for pointer in [p.value["cwd"], p.value["exe"]] + [f for f in inodes_open(p)]:
            address = unsigned(pointer)
            if address and address not in seen:
                seen.add(address)
                yield address, int(memory.at(address, "struct inode")["num"])


def inodes_open(p):
    for i in range(p.value["files"].type.range()[1] + 1):
        f = unsigned(p.value["files"][i])
        if not f:
            continue
        file = memory.at(f, "struct file")
        for field in ("inode", "ip"):
            if memory.has(file, field):
                yield file[field]


def spinning():
    """(hart, lock) of harts in the loop of spin_lock()."""
    chosen = gdb.selected_thread()
    try:
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            frame = gdb.newest_frame()
            if frame.name() == "spin_lock":
                try:
                    yield thread.ptid[1] - 1, unsigned(frame.read_var("lk"))
                except (ValueError, gdb.error):
                    continue
    finally:
        chosen.switch()


def waiters(queue):
    """The processes on a queue of struct waitq, the longest first."""
    head = queue + memory.offset_of("struct waitq", "sleepers")
    return [Process(a, v) for a, v in memory.each(head, "struct proc", "wait", 4096)]


class Locks(Command):
    """locks: mutexes that are held and by whom, who waits for them; spin locks and their harts.

Spin locks name their holder in DEBUG builds only.  Of mutexes, those of spaces, of files in use and
those that are variables are looked at."""

    name = "locks"

    def run(self, words):
        if words:
            raise Damaged("it takes no arguments")
        found = self.spin() + self.mutexes()
        for line in found:
            say(line)
        if not found:
            say("no lock is held")

    @staticmethod
    def spin():
        table = memory.address_of("harts")
        size = memory.type_of("struct hart").sizeof
        lines = []
        for name, lock in spin_locks():
            if int(lock["locked"]):
                holder = unsigned(lock["holder"])
                who = f"hart {(holder - table) // size}" if holder >= table else "a hart"
                lines.append(f'spin lock "{name}": held by {who}')
        ranks = memory.enum("enum lock_rank", "RANK_")
        for i, h in harts():
            if int(h["locks_held"]):
                held = [ranks.get(r, "?").lower() for r in range(64)
                        if unsigned(h["ranks_held"]) >> r & 1]
                lines.append(f"hart {i} holds {int(h['locks_held'])} spin locks, of rank "
                             + ", ".join(held))
        for hart, lock in spinning():
            name = memory.text_at(memory.at(lock, "struct spinlock")["name"], 32)
            lines.append(f'hart {hart} waits for spin lock "{name}"')
        return lines

    @staticmethod
    def mutexes():
        lines = []
        for what, address in mutexes():
            m = memory.at(address, "struct mutex")
            holder = unsigned(m["holder"]) & ~WAITED
            if not holder:
                continue
            lines.append(f'mutex "{memory.text_at(m["name"], 32)}" of {what}: held by '
                         f"{Process(holder)}")
            queue = address + memory.offset_of("struct mutex", "waiters")
            for p in waiters(queue):
                lines.append(f"    {p} waits for it")
        return lines


COMMANDS = (Locks,)
