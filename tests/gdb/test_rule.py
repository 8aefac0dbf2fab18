"""tools/gdb/rule.py decides as fault_classify() does, for all inputs that differ."""

import importlib.util
import itertools
import os
import re
import subprocess

from machine import TOP

PROGRAM = r"""
#include <stdio.h>
#include "kernel/vm/fault.h"

static const pte_t entries[] = {0, ENTRIES};

int main(void)
{
    struct store *some = (struct store *)8;
    for (int prot = -1; prot < 8; prot++)
        for (int bits = 0; bits < 16; bits++)
            for (int part = PART_NONE; part <= PART_ALL; part++)
                for (uint e = 0; e < sizeof entries / sizeof entries[0]; e++)
                    for (int access = ACCESS_READ; access <= ACCESS_EXEC; access *= 2) {
                        struct area a = {.prot = (uchar)prot, .store = bits & 1 ? some : NULL,
                                         .shared = bits & 2};
                        printf("%d\n", fault_classify(prot < 0 ? NULL : &a, bits & 4, entries[e],
                                                      part, bits & 8, access));
                    }
    return 0;
}
"""


def rule():
    spec = importlib.util.spec_from_file_location("rule", TOP / "tools" / "gdb" / "rule.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ENTRIES = [v | r << 1 | u << 4 | a << 6 | 0x20000000
           for v, r, u, a in itertools.product((0, 1), range(8), (0, 1), (0, 3))]


def kinds():
    """The names of enum fault_kind, in its order."""
    text = (TOP / "kernel" / "vmstat.h").read_text(encoding="utf-8")
    names = re.findall(r"\bKIND_(\w+)", text[text.index("enum fault_kind"):].split("}")[0])
    return [name.replace("FILE_COW", "FILE+COW") for name in names]


def test_the_rule_is_that_of_the_kernel(tmp_path):
    source = tmp_path / "rows.c"
    source.write_text(PROGRAM.replace("ENTRIES", ", ".join(map(str, ENTRIES))), encoding="utf-8")
    subprocess.run([os.environ.get("HOSTCC", "cc"), "-std=gnu11", "-DHOST_TEST", f"-I{TOP}", "-w",
                    "-o", tmp_path / "rows", source], check=True, timeout=120)
    said = subprocess.run([tmp_path / "rows"], capture_output=True, text=True, check=True,
                          timeout=60).stdout.split()
    its, names, seen = rule(), kinds(), set()
    cases = itertools.product(range(-1, 8), range(16), (its.NONE, its.SOME, its.ALL),
                              [0] + ENTRIES, (1, 2, 4))
    for answer, (prot, bits, part, pte, access) in zip(said, cases, strict=True):
        area = None if prot < 0 else (prot, bool(bits & 1), bool(bits & 2))
        mine = its.classify(area, bool(bits & 4), pte, part, bool(bits & 8), access)
        assert mine == names[int(answer)], (area, bits, part, hex(pte), access)
        seen.add(mine)
    assert seen == set(names)


def test_what_comes_next_is_told_of_each_kind():
    its = rule()
    assert set(its.NEXT) == set(kinds())
    for kind, write, zero, grown, like in (("STACK", True, False, True, "LAZY"),
                                           ("STACK", False, False, True, "ZERO"),
                                           ("STACK", True, False, False, "STACK"),
                                           ("COW", True, True, False, "LAZY"),
                                           ("COW", True, False, False, "COW"),
                                           ("ZERO", False, True, False, "ZERO")):
        assert its.next_step(kind, write, zero, grown) == its.NEXT[like]
