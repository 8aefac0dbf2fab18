"""The memory of the stopped machine, as plain data.

Reads go to physical memory, by an extension of QEMU's stub, so they mean the same whatever mode the
selected hart is in and whatever it has mapped.  Only RAM is read: a read of a device may change it.
Nothing is ever written.  What is read is made a gdb.Value by its type, so fields are known by name.
"""

import contextlib
import gdb

DIRECT_BASE = 0xffffffc000000000
RAM_BASE = 0x80000000
KERNEL_HALF = 1 << 63
PAGE = 4096
PTE_FRAME = (1 << 44) - 1


class Damaged(Exception):
    """What a command was asked for cannot be told; says why."""


def unsigned(n):
    return int(n) & (1 << 64) - 1


_depth = 0


def _mode(on):
    connection = gdb.selected_inferior().connection
    if not isinstance(connection, gdb.RemoteTargetConnection):
        raise Damaged("no machine: run `make qemu-gdb` and then `make gdb`")
    if connection.send_packet(f"Qqemu.PhyMemMode:{on}") != b"OK":
        raise Damaged("this QEMU cannot show physical memory (Qqemu.PhyMemMode)")


@contextlib.contextmanager
def physical():
    """While this lasts, gdb's addresses are physical ones."""
    global _depth
    if _depth == 0:
        _mode(1)
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if _depth == 0:
            _mode(0)


def read_physical(pa, n):
    if pa < RAM_BASE or pa + n > RAM_BASE + (64 << 30):
        raise Damaged(f"{pa:#x} is not RAM")
    with physical():
        try:
            return bytes(gdb.selected_inferior().read_memory(pa, n))
        except gdb.MemoryError:
            raise Damaged(f"{pa:#x} is beyond the end of RAM") from None


def word_physical(pa):
    return int.from_bytes(read_physical(pa, 8), "little")


def walk(root, va):
    """The entries for va from the root down, as (level, address, entry)."""
    table, found = root, []
    for level in (2, 1, 0):
        at = table + (va >> 12 + 9 * level & 511) * 8
        pte = word_physical(at)
        found.append((level, at, pte))
        if not pte & 1 or pte & 0xe:
            break
        table = (pte >> 10 & PTE_FRAME) << 12
    return found


def translate(root, va):
    """The physical address, None if va is not mapped."""
    level, _, pte = walk(root, va)[-1]
    if not pte & 1 or not pte & 0xe:
        return None
    span = 1 << 12 + 9 * level
    return ((pte >> 10 & PTE_FRAME) << 12) & ~(span - 1) | va & span - 1


def read(address, n):
    """n bytes of the kernel's: of its image, its direct map of RAM, its stacks."""
    address = unsigned(address)
    if DIRECT_BASE + RAM_BASE <= address < DIRECT_BASE + (64 << 30):
        return read_physical(address - DIRECT_BASE, n)
    if address < KERNEL_HALF:
        raise Damaged(f"a pointer of the kernel leads to {address:#x}")
    return read_mapped(int(static("pmap_kernel_root", "vm/pmap_kernel.c")), address, n)


def read_mapped(root, va, n):
    """n bytes through a page table."""
    got = b""
    while n > 0:
        pa = translate(root, va)
        if pa is None:
            raise Damaged(f"{va:#x} is not mapped")
        m = min(n, PAGE - va % PAGE)
        got += read_physical(pa, m)
        va, n = va + m, n - m
    return got


def kernel():
    """The symbols of the kernel; a program's may have the same names."""
    for objfile in gdb.objfiles():
        if objfile.filename.endswith("kernel.elf"):
            return objfile
    raise Damaged("no kernel is loaded: start gdb by `make gdb`")


_types, _statics = {}, {}


def type_of(name):
    """The type of that name in the kernel, such as "struct proc"."""
    if name not in _types:
        tag = name.split()[-1]
        found = kernel().lookup_static_symbol(tag, gdb.SYMBOL_STRUCT_DOMAIN)
        if found is None:
            raise Damaged(f"this kernel has no `{name}`")
        _types[name] = found.type
    return _types[name]


def forget(event=None):
    """What was looked up in a kernel that is not the one any more."""
    if event is None or event.new_objfile.filename.endswith("kernel.elf"):
        _types.clear()
        _statics.clear()


def at(address, kind):
    """The value of a type (or its name) at an address of the kernel."""
    kind = type_of(kind) if isinstance(kind, str) else kind
    return gdb.Value(read(address, kind.sizeof), kind)


def deref(pointer, kind=None):
    """What a pointer leads to; a null pointer is an error."""
    if unsigned(pointer) == 0:
        raise Damaged("a pointer of the kernel is null")
    return at(pointer, kind or pointer.type.target())


def has(value, *fields):
    """A structure has these fields; kernels differ."""
    names = {f.name for f in value.type.strip_typedefs().fields()}
    return names.issuperset(fields)


def symbol(name, file=None):
    """A variable or function of the kernel; `file` tells apart those of the same name."""
    key = name, file
    if key not in _statics:
        found = gdb.lookup_static_symbols(name) if file else []
        one = kernel().lookup_global_symbol(name)
        found = ([one] if one else []) + list(found)
        for s in found:
            if file is None or (s.symtab and s.symtab.filename.endswith("kernel/" + file)):
                _statics[key] = s
                break
        else:
            where = f" in kernel/{file}" if file else ""
            raise Damaged(f"this kernel has no `{name}`{where}: is it built, and loaded?")
    return _statics[key]


def exists(name, file=None):
    try:
        return bool(symbol(name, file))
    except Damaged:
        return False


def address_of(name, file=None):
    return unsigned(symbol(name, file).value().address)


def static(name, file=None):
    """The value of a variable of the kernel."""
    s = symbol(name, file)
    return at(address_of(name, file), s.type)


def offset_of(kind, field):
    for f in type_of(kind).fields():
        if f.name == field:
            return f.bitpos // 8
    raise Damaged(f"`{kind}` of this kernel has no field {field}")


def container(address, kind, field):
    """The address of the structure whose field lies at `address`."""
    return unsigned(address) - offset_of(kind, field)


def each(head, kind, field, most=1 << 20):
    """(address, value) of all members of a list of kernel/lib/list.h; head is its address."""
    link, seen = unsigned(at(head, "struct list")["next"]), set()
    while link != head:
        if link in seen or len(seen) > most:
            raise Damaged(f"the list at {head:#x} runs in a circle")
        seen.add(link)
        member = container(link, kind, field)
        yield member, at(member, kind)
        link = unsigned(at(link, "struct list")["next"])


def enum(kind, prefix=""):
    """number -> name of an enumeration, without the prefix of its names."""
    return {int(f.enumval): f.name.replace(prefix, "", 1) for f in type_of(kind).fields()}


def text(value):
    """A character array, up to its NUL, with what is no character as dots."""
    raw = bytes(int(value[i]) & 0xff for i in range(value.type.range()[1] + 1))
    return "".join(chr(c) if 32 <= c < 127 else "." for c in raw.split(b"\0")[0])


def text_at(address, most=64):
    """The string at an address of the kernel."""
    raw = b""
    while len(raw) < most and b"\0" not in raw:
        raw += read(unsigned(address) + len(raw), 8)
    return "".join(chr(c) if 32 <= c < 127 else "." for c in raw.split(b"\0")[0][:most])
