#ifndef VM_AREA_H
#define VM_AREA_H

#include "kernel/lib/avl.h"
#include "kernel/lib/list.h"
#include "kernel/riscv.h"

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
};

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

/* The highest area that starts below va, which no area holds. */
struct area *area_below(const struct avl_tree *t, uint64 va);

/* The lowest area that has an address in start .. end, NULL if that range is free. */
struct area *area_overlap(const struct avl_tree *t, uint64 start, uint64 end);

struct area *area_first(const struct avl_tree *t);
struct area *area_next(const struct area *a);
struct area *area_prev(const struct area *a);

/*
 * Adds start .. end, which is free, with the attributes of `like`; joins it with a neighbour that
 * touches it and has the same attributes.  0, or -ENOMEM with nothing changed.  `frame_flags`, here
 * and below, may be FRAME_RESERVE.
 */
int area_add(struct avl_tree *t, uint64 start, uint64 end, const struct area *like,
             int frame_flags);

/*
 * Divides `a` at `at`, a page inside it: `a` keeps what is below, a new area gets the rest.
 * 0, or -ENOMEM with nothing changed.
 */
int area_split(struct avl_tree *t, struct area *a, uint64 at, int frame_flags);

/* Takes from .. to, which touches the start or the end of `a`, out of it; frees an empty `a`. */
void area_cut(struct avl_tree *t, struct area *a, uint64 from, uint64 to);

/* Copies all areas of `from` into the empty tree `to`.  0, or -ENOMEM with `to` empty. */
int area_copy_all(struct avl_tree *to, const struct avl_tree *from, int frame_flags);

#endif
