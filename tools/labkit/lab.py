"""One assignment: the files of labs/NAME, read and checked (docs/labs.md has their formats).

The same in the finished kernel and in a handout; there the files for instructors are missing, and
handout.json says what the cutter took from them.
"""

import configparser
import json
import pathlib
import re
import string
from typing import NamedTuple

from labkit.source import CutError, definitions

TOP = pathlib.Path(__file__).resolve().parents[2]

KINDS = ("vmtests", "usertests", "host", "bench", "console")


class Stub(NamedTuple):
    name: str
    path: str       # the file of the kernel that it belongs to
    signature: str
    text: str       # comment and definition
    where: str      # file and line, for messages


class Without(NamedTuple):
    text: str
    path: str
    where: str


class Drop(NamedTuple):
    name: str
    path: str
    where: str


class Check(NamedTuple):
    points: int
    kind: str           # one of KINDS
    name: str           # of the test, the row of `bench`, or the .console file
    limit: int | None   # of a row: guest instructions


class Step(NamedTuple):
    """A command of a .console file, and what it must and must not print."""
    command: str
    lines: list         # compiled expressions that must match lines, in this order
    never: list         # and that must not match any


class Hint(NamedTuple):
    name: str
    match: list         # compiled expressions, all of which match the observation
    say: str            # {group} stands for a named group of theirs


class Wrong(NamedTuple):
    name: str
    path: pathlib.Path
    hint: str
    fails: list         # names of checks
    where: str          # its file, for messages


