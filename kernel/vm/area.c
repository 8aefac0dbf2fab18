/*
 * The tree of areas: ordered by address, disjoint, so both ends of the areas ascend together and
 * one descent answers "who holds va", "who is next" and "is this range free".
 *
 * Pure book-keeping: nothing here knows of page tables or of charges.  Whoever changes an area
 * removes the pages that it no longer promises first (space.c).
 *
 * Lock: that of the space which the tree belongs to.
 */
#include "kernel/vm/area.h"
#include "kernel/errno.h"
#include "kernel/mem/slab.h"
#include "kernel/vm/rmap.h"

_Static_assert(AREA_TO_PTE(AREA_R) == PTE_R && AREA_TO_PTE(AREA_W) == PTE_W &&
                   AREA_TO_PTE(AREA_X) == PTE_X,
               "the rights of an area stand in the order of a PTE's");

static struct slab_cache cache;

void area_init(void)
{
    slab_init(&cache, "area", sizeof(struct area));
}

static struct area *of_node(struct avl_node *n)
{
    return n ? container_of(n, struct area, node) : NULL;
}

struct area *area_above(const struct avl_tree *t, uint64 va)
{
    struct area *best = NULL;
    struct avl_node *n = t->root;

    while (n) {
        struct area *a = container_of(n, struct area, node);
        if (a->end > va) {
            best = a;
            n = n->child[0];
        } else {
            n = n->child[1];
        }
    }
    return best;
}

struct area *area_below(const struct avl_tree *t, uint64 va)
{
    struct area *above = area_above(t, va);
    return above ? area_prev(above) : of_node(avl_last(t));
}

struct area *area_overlap(const struct avl_tree *t, uint64 start, uint64 end)
{
    struct area *a = area_above(t, start);
    return a && a->start < end ? a : NULL;
}

struct area *area_first(const struct avl_tree *t)
{
    return of_node(avl_first(t));
}

struct area *area_next(const struct area *a)
{
    return of_node(avl_next(&a->node));
}

struct area *area_prev(const struct area *a)
{
    return of_node(avl_prev(&a->node));
}

static void link_in(struct avl_tree *t, struct area *a)
{
    struct avl_node *parent = NULL, *n = t->root;
    int side = 0;

    while (n) {
        parent = n;
        side = a->start > container_of(n, struct area, node)->start;
        n = n->child[side];
    }
    avl_insert(t, parent, side, &a->node);
}

static void drop(struct avl_tree *t, struct area *a)
{
    avl_remove(t, &a->node);
    slab_free(&cache, a);
}

static bool same(const struct area *a, const struct area *b)
{
    return !a->store && !b->store && a->prot == b->prot && a->kind == b->kind &&
           a->charged == b->charged;
}

/* Both are of one store, and b of what comes behind a. */
static bool continues(const struct area *a, const struct area *b)
{
    uint64 n = a->end - a->start;
    uint64 rest = a->bytes == AREA_ALL_BYTES ? a->bytes : a->bytes > n ? a->bytes - n : 0;

    return a->store && a->store == b->store && a->prot == b->prot && a->kind == b->kind &&
           a->charged == b->charged && a->shared == b->shared && a->may_write == b->may_write &&
           a->offset + n == b->offset && b->bytes == rest;
}

static bool is_writer(const struct area *a)
{
    return a->shared && a->may_write;
}

struct area *area_new(uint64 start, uint64 end, const struct area *like, int frame_flags)
{
    struct area *a = slab_alloc_flags(&cache, frame_flags);
    if (a == NULL)
        return NULL;
    *a = *like;
    a->start = start;
    a->end = end;
    if (a->store)
        a->store->ops->get(a->store, is_writer(a));
    return a;
}

void area_insert(struct avl_tree *t, struct area *a)
{
    link_in(t, a);
    if (a->store)
        rmap_add(a);
}

static struct area *create(struct avl_tree *t, uint64 start, uint64 end, const struct area *like,
                           int frame_flags)
{
    struct area *a = area_new(start, end, like, frame_flags);
    if (a)
        area_insert(t, a);
    return a;
}

int area_add(struct avl_tree *t, uint64 start, uint64 end, const struct area *like, int frame_flags)
{
    struct area *below = area_below(t, start), *above = below ? area_next(below) : area_first(t);
    bool join_below = below && below->end == start && same(below, like);
    bool join_above = above && above->start == end && same(above, like);

    if (join_below && join_above) {
        below->end = above->end;
        drop(t, above);
    } else if (join_below) {
        below->end = end;
    } else if (join_above) {
        above->start = start;
    } else if (create(t, start, end, like, frame_flags) == NULL) {
        return -ENOMEM;
    }
    return 0;
}

/* `a` begins at `start` from now on. */
static void move_start(struct area *a, uint64 start)
{
    uint64 n = start - a->start;

    if (a->store)
        rmap_begin_change();
    a->start = start;
    a->offset += n;
    if (a->store)
        rmap_end_change();
    if (a->bytes != AREA_ALL_BYTES)
        a->bytes = a->bytes > n ? a->bytes - n : 0;
}

int area_split(struct avl_tree *t, struct area *a, uint64 at, int frame_flags)
{
    struct area rest = *a;

    move_start(&rest, at);
    struct area *b = area_new(at, a->end, &rest, frame_flags);
    if (b == NULL)
        return -ENOMEM;
    link_in(t, b);
    if (a->store)
        rmap_split(a, b);
    else
        a->end = at;
    return 0;
}

bool area_join(struct avl_tree *t, struct area *a, struct area **dead)
{
    struct area *b = area_next(a);

    *dead = NULL;
    if (b == NULL || a->end != b->start || !(same(a, b) || continues(a, b)))
        return false;
    if (a->store) {
        avl_remove(t, &b->node);
        rmap_join(a, b);
        *dead = b;
    } else {
        a->end = b->end;
        drop(t, b);
    }
    return true;
}

struct area *area_cut(struct avl_tree *t, struct area *a, uint64 from, uint64 to)
{
    if (from == a->start && to == a->end && a->store) {
        avl_remove(t, &a->node);
        rmap_remove(a);
        return a;
    }
    if (from == a->start && to == a->end)
        drop(t, a);
    else if (from == a->start)
        move_start(a, to);
    else
        a->end = from;
    return NULL;
}

void area_free_dead(struct area *a)
{
    a->store->ops->put(a->store, is_writer(a));
    slab_free(&cache, a);
}

int area_copy_all(struct avl_tree *to, const struct avl_tree *from, struct space *space,
                  int frame_flags)
{
    for (struct area *a = area_first(from); a; a = area_next(a)) {
        struct area *copy = area_new(a->start, a->end, a, frame_flags);
        if (copy == NULL)
            return -ENOMEM;
        copy->space = space; /* before a walk over the store's areas can meet it */
        area_insert(to, copy);
    }
    return 0;
}
