/*
 * The kernel half against the rules: no entry is the user's (V10), none is both writable and
 * executable (V11); its tables and the frames of kernel stacks are found (V7, V9).  It is the same
 * in all spaces, so it is walked once.  The machine is frozen: check.c.
 */
#include "kernel/vm/check.h"

#ifdef DEBUG
#include "kernel/vm/pmap.h"

#define KERNEL_FIRST 256 /* entry of the root */
#define RIGHTS       (PTE_R | PTE_W | PTE_X)

static void found(enum check_rule rule, const char *what, const struct frame *f, uint64 va)
{
    struct check_finding *b = check_broken(rule, what);
    if (f)
        check_about(b, f);
    check_at(b, NULL, va);
}

static void look_at_leaf(pte_t pte, uint64 va)
{
    bool stack = va >= KSTACK_BASE;
    struct frame *f = stack ? check_frame(PTE2PA(pte)) : NULL;

    if (pte & PTE_U)
        found(RULE_V10, "user mode may see an entry of the kernel", f, va);
    if (pte & PTE_W && pte & PTE_X)
        found(RULE_V11, "a kernel entry is both writable and executable", f, va);
    if (stack && (f == NULL || f->state != FRAME_KSTACK))
        found(RULE_V7, "a kernel stack is in a frame of another state", f, va);
    else if (stack)
        f->mapped++;
}

static void walk(const pte_t *table, int level, uint64 base, uint first)
{
    for (uint i = first; i < 512; i++) {
        uint64 va = base + i * sv39_span(level);
        if (table[i] == 0)
            continue;
        if (level == 0 || table[i] & RIGHTS) {
            look_at_leaf(table[i], va);
            continue;
        }
        struct frame *f = check_frame(PTE2PA(table[i]));
        if (f == NULL || f->state != FRAME_TABLE || table[i] & PTE_U) {
            found(table[i] & PTE_U ? RULE_V10 : RULE_V7,
                  "an entry of the kernel half points to what is not its table", f, va);
            continue;
        }
        f->mapped++;
        walk(frame_virt(f), level - 1, va, 0);
    }
}

void check_kernel(void)
{
    struct frame *root = check_frame(pmap_kernel_root);

    if (root)
        root->mapped++;
    walk(virt(pmap_kernel_root), 2, ~0UL << 39, KERNEL_FIRST);
}
#endif
