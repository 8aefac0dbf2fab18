"""fault, break-fault, fault-step: stop at a chosen page fault and go through its four verbs."""

import gdb

import memory
import rule
from command import Command, number, say
from memory import Damaged, PAGE, unsigned
from moment import (ACCESS_NAME, address_of_record, after_find, at_the_trap, cause_name, from_record,
                    handled, kind_names, process_using, variable)
from objects import (Frames, Space, entry, in_user_mode, process_of, pte_frame, register,
                     selected_hart, state_name)
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


def tell(moment):
    """What is known of a fault, and what comes next."""
    p = process_using(moment.space)
    area, grows, pte = moment.look()
    who = str(p) if p else "a program that exec loads"
    say(f"{who}: {ACCESS_NAME.get(moment.access, '?')} of {moment.va:#x}, "
        + ("by the program itself" if moment.retried else "by the kernel, for a system call"))
    if p:
        tf = p.trapframe()
        pc = unsigned(tf["pc"]) if not moment.retried or not in_user_mode() else register("pc")
        say(f"  pc      {pc:#x} {place(p, pc)}".rstrip())
    say("  area    " + (f"{area}" + (", grows down to the page" if grows else "") if area
                        else "none holds this address"))
    say("  entry   " + (f"{pte:#x} {entry(pte)} {frame_words(Frames(), pte)}" if pte else "empty"))
    kind = moment.known_kind()
    if kind is None:
        kind = moment.predicted()
        say(f"  kind    {kind} (not decided yet: what fault_classify() will say)")
    else:
        say(f"  kind    {kind}")
    say(f"  next    {rule.NEXT.get(kind, '?')}")


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

KEYS = ("pid", "va", "kind", "prog")


class Wanted:
    """Which faults a break-fault is about."""

    def __init__(self, words):
        self.text = " ".join(words)
        given = {}
        for word in words:
            key, equals, value = word.partition("=")
            if key not in KEYS or not equals or not value:
                raise Damaged(f"{word}: usage: break-fault [pid=N] [va=ADDRESS] [kind=KIND,...] "
                              "[prog=NAME]")
            given[key] = value
        names = set(kind_names().values()) - {"FAULT_KINDS"}
        self.kinds = set(given["kind"].upper().split(",")) if "kind" in given else None
        if self.kinds and not self.kinds <= names:
            raise Damaged(f"no such kind: {', '.join(sorted(self.kinds - names))}; there are "
                          + ", ".join(sorted(names)).lower())
        self.pid = number(given["pid"]) if "pid" in given else None
        self.page = number(given["va"]) // PAGE if "va" in given else None
        self.prog = given.get("prog")

    def matches(self, moment, kind):
        """The fault is one of them."""
        if self.kinds is not None and kind not in self.kinds:
            return False
        if self.page is not None and moment.va // PAGE != self.page:
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
    """find() has returned: the kind is known, nothing is done yet."""

    def moment(self):
        address = address_of_record(gdb.newest_frame())
        return from_record(address) if address else None

    def describe(self, moment):
        say(f"\n--- a fault of kind {moment.known_kind()}: found, nothing is done yet ---")
        tell(moment)


class Entry(FaultStop):
    """vm_fault() begins, in a kernel whose fault path is inlined: the kind is predicted."""

    def moment(self):
        s, va, access = (register(f"a{i}") for i in range(3))
        from moment import Moment
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
    """break-fault [pid=N] [va=ADDRESS] [kind=KIND,...] [prog=NAME]: stops at page faults.

Stops twice at each: when its kind is known and nothing is done yet, and when it has been dealt
with.  KIND is a row of docs/fault.md: bad prot eof stack zero lazy file file+cow cow reuse dirty
spurious.  ADDRESS means its page.  `info breakpoints` lists, `delete` removes them."""

    name = "break-fault"
    kind = gdb.COMMAND_BREAKPOINTS

    def run(self, words):
        wanted = Wanted(words)
        if after_find() is None or not memory.exists("record", "vm/fault.c"):
            if not memory.exists("vm_fault"):
                raise Damaged("this kernel has no vm_fault()")
            Entry(memory.address_of("vm_fault"), wanted)
            say("This kernel inlines the fault path: it stops where vm_fault() begins, for faults "
                "of programs only.  Build with DEBUG=1 for all.")
            return
        Before(after_find(), wanted)
        After(memory.address_of("record", "vm/fault.c"), wanted)


# --- Steps ----------------------------------------------------------------------------------------

class Stop(gdb.Breakpoint):
    """An internal breakpoint that notes that it was hit, for the fault whose record is at `f`."""

    def __init__(self, address, verb, f, process):
        super().__init__(location(address), internal=True)
        self.silent = True
        self.verb, self.f, self.process, self.hit = verb, f, process, False

    def stop(self):
        try:
            self.hit = self.is_it()
        except Damaged:
            self.hit = False
        return self.hit

    def is_it(self):
        if self.verb == "user":
            return in_user_mode() and process_of().address == self.process.address
        if self.verb in ("caller", "refused"):
            return process_of().address == self.process.address
        return register("a0") == self.f


