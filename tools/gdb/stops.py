"""stop-on: stops at panics, at fatal faults of programs, at what an assignment asks for."""

import json
import pathlib

import gdb

import memory
from command import Command, say
from memory import Damaged
from objects import process_of, register

TOP = pathlib.Path(__file__).resolve().parents[2]


class Ending(gdb.Breakpoint):
    """Where the machine, or a process, is about to end."""

    def __init__(self, what, name, file):
        super().__init__(f"*{memory.address_of(name, file):#x}")
        self.what = what

    def stop(self):
        try:
            if self.what == "panic":
                said = f'panic: "{memory.text_at(register("a0"), 160)}"'
            else:
                said = f"{process_of()} is about to be killed: `fault` and `uwhere` tell why"
            say(f"\n--- {said} ---")
        except Damaged as why:
            say(f"stop-on: {why}")
        return True


class Beginning(gdb.Breakpoint):
    """Where a function of the assignment begins; once, because some are called all the time."""

    def __init__(self, file, name):
        super().__init__(source=file, function=name)
        self.name = name

    def stop(self):
        self.enabled = False
        say(f"\n--- {self.name}() begins ---")
        return True


def functions_of_lab():
    """(file, name) of all that the cutter of labs has replaced in this tree."""
    handouts = sorted(TOP.glob("labs/*/handout.json"))
    if not handouts:
        raise Damaged("this tree is not the handout of a lab")
    return json.loads(handouts[0].read_text(encoding="utf-8"))["functions"]


PLACES = {
    "panic": lambda: [Ending("panic", "panic", "lib/panic.c")],
    "crash": lambda: [Ending("crash", "die", "trap/trap.c")],
    "lab": lambda: [Beginning(*place) for place in functions_of_lab()],
}


class StopOn(Command):
    """stop-on panic|crash|lab on|off: stops where the kernel panics, or a program is to be killed.

Nothing has been printed or freed then.  In the handout of a lab, stop-on lab stops at each function
that the assignment asks for, where it is called for the first time.  Without arguments it says what
is on."""

    name = "stop-on"
    kind = gdb.COMMAND_BREAKPOINTS

    def __init__(self):
        super().__init__()
        self.active = {}

    def run(self, words):
        if not words:
            for what in PLACES:
                say(f"stop-on {what} {'on' if self.is_on(what) else 'off'}")
            return
        if len(words) != 2 or words[0] not in PLACES or words[1] not in ("on", "off"):
            raise Damaged("usage: stop-on panic|crash|lab on|off")
        what, on = words[0], words[1] == "on"
        if on == self.is_on(what):
            return
        if on:
            self.active[what] = PLACES[what]()
        else:
            for breakpoint in self.active.pop(what):
                breakpoint.delete()

    def is_on(self, what):
        return all(b.is_valid() for b in self.active.get(what, ())) and what in self.active


COMMANDS = (StopOn,)
