"""user, break-user: symbols of programs, what lies at a user address, stops in one program."""

import pathlib

import gdb

import memory
from command import Command, say
from memory import Damaged
from objects import in_user_mode, process_of, pte_frame, V


def folder():
    """Where the programs of the loaded kernel lie, with their symbols."""
    return pathlib.Path(memory.kernel().filename).parent


def program_file(name):
    """The program's file with symbols; None if this build has none of that name."""
    found = [folder() / part / f"{name}.elf" for part in ("user", "extra")]
    return next((f for f in found if f.is_file()), None)


def loaded():
    """The program whose symbols are loaded, None if none is."""
    for objfile in gdb.objfiles():
        path = pathlib.Path(objfile.filename)
        if path.suffix == ".elf" and path.parent.name in ("user", "extra"):
            return path
    return None


def load(name):
    """Loads a program's symbols in place of those of another: all programs begin at address 0."""
    path = program_file(name)
    if path is None:
        raise Damaged(f"there is no program {name} with symbols in {folder()}")
    before = loaded()
    if before == path:
        return path
    if before is not None:
        gdb.execute(f"remove-symbol-file {before}", to_string=True)
    gdb.execute(f"add-symbol-file {path} -o 0", to_string=True)
    return path


def place(p, pc):
    """FUNCTION+OFFSET (FILE:LINE) of a user address, as far as the symbols tell."""
    path = loaded()
    if path is None or path.stem != p.name:
        return f"(`user {p.name}` loads the symbols)" if program_file(p.name) else ""
    symbol = gdb.execute(f"info symbol {pc:#x}", to_string=True).split(" in section")[0].strip()
    if symbol.startswith("No symbol"):
        return ""
    line = gdb.find_pc_line(pc)
    where = f" {line.symtab.filename}:{line.line}" if line.symtab and line.line else ""
    return symbol.replace(" ", "") + where


def read_user(space, va, n):
    """n bytes of user memory, of pages that are there."""
    got = b""
    while n > 0:
        pte = space.pte(va)
        if not pte & V:
            raise Damaged(f"{va:#x} is not in memory")
        m = min(n, memory.PAGE - va % memory.PAGE)
        got += memory.read_physical(pte_frame(pte) + va % memory.PAGE, m)
        va, n = va + m, n - m
    return got


class User(Command):
    """user [PROG]: loads the symbols of a user program, in place of those of the program before.

All programs lie at the same addresses.  Without PROG, of the one that the selected hart runs.
Breakpoints of gdb's own stop in all of them; break-user makes one that does not."""

    name = "user"
    kind = gdb.COMMAND_FILES

    def run(self, words):
        if len(words) > 1:
            raise Damaged("usage: user PROG")
        if words:
            name = words[0]
        else:
            name = process_of().name
        say(f"symbols of {load(name)}")


class InProgram(gdb.Breakpoint):
    """Stops where one program comes to an address: others have something else there."""

    def __init__(self, address, program, what):
        super().__init__(f"*{address:#x}")
        self.program, self.what = program, what

    def stop(self):
        try:
            if not in_user_mode() or process_of().name != self.program:
                return False
            say(f"\n--- {process_of()} comes to {self.what} ---")
        except Damaged as why:
            say(f"break-user: {why}")
        return True


def addresses_of(spot, path):
    """Of a function or FILE:LINE of that program; the kernel may have one of that name."""
    try:
        found = gdb.decode_line(spot)[1] or ()
    except gdb.error as why:
        raise Damaged(why) from None
    found = [sal.pc for sal in found
             if sal.symtab and sal.symtab.objfile.filename == str(path)]
    if not found:
        raise Damaged(f"{path.stem} has no {spot}")
    return found


class BreakUser(Command):
    """break-user PROG FUNCTION|FILE:LINE: stops where a process that runs PROG comes there.

In no other program, though all lie at the same addresses, and whenever it is started.  It loads the
symbols of PROG as `user` does.  `info breakpoints` lists, `delete` removes."""

    name = "break-user"
    kind = gdb.COMMAND_BREAKPOINTS

    def run(self, words):
        if len(words) != 2:
            raise Damaged("usage: break-user PROG FUNCTION|FILE:LINE")
        program, spot = words
        for address in addresses_of(spot, load(program)):
            InProgram(address, program, spot)


COMMANDS = (User, BreakUser)