def stops_behind(moment_frame, process, f):
    """What may come next in the road of this fault."""
    found = []
    for verb in ("own", "map", "record"):
        if memory.exists(verb, "vm/fault.c"):
            found.append(Stop(memory.address_of(verb, "vm/fault.c"), verb, f, process))
    return found


DONE = {"own": "fetch", "map": "own", "record": "map"}


def tell_step(verb, f):
    """What the verb before has done."""
    moment = from_record(f)
    frames = Frames()
    kind = moment.known_kind()
    frame = unsigned(moment.f["frame"])
    n = (frame - frames.table) // frames.size if frame else None
    named = frame_words(frames, (frames.pa(n) >> 2) | 1) if n is not None else "no frame"
    if verb == "own":
        say(f"fetch: the page's bytes are in {named}")
    elif verb == "map":
        taken = frame != unsigned_frame(frames, unsigned(moment.f["pte"]))
        say(f"own: {'it gets' if taken else 'it keeps'} {named}")
    else:
        say(f"map: kind {kind}")
        tell_result(moment, register("a1") & 0xffffffff)


def unsigned_frame(frames, pte):
    """The address of the table entry of the frame that an entry maps, 0 if none."""
    n = frames.number(pte_frame(pte)) if pte else None
    return frames.table + n * frames.size if n is not None else 0


class FaultStep(Command):
    """fault-step: goes on to the next of the four verbs of the fault that is handled here.

find, fetch, own, map; after map to the user instruction that is executed again, or to the kernel
function that touched user memory.  Each time it tells what the verb before has done."""

    name = "fault-step"
    kind = gdb.COMMAND_RUNNING

    def run(self, words):
        moment = handled()
        if moment is None:
            raise Damaged("no page fault is being handled here: set a break-fault and continue")
        if after_find() is None:
            raise Damaged("this kernel inlines the fault path: build with DEBUG=1")
        process = process_of()
        newest = gdb.newest_frame()
        names = [name for name, _ in frames_in_fault()]
        f = next((a for a in (address_of_record(fr) for _, fr in frames_in_fault()) if a), None)
        if names and names[0] == "record":
            self.leave(moment, process)
            return
        if f is None or not moment.classified:
            self.to_find(process)
            return
        here = newest.name()
        self.go(stops_behind(newest, process, f), here, f)

    def go(self, stops, here, f):
        """Continues to one of the stops, and tells."""
        hit = run_to([s for s in stops if s.verb != here or not self.at_start(s)], stops)
        if hit is not None:
            tell_step(hit.verb, f)

    @staticmethod
    def at_start(stop):
        return register("pc") == memory.address_of(stop.verb, "vm/fault.c")

    @staticmethod
    def to_find(process):
        stop = Stop(after_find(), "refused", 0, process)
        if run_to([stop], [stop]) is not None:
            moment = handled()
            say(f"find: kind {moment.known_kind()}")
            tell(moment)

    @staticmethod
    def leave(moment, process):
        """From record(): to the instruction that is tried again, or to the caller."""
        result = register("a1") & 0xffffffff if gdb.newest_frame().name() == "record" else 0
        stops = []
        if moment.retried and result == 0:
            stops.append(Stop(unsigned(process.trapframe()["pc"]), "user", 0, process))
        elif moment.retried:
            stops.append(Stop(memory.address_of("fault_failed", "trap/trap.c"), "refused", 0,
                              process))
        else:
            caller = frame_behind("fault_resolve")
            stops.append(Stop(caller, "caller", 0, process))
        hit = run_to(stops, stops)
        if hit is None:
            return
        if hit.verb == "user":
            say(f"user: {process} is back at {register('pc'):#x} {place(process, register('pc'))}"
                ": the same instruction is executed again, `stepi` completes it")
        elif hit.verb == "refused":
            say("refused: fault_failed() decides what becomes of the process")
        else:
            say(f"caller: back in {gdb.newest_frame().name()}(), which touches the page now")


def frames_in_fault():
    from moment import frames_of_fault
    return list(frames_of_fault())


def frame_behind(function):
    """The address to which `function` returns."""
    frame = gdb.newest_frame()
    while frame is not None:
        if frame.name() == function and frame.older() is not None:
            return frame.older().pc()
        frame = frame.older()
    raise Damaged(f"{function}() is not among the callers")


def run_to(active, stops):
    """Continues; the stop that was hit, None if the machine stopped for another reason."""
    try:
        gdb.execute("continue", to_string=True)
        hit = next((s for s in active if s.hit), None)
    finally:
        for s in stops:
            s.delete()
    if hit is None:
        say("fault-step: the machine stopped for another reason")
    return hit


COMMANDS = (Fault, BreakFault, FaultStep)
