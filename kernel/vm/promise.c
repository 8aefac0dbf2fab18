/*
 * Promises: how the areas of a space come, change and go, with what they cost.
 *
 * Every call checks, then reserves what it needs, then commits without failing.  Where an area is
 * charged or has a store its tables are made with the promise, so that keeping it takes nothing but
 * the frames that were charged, or that the store has; not so while the machine overcommits.
 *
 * An area with a store that leaves the tree is dead, and freed by space_unlock_and_bury(): to let
 * go of the store may sleep for long.
 *
 * Lock: s->lock, held by the caller of promise_*, taken by space_*.
 */
#include "kernel/vm/promise.h"
#include "kernel/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/store.h"

/* --- What is there ---------------------------------------------------------------------------- */

bool promise_is_stack(const struct space *s, uint64 start, uint64 end)
{
    return s->stack_top && start < s->stack_top && end > s->stack_low - PGSIZE;
}

bool promise_is_vacant(const struct space *s, uint64 start, uint64 end)
{
    return !promise_is_stack(s, start, end) && area_overlap(&s->areas, start, end) == NULL;
}

bool promise_is_whole(const struct space *s, uint64 start, uint64 end)
{
    struct area *a = area_find(&s->areas, start);

    while (a && a->end < end) {
        struct area *next = area_next(a);
        a = next && next->start == a->end ? next : NULL;
    }
    return a != NULL || start == end;
}

/* --- Coming and going ------------------------------------------------------------------------- */

static void mourn(struct space *s, struct area *dead)
{
    if (dead) {
        dead->dead = s->dead;
        s->dead = dead;
    }
}

/* With it go the page tables that lie in floor .. ceiling. */
static void drop(struct space *s, struct area *a, uint64 from, uint64 to, uint64 floor,
                 uint64 ceiling)
{
    uint64 frames = pmap_remove(s, from, to, floor, ceiling);
    uint64 pages = (to - from) >> PGSHIFT;

    space_uncharge(s, a->charged ? pages : frames);
    store_relaxed(&s->promised, s->promised - pages);
    mourn(s, area_cut(&s->areas, a, from, to));
}

void promise_drop(struct space *s, struct area *a, uint64 from, uint64 to)
{
    struct area *below = area_prev(a), *above = area_next(a);
    uint64 floor = from > a->start ? from : below ? below->end : 0;
    uint64 ceiling = to < a->end ? to : above ? above->start : MAXVA;

    ASSERT(from == a->start || to == a->end, "what is taken out touches an end of its area");
    drop(s, a, from, to, floor, ceiling);
}

/* Removes the tables that only the free range start .. end would need. */
static void drop_tables(struct space *s, uint64 start, uint64 end)
{
    struct area *below = area_below(&s->areas, start), *above = area_above(&s->areas, start);
    pmap_remove(s, start, end, below ? below->end : 0, above ? above->start : MAXVA);
}

/* The area is there, or one that it continues is longer; -ENOMEM with nothing changed. */
static int add(struct space *s, uint64 start, uint64 end, const struct area *like)
{
    int r = area_add(&s->areas, start, end, like, space_frame_flags(s));
    if (r == 0 && s->areas.count > AREAS_MAX) {
        mourn(s, area_cut(&s->areas, area_find(&s->areas, start), start, end));
        r = -ENOMEM;
    }
    return r;
}

/*
 * Makes the tables that keeping the promise will need, so that a fault finds them; those of a store
 * that is not charged here for as much as it has now.  Not while the machine overcommits.
 */
static int make_tables(struct space *s, uint64 start, uint64 end, const struct area *like)
{
    if (commit_overcommits() || !(like->charged || like->store))
        return 0;
    if (!like->charged) {
        uint64 has = like->store->ops->pages(like->store), first = like->offset >> PGSHIFT;
        uint64 pages = has > first ? has - first : 0;
        end = pages < (end - start) >> PGSHIFT ? start + (pages << PGSHIFT) : end;
    }
    return pmap_make_tables(s, start, end);
}

int promise_make(struct space *s, uint64 start, uint64 end, const struct area *like)
{
    uint64 pages = (end - start) >> PGSHIFT;
    uint64 charge = like->charged ? pages : 0;

    if (space_charge(s, charge) < 0)
        return -ENOMEM;
    int r = make_tables(s, start, end, like);
    if (r == 0)
        r = add(s, start, end, like);
    if (r < 0) {
        drop_tables(s, start, end);
        space_uncharge(s, charge);
        return -ENOMEM;
    }
    store_relaxed(&s->promised, s->promised + pages);
    return 0;
}

