"""The definitions in a C file, found with Universal ctags, and what may be cut out of it."""

import json
import pathlib
import re
import subprocess
from typing import NamedTuple


class CutError(Exception):
    """Something that the instructor has to mend; the text says what and where."""


class Definition(NamedTuple):
    name: str
    kind: str       # function, variable, macro, struct, enum, typedef
    signature: str  # of a function: return type and parameters, blanks normalised
    is_static: bool
    first: int      # lines, from 0: the first is that of the comment above it
    last: int


KINDS = {"function", "variable", "macro", "struct", "enum", "typedef"}
WORD = re.compile(r"[A-Za-z_]\w*")


def without_comments(text):
    """The same number of lines, comments and strings blanked."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def start_of(lines, named):
    """The first line of a definition, type and comment included; its name is in line `named`."""
    first = named
    while first > 0 and re.match(r"\S", lines[first - 1]) and not re.match(
            r"[#}/]|.*[;}]$|.*\*/$| \*", lines[first - 1]):
        first -= 1
    above = first - 1
    if above >= 0 and lines[above].rstrip().endswith("*/"):
        while "/*" not in lines[above]:
            above -= 1
        if lines[above].startswith("/*"): # not behind another definition
            first = above
    return first


def signature_of(tag):
    returned = tag.get("typeref", "").replace("typename:", "")
    return " ".join(re.findall(r"\w+|[^\w\s]", returned + tag.get("signature", "")))


def definitions(text):
    """All definitions of a C text at file level, in the order of their lines."""
    request = {"command": "generate-tags", "filename": "part.c", "size": len(text.encode())}
    run = subprocess.run(
        ["ctags", "--output-format=json", "--fields=+neSt", "--language-force=C",
         "--kinds-C=fvdset", "--_interactive"], input=f"{json.dumps(request)}\n{text}",
        capture_output=True, text=True, timeout=60, check=True)
    lines, found = text.split("\n"), []
    for tag in map(json.loads, run.stdout.splitlines()):
        if tag.get("_type") != "tag" or tag["kind"] not in KINDS or "scope" in tag:
            continue
        named = tag["line"] - 1
        found.append(Definition(tag["name"], tag["kind"], signature_of(tag), tag.get("file", False),
                                start_of(lines, named), last_of(lines, tag, named)))
    return sorted(found, key=lambda d: d.first)


def last_of(lines, tag, named):
    if "end" in tag:
        return tag["end"] - 1
    last = named
    while lines[last].endswith("\\"):
        last += 1
    return last


class Source:
    """A C file of which definitions are replaced and dropped."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.text = self.path.read_text(encoding="utf-8")
        self.removed = []  # texts

    def find(self, name):
        found = [d for d in definitions(self.text) if d.name == name and d.kind == "function"]
        if len(found) != 1:
            raise CutError(f"{self.path}: {len(found)} definitions of {name}()")
        return found[0]

    def put(self, definition, new):
        """Replaces the lines of a definition by a text, or takes them out if that is None."""
        lines = self.text.split("\n")
        self.removed.append("\n".join(lines[definition.first:definition.last + 1]))
        after = definition.last + 1
        if new is None and after < len(lines) and not lines[after].strip():
            after += 1
        lines[definition.first:after] = new.rstrip("\n").split("\n") if new else []
        self.text = "\n".join(lines)

    def words(self):
        count = {}
        for word in WORD.findall(without_comments(self.text)):
            count[word] = count.get(word, 0) + 1
        return count

    def unused(self, before):
        """A definition of this file alone that was used before and is not now, or None."""
        now = self.words()
        for d in definitions(self.text):
            own = "\n".join(self.text.split("\n")[d.first:d.last + 1])
            inside = len(re.findall(rf"\b{d.name}\b", without_comments(own)))
            private = d.is_static or d.kind in ("macro", "struct", "enum", "typedef")
            if private and now.get(d.name, 0) <= inside < before.get(d.name, 0):
                return d
        return None

    def drop_unused(self, before):
        while (d := self.unused(before)) is not None:
            self.put(d, None)
