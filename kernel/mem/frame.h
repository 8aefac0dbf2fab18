#ifndef MEM_FRAME_H
#define MEM_FRAME_H

#include "kernel/lib/list.h"
#include "kernel/mem/addr.h"
#include "kernel/vmview.h"
#include <stdbool.h>

/*
 * The frame table: one entry for every frame of RAM.  A frame is in exactly one state, an enum
 * frame_state of kernel/vmview.h.  Its reference count says how many hold it: PTEs, the cache,
 * pins; the last frame_put() frees it.  A count can neither overflow nor fall below zero: both
 * panic with the frame's number.
 *
 * An entry fills a cache line: no two harts contend for one because of its neighbour, and between
 * an entry and its frame there is a shift, not a multiplication.
 *
 * The table is not filled at boot.  It comes into being block by block, a block being
 * FRAME_BLOCK frames: when the first frame of a block is handed out, or at boot if only a part of
 * the block can be (docs/memory.md).
 */
struct frame {
    uint refs;        /* atomic */
    uchar state;      /* enum frame_state */
    uchar order;      /* of the free block that starts here, or of the allocation */
    uchar in_buddy;   /* a free block of the buddy allocator starts here */
    uchar poisoned;   /* DEBUG: free and filled with poison */
    struct list link; /* on the list of the one who owns the frame in this state */
    uint64 owner[2];  /* theirs too: the cache's (store, index), a slab's cache and free object */
#ifdef DEBUG
    uint pins;         /* atomic: how many of the references are pins (vm/usercopy.c) */
    uint mapped : 31;  /* vm/check.c, only while it runs: how often it has found the frame */
    uint writable : 1; /* the same: one of the entries found is writable */
#endif
} __attribute__((aligned(64)));

#define MAX_ORDER   10 /* the largest block is 2^10 frames: 4 MiB */
#define FRAME_BLOCK (1UL << MAX_ORDER)

enum frame_flags {
    FRAME_RESERVE = 1, /* may use the reserve kept for init, the shell's family and write-back */
    FRAME_ZEROED = 2,  /* filled with zeros; else the contents are undefined */
};

extern struct frame *frame_table; /* indexed by (pa - frame_base) >> PGSHIFT */
extern paddr frame_base;
extern uint8 *frame_memory; /* what frame 0 holds: virt(frame_base) */
extern uint64 frame_count;  /* entries: RAM rounded out to whole blocks */

/*
 * Sets up the table and hands out nothing.  `ram` .. `ram_end` is all RAM, of which what lies
 * beyond the direct map stays unused; the table itself is placed at `at`, page-aligned and in the
 * first part of RAM.  All before its end is FRAME_RESERVED.  Returns the end, page-aligned.
 */
paddr frame_init(paddr ram, paddr ram_end, paddr at);

/* Gives the whole frames inside start .. end, all behind the table, to the allocator; at boot. */
void frame_add(paddr start, paddr end);

/* False if no frame of f's block was ever handed out: the entry is then without meaning. */
bool frame_known(const struct frame *f);

/*
 * Returns a frame (or the first of 2^order, physically aligned to its size) with refs 1, state
 * `state`, an unlinked `link` and `owner` 0, or NULL if there is none.  Of several frames only the
 * first is counted; all have the state.  Never sleeps; any context.  frame_put() frees it as a
 * whole.
 */
struct frame *frame_alloc(enum frame_state state, int flags);
struct frame *frame_alloc_order(enum frame_state state, int order, int flags);

void frame_get(struct frame *f);
bool frame_put(struct frame *f); /* true if this was the last reference and f is free now */

/* Free frames, those in hart caches included.  A snapshot; exact while nobody allocates. */
uint64 frame_free_count(void);

#ifdef DEBUG
/* For vm/check.c, while no other hart runs: the frames in the caches of harts, one by one. */
void frame_each_cached(void (*visit)(struct frame *f));
uint64 frame_buddy_count(void); /* free frames that are in none of those */
#endif

uint64 frame_managed_count(void); /* frames that frame_add() got: free or in use */
uint64 frame_reserve_count(void); /* of those, the last ones are kept for FRAME_RESERVE */

/*
 * Called when an allocation is about to fail; returns true if it freed anything.  It runs in the
 * context of the allocation, maybe with spin locks held or in an interrupt handler, and must look
 * itself (sync/hart.h) before it takes a lock.  It must not sleep or allocate.
 */
void frame_set_reclaim(bool (*reclaim)(void));

/*
 * Called now and then when an allocation has left less than a 32nd of memory free; the same holds
 * for it.
 */
void frame_set_low(void (*low)(void));

static inline struct frame *frame_of(paddr pa)
{
    return &frame_table[(pa - frame_base) >> 12];
}

_Static_assert(4096 % sizeof(struct frame) == 0, "a frame is a whole number of entries long");

/* How far the frame lies behind frame 0: so much larger than its entry, so much further. */
static inline uint64 frame_offset(const struct frame *f)
{
    return ((uint64)f - (uint64)frame_table) * (4096 / sizeof(struct frame));
}

static inline paddr frame_pa(const struct frame *f)
{
    return frame_base + frame_offset(f);
}

static inline void *frame_virt(const struct frame *f)
{
    return frame_memory + frame_offset(f);
}

#endif
