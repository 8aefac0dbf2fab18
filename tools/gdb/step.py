"""fault-step: from one of the four verbs of a fault to the next."""

import gdb

import memory
from command import Command, say
from fault import FaultStop, frame_words, location, tell, tell_result
from memory import Damaged, unsigned
from moment import address_of_record, after_find, frames_of_fault, from_record, handled
from objects import Frames, in_user_mode, process_of, pte_frame, register
from userspace import place

FILE = "vm/fault.c"
VERBS = ("own", "map", "record")   # where each begins, the verb before it is done


class Stop(gdb.Breakpoint):
    """A breakpoint of this process, or of the fault whose record is at `f`, for one step."""

    def __init__(self, address, what, process, f=None):
        super().__init__(location(address), internal=True)
        self.silent = True
        self.what, self.process, self.f, self.hit = what, process.address, f, False

    def stop(self):
        try:
            self.hit = self.is_it()
        except Damaged:
            self.hit = False
        return self.hit

    def is_it(self):
        if self.what == "user" and not in_user_mode():
            return False
        if self.f is not None:
            return register("a0") == self.f
        return process_of().address == self.process


def run_to(stops):
    """Continues to one of the stops, which it returns; None if the machine stops elsewhere."""
    quiet = [b for b in gdb.breakpoints() if isinstance(b, FaultStop) and b.enabled]
    try:
        for b in quiet:
            b.enabled = False
        gdb.execute("continue", to_string=True)
        hit = next((s for s in stops if s.hit), None)
    finally:
        for s in stops:
            s.delete()
        for b in quiet:
            b.enabled = True
    if hit is None:
        say("fault-step: the machine stopped for another reason")
    return hit


def caller_of(function):
    """Where `function` returns to."""
    frame = gdb.newest_frame()
    while frame is not None and frame.older() is not None:
        if frame.name() == function:
            return frame.older().pc()
        frame = frame.older()
    raise Damaged(f"{function}() is not among the callers")


def frame_of_table(frames, pointer):
    """The number of the frame that a struct frame * names; None if it is null."""
    return (unsigned(pointer) - frames.table) // frames.size if unsigned(pointer) else None


def tell_done(next_verb, f):
    """What the verb before has done."""
    moment, frames = from_record(f), Frames()
    n = frame_of_table(frames, moment.f["frame"])
    words = frame_words(frames, frames.pa(n) >> 2 | 1) if n is not None else "no frame"
    before = unsigned(moment.f["pte"])
    if next_verb == "own":
        say(f"fetch: the bytes of the page are in {words}")
    elif next_verb == "map":
        keeps = not moment.f["owned"] if memory.has(moment.f, "owned") \
            else before and frames.number(pte_frame(before)) == n
        say(f"own: it {'keeps' if keeps else 'gets'} {words}")
    else:
        say("map: the entry has changed" if unsigned(moment.f["after"]) != before
            else "the entry is as it was")
        tell_result(moment, register("a1") & 0xffffffff)


class FaultStep(Command):
    """fault-step: goes on to the next of the four verbs of the fault that is handled here.

find, fetch, own, map; after map to the user instruction that is executed again, or to the kernel
function that touches user memory.  Each time it tells what the verb before has done."""

    name = "fault-step"
    kind = gdb.COMMAND_RUNNING

    def run(self, words):
        if words:
            raise Damaged("it takes no arguments")
        moment = handled()
        if moment is None:
            raise Damaged("no page fault is being handled here: set a break-fault and continue")
        if after_find() is None:
            raise Damaged("this kernel inlines the fault path: build with DEBUG=1")
        process = process_of()
        road = list(frames_of_fault())
        newest = road[0][0]
        f = next((a for a in (address_of_record(frame) for _, frame in road) if a), None)
        if newest == "record":
            self.leave(moment, process)
        elif not moment.classified or f is None:
            self.find(process)
        else:
            behind = VERBS[VERBS.index(newest) + 1:] if newest in VERBS else VERBS
            hit = run_to([Stop(memory.address_of(verb, FILE), verb, process, f)
                          for verb in behind])
            if hit is not None:
                tell_done(hit.what, f)

    @staticmethod
    def find(process):
        if run_to([Stop(after_find(), "find", process)]) is not None:
            moment = handled()
            say(f"find: kind {moment.known_kind()}")
            tell(moment)

    @staticmethod
    def leave(moment, process):
        """From record() to whoever goes on."""
        result = register("a1") & 0xffffffff
        if not moment.retried:
            stop = Stop(caller_of("fault_resolve"), "caller", process)
        elif result == 0:
            stop = Stop(unsigned(process.trapframe()["pc"]), "user", process)
        else:
            stop = Stop(memory.address_of("fault_failed", "trap/trap.c"), "refused", process)
        if run_to([stop]) is None:
            return
        if stop.what == "user":
            pc = register("pc")
            say(f"user: {process} is back at {pc:#x} {place(process, pc)}".rstrip()
                + "\n  the same instruction is executed again: `stepi` completes it")
        elif stop.what == "refused":
            say("refused: fault_failed() decides what becomes of the process")
        else:
            say(f"caller: back in {gdb.newest_frame().name()}(), which touches the page now")


COMMANDS = (FaultStep,)
