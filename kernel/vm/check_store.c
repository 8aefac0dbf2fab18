/*
 * The reverse map against the spaces (V3).  Each page of a store that is mapped lies in an area of
 * that store, at the place that the area says; each area with a store is in the list of the store,
 * once; and each in the list is in a space.  So a walk over the list (rmap.c) finds all entries.
 *
 * Each check has a number.  While the spaces are walked their areas get twice that number; then the
 * lists are walked, each once, and what is found there gets one more.  An area that is in a list
 * only, perhaps freed long ago, has another number; one that is in no list keeps the even one.
 *
 * The machine is frozen: check.c.
 */
#include "kernel/vm/check.h"

#ifdef DEBUG
#include "kernel/vm/pmap.h"
#include "kernel/vm/store.h"

static uint64 round = 1;

const char *check_page(const struct area *a, const struct frame *f, uint64 va)
{
    if (f->state == FRAME_ANON)
        return a->shared && f != pmap_zero ? "a shared area maps a private frame" : NULL;
    if (f->state != FRAME_CACHE)
        return NULL; /* another rule */
    if (a->store == NULL)
        return "a page of a store is mapped in an area that has none";
    /* What has left its store is nameless until a truncation has removed the entries. */
    if (f->owner[0] && (f->owner[0] != (uint64)a->store || f->owner[1] != area_index(a, va)))
        return "an entry maps another page than its area says";
    return NULL;
}

void check_area(struct area *a)
{
    a->check = 2 * round;
}

static void found(const char *what, const struct area *a)
{
    check_at(check_broken(RULE_V3, what), a->space, a->start);
}

static void walk_list(struct store *st)
{
    st->check = round;
    list_each (l, &st->areas) {
        struct area *a = container_of(l, struct area, of_store);
        if (a->check != 2 * round || a->store != st) {
            check_broken(RULE_V3, a->check == 2 * round + 1
                                      ? "a store lists an area twice"
                                      : "a store lists an area that no space has");
            return; /* what follows may be anything */
        }
        a->check++;
    }
}

/* Calls fn for every area of every space that has a store. */
static void each_area(void (*fn)(struct area *a))
{
    for (struct space *s = NULL; (s = check_next_space(s));)
        for (struct area *a = area_first(&s->areas); a; a = area_next(a))
            if (a->store)
                fn(a);
}

static void look_at_store(struct area *a)
{
    if (a->store->check != round)
        walk_list(a->store);
}

static void look_at_area(struct area *a)
{
    if (a->check == 2 * round)
        found("a store does not list an area that maps it", a);
}

void check_stores(void)
{
    each_area(look_at_store);
    each_area(look_at_area);
    round++;
}
#endif
