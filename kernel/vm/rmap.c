/*
 * The reverse map of stores: a list of the areas that map one, and walks over it.
 *
 * A walk may not hold rmap_lock while it waits for the lock of a space, and meanwhile areas come,
 * go, are split and joined.  So each walk has a number; an area that it has dealt with carries that
 * number and stands at the end of the list; and whatever is new stands at its head without one.
 * Parts of an area have its number: else who divides areas all the time would make a walk endless.
 * The walk is done when the first area carries its number.  What an area was when it was taken from
 * the list is no more than a hint where to look: under the lock of the space, everything is done
 * that maps the store in that range of addresses.
 *
 * A space that is being freed is passed over: no user code runs in it any more.  A walk takes no
 * reference to a space, because the last one frees areas and with them files, which whoever walks
 * may not do; who frees a space waits for the walks that are in it.
 *
 * Locks: store->walk, then the lock of a space; rmap_lock, a spin lock, for lists and numbers.
 */
#include "kernel/vm/rmap.h"
#include "kernel/lib/atomic.h"
#include "kernel/vm/pmap.h"

static struct spinlock rmap_lock = SPINLOCK_INIT("rmap", RANK_RMAP);

void rmap_add(struct area *a)
{
    spin_lock(&rmap_lock);
    a->round = 0;
    list_add(&a->store->areas, &a->of_store);
    spin_unlock(&rmap_lock);
}

void rmap_remove(struct area *a)
{
    spin_lock(&rmap_lock);
    list_del(&a->of_store);
    spin_unlock(&rmap_lock);
}

/* A walk that has dealt with `a`, or is about to, has looked at what `b` is now, or will. */
void rmap_split(struct area *a, struct area *b)
{
    spin_lock(&rmap_lock);
    a->end = b->start;
    b->round = a->round;
    list_add(&a->of_store, &b->of_store);
    spin_unlock(&rmap_lock);
}

/* In one step: a walk that missed one of them finds `a`, which is as good as new. */
void rmap_join(struct area *a, struct area *b)
{
    spin_lock(&rmap_lock);
    list_del(&b->of_store);
    a->end = b->end;
    if (a->round != b->round) {
        a->round = 0;
        list_del(&a->of_store);
        list_add(&a->store->areas, &a->of_store);
    }
    spin_unlock(&rmap_lock);
}

void rmap_begin_change(void)
{
    spin_lock(&rmap_lock);
}

void rmap_end_change(void)
{
    spin_unlock(&rmap_lock);
}

static struct waitq left = {.sleepers = {&left.sleepers, &left.sleepers}}; /* a walk left a space */

/* rmap_lock is held, so who has dropped the last reference has not yet looked for walkers. */
static bool visit(struct space *s)
{
    if (load_acquire(&s->refs) == 0)
        return false;
    s->walkers++;
    return true;
}

static void leave(struct space *s)
{
    spin_lock(&rmap_lock);
    if (--s->walkers == 0)
        waitq_wake_all(&left);
    spin_unlock(&rmap_lock);
}

void rmap_await(struct space *s)
{
    spin_lock(&rmap_lock);
    while (s->walkers > 0)
        waitq_sleep(&left, &rmap_lock);
    spin_unlock(&rmap_lock);
}

/* Where a walk has to look next. */
struct stop {
    struct space *s; /* it is in it */
    uint64 start, end;
};

static bool maps_any(const struct area *a, uint64 first, uint64 n)
{
    uint64 from = a->offset >> PGSHIFT, pages = (a->end - a->start) >> PGSHIFT;
    return first < from + pages && from < first + n;
}

/* The next area that maps any of these pages; false if all have been dealt with. */
static bool next_stop(struct store *st, uint64 first, uint64 n, struct stop *stop)
{
    bool found = false;

    spin_lock(&rmap_lock);
    while (!found && !list_empty(&st->areas)) {
        struct area *a = container_of(st->areas.next, struct area, of_store);
        if (a->round == st->round)
            break;
        a->round = st->round;
        list_del(&a->of_store);
        list_add_tail(&st->areas, &a->of_store);
        found = maps_any(a, first, n) && visit(a->space);
        *stop = (struct stop){a->space, a->start, a->end};
    }
    spin_unlock(&rmap_lock);
    return found;
}

/* The addresses that have pages first .. first + n in the area, inside start .. end. */
static bool range_in(const struct area *a, uint64 first, uint64 n, uint64 *start, uint64 *end)
{
    uint64 from = a->offset >> PGSHIFT;
    uint64 low = a->start + (first > from ? (first - from) << PGSHIFT : 0);
    uint64 high = first + n - from < (a->end - a->start) >> PGSHIFT
                      ? a->start + ((first + n - from) << PGSHIFT)
                      : a->end;

    if (first + n <= from)
        return false;
    *start = low > *start ? low : *start;
    *end = high < *end ? high : *end;
    return *start < *end;
}

typedef void change_fn(struct space *s, const struct area *a, uint64 start, uint64 end);

static void walk(struct store *st, uint64 first, uint64 n, change_fn *change)
{
    struct stop stop;

    mutex_lock(&st->walk);
    st->round++;
    while (next_stop(st, first, n, &stop)) {
        mutex_lock(&stop.s->lock);
        struct area *a = area_overlap(&stop.s->areas, stop.start, stop.end);
        for (; a && a->start < stop.end; a = area_next(a)) {
            uint64 start = stop.start, end = stop.end;
            if (a->store == st && range_in(a, first, n, &start, &end))
                change(stop.s, a, start, end);
        }
        space_unlock(stop.s);
        leave(stop.s);
    }
    mutex_unlock(&st->walk);
}

static void protect(struct space *s, const struct area *a, uint64 start, uint64 end)
{
    if (a->shared)
        pmap_protect(s, start, end, a->prot & ~AREA_W);
}

static void unmap(struct space *s, const struct area *a, uint64 start, uint64 end)
{
    (void)a;
    pmap_remove_store(s, start, end);
}

void rmap_protect(struct store *st, uint64 first, uint64 n)
{
    walk(st, first, n, protect);
}

void rmap_unmap(struct store *st, uint64 first, uint64 n)
{
    walk(st, first, n, unmap);
}
