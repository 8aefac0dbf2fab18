"""One assignment: the files of labs/NAME, read and checked."""

import pathlib
import re
from typing import NamedTuple

from labkit.source import CutError, definitions

TOP = pathlib.Path(__file__).resolve().parents[2]


class Stub(NamedTuple):
    name: str
    path: str       # the file of the kernel that it belongs to
    signature: str
    text: str       # comment and definition


class Check(NamedTuple):
    points: int
    kind: str       # vmtests, usertests or host
    name: str


class Lab:
    """labs/NAME.  `top` is the tree that it belongs to."""

    def __init__(self, name, top=TOP):
        self.name = name
        self.folder = pathlib.Path(top) / "labs" / name
        if not (self.folder / "stubs.c").exists():
            known = sorted(p.parent.name for p in (pathlib.Path(top) / "labs").glob("*/stubs.c"))
            raise CutError(f"there is no lab {name!r}; there are: {', '.join(known) or 'none'}")

    def stubs(self):
        """The functions that students write; `// in FILE` says where those below it belong."""
        text = (self.folder / "stubs.c").read_text(encoding="utf-8")
        lines, found, path = text.split("\n"), [], None
        places = {i: m[1] for i, line in enumerate(lines)
                  if (m := re.match(r"// in (\S+)$", line))}
        for d in definitions(text):
            path = next((places[i] for i in sorted(places, reverse=True) if i < d.first), None)
            if d.kind != "function" or path is None:
                raise CutError(f"{self.folder}/stubs.c: {d.name} is no function below `// in FILE`")
            found.append(Stub(d.name, path, d.signature, "\n".join(lines[d.first:d.last + 1])))
        return found

    def checks(self):
        """The lines of `tests`: POINTS KIND NAME."""
        found = []
        for line in (self.folder / "tests").read_text(encoding="utf-8").splitlines():
            if not line.split("#")[0].strip():
                continue
            m = re.match(r"(\d+)\s+(vmtests|usertests|host)\s+(\w+)$", line.strip())
            if not m:
                raise CutError(f"{self.folder}/tests: not `POINTS KIND NAME`: {line}")
            found.append(Check(int(m[1]), m[2], m[3]))
        return found
