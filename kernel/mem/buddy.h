#ifndef MEM_BUDDY_H
#define MEM_BUDDY_H

#include "kernel/lib/atomic.h"
#include "kernel/mem/frame.h"

/*
 * Free blocks of 2^order frames, aligned to their size.  Private to kernel/mem: it knows nothing
 * of references or states; its callers set those.
 */
extern uint64 buddy_unclaimed; /* atomic: frames here that no buddy_alloc() has claimed */

void buddy_init(void);

/*
 * Takes a block out, the high zone first, if at least `floor` frames stay free; else NULL.  For one
 * frame this is exact: it fails only if the floor forbids it.
 */
struct frame *buddy_alloc(int order, uint64 floor);

/* Puts a block in and merges it with its neighbours.  Its table entries are known. */
void buddy_free(struct frame *f, int order);
void buddy_free_many(struct frame *const *frames, int n); /* single frames */

/* Puts in a whole block of MAX_ORDER that has no table entries yet but the first; at boot. */
void buddy_add_unknown(struct frame *f);

static inline uint64 buddy_free_count(void)
{
    return load_relaxed(&buddy_unclaimed);
}

/* frame.c: makes the table entries of f's block known, all of them in `state`. */
void frame_make_known(struct frame *f, enum frame_state state);

#endif
