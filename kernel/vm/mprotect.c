/*
 * Changing the rights of memory that is promised.
 *
 * Check: all of the range is promised and may have these rights.  Reserve: areas are divided at
 * both ends of the range, and what becomes private and writable is charged.  Commit: the areas get
 * the rights, entries lose what goes, and areas that are alike now are joined.
 *
 * An entry never gets rights here.  Which it may have depends on whose the frame is and whether the
 * store knows that it is dirty; the fault decides that (fault.c), page by page, where the program
 * really goes.  An area that was charged stays so when it becomes read-only: its pages may have
 * been written.  The lazy heap is charged page by page, whatever its rights.
 *
 * Lock: s->lock.
 */
#include "kernel/errno.h"
#include "kernel/vm/mmap.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/promise.h"

static struct area *first_of(struct space *s, uint64 start, uint64 end)
{
    return area_overlap(&s->areas, start, end);
}

static struct area *next_of(const struct area *a, uint64 end)
{
    struct area *next = area_next(a);
    return next && next->start < end ? next : NULL;
}

static int check(struct space *s, uint64 start, uint64 end, int prot)
{
    if (!promise_is_whole(s, start, end))
        return -ENOMEM;
    for (struct area *a = first_of(s, start, end); a; a = next_of(a, end))
        if (a->shared && prot & AREA_W && !a->may_write)
            return -EACCES;
    return 0;
}

static bool must_be_charged(const struct area *a, int prot)
{
    return prot & AREA_W && !a->charged && !a->shared && a->kind != AREA_HEAP;
}

/*
 * Takes what the areas need that must be charged; -ENOMEM: nothing but tables that may be empty,
 * and that go with their area.
 */
static int reserve(struct space *s, uint64 start, uint64 end, int prot)
{
    uint64 pages = 0;
    int r = 0;

    for (struct area *a = first_of(s, start, end); a; a = next_of(a, end))
        pages += must_be_charged(a, prot) ? (a->end - a->start) >> PGSHIFT : 0;
    if (space_charge(s, pages) < 0)
        return -ENOMEM;
    for (struct area *a = first_of(s, start, end); a && r == 0; a = next_of(a, end))
        if (must_be_charged(a, prot) && !commit_overcommits())
            r = pmap_make_tables(s, a->start, a->end);
    if (r < 0)
        space_uncharge(s, pages);
    return r;
}

/* Frames of its own that an area has which is not charged as a whole: it paid for each. */
static uint64 paid(const struct space *s, const struct area *a)
{
    uint64 n = 0;

    for (uint64 va = a->start; va < a->end; va += PGSIZE) {
        const pte_t *slot = pmap_find(s, va);
        struct frame *f = slot && *slot ? frame_of(PTE2PA(*slot)) : pmap_zero;
        n += f != pmap_zero && f->state == FRAME_ANON;
    }
    return n;
}

static void change(struct space *s, struct area *a, int prot)
{
    bool less = a->prot & ~prot;

    if (must_be_charged(a, prot)) {
        space_uncharge(s, paid(s, a));
        a->charged = true;
    }
    a->prot = (uchar)prot;
    if (less)
        pmap_protect(s, a->start, a->end, prot);
}

/* s->lock held; the range is not empty. */
static int protect(struct space *s, uint64 start, uint64 end, int prot)
{
    int r = check(s, start, end, prot);
    if (r == 0)
        r = promise_isolate(s, start, end);
    if (r < 0)
        return r;
    r = reserve(s, start, end, prot);
    for (struct area *a = first_of(s, start, end); a && r == 0; a = next_of(a, end))
        change(s, a, prot);
    promise_join(s, start, end);
    return r;
}

int space_mprotect(struct space *s, uint64 start, uint64 n, int prot)
{
    if (start & (PGSIZE - 1))
        return -EINVAL;
    if (prot & AREA_W && prot & AREA_X)
        return -EACCES;
    if (start > USER_END || n > USER_END - start)
        return -ENOMEM;
    if (n == 0)
        return 0;
    mutex_lock(&s->lock);
    int r = protect(s, start, start + PGROUNDUP(n), prot & AREA_W ? prot | AREA_R : prot);
    space_unlock_and_bury(s);
    return r;
}