def read_lines(top, name):
    """(file:line, text) of each line."""
    try:
        text = (top / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CutError(f"{name}: {error}") from error
    return [(f"{name}:{number}", line) for number, line in enumerate(text.split("\n"), 1)]


def expression(where, text):
    try:
        return re.compile(text, re.M)
    except re.error as error:
        raise CutError(f"{where}: not a regular expression ({error}): {text}") from error


def is_inside(name):
    """Whether a path names something of the tree, and nothing outside."""
    return not name.startswith("/") and ".." not in name.split("/")


class Lab:
    """labs/NAME.  `top` is the tree that it belongs to: the finished kernel or a handout."""

    def __init__(self, name, top=TOP):
        self.name, self.top = name, pathlib.Path(top)
        self.folder = self.top / "labs" / name
        if not re.fullmatch(r"\w+", name) or not (self.folder / "tests").is_file():
            known = names(self.top)
            raise CutError(f"there is no lab {name!r}; there are: {', '.join(known) or 'none'}")

    def lines(self, name):
        return read_lines(self.top, f"labs/{self.name}/{name}")

    def is_handout(self):
        return (self.folder / "handout.json").is_file()

    def is_challenge(self):
        """Whether students get the finished kernel, and add to it."""
        return not (self.is_handout() or self.stubs() or self.drops() or self.withouts())

    # ---- stubs.c: what to cut --------------------------------------------------------------

    def cut_lines(self):
        return self.lines("stubs.c") if (self.folder / "stubs.c").is_file() else []

    def stubs(self):
        """The functions that students write; `// in FILE` says where those below it belong."""
        lines, found = self.cut_lines(), []
        places = {i: m[1] for i, (_, line) in enumerate(lines)
                  if (m := re.match(r"// in (\S+)\s*$", line))}
        for d in definitions("\n".join(line for _, line in lines)):
            where = lines[d.first][0]
            place = max((i for i in places if i < d.first), default=None)
            if d.kind != "function" or place is None:
                raise CutError(f"{where}: {d.name} is no function below a line `// in FILE`")
            if any(d.name == stub.name and places[place] == stub.path for stub in found):
                raise CutError(f"{where}: a second stub of {d.name}()")
            text = "\n".join(line for _, line in lines[d.first:d.last + 1])
            found.append(Stub(d.name, self.known(where, places[place]), d.signature, text, where))
        return found

    def known(self, where, path):
        if not is_inside(path) or not (self.top / path).is_file():
            raise CutError(f"{where}: there is no file {path}")
        return path

    def directives(self, word, rest):
        for where, line in self.cut_lines():
            if not re.match(rf"//\s*{word}\b", line):
                continue
            m = re.fullmatch(rf"// {word} {rest}\s*", line)
            if not m:
                raise CutError(f"{where}: not what docs/labs.md says of `// {word}`: {line}")
            yield where, m

    def withouts(self):
        """Texts that are left out, wherever each of them stands."""
        return [Without(m[1], self.known(where, m[2]), where)
                for where, m in self.directives("without", r"(.*\S) in (\S+)")]

    def drops(self):
        """Functions that are left out altogether."""
        return [Drop(m[1], self.known(where, m[2]), where)
                for where, m in self.directives("drop", r"(\w+) in (\S+)")]

    def also(self):
        """Files without stubs that students may change; a pattern stands for all that match."""
        found = []
        for where, m in self.directives("also", r"(\S+)"):
            matching = is_inside(m[1]) and [p for p in self.top.glob(m[1]) if p.is_file()]
            if not matching:
                raise CutError(f"{where}: there is no file {m[1]}")
            found += [str(p.relative_to(self.top)) for p in matching]
        return found

    def hand_in(self):
        """The files that students may change; all others are those of the handout."""
        if self.is_handout():
            return self.handout()["hand_in"]
        cut = [*self.stubs(), *self.drops(), *self.withouts()]
        return sorted({c.path for c in cut if not c.path.startswith("docs/")} | set(self.also()))

    def handout(self):
        """What the cutter wrote: {"lab", "seed", "hand_in", "functions"}."""
        path = self.folder / "handout.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            files = found["hand_in"]
            if found["lab"] != self.name or not all(isinstance(f, str) and is_inside(f)
                                                    for f in files):
                raise ValueError("it is of another lab, or names files outside")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CutError(f"{path}: not what the cutter writes: {error}") from error
        return found

    # ---- tests: what counts ----------------------------------------------------------------

    def checks(self):
        """The lines of `tests`."""
        found = []
        for where, line in self.lines("tests"):
            words = line.split("#")[0].strip()
            if words:
                found.append(self.check_of(where, words))
                if [(c.kind, c.name) for c in found].count(found[-1][1:3]) > 1:
                    raise CutError(f"{where}: a second line for {found[-1].name}")
        return found

    def check_of(self, where, words):
        m = re.fullmatch(rf"(\d+)\s+({'|'.join(KINDS)})\s+(\w+)(?:\s*<=\s*(\d+))?", words)
        if not m or (m[2] == "bench") != (m[4] is not None):
            raise CutError(f"{where}: neither `POINTS KIND NAME` with a kind of {', '.join(KINDS)} "
                           f"nor `POINTS bench ROW <= LIMIT`: {words}")
        if m[2] == "host" and not (self.top / f"tests/host/{m[3]}.c").is_file():
            raise CutError(f"{where}: there is no tests/host/{m[3]}.c")
        if m[2] == "console":
            self.console(m[3])
        return Check(int(m[1]), m[2], m[3], m[4] and int(m[4]))

    def console(self, name):
        """The steps of NAME.console."""
        found = []
        for where, line in self.lines(f"{name}.console"):
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("$ "):
                found.append(Step(line[2:].strip(), [], []))
            elif not found:
                raise CutError(f"{where}: nothing was typed yet: `$ COMMAND` comes first")
            elif line.startswith("! "):
                found[-1].never.append(expression(where, line[2:]))
            else:
                found[-1].lines.append(expression(where, line))
        if not found or not all(step.lines or step.never for step in found):
            raise CutError(f"labs/{self.name}/{name}.console: nothing is expected of a command")
        return found

    # ---- hints, and wrong solutions that need them -----------------------------------------

    def hints(self):
        """The sections of `hints`, in their order."""
        path = f"labs/{self.name}/hints"
        if not (self.folder / "hints").is_file():
            return []
        parser = configparser.ConfigParser(interpolation=None, delimiters=("=",),
                                           comment_prefixes=("#",), empty_lines_in_values=False)
        text = "\n".join(line for _, line in self.lines("hints"))
        try:
            parser.read_string(text, path)
        except configparser.Error as error:
            raise CutError(f"{path}: {error}") from error
        return [self.hint_of(f"{path}:{text[:text.index(f'[{name}]')].count(chr(10)) + 1}",
                             parser[name]) for name in parser.sections()]

    def hint_of(self, where, section):
        if set(section) != {"match", "say"} or not section["match"] or not section["say"]:
            raise CutError(f"{where}: [{section.name}] has `match` and `say`, and nothing else")
        match = [expression(where, line) for line in section["match"].strip().split("\n")]
        groups = {group for e in match for group in e.groupindex}
        say = " ".join(section["say"].split())
        try:
            fields = {field for _, field, _, _ in string.Formatter().parse(say)
                      if field is not None}
        except ValueError as error:
            raise CutError(f"{where}: [{section.name}] says: {error}") from error
        if fields - groups:
            raise CutError(f"{where}: [{section.name}] matches no group "
                           f"{', '.join(sorted(fields - groups)) or '{}'}")
        return Hint(section.name, match, say)

    def wrong(self):
        """The known wrong solutions; each names the hint that it must be given."""
        return [self.wrong_of(path) for path in sorted((self.folder / "wrong").glob("*.patch"))]

    def wrong_of(self, path):
        said, name = {}, f"wrong/{path.name}"
        for where, line in self.lines(name):
            if re.match(r"--- |diff |index ", line):
                break
            m = re.fullmatch(r"(hint|fails): *(\S.*?)\s*", line)
            if m and m[1] in said:
                raise CutError(f"{where}: a second line `{m[1]}:`")
            if m:
                said[m[1]] = m[2]
        if set(said) != {"hint", "fails"}:
            raise CutError(f"labs/{self.name}/{name}:1: `hint: NAME` and `fails: TEST...` "
                           "come before the diff")
        return Wrong(path.stem, path, said["hint"], said["fails"].split(),
                     f"labs/{self.name}/{name}")


def names(top=TOP):
    """The labs that there are."""
    return sorted(p.parent.name for p in (pathlib.Path(top) / "labs").glob("*/tests"))
