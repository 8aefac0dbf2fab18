"""Machine code, as far as the commands have to read it.  Pure: it knows nothing of gdb."""

S0, SP = 8, 2


def instructions(code):
    """(offset, word) of each: two bytes, or four if the lowest two bits are set."""
    i = 0
    while i + 2 <= len(code):
        size = 4 if code[i] & 3 == 3 else 2
        yield i, int.from_bytes(code[i:i + size], "little")
        i += size


def jump_offset(word):
    """Of `jal`, which reaches 1 MiB in both directions (unprivileged manual 2.5.1)."""
    return ((word >> 20 & 1) << 11 | (word >> 21 & 0x3ff) << 1 | (word >> 12 & 0xff) << 12) \
        - (word >> 31 << 20)


def makes_frame(word):
    """It is `addi s0, sp, N`."""
    return word & 0xfffff == SP << 15 | S0 << 7 | 0x13 or word and word < 1 << 16 \
        and word & 0xe01f == 0


def loaded_register(word):
    """The register that a load from the stack is to; None if it is no such load."""
    if word & 0xff07f == SP << 15 | 0x3003 or word & 0xe003 == 0x6002:
        return word >> 7 & 31
    return None


def moves_stack(word):
    """It is `addi sp, sp, N`."""
    return word & 0xfffff == SP << 15 | SP << 7 | 0x13 or word & 0xef83 in (0x0101, 0x6101)


def is_leaving(code):
    """The function has given back s0: it takes back other registers and returns."""
    for _, word in instructions(code):
        if word in (0x8082, 0x8067):
            return True
        if loaded_register(word) in (None, S0) and not moves_stack(word):
            return False
    return False


def has_frame(before, after):
    """s0 is that of the function whose instructions so far are `before`, those to come `after`."""
    return any(makes_frame(word) for _, word in instructions(before)) and not is_leaving(after)
