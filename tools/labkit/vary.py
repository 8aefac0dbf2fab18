"""What differs from student to student: names and values, chosen by a seed (docs/labs.md, `vary`).

A choice depends on the lab, the seed and the name alone, so that a seed gives the same tree always.
"""

import hashlib
import re

from labkit.lab import read_lines
from labkit.source import CutError

FORM = re.compile(r"(?:name\s+(?P<name>\w+)|value\s+(?P<value>\w+)\s+in\s+(?P<path>\S+))\s*:"
                  r"\s*(?P<choices>\S.*)")


def choose(lab, seed, name, choices):
    digest = hashlib.sha256(f"{lab}/{seed}/{name}".encode()).digest()
    return choices[int.from_bytes(digest[:8], "big") % len(choices)]


def texts(tree):
    """(path, text) of all files of the tree that are text."""
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink():
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def change(tree, pattern, new):
    """Replaces in all files; returns how many had it."""
    changed = 0
    for path, text in texts(tree):
        after = pattern.sub(new, text)
        if after != text:
            path.write_text(after, encoding="utf-8")
            changed += 1
    return changed


def rename(tree, where, old, new, choices):
    """The word `old` becomes `new`; no choice may mean anything yet."""
    for path, text in texts(tree):
        for choice in set(choices) - {old}:
            if re.search(rf"\b{choice}\b", text):
                raise CutError(f"{where}: {choice} is in use already, in {path.relative_to(tree)}")
    if not any(re.search(rf"\b{old}\b", text) for _, text in texts(tree)):
        raise CutError(f"{where}: nothing is called {old}")
    if new != old:
        change(tree, re.compile(rf"\b{old}\b"), new)


def set_value(tree, where, name, path, new):
    """A macro gets another value, wherever it is defined, and where a text gives its value."""
    define = rf"^([ \t]*#[ \t]*define[ \t]+{name}[ \t]+)"
    file = tree / path
    found = file.is_file() and re.findall(define + r"(\S+)(?=[ \t]*(?:/\*.*)?$)",
                                          file.read_text(encoding="utf-8"), re.M)
    if not found or len(found) != 1:
        raise CutError(f"{where}: {len(found or [])} definitions of {name} as one word in {path}")
    old = re.escape(found[0][1])
    change(tree, re.compile(rf"{define}{old}(?!\w|\.\d)", re.M), rf"\g<1>{new}")
    change(tree, re.compile(rf"(\b{name}`?(?: = | is |=| \()){old}(?!\w|\.\d)"), rf"\g<1>{new}")


def vary(lab, seed, tree, top):
    """Changes `tree` in all that the lab's file `vary`, below `top`, lists; returns the choices."""
    name = f"labs/{lab}/vary"
    if seed is None or not (top / name).is_file():
        return {}
    chosen = {}
    for where, line in read_lines(top, name):
        if not line.split("#")[0].strip():
            continue
        m = FORM.fullmatch(line.split("#")[0].strip())
        if not m:
            raise CutError(f"{where}: neither `name WORD: NEW...` "
                           "nor `value MACRO in FILE: VALUE...`")
        what, choices = m["name"] or m["value"], m["choices"].split()
        if not all(re.fullmatch(r"\w+", choice) for choice in choices) or what in chosen:
            raise CutError(f"{where}: {what} varies twice, or to what is no word: {m['choices']}")
        chosen[what] = choose(lab, seed, what, choices)
        if m["name"]:
            rename(tree, where, what, chosen[what], choices)
        else:
            set_value(tree, where, what, m["path"], chosen[what])
    return chosen
