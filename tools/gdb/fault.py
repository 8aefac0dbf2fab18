"""fault, break-fault: what page fault is handled now; stops at chosen ones."""

import gdb

import memory
import rule
from command import Command, number, say
from memory import Damaged, PAGE, unsigned
from moment import (ACCESS_NAME, Moment, address_of_record, after_find, at_the_trap, cause_name,
                    from_record, handled, kind_names, process_using)
from objects import (Frames, Space, entry, in_user_mode, pte_frame, register, selected_hart,
                     state_name)
from userspace import place


def frame_words(frames, pte):
    """What an entry maps, in words."""
    n = frames.number(pte_frame(pte))
    if n is None or not frames.known(n):
        return f"{pte_frame(pte):#x}, which is no frame of RAM"
    if frames.is_zero(n):
        return f"frame {n}, the zero frame"
    f = frames.entry(n)
    return f"frame {n} ({state_name(int(f['state']))}, count {int(f['refs'])})"


def area_words(area, grows, grown):
    if area is None:
        return "none holds this address"
    return f"{area}" + (", grows down to the page" if grows
                        else ", has grown down to the page" if grown else "")


def tell(moment):
    """What is known of a fault, and what comes next."""
    p, frames = process_using(moment.space), Frames()
    area, grows, pte = moment.look()
    known = moment.known_kind()
    kind, grown = known or moment.predicted(), known == "STACK" and not grows
    who = str(p) if p else "a program that exec loads"
    say(f"{who}: {ACCESS_NAME.get(moment.access, '?')} of {moment.va:#x}, by the "
        + ("program itself" if moment.retried else "kernel, for the program"))
    if p:
        tf = p.trapframe()
        pc = unsigned(tf["pc"]) if not moment.retried or not in_user_mode() else register("pc")
        say(f"  pc      {pc:#x} {place(p, pc)}".rstrip())
    say(f"  area    {area_words(area, grows, grown)}")
    say("  entry   " + (f"{pte:#x} {entry(pte)} {frame_words(frames, pte)}" if pte else "empty"))
    say(f"  kind    {kind}"
        + ("" if known else " (not decided yet: what fault_classify() will say)"))
    zero = pte and frames.number(pte_frame(pte)) == frames.zero_number()
    say(f"  next    {rule.next_step(kind, moment.access == rule.WRITE, zero, grown)}")


class Fault(Command):
    """fault: decodes the page fault that the selected hart handles, or its latest trap.

Tells who touches what, the area, the entry, the row of docs/fault.md, and what vm_fault() will do
next."""

    name = "fault"

    def run(self, words):
        if words:
            raise Damaged("it takes no arguments")
        cause, pc = register("scause"), register("sepc")
        say(f"hart {selected_hart()}: latest trap: {cause_name(cause)} (scause {cause:#x}), "
            f"stval {register('stval'):#x}, sepc {pc:#x}")
        moment = handled()
        if moment is None and not in_user_mode():
            moment = at_the_trap()
            if moment and not pending():
                moment = None
        if moment is None:
            say("no page fault is being handled here"
                + (": this hart is in user mode" if in_user_mode() else ""))
            return
        tell(moment)


def pending():
    """The hart is between the trap and vm_fault(), not behind it."""
    frame, depth = gdb.newest_frame(), 0
    early = {"trap_entry", "user_trap", "other_trap", "exception", "page_fault", "access_of"}
    while frame is not None and depth < 8:
        if frame.name() in early:
            return True
        frame, depth = frame.older(), depth + 1
    return False


# --- Breakpoints ----------------------------------------------------------------------------------

KEYS = ("pid", "va", "kind", "prog", "area")
USAGE = "usage: break-fault [pid=N] [va=ADDRESS] [kind=KIND,...] [prog=NAME] [area=KIND]"


