#ifndef VM_AREA_H
#define VM_AREA_H

#include "kernel/lib/avl.h"
#include "kernel/lib/list.h"
#include "kernel/riscv.h"

struct space;
struct store;

/*
 * An area is one promise: what the user addresses start .. end mean.  The areas of a space are
 * disjoint and stand in a tree ordered by address.  The caller holds the lock of the space.
 */
enum area_kind { AREA_TEXT, AREA_DATA, AREA_STACK, AREA_HEAP, AREA_MAP };

#define AREA_R            1
#define AREA_W            2
#define AREA_X            4
#define AREA_TO_PTE(prot) ((pte_t)(prot) << 1) /* to PTE_R, PTE_W, PTE_X */

struct area {
    struct avl_node node;
    uint64 start, end; /* user addresses, page-aligned, start < end */
    uchar prot;        /* AREA_R | AREA_W | AREA_X, never W and X */
    uchar kind;        /* enum area_kind */
    bool charged;      /* every page is counted as committed, not only the resident ones */
    bool shared;       /* writes are seen by all who map the store */
    bool may_write;    /* shared: `prot` may be given AREA_W */

    /* NULL: anonymous, and the rest means nothing. */
    struct store *store;  /* whom empty pages are asked of; one of its references is ours */
    uint64 offset;        /* where in the store `start` is, page-aligned */
    uint64 bytes;         /* that it provides, from `start` on; zeros follow in that page */
    struct space *space;  /* that the area is in */
    struct list of_store; /* its place among the store's areas; rmap_lock, like `round` */
    uint64 round;         /* of the walk that has dealt with it (rmap.c) */
    struct area *dead;    /* the next of those that space_unlock_and_bury() is to free */
#ifdef DEBUG
    uint64 check; /* check_store.c */
#endif
};

#define AREA_ALL_BYTES (~0UL) /* `bytes` of an area that ends where the store does */

/* The page of the store that va, in `a`, is a part of. */
static inline uint64 area_index(const struct area *a, uint64 va)
{
    return (va - a->start + a->offset) >> PGSHIFT;
}

/* The store provides only the beginning of the page of va. */
static inline bool area_is_partial(const struct area *a, uint64 va)
{
    return (va & ~(uint64)(PGSIZE - 1)) - a->start + PGSIZE > a->bytes;
}

void area_init(void); /* once at boot */

/* The area that holds va, NULL if none. */
static inline struct area *area_find(const struct avl_tree *t, uint64 va)
{
    struct avl_node *n = t->root;

    while (n) {
        struct area *a = container_of(n, struct area, node);
        if (va < a->start)
            n = n->child[0];
        else if (va >= a->end)
            n = n->child[1];
        else
            return a;
    }
    return NULL;
}

/* The lowest area that ends above va: the one that holds va or the next one above it. */
struct area *area_above(const struct avl_tree *t, uint64 va);

/* The highest area that ends at va or below it. */
struct area *area_below(const struct avl_tree *t, uint64 va);

/* The lowest area that has an address in start .. end, NULL if that range is free. */
struct area *area_overlap(const struct avl_tree *t, uint64 start, uint64 end);

struct area *area_first(const struct avl_tree *t);
struct area *area_next(const struct area *a);
struct area *area_prev(const struct area *a);

/*
 * Adds start .. end, which is free, with the attributes of `like`; joins it with a neighbour that
 * touches it and has the same attributes, both anonymous.  0, or -ENOMEM with nothing changed.
 * `frame_flags`, here and below, may be FRAME_RESERVE.
 *
 * An area with a store takes a reference of its own, and stands among the store's areas as one of
 * like->space.
 */
int area_add(struct avl_tree *t, uint64 start, uint64 end, const struct area *like,
             int frame_flags);

/*
 * The two halves of that: an area that is in no tree yet (NULL: no memory), and its way into one,
 * where start .. end is free.  It is not joined with any other.
 */
struct area *area_new(uint64 start, uint64 end, const struct area *like, int frame_flags);
void area_insert(struct avl_tree *t, struct area *a);

/*
 * Joins `a` with the next area, which goes, if they touch and have the same attributes; of a store,
 * if the next area goes on where `a` ends.  False if not.  *dead is as area_cut() has it.
 */
bool area_join(struct avl_tree *t, struct area *a, struct area **dead);

/*
 * Divides `a` at `at`, a page inside it: `a` keeps what is below, a new area gets the rest.
 * 0, or -ENOMEM with nothing changed.
 */
int area_split(struct avl_tree *t, struct area *a, uint64 at, int frame_flags);

/*
 * Takes from .. to, which touches the start or the end of `a`, out of it.  An empty `a` leaves the
 * tree: it is freed, or, if it has a store, returned for area_free_dead().
 */
struct area *area_cut(struct avl_tree *t, struct area *a, uint64 from, uint64 to);

/* Frees a dead area and its reference to the store, which may sleep; no lock is held. */
void area_free_dead(struct area *a);

/*
 * Copies all areas of `from` into the empty tree `to`, that of `space`.  0, or -ENOMEM with a part
 * of them copied.
 */
int area_copy_all(struct avl_tree *to, const struct avl_tree *from, struct space *space,
                  int frame_flags);

#endif