/* --- Borders ---------------------------------------------------------------------------------- */

static int split_at(struct space *s, uint64 va)
{
    struct area *a = area_find(&s->areas, va);
    if (a == NULL || a->start == va)
        return 0;
    if (s->areas.count >= AREAS_MAX)
        return -ENOMEM;
    return area_split(&s->areas, a, va, space_frame_flags(s));
}

int promise_isolate(struct space *s, uint64 start, uint64 end)
{
    int r = split_at(s, start);
    if (r == 0)
        r = split_at(s, end);
    if (r < 0)
        promise_join(s, start, end);
    return r;
}

void promise_join(struct space *s, uint64 start, uint64 end)
{
    struct area *a = area_above(&s->areas, start > 0 ? start - 1 : 0), *dead;

    while (a && a->end <= end)
        if (area_join(&s->areas, a, &dead))
            mourn(s, dead);
        else
            a = area_next(a);
}

/* --- In place of what is there ---------------------------------------------------------------- */

/* Removes the tables that were made in what is still free of start .. end. */
static void drop_spare_tables(struct space *s, uint64 start, uint64 end)
{
    while (start < end) {
        struct area *a = area_overlap(&s->areas, start, end);
        uint64 gap = a ? a->start : end;
        if (gap > start)
            drop_tables(s, start, gap);
        start = a ? a->end : end;
    }
}

/* Takes all that `like` will need there; NULL: no memory, and nothing is taken. */
static struct area *reserve(struct space *s, uint64 start, uint64 end, const struct area *like)
{
    uint64 charge = like->charged ? (end - start) >> PGSHIFT : 0;
    struct area *a = NULL;

    if (s->areas.count >= AREAS_MAX || space_charge(s, charge) < 0)
        return NULL;
    if (make_tables(s, start, end, like) == 0)
        a = area_new(start, end, like, space_frame_flags(s));
    if (a == NULL) {
        drop_spare_tables(s, start, end);
        space_uncharge(s, charge);
    }
    return a;
}

/* Removes the areas of start .. end, which cross no border, but none of the tables. */
static void clear(struct space *s, uint64 start, uint64 end)
{
    struct area *a;

    while ((a = area_overlap(&s->areas, start, end)) != NULL)
        drop(s, a, a->start, a->end, MAXVA, 0);
}

int promise_replace(struct space *s, uint64 start, uint64 end, const struct area *like)
{
    if (promise_isolate(s, start, end) < 0)
        return -ENOMEM;
    struct area *a = reserve(s, start, end, like);
    if (a) {
        clear(s, start, end);
        area_insert(&s->areas, a);
        store_relaxed(&s->promised, s->promised + ((end - start) >> PGSHIFT));
    }
    promise_join(s, start, end);
    return a ? 0 : -ENOMEM;
}

/* --- The calls -------------------------------------------------------------------------------- */

/* Whole pages of the user half, with rights that an area may have. */
static bool acceptable(uint64 start, uint64 end, int prot)
{
    return start < end && end <= USER_END && ((start | end) & (PGSIZE - 1)) == 0 &&
           !(prot & AREA_W && prot & AREA_X);
}

int space_map_like(struct space *s, uint64 start, uint64 end, const struct area *like)
{
    struct area a = *like;
    int r = -EINVAL;

    if (!acceptable(start, end, like->prot))
        return -EINVAL;
    a.prot = (uchar)(like->prot & AREA_W ? like->prot | AREA_R : like->prot);
    a.space = s;
    mutex_lock(&s->lock);
    if (promise_is_vacant(s, start, end))
        r = promise_make(s, start, end, &a);
    space_unlock(s);
    return r;
}

int space_map(struct space *s, uint64 start, uint64 end, int prot, enum area_kind kind)
{
    struct area like = {.prot = (uchar)prot, .kind = (uchar)kind, .charged = true};
    return space_map_like(s, start, end, &like);
}

int space_unmap(struct space *s, uint64 start, uint64 end)
{
    struct area *a;
    int r = 0;

    mutex_lock(&s->lock);
    a = area_overlap(&s->areas, start, end);
    if (a && a->start < start && end < a->end)
        r = split_at(s, end);
    while (r == 0 && (a = area_overlap(&s->areas, start, end)) != NULL)
        promise_drop(s, a, a->start > start ? a->start : start, a->end < end ? a->end : end);
    space_unlock_and_bury(s);
    return r;
}