class Wanted:
    """Which faults a break-fault is about."""

    def __init__(self, words):
        self.text = " ".join(words)
        given = {}
        for word in words:
            key, equals, value = word.partition("=")
            if key not in KEYS or not equals or not value:
                raise Damaged(f"{word}: {USAGE}")
            given[key] = value
        names = set(kind_names().values()) - {"FAULT_KINDS"}
        self.kinds = set(given["kind"].upper().split(",")) if "kind" in given else None
        if self.kinds and not self.kinds <= names:
            raise Damaged(f"no such kind: {', '.join(sorted(self.kinds - names))}; there are "
                          + ", ".join(sorted(names)).lower())
        self.pid = number(given["pid"]) if "pid" in given else None
        self.page = number(given["va"]) // PAGE if "va" in given else None
        self.prog, self.area = given.get("prog"), given.get("area")
        areas = [name.lower() for name in memory.enum("enum area_kind", "AREA_").values()]
        if self.area is not None and self.area not in areas:
            raise Damaged(f"no such area: {self.area}; there are {', '.join(areas)}")

    def matches(self, moment, kind):
        """The fault is one of them."""
        if self.kinds is not None and kind not in self.kinds:
            return False
        if self.page is not None and moment.va // PAGE != self.page:
            return False
        if self.area is not None:
            area = moment.look()[0]
            if area is None or area.kind_name() != self.area:
                return False
        user = moment.space.user()
        if self.pid is not None and (user is None or user[0] != self.pid):
            return False
        return self.prog is None or user is not None and user[1] == self.prog


def location(address):
    return f"*{address:#x}"


class FaultStop(gdb.Breakpoint):
    """Stops at an address of the fault path, for the faults that are wanted."""

    def __init__(self, address, wanted, internal=False):
        super().__init__(location(address), internal=internal)
        self.wanted = wanted
        self.said = None

    def moment(self):
        raise NotImplementedError

    def describe(self, moment):
        raise NotImplementedError

    def stop(self):
        try:
            moment = self.moment()
            if moment is None or not self.wanted.matches(moment, self.kind_of(moment)):
                return False
            self.describe(moment)
        except Damaged as why:
            say(f"break-fault: {why}")
        return True

    def kind_of(self, moment):
        return moment.known_kind()


class Before(FaultStop):
    """find() has returned: the kind is known, the entry is as it was."""

    def moment(self):
        address = address_of_record(gdb.newest_frame())
        return from_record(address) if address else None

    def describe(self, moment):
        say(f"\n--- a fault of kind {moment.known_kind()}: found; the entry is as it was ---")
        tell(moment)


class Entry(FaultStop):
    """vm_fault() begins, in a kernel whose fault path is inlined: the kind is predicted."""

    def moment(self):
        s, va, access = (register(f"a{i}") for i in range(3))
        return Moment(Space(s), va, access & 0xffffffff, True)

    def kind_of(self, moment):
        return moment.predicted()

    def describe(self, moment):
        say("\n--- a fault begins ---")
        tell(moment)


class After(FaultStop):
    """record() begins: the fault has been dealt with."""

    def moment(self):
        return from_record(register("a0"))

    def describe(self, moment):
        say(f"\n--- the fault of kind {moment.known_kind()} has been dealt with ---")
        tell_result(moment, register("a1") & 0xffffffff)


def tell_result(moment, result):
    names = memory.enum("enum fault_result", "FAULT_")
    f = moment.f
    before, after = unsigned(f["pte"]), unsigned(f["after"])
    say(f"  result  {names.get(result, '?')}")
    say(f"  entry   {before:#x} {entry(before)} -> {after:#x} {entry(after)}")
    if after:
        say(f"  maps    {frame_words(Frames(), after)}")


class BreakFault(Command):
    """break-fault [pid=N] [va=ADDRESS] [kind=KIND,...] [prog=NAME] [area=KIND]: stops at faults.

Stops twice at each: when find() has returned, so its kind is known and a stack has grown, but the
entry is as it was; and when it has been dealt with.  KIND is a row of docs/fault.md: bad prot eof
stack zero lazy file file+cow cow reuse dirty spurious.  ADDRESS means its page.  An area is of
kind text, data, stack, heap or map.  `info breakpoints` lists, `delete` removes them."""

    name = "break-fault"
    kind = gdb.COMMAND_BREAKPOINTS

    def run(self, words):
        wanted = Wanted(words)
        if after_find() is None or not memory.exists("record", "vm/fault.c"):
            if not memory.exists("vm_fault"):
                raise Damaged("this kernel has no vm_fault()")
            Entry(memory.address_of("vm_fault"), wanted)
            say("This kernel inlines the fault path: gdb stops where vm_fault() begins, for faults "
                "of programs only.  Build with DEBUG=1 for all.")
            return
        Before(after_find(), wanted)
        After(memory.address_of("record", "vm/fault.c"), wanted)


COMMANDS = (Fault, BreakFault)
