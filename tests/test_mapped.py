"""mapcat and grep -m: what cat and grep do, with files that are mapped and not read."""

import random
import subprocess

import pytest

from fsimage import FsImage
from machine import MKFS, Machine, products

PROGRAMS = ("init", "sh", "halt", "echo", "cat", "mapcat", "grep")


def contents():
    rng = random.Random(1)
    lines = "".join(f"line {n} {'x' * rng.randrange(90)}\n" for n in range(5000)).encode()
    return {"empty": b"", "byte": b"x", "line": b"line 1\n", "nonl": b"one line\nline two",
            "page": lines[:4095] + b"\n", "page1": lines[:4097], "page2": lines[:8192],
            "newlines": b"\n" * 5000, "long": b"a line " + b"y" * 20000 + b"\n" + b"z" * 9000,
            "binary": rng.randbytes(70000), "large": lines, "huge": lines * 12}


FILES = contents()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mapped")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    subprocess.run([MKFS, "-s", "40000", folder / "fs.img",
                    *(products() / "bin" / name for name in PROGRAMS),
                    *(folder / name for name in FILES)], check=True, timeout=60)
    return folder / "fs.img"


@pytest.fixture
def guest(image, tmp_path):
    (tmp_path / "fs.img").write_bytes(image.read_bytes())
    with Machine(cpus=2, mem="32M", image=tmp_path / "fs.img") as m:
        m.boot()
        yield m


def test_mapcat_copies_what_cat_copies(guest):
    for name in FILES:
        assert guest.status(f"mapcat {name} > m.{name}") == (0, "")
    assert guest.status(f"mapcat {' '.join(FILES)} > all") == (0, "")
    assert guest.status("mapcat < huge | cat > piped") == (0, "")
    guest.halt()
    with FsImage(guest.image) as fs:
        for name, content in FILES.items():
            assert fs.read(f"/m.{name}") == content, name
        assert fs.read("/all") == b"".join(FILES.values())
        assert fs.read("/piped") == FILES["huge"]


@pytest.mark.parametrize("what,words", [
    (".", "mapcat: .: is no file"), ("/dev/null", "mapcat: /dev/null: is no file"),
    ("nosuch", "mapcat: nosuch: no such file or directory"),
    ("< /dev", "mapcat: input: is no file"),
])
def test_mapcat_refuses_what_cannot_be_mapped(guest, what, words):
    status, out = guest.status(f"mapcat {what}")
    assert status == 1 and out.startswith(words) and out.count("\n") == 1, out
    if not what.startswith("<"):
        status, out = guest.status(f"mapcat {what} line")
        assert status == 1 and out.endswith("line 1\n"), out
    guest.halt()


def test_mapcat_of_a_pipe_and_of_no_flag(guest):
    status, out = guest.status("cat line | mapcat")
    assert status == 1 and out.startswith("mapcat: input: is no file"), out
    assert guest.status("mapcat -x")[0] == 2
    assert "mapcat: huge: nobody" in guest.run("mapcat huge | echo")
    guest.halt()


OPTIONS = ("line", "-n 'line 1'", "-c line", "-v x", "-ci LINE", "-vn .", "nowhere", "-n '^$'",
           "'two$'")


def test_grep_finds_the_same_in_a_mapping(guest):
    for i, options in enumerate(OPTIONS):
        for way, extra in (("r", ""), ("m", "-m ")):
            for name in [*FILES, " ".join(FILES), "/dev /dev/null nosuch"]:
                guest.run(f"grep {extra}{options} {name} >> {way}{i} 2>&1; echo $? >> {way}{i}")
            guest.run(f"cat huge | grep {extra}{options} >> {way}{i}; echo $? >> {way}{i}")
    guest.halt()
    with FsImage(guest.image) as fs:
        for i, options in enumerate(OPTIONS):
            read, mapped = fs.read(f"/r{i}"), fs.read(f"/m{i}")
            assert len(read) > 50 and read == mapped, options
