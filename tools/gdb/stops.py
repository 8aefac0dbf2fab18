"""stop-on: panics of the kernel and fatal faults of programs stop in gdb."""

import gdb

import memory
from command import Command, say
from memory import Damaged
from objects import process_of, register

WHERE = {
    "panic": (("panic", "lib/panic.c"),),
    "crash": (("die", "trap/trap.c"),),
}


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


class StopOn(Command):
    """stop-on panic|crash on|off: stops where the kernel panics, or a program is to be killed.

Nothing has been printed or freed then.  Without arguments: what is on."""

    name = "stop-on"
    kind = gdb.COMMAND_BREAKPOINTS

    def __init__(self):
        super().__init__()
        self.active = {}

    def run(self, words):
        if not words:
            for what in WHERE:
                say(f"stop-on {what} {'on' if self.is_on(what) else 'off'}")
            return
        if len(words) != 2 or words[0] not in WHERE or words[1] not in ("on", "off"):
            raise Damaged("usage: stop-on panic|crash on|off")
        what, on = words[0], words[1] == "on"
        if on == self.is_on(what):
            return
        if on:
            self.active[what] = [Ending(what, *place) for place in WHERE[what]]
        else:
            for breakpoint in self.active.pop(what):
                breakpoint.delete()

    def is_on(self, what):
        return all(b.is_valid() for b in self.active.get(what, ())) and what in self.active


COMMANDS = (StopOn,)
