/*
 * What a program may ask of memory that it has: to write it back, to forget it, what of it is in
 * memory, and what of it was used.
 *
 * Each is about a range that has to be promised as a whole; a hole is -ENOMEM, found before
 * anything is done.
 *
 * Lock: s->lock, taken by each exported function.  A store is written back without it, held by a
 * reference: that may wait for a commit of the journal, which may wait for this space.
 */
#include "kernel/errno.h"
#include "kernel/lib/string.h"
#include "kernel/vm/fault.h"
#include "kernel/vm/mmap.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/promise.h"
#include "kernel/vm/store.h"

/* The range as addresses, the end rounded up; 0, -EINVAL or -ENOMEM. */
static int range(uint64 start, uint64 n, uint64 *end)
{
    if (start & (PGSIZE - 1))
        return -EINVAL;
    if (start > USER_END || n > USER_END - start)
        return -ENOMEM;
    *end = start + PGROUNDUP(n);
    return 0;
}

int space_promises(struct space *s, uint64 start, uint64 n)
{
    uint64 end;
    int r = range(start, n, &end);

    if (r < 0)
        return r;
    mutex_lock(&s->lock);
    r = promise_is_whole(s, start, end) ? 0 : -ENOMEM;
    space_unlock(s);
    return r;
}

/* --- Writing back ----------------------------------------------------------------------------- */

/* Pages of a store to be written; one of its references is held. */
struct extent {
    struct store *store; /* NULL: none */
    uint64 first, n;
};

/* The next shared area in *at .. end; *at becomes its end. */
static struct extent next_extent(struct space *s, uint64 *at, uint64 end)
{
    struct extent e = {.store = NULL};

    mutex_lock(&s->lock);
    struct area *a = area_overlap(&s->areas, *at, end);
    while (a && !(a->store && a->shared))
        a = area_next(a);
    if (a && a->start < end) {
        uint64 from = a->start > *at ? a->start : *at, to = a->end < end ? a->end : end;
        e = (struct extent){a->store, area_index(a, from), (to - from) >> PGSHIFT};
        e.store->ops->get(e.store, false);
        *at = to;
    }
    space_unlock(s);
    return e;
}

int space_msync(struct space *s, uint64 start, uint64 n)
{
    uint64 at = start, end = start + PGROUNDUP(n);
    int r = space_promises(s, start, n);

    while (r == 0 && at < end) {
        struct extent e = next_extent(s, &at, end);
        if (e.store == NULL)
            break;
        r = e.store->ops->sync(e.store, e.first, e.n);
        e.store->ops->put(e.store, false);
    }
    return r;
}

/* --- Forgetting ------------------------------------------------------------------------------- */

/* The tables of an area that is charged or has a store are a part of its promise. */
static void forget(struct space *s, const struct area *a, uint64 from, uint64 to)
{
    bool keep = a->charged || a->store;
    uint64 floor = keep ? MAXVA : from, ceiling = keep ? 0 : to;
    uint64 frames = pmap_remove(s, from, to, floor, ceiling);

    if (!a->charged)
        space_uncharge(s, frames);
}

int space_forget(struct space *s, uint64 start, uint64 n)
{
    uint64 end;
    int r = range(start, n, &end);

    if (r < 0 || n == 0)
        return r;
    mutex_lock(&s->lock);
    r = promise_is_whole(s, start, end) ? 0 : -ENOMEM;
    struct area *a = r == 0 ? area_find(&s->areas, start) : NULL;
    for (; a && a->start < end; a = area_next(a))
        forget(s, a, a->start > start ? a->start : start, a->end < end ? a->end : end);
    space_unlock(s);
    return r;
}

/* --- Looking ---------------------------------------------------------------------------------- */

static bool in_memory(const struct space *s, const struct area *a, uint64 va)
{
    const pte_t *slot = pmap_find(s, va);
    struct frame *f;

    if (slot && *slot)
        return true;
    if (a->store == NULL || a->store->ops->peek(a->store, area_index(a, va), 1, &f) == 0)
        return false;
    frame_put(f);
    return true;
}

uint space_mincore(struct space *s, uint64 start, uint n, uchar in[])
{
    uint done = 0;

    mutex_lock(&s->lock);
    struct area *a = area_find(&s->areas, start);
    for (uint64 va = start; a && done < n; done++, va += PGSIZE) {
        if (va == a->end)
            a = area_find(&s->areas, va);
        if (a == NULL)
            break;
        in[done] = in_memory(s, a, va);
    }
    space_unlock(s);
    return done;
}

/* s->lock is held, and kept: no fault here gives it up. */
static enum fault_result populate(struct space *s, const struct area *a)
{
    enum fault_access access = a->prot & AREA_X ? ACCESS_EXEC : ACCESS_READ;
    enum fault_result r = FAULT_OK;

    for (uint64 va = a->start; r == FAULT_OK && va < a->end; va += PGSIZE) {
        const pte_t *slot = pmap_find(s, va);
        if (slot == NULL || *slot == 0)
            r = fault_resolve(s, va, access);
    }
    return r;
}

int space_populate(struct space *s)
{
    enum fault_result r = FAULT_OK;

    mutex_lock(&s->lock);
    for (struct area *a = area_first(&s->areas); a && r == FAULT_OK; a = area_next(a))
        if (a->store && a->prot)
            r = populate(s, a);
    space_unlock(s);
    return r == FAULT_OK ? 0 : r == FAULT_NOMEM ? -ENOMEM : -EIO;
}

int space_pgaccess(struct space *s, uint64 start, uint n, uint8 bits[])
{
    uint64 end;
    int r = range(start, (uint64)n * PGSIZE, &end);

    if (r < 0)
        return r;
    memset(bits, 0, (n + 7) / 8);
    mutex_lock(&s->lock);
    r = promise_is_whole(s, start, end) ? 0 : -ENOMEM;
    if (r == 0)
        pmap_take_accessed(s, start, n, bits);
    space_unlock(s);
    return r;
}
