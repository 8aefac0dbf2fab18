/*
 * The page table of a child: entry by entry, what fork shares and what it copies.
 *
 * Order: an entry of the parent loses W before the child gets it; the parent's harts are told once,
 * by the caller, when all is done.
 *
 * Lock: that of the parent; the child is not visible yet.
 */
#include "kernel/errno.h"
#include "kernel/lib/string.h"
#include "kernel/vm/pmap_entry.h"

struct fork {
    struct space *parent, *child;
    int prot;    /* rights of the area */
    bool eager;  /* private frames are copied, not shared */
    bool shared; /* writes are for both */
};

/*
 * Every private page becomes read-only in both, also one that the parent had copied for itself
 * before: a table copied as it is would share a writable page.  Returns the frames shared.
 */
static uint64 share_leaves(const struct fork *f, pte_t *from, const pte_t *to, uint64 va, uint64 n)
{
    uint64 frames = 0;

    for (uint64 i = 0; i < n; i++, va += PGSIZE) {
        pte_t pte = from[i];
        if (pte == 0)
            continue;
        if (pte & PTE_W && !f->shared) {
            pte &= ~(pte_t)(PTE_W | PTE_D);
            put_entry(f->parent, &from[i], va, 0, pte);
        }
        put_entry(f->child, &to[i], va, 0, pte);
        struct frame *frame = frame_of(PTE2PA(pte));
        if (frame != pmap_zero) {
            frame_get(frame);
            frames++;
        }
    }
    return frames;
}

/* What was copied is the child's own, so it has all rights of the area at once. */
static int copy_leaf(const struct fork *f, pte_t pte, const pte_t *to, uint64 va)
{
    struct frame *from = frame_of(PTE2PA(pte));

    if (from == pmap_zero || from->state != FRAME_ANON) {
        put_entry(f->child, to, va, 0, pte);
        if (from == pmap_zero)
            return 0;
        frame_get(from);
        f->child->resident++;
        return 0;
    }
    struct frame *own = frame_alloc(FRAME_ANON, space_frame_flags(f->child));
    if (own == NULL)
        return -ENOMEM;
    page_copy(frame_virt(own), frame_virt(from));
    put_entry(f->child, to, va, 0, leaf(frame_pa(own), f->prot));
    f->child->resident++;
    return 0;
}

static int fork_leaves(const struct fork *f, pte_t *from, const pte_t *to, uint64 va, uint64 n)
{
    int r = 0;

    if (!f->eager)
        f->child->resident += share_leaves(f, from, to, va, n);
    for (uint64 i = 0; f->eager && r == 0 && i < n; i++)
        if (from[i])
            r = copy_leaf(f, from[i], &to[i], va + i * PGSIZE);
    return r;
}

/* start .. end lies within what `from` maps; `to` is the child's table of the same place. */
static int fork_range(const struct fork *f, pte_t *from, pte_t *to, int level, uint64 start,
                      uint64 end)
{
    uint64 span = sv39_span(level);
    uint64 next;
    int r = 0;

    if (level == 0) {
        uint64 i = sv39_index(start, 0);
        return fork_leaves(f, &from[i], &to[i], start, (end - start) >> PGSHIFT);
    }
    for (uint64 va = start; va < end && r == 0; va = next) {
        uint64 i = sv39_index(va, level);
        next = (va | (span - 1)) + 1;
        if (from[i] == 0)
            continue;
        pte_t *lower = to[i] ? sv39_table(to[i]) : pmap_new_table(f->child, &to[i]);
        if (lower == NULL)
            return -ENOMEM;
        r = fork_range(f, sv39_table(from[i]), lower, level - 1, va, next < end ? next : end);
    }
    return r;
}

int pmap_fork(struct space *parent, struct space *child, const struct area *a, bool eager)
{
    struct fork f = {.parent = parent,
                     .child = child,
                     .prot = a->prot,
                     .eager = eager && !a->shared,
                     .shared = a->shared};
    return fork_range(&f, virt(parent->root), virt(child->root), 2, a->start, a->end);
}
