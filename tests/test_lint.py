"""Each rule of tools/lint finds what it is there to find, and nothing in a good tree."""

import subprocess

import pytest

from machine import TOP

GOOD = {
    ".clang-format": (TOP / ".clang-format").read_text(),
    "setup": "#!/bin/sh\necho \"$1\"\n",
    "kernel/types.h": "#ifndef KERNEL_TYPES_H\n#define KERNEL_TYPES_H\n"
                      "typedef unsigned long uint64;\n#endif\n",
    "kernel/lib/add.h": "#ifndef LIB_ADD_H\n#define LIB_ADD_H\n#include \"kernel/types.h\"\n"
                        "uint64 add(uint64 a, uint64 b);\n#endif\n",
    "kernel/lib/add.c": "#include \"kernel/lib/add.h\"\n\nuint64 add(uint64 a, uint64 b)\n{\n"
                        "    return a + b;\n}\n",
    "kernel/trap/trap.h": "#ifndef TRAP_TRAP_H\n#define TRAP_TRAP_H\nvoid trap(void);\n#endif\n",
    "user/user.h": "#ifndef USER_USER_H\n#define USER_USER_H\nint fork(void);\n#endif\n",
    "docs/map.md": "## kernel: the contract\n`types.h`\n\n"
                   "## kernel/lib: sums\n`add.c` `add.h`\n\n## kernel/trap: traps\n`trap.h`\n",
}

LONG_FUNCTION = "void f(int *p)\n{\n" + "    ++*p;\n" * 60 + "}\n"

BAD = {
    "layout": ("kernel/lib/a.c", "int f(void) { return 1; }\n", "clang-format"),
    "columns": ("kernel/lib/a.c", "/* " + "x" * 100 + " */\n", "columns"),
    "todo": ("kernel/lib/a.c", "/* TO" "DO: later */\n", "unfinished"),
    "arrow": ("kernel/lib/a.c", '#include "kernel/trap/trap.h"\n', "lies below"),
    "no such file": ("kernel/lib/a.c", '#include "add.h"\n', "no file"),
    "libc": ("kernel/lib/a.c", "#include <string.h>\n", "without a C library"),
    "program": ("user/a.c", '#include "kernel/lib/add.h"\n', "programs see only"),
    "public": ("kernel/a.h", '#include "kernel/lib/add.h"\n', "only public headers"),
    "alone": ("kernel/a.h", "uint64 not_known(void);\n", "does not compile alone"),
    "guard": ("kernel/a.h", "struct twice {\n    int x;\n};\n", "does not compile alone"),
    "clash": ("kernel/a.h", "#ifndef A_H\n#define A_H\nlong fork(void);\n#endif\n",
              "do not compile in order"),
    "taken": ("kernel/a.h", "#ifndef A_H\n#define A_H\nchar *buf(void);\n#endif\n",
              "takes a name"),
    "long function": ("kernel/lib/a.c", LONG_FUNCTION, "more than 60"),
    "long file": ("kernel/lib/a.c", "extern int x;\n" * 401, "more than 400"),
    "SUM": ("kernel/lib/a.c", "void f(void)\n{\n    csr_set(sstatus, 1UL << 18);\n}\n", "bit 17"),
    "SUM by name": ("kernel/lib/a.c", "int f(void)\n{\n    return SSTATUS_SUM;\n}\n", "gate"),
    "pointer": ("kernel/fs/a.c", "int f(uint64 uva)\n{\n    return *(int *)uva;\n}\n",
                "pointer of a user address"),
    "argument": ("kernel/proc/a.c", "int f(const uint64 arg[6])\n{\n"
                 "    return *(const char *)arg[0];\n}\n", "pointer of a user address"),
    "page table": ("kernel/proc/a.c", "void f(void)\n{\n    pmap_enter();\n}\n", "belong to vm"),
    "shell": ("setup", "#!/bin/sh\necho $1\n", "SC2086"),
    "python": ("tools/a", "#!/usr/bin/python3\nif\n", "invalid syntax"),
    "map": ("kernel/lib/unnamed.c", "extern int x;\n", "docs/map.md"),
}


def lint(root):
    done = subprocess.run([TOP / "tools" / "lint", "--root", root], capture_output=True, text=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path):
    for name, text in GOOD.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_good_tree_has_no_complaint(tree):
    status, out = lint(tree)
    assert status == 0, out


@pytest.mark.parametrize("rule", BAD)
def test_rule_bites(tree, rule):
    name, text, complaint = BAD[rule]
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(text)
    status, out = lint(tree)
    assert status != 0, out
    assert [line for line in out.splitlines() if complaint in line], out


def test_files_that_students_write_may_be_long(tree):
    (tree / "labs/toy").mkdir(parents=True)
    (tree / "labs/toy/handout.json").write_text('{"hand_in": ["kernel/lib/add.c"]}')
    with open(tree / "kernel/lib/add.c", "a") as file:
        file.write("\nextern int x;\n" * 401)
    status, out = lint(tree)
    assert "more than 400" not in out and status == 0, out
