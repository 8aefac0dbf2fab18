"""What the linker made: rights of segments, and the kernel's symbol table against binutils."""

import bisect
import os
import struct
import subprocess

import pytest

from machine import TOP, products

PREFIX = os.environ.get("TOOLPREFIX", "riscv64-unknown-elf-")
PT_LOAD, PT_GNU_STACK = 1, 0x6474E551
EXECUTE, WRITE = 1, 2
NOFILE = 0xFFFF


def segments(path):
    """(type, flags, virtual address, size in memory) of each program header."""
    data = path.read_bytes()
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for i in range(count):
        kind, flags, _, va, _, _, memory = struct.unpack_from("<IIQQQQQ", data, offset + i * size)
        yield kind, flags, va, memory


def binutil(tool, *args, stdin=None):
    return subprocess.run([PREFIX + tool, *map(str, args)], input=stdin, capture_output=True,
                          text=True, timeout=120, check=True).stdout


def symbols(path):
    """The addresses of each name; several files may have a static function of the same name."""
    found = {}
    for line in binutil("nm", path).splitlines():
        address, _, name = line.rsplit(None, 2)
        found.setdefault(name, set()).add(int(address, 16))
    return found


def executables():
    return [products(debug) / "kernel.elf" for debug in (False, True)] + \
        sorted((products() / "bin").iterdir())


def test_nothing_is_writable_and_executable():
    for path in executables():
        pages = {}
        for kind, flags, va, size in segments(path):
            if kind == PT_GNU_STACK:
                assert not flags & EXECUTE, path
            if kind != PT_LOAD or size == 0:
                continue
            assert flags & (EXECUTE | WRITE) != EXECUTE | WRITE, f"{path}: {va:#x}"
            for page in range(va // 4096, (va + size + 4095) // 4096):
                assert page not in pages, f"{path}: two segments in page {page * 4096:#x}"
                pages[page] = flags


class Table:
    """The table in the way the kernel reads it: kernel/lib/ksyms.h."""

    def __init__(self, kernel, tmp_path):
        raw = tmp_path / "ksyms"
        binutil("objcopy", "-O", "binary", "-j", ".ksyms", kernel, raw)
        self.raw = raw.read_bytes()
        (magic, self.size, nsyms, nlines, nfiles, syms, lines, files,
         self.names) = struct.unpack_from("<9I", self.raw)
        assert magic == 0x6D79736B and self.size <= len(self.raw)
        self.syms = [struct.unpack_from("<II", self.raw, syms + 8 * i) for i in range(nsyms)]
        self.lines = [struct.unpack_from("<IHH", self.raw, lines + 8 * i) for i in range(nlines)]
        self.files = struct.unpack_from(f"<{nfiles}I", self.raw, files)

    def string(self, offset):
        start = self.names + offset
        end = self.raw.index(0, start)
        assert end < self.size
        return self.raw[start:end].decode()

    def function(self, offset):
        return self.string(self.syms[bisect.bisect(self.syms, (offset, 1 << 32)) - 1][1])

    def line(self, offset):
        row = bisect.bisect(self.lines, (offset, 1 << 16, 0)) - 1
        if row < 0 or self.lines[row][1] == NOFILE:
            return None
        return self.string(self.files[self.lines[row][1]]), self.lines[row][2]


@pytest.mark.parametrize("debug", [False, True])
def test_symbol_table(debug, tmp_path):
    kernel = products(debug) / "kernel.elf"
    names = symbols(kernel)
    table = Table(kernel, tmp_path)
    (start,), (end,) = names["text_start"], names["text_end"]

    assert all(a[0] < b[0] for a, b in zip(table.syms, table.syms[1:]))
    assert all(a[0] < b[0] for a, b in zip(table.lines, table.lines[1:]))
    assert [table.function(place - start) for place in names["panic"]] == ["panic"]
    for offset, name in table.syms:
        assert start + offset in names[table.string(name)], table.string(name)

    places = range(start, end, max(2, (end - start) // 500) & ~1)
    told = binutil("addr2line", "-e", kernel, stdin="\n".join(map(hex, places))).splitlines()
    known = 0
    for place, line in zip(places, told):
        file, number = line.split(" (discriminator")[0].rsplit(":", 1)
        if not number.isdigit() or number == "0":
            continue
        ours = table.line(place - start)
        if ours and (os.path.relpath(file, TOP), int(number)) == ours:
            known += 1
    # Padding, assembly and the middle of an instruction may have a line in one of the two only.
    assert known > len(places) * 9 // 10, f"{known} of {len(places)} lines agree"


@pytest.mark.parametrize("debug", [False, True])
def test_the_table_moved_nothing(debug):
    bare = symbols(products(debug) / "kernel.bare")
    full = symbols(products(debug) / "kernel.elf")
    moved = {name for name in full if bare.get(name) != full[name]}
    assert moved <= {"ksyms_end", "kernel_end"}, sorted(moved)[:10]
