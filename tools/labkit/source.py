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
    kind: str       # one of KINDS
    signature: str  # of a function: type, name and parameters, blanks normalised
    is_static: bool
    first: int      # lines, from 0: the first is that of the comment above it
    last: int


TYPES = {"struct", "union", "enum", "typedef"}
KINDS = {"function", "prototype", "variable", "macro"} | TYPES
WORD = re.compile(r"[A-Za-z_]\w*")
TOKEN = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def without_comments(text, strings=True):
    """The same number of lines, with comments blanked, and strings unless those may stay."""
    def blank(match):
        keep = match[0][0] == "'" or (match[0][0] == '"' and not strings)
        return match[0] if keep else re.sub(r"[^\n]", " ", match[0])
    return TOKEN.sub(blank, text)


def words_in(text):
    """How often each word stands in the code."""
    count = {}
    for word in WORD.findall(without_comments(text)):
        count[word] = count.get(word, 0) + 1
    return count


def start_of(lines, named, kind):
    """The first line of a definition, type and comment included; its name is in line `named`."""
    first = named
    while kind != "macro" and first > 0 and re.match(r"\w", lines[first - 1]) and not re.match(
            r".*[;}:]$|.*\*/$", lines[first - 1]):
        first -= 1
    above = first - 1
    if above >= 0 and lines[above].rstrip().endswith("*/"):
        while above > 0 and "/*" not in lines[above]:
            above -= 1
        if lines[above].startswith("/*"):
            first = above
    return first


def last_of(lines, tag, named):
    last = max(tag.get("end", 0) - 1, named)
    while lines[last].endswith("\\"):
        last += 1
    while tag["kind"] in ("prototype", "typedef") and ";" not in lines[last]:
        last += 1
    return last


def signature_of(tag):
    returned = tag.get("typeref", "").replace("typename:", "").replace(":", " ")
    text = f"{returned} {tag['name']}{tag.get('signature', '')}"
    words = " ".join(re.findall(r"\w+|[^\w\s]", text))
    for glued in ("( ", "* "):
        words = words.replace(glued, glued.strip())
    words = re.sub(r" ([(),])", r"\1", words)
    return ("static " if tag.get("file") else "") + words


def definitions(text):
    """All definitions and prototypes of a C text at file level, in the order of their lines."""
    request = {"command": "generate-tags", "filename": "part.c", "size": len(text.encode())}
    run = subprocess.run(
        ["ctags", "--output-format=json", "--fields=+neStf", "--language-force=C",
         "--kinds-C=fpvdsugt", "--_interactive"], input=f"{json.dumps(request)}\n{text}",
        capture_output=True, text=True, timeout=60, check=False)
    if run.returncode:
        raise CutError(f"ctags: {run.stderr.strip() or run.stdout.strip()}")
    lines, found = text.split("\n"), []
    for tag in map(json.loads, run.stdout.splitlines()):
        if tag.get("_type") != "tag" or tag["kind"] not in KINDS or "scope" in tag:
            continue
        named = tag["line"] - 1
        found.append(Definition(
            tag["name"], tag["kind"], signature_of(tag), bool(tag.get("file")),
            start_of(lines, named, tag["kind"]), last_of(lines, tag, named)))
    return sorted(found, key=lambda d: d.first)


class Source:
    """A file of which definitions are replaced and dropped; `name` is what messages call it."""

    def __init__(self, path, name=None):
        self.path = pathlib.Path(path)
        self.name = name or str(path)
        self.text = self.path.read_text(encoding="utf-8")
        self.before = words_in(self.text)
        self.removed = []   # texts
        self.dropped = set()  # names of what is gone without a replacement

    def save(self):
        self.path.write_text(self.text, encoding="utf-8")

    def find(self, name, where, kinds=("function",)):
        found = [d for d in definitions(self.text) if d.name == name and d.kind in kinds]
        if len(found) != 1:
            raise CutError(f"{where}: there are {len(found) or 'no'} definitions of {name}() "
                           f"in {self.name}")
        return found[0]

    def replace(self, stub):
        """Puts a stub in the place of the function of its name."""
        old = self.find(stub.name, stub.where)
        if old.signature != stub.signature:
            raise CutError(f"{stub.where}: {self.name} now has\n    {old.signature}\n"
                           f"but this stub is of\n    {stub.signature}")
        if words_in(stub.text) == words_in(self.lines_of(old)):
            raise CutError(f"{stub.where}: the stub of {stub.name}() is the function itself")
        self.put(old, stub.text)

    def drop(self, name, where):
        """Takes a function out, or in a header its prototype."""
        kinds = ("function", "prototype") if self.path.suffix == ".h" else ("function",)
        self.put(self.find(name, where, kinds), None)

    def without(self, text, where):
        """Takes out a text that occurs once; a line of which nothing is left goes as well."""
        if self.text.count(text) != 1:
            raise CutError(f"{where}: {text!r} occurs {self.text.count(text)} times in {self.name}")
        start = self.text.index(text)
        first = self.text.rfind("\n", 0, start) + 1
        last = self.text.find("\n", start + len(text))
        before, after = self.text[first:start], self.text[start + len(text):last]
        self.removed.append(self.text[first:last])
        left = before.rstrip() + (" " + after.lstrip() if before.strip() else after)
        left = left.rstrip() + "\n" if left.strip() else ""
        self.text = self.text[:first] + left + self.text[last + 1:]

    def lines_of(self, definition):
        return "\n".join(self.text.split("\n")[definition.first:definition.last + 1])

    def put(self, definition, new):
        """Replaces the lines of a definition by a text, or takes them out if that is None."""
        lines = self.text.split("\n")
        self.removed.append(self.lines_of(definition))
        after = definition.last + 1
        if new is None:
            self.dropped.add(definition.name)
            if after < len(lines) and not lines[after].strip():
                after += 1
        lines[definition.first:after] = new.rstrip("\n").split("\n") if new else []
        self.text = "\n".join(lines)

    def is_private(self, d):
        """Whether nothing but this file can speak of it."""
        return self.path.suffix == ".c" and (
            d.is_static or d.kind == "macro" or d.kind in TYPES) and d.kind != "prototype"

    def unused(self):
        """Private definitions of a name that was used before and is not now, or none."""
        now, all_of = words_in(self.text), {}
        everything = definitions(self.text)
        for d in everything:
            all_of.setdefault(d.name, []).append(d)
        for name, found in all_of.items():
            own = words_in("\n".join(map(self.lines_of, found)))
            says = {name} | set().union(*(enumerators(self.lines_of(d)) for d in found
                                          if d.kind == "enum"))
            alone = all(sum(d.first <= e.last and e.first <= d.last for e in everything) == 1
                        for d in found)
            if (alone and any(map(self.is_private, found)) and now[name] < self.before.get(name, 0)
                    and all(now[word] <= own[word] for word in says)):
                return found
        return []

    def drop_unused(self):
        """Takes out what only the functions used that are gone."""
        while found := self.unused():
            for d in reversed(found):
                self.put(d, None)


def enumerators(text):
    body = without_comments(text).partition("{")[2]
    return set(re.findall(r"(\w+)\s*(?:=[^,}]*)?[,}]", body))
