"""A command: help from its class comment, errors as one line, nothing resumed or changed."""

import gdb

from memory import Damaged


class Command(gdb.Command):
    """Subclasses set `name` and have run(words)."""

    name = None
    kind = gdb.COMMAND_DATA

    def __init__(self):
        super().__init__(self.name, self.kind)

    def run(self, words):
        raise NotImplementedError

    def invoke(self, argument, _from_tty):
        try:
            self.run(gdb.string_to_argv(argument))
        except Damaged as why:
            raise gdb.GdbError(f"{self.name}: {why}") from None
        except (ValueError, KeyError, IndexError, RecursionError, UnicodeError,
                gdb.error) as why:
            raise gdb.GdbError(f"{self.name}: this makes no sense: {why}") from None


def number(word):
    """An argument: decimal, hexadecimal, or an expression of gdb such as $stval or &variable."""
    try:
        return int(word, 0) & (1 << 64) - 1
    except ValueError:
        pass
    try:
        return int(gdb.parse_and_eval(word)) & (1 << 64) - 1
    except gdb.error as why:
        raise Damaged(f"{word}: {why}") from None


def say(line=""):
    gdb.write(line + "\n")


def table(rows, right=()):
    """Rows of words in columns; those named in `right` stand at the right of theirs."""
    rows = [[str(word) for word in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        say("  ".join(word.rjust(w) if i in right else word.ljust(w)
                      for i, (word, w) in enumerate(zip(row, widths))).rstrip())
