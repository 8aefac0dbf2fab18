"""Looking for what was cut: no line of it, and no name, may be left anywhere in a handout.

What the remaining kernel says, too, is an idiom and tells nothing; so is what the stubs say.  Names
that the assignment itself speaks of are no secret.
"""

import re

from labkit.source import CutError, without_comments

TELLING = 24  # characters, blanks not counted, from which on a piece of code may tell a solution
SHOWN = 20    # complaints at most


def squeeze(text):
    return re.sub(r"\s+", "", text)


def pieces(text):
    """What of a removed text would tell: its longer lines, and two short ones in a row."""
    found = set()
    for version in (text, without_comments(text, strings=False)):
        lines = [s for line in version.split("\n") if (s := squeeze(line))]
        found |= {line for line in lines if len(line) >= TELLING}
        found |= {a + b for a, b in zip(lines, lines[1:])
                  if len(a + b) >= TELLING and min(len(a), len(b)) < TELLING}
    return found


class Tree:
    """All files of a handout, read once."""

    def __init__(self, top):
        self.texts = {str(path.relative_to(top)): path.read_bytes().decode("utf-8", "replace")
                      for path in sorted(top.rglob("*"))
                      if path.is_file() and not path.is_symlink()}
        self.squeezed = {name: squeeze(text) for name, text in self.texts.items()}

    def kernel(self):
        return [name for name in self.texts if re.fullmatch(r"kernel/.*\.[ch]", name)]

    def code(self):
        """The words of all code, comments left out."""
        return set().union(*(re.findall(r"\w+", without_comments(text))
                             for name, text in self.texts.items() if re.search(r"\.[chS]$", name)))

    def line_of(self, name, piece):
        """The line in which a squeezed piece begins."""
        position = self.squeezed[name].index(piece)
        for number, line in enumerate(self.texts[name].split("\n"), 1):
            position -= len(squeeze(line))
            if position < 0:
                return number
        raise AssertionError(f"{name} does not have {piece}")


def told_lines(tree, removed):
    said = "\n".join(tree.squeezed[name] for name in tree.kernel())
    secret = {piece for piece in set().union(*map(pieces, removed)) if piece not in said}
    for name, squeezed in tree.squeezed.items():
        for piece in secret:
            if piece in squeezed:
                yield (f"{name}:{tree.line_of(name, piece)} tells a part of the solution:\n"
                       f"    {piece}")


def told_names(tree, names, stubs):
    """Where a definition that is gone is named.  Words of English need their `()` or backquotes."""
    known = tree.code() | set(re.findall(r"\w+", "\n".join(
        stubs + [text for name, text in tree.texts.items() if name.startswith("labs/")])))
    for secret in sorted(names - known):
        mention = re.compile(rf"\b{secret}\b" if "_" in secret else rf"\b{secret}\(|`{secret}`")
        for name, text in tree.texts.items():
            for number, line in enumerate(text.split("\n"), 1):
                if mention.search(line):
                    yield name, f"{name}:{number} names {secret}, which is gone"


def check_nothing_told(top, removed, names, stubs):
    """Refuses a handout that says anywhere what was cut out of it.

    `removed` texts, `names` of definitions that are gone, texts of the `stubs`.  A name alone tells
    little in a text about the kernel; of those this returns notes.
    """
    tree = Tree(top)
    mentions = list(told_names(tree, names, stubs))
    found = [*told_lines(tree, removed), *(text for name, text in mentions
                                           if not name.startswith("docs/"))]
    if found:
        more = [f"... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        raise CutError("\n".join(found[:SHOWN] + more))
    return [text for _, text in mentions]
