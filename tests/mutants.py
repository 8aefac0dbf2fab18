"""Bugs to plant in the kernel, each with the tests of vmtests that have to notice it.

An edit of one place: `old` must occur exactly once in `file`.  test_mutants.py looks for that in
every run, and plants them in a soak.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    tests: str  # names; each of them alone has to fail


FAULT, COPY, SPACE, FORK, HEAP = (f"kernel/vm/{f}.c" for f in
                                  ("fault", "usercopy", "space", "pmap_fork", "heap"))

MUTANTS = [
    # What is allowed.
    Mutant("area not asked", "kernel/vm/fault.h",
           "if (!fault_allows(area, access))", "if (!fault_allows(area, access) && !area->charged)",
           "fault_prot pitfall_11_area_decides"),
    Mutant("area asked only where nothing is mapped", "kernel/vm/fault.h",
           "if (!fault_allows(area, access))", "if (pte == 0 && !fault_allows(area, access))",
           "fault_prot pitfall_04_text_stays_readonly"),
    Mutant("copyout asks for presence, not for permission", COPY,
           "if (slot && fault_is_ready(*slot, access) && !mode_again())", "if (slot && *slot)",
           "pitfall_05_copyout_to_shared pitfall_41_copyout_to_text"),
    Mutant("pin for writing asks for reading", COPY,
           "reach(s, va, (enum fault_access)access)", "reach(s, va, ACCESS_READ)",
           "pitfall_15_zero_frame cow_by_kernel"),
    # The stack.
    Mutant("growth below the stack pointer", FAULT,
           "va >= s->stack_top || (s->user && va < s->user->tf->reg[TF_SP])",
           "va >= s->stack_top",
           "pitfall_18_below_pointer pitfall_18_below_pointer_in_call"),
    Mutant("guard page filled", FAULT,
           "va < s->stack_low ||", "va < s->stack_low - PGSIZE ||", "pitfall_18_stack_room"),
    # Copy or keep.
    Mutant("reuse of what others hold", FAULT,
           "load_acquire(&f->refs) == 1", "load_acquire(&f->refs) >= 1",
           "fault_cow pitfall_09_last_owner_writes_in_place"),
    Mutant("reuse never", FAULT,
           "load_acquire(&f->refs) == 1", "load_acquire(&f->refs) == 0",
           "fault_reuse pitfall_01_counts_on_all_harts"),
    Mutant("zero frame taken for an own one", FAULT,
           "return f != pmap_zero && ", "return ", "pitfall_15_zero_frame"),
    Mutant("copy skipped", FAULT,
           "        page_copy(frame_virt(f->frame), frame_virt(from));\n", "", "fault_cow"),
    Mutant("frames not zeroed", FAULT,
           "(zero ? FRAME_ZEROED : 0)", "0", "heap_regrows_zero"),
    Mutant("refused faults not counted", FAULT,
           "vm_count(s, VM_STAT(fault[f->kind]), 1);",
           "if (r == FAULT_OK)\n        vm_count(s, VM_STAT(fault[f->kind]), 1);",
           "fault_bad fault_prot"),
    Mutant("lazy pages not charged", FAULT,
           "bool charge = !f->area->charged && (zero || from->state != FRAME_ANON);",
           "bool charge = false;",
           "heap_lazy_sparse"),
    # Fork.
    Mutant("parent stays writable", FORK,
           "            put_entry(f->parent, &from[i], va, 0, pte);\n", "",
           "case_4_all_read_only pitfall_14_parent_forgets"),
    Mutant("child may write at once", FORK,
           "put_entry(f->child, &to[i], va, 0, pte);\n        struct frame *frame",
           "put_entry(f->child, &to[i], va, 0, f->prot & AREA_W ? pte | PTE_W | PTE_D : pte);\n"
           "        struct frame *frame",
           "case_1_private_written_later pitfall_06_copies_of_copies"),
    Mutant("a reference too few", FORK,
           "            frame_get(frame);\n",
           "            if (i % 8)\n                frame_get(frame);\n",
           "pitfall_06_copies_of_copies"),
    Mutant("a reference too many", FORK,
           "            frame_get(frame);\n",
           "            frame_get(frame);\n            frame_get(frame);\n",
           "pitfall_02_every_path_lets_go fault_reuse"),
    Mutant("failed fork leaves its half", SPACE,
           "        *result = child;\n    else\n        space_put(child);\n",
           "        *result = child;\n",
           "pitfall_03_fork_fails_halfway"),
    # The heap.
    Mutant("break one byte below the heap", HEAP,
           "old - down < s->heap", "old - down + 1 < s->heap", "pitfall_17_break_borders"),
    Mutant("break never back at its start", HEAP,
           "old - down < s->heap", "old - down <= s->heap", "heap_moves"),
    Mutant("shrink keeps a page", HEAP,
           "uint64 start = PGROUNDUP(brk), end = PGROUNDUP(s->brk);",
           "uint64 start = PGROUNDUP(brk) + PGSIZE, end = PGROUNDUP(s->brk);",
           "heap_ends_there"),
    Mutant("shrink takes a page too many", HEAP,
           "uint64 start = PGROUNDUP(brk), end = PGROUNDUP(s->brk);",
           "uint64 start = PGROUNDDOWN(brk), end = PGROUNDUP(s->brk);",
           "heap_regrows_zero"),
    Mutant("heap beyond the user half", HEAP,
           "if (n > USER_END - s->brk)", "if (n > MAXVA)", "heap_huge"),
    # Copies.
    Mutant("copy over the border of a page", COPY,
           "uint64 left = PGSIZE - (va & (PGSIZE - 1));", "uint64 left = PGSIZE; (void)va;",
           "pitfall_16_results"),
    Mutant("string goes on in its first page", COPY,
           "reach(s, uva + done, ACCESS_READ)", "reach(s, uva, ACCESS_READ)",
           "pointer_path_at_end"),
    Mutant("pin without a reference", COPY,
           "        frame_get(p->frame[i]);\n", "", "pitfall_12_pinned_page_shared"),
    Mutant("pin kept", COPY,
           "while (p->iov.n > 0)", "while (p->iov.n-- > 1)",
           "pitfall_02_every_path_lets_go"),
    # What goes out beside the fields.
    Mutant("padding of stat not cleared", "kernel/fs/file.c",
           "    memset(st, 0, sizeof(*st)); /* its padding too */\n", "",
           "pitfall_42_structs pitfall_42_padding"),
]
