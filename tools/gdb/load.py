"""Loads Faultline's commands into gdb: `help faultline` lists them.  Sourced by .gdbinit."""

import pathlib
import sys

import gdb

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import memory

PARTS = ("processes", "tables", "frames", "userspace", "uwhere", "fault", "step", "stops", "locks",
         "trace", "check")


class Faultline(gdb.Command):
    """Commands that look at Faultline's memory on a stopped machine.  docs/gdb.md walks through
them.

"""

    def __init__(self):
        super().__init__("faultline", gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        gdb.execute("help faultline")


def start():
    """Makes all commands, and the list of them."""
    lines = []
    for part in PARTS:
        for command in __import__(part).COMMANDS:
            command()
            lines.append("  " + command.__doc__.split("\n")[0].rstrip("."))
    Faultline.__doc__ += "\n".join(lines)
    Faultline()
    gdb.events.new_objfile.connect(memory.forget)


start()
