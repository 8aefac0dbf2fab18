"""user: the symbols of user programs, and what lies at a user address."""

import pathlib

import gdb

import memory
from command import Command, say
from memory import Damaged
from objects import pte_frame, V


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

All programs lie at the same addresses.  Without PROG, of the one that the selected hart runs."""

    name = "user"
    kind = gdb.COMMAND_FILES

    def run(self, words):
        if len(words) > 1:
            raise Damaged("usage: user PROG")
        if words:
            name = words[0]
        else:
            from objects import process_of
            name = process_of().name
        say(f"symbols of {load(name)}")


COMMANDS = (User,)
