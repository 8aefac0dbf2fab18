#ifndef MEM_HARTCACHE_H
#define MEM_HARTCACHE_H

#include "kernel/lib/atomic.h"
#include "kernel/lib/csr.h"
#include "kernel/mem/frame.h"
#include "kernel/sync/hart.h"

/* A stack of single free frames for each hart; private to kernel/mem.  The model: hartcache.c. */
#define HARTCACHE_SLOTS       63 /* with `top` 512 bytes */
#define HARTCACHE_BATCH_ORDER 5
#define HARTCACHE_BATCH       (1 << HARTCACHE_BATCH_ORDER) /* frames moved at a time */

struct hartcache {
    struct frame **top;                  /* slots from here on are empty; only the hart's own */
    struct frame *slot[HARTCACHE_SLOTS]; /* atomic: a frame or NULL */
} __attribute__((aligned(64)));

extern struct hartcache hartcaches[NCPU];

void hartcache_init(void); /* all empty */

/* The newest frame of this hart's cache; NULL if there is none or another hart has taken it. */
static inline struct frame *hartcache_pop(void)
{
    uint64 irq = irq_save();
    struct hartcache *c = hart_self()->frames;
    struct frame *f = NULL;

    /* Relaxed: only this hart fills the slot. */
    if (c->top > c->slot)
        f = __atomic_exchange_n(--c->top, NULL, __ATOMIC_RELAXED);
    irq_restore(irq);
    return f;
}

/* Puts a free frame into this hart's cache; false if that is full. */
static inline bool hartcache_push(struct frame *f)
{
    uint64 irq = irq_save();
    struct hartcache *c = hart_self()->frames;
    bool fits = c->top < c->slot + HARTCACHE_SLOTS;

    if (fits)
        store_release(c->top++, f);
    irq_restore(irq);
    return fits;
}

/* Moves frames from the buddy allocator here and returns one more; `floor` as in buddy_alloc(). */
struct frame *hartcache_refill(uint64 floor);

/* When hartcache_push() had no room: gives f and a batch of others to the buddy allocator. */
void hartcache_spill(struct frame *f);

/* Gives all frames in all caches to the buddy allocator, for any hart; returns how many. */
uint64 hartcache_drain_all(void);

uint64 hartcache_count(void); /* frames in all caches; a snapshot */

#endif
