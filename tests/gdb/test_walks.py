"""The guided walks of docs/gdb.md say what stands there; its and the tour's places exist."""

import re

import pytest

import walks
from machine import TOP
from session import Session

WALKS = list(walks.blocks())
NAMES = [next(t for _, typed, _ in steps for t in typed) for steps in WALKS]


@pytest.fixture(scope="module", params=[1, 2], ids=["1hart", "2harts"])
def session(request):
    with Session(cpus=request.param) as s:
        yield s


@pytest.mark.parametrize("steps", WALKS, ids=NAMES)
def test_walk(session, steps):
    session.reset()
    for (command, _, said), (_, _, says) in zip(steps, walks.run(session, steps), strict=True):
        assert walks.substance(says) == walks.substance(said), \
            f"(gdb) {command}\n" + "\n".join(says) + \
            "\n\nIf the kernel is right: tests/gdb/walks.py --write"


def test_all_walks_are_there():
    assert set(NAMES) == {"walk", "walk heap", "walk cow", "walk stack", "walk guard",
                          "walk copyout"}


def test_the_four_of_a_fork_share_a_frame():
    """Four processes map one frame, and `who` names them all."""
    cow = "\n".join(line for steps in WALKS for _, _, said in steps for line in said)
    assert re.search(r"count 4.*\n(  pid \d+ walk +at 0x\w+ +r--ua-\n){4}", cow)


def exists(file, function):
    """The file has that function, or the label of assembly."""
    text = (TOP / file).read_text(encoding="utf-8")
    if file.endswith(".S"):
        return re.search(rf"^{function}:", text, re.M)
    return re.search(rf"^(?!\s)[^;=]*\b{function}\([^;]*\)\n\{{", text, re.M)


def test_every_line_of_the_walks_is_one():
    """FILE:LINE names a line of a file."""
    named = set(re.findall(r"\b((?:kernel|user)/[\w/]+\.[chS]):(\d+)",
                           walks.DOC.read_text(encoding="utf-8")))
    assert len(named) > 10
    for file, line in named:
        lines = (TOP / file).read_text(encoding="utf-8").count("\n")
        assert int(line) <= lines, f"{file}:{line}: run tests/gdb/walks.py --write"


def test_every_stop_of_the_tour_exists():
    text = (TOP / "docs" / "tour.md").read_text(encoding="utf-8")
    stops = re.findall(r"\*\*`(kernel/[\w/]+\.[cS])`, `(\w+)`", text)
    assert len(stops) >= 12
    for file, function in stops:
        assert exists(file, function), f"docs/tour.md: {file} has no {function}()"
    assert not exists("kernel/vm/fault.c", "no_such_function")
