/*
 * Single free frames kept by the hart that freed them: most allocations meet no lock and no other
 * hart's cache lines.
 *
 * Each cache is a stack.  Only its own hart, with interrupts off, moves `top` and fills slots; but
 * every hart may empty a slot, by an atomic exchange with NULL, so a frame always goes to exactly
 * one taker.  Slots from `top` on are empty; below it some may have been emptied by others, which
 * the owner finds when it comes down to them.  Thus no frame is out of reach of a hart in need
 * (hartcache_drain_all), and the owner needs no lock.
 */
#include "kernel/mem/hartcache.h"
#include "kernel/lib/string.h"
#include "kernel/mem/buddy.h"

struct hartcache hartcaches[NCPU];

void hartcache_init(void)
{
    memset(hartcaches, 0, sizeof hartcaches);
    for (uint i = 0; i < NCPU; i++) {
        hartcaches[i].top = hartcaches[i].slot;
        harts[i].frames = &hartcaches[i];
    }
}

/* Pushes f[n - 1] down to f[0], to be popped upwards, while there is room; returns how many. */
static int push_run(struct frame *f, int n)
{
    uint64 irq = irq_save();
    struct hartcache *c = hart_self()->frames;
    struct frame **top = c->top;
    int room = (int)(c->slot + HARTCACHE_SLOTS - top), done = 0;

    __atomic_thread_fence(__ATOMIC_RELEASE); /* what was done to the frames, before their slots */
    for (int end = n < room ? n : room; done < end; done++)
        store_relaxed(&top[done], &f[n - 1 - done]);
    c->top = top + done;
    irq_restore(irq);
    return done;
}

struct frame *hartcache_refill(uint64 floor)
{
    struct frame *f = NULL;
    int order = HARTCACHE_BATCH_ORDER + 1;

    while (!f && order-- > 0)
        f = buddy_alloc(order, floor);
    if (f && order > 0) {
        int rest = (1 << order) - 1;
        /* An interrupt or another process on this hart may have filled the cache meanwhile. */
        for (rest -= push_run(f + 1, rest); rest > 0; rest--)
            buddy_free(f + rest, 0);
    }
    return f;
}

/* The newest frames go: they are the ones at hand, and which ones matters little. */
void hartcache_spill(struct frame *f)
{
    struct frame *batch[HARTCACHE_BATCH + 1];
    int n = 1;

    batch[0] = f;
    uint64 irq = irq_save();
    struct hartcache *c = hart_self()->frames;
    for (int i = 0; i < HARTCACHE_BATCH && c->top > c->slot; i++) {
        batch[n] = __atomic_exchange_n(--c->top, NULL, __ATOMIC_RELAXED);
        n += batch[n] != NULL;
    }
    irq_restore(irq);
    buddy_free_many(batch, n);
}

uint64 hartcache_drain_all(void)
{
    uint64 drained = 0;

    for (struct hartcache *c = hartcaches; c < hartcaches + nharts; c++) {
        for (int i = 0; i < HARTCACHE_SLOTS; i++) {
            struct frame *f = load_relaxed(&c->slot[i]) ? atomic_swap(&c->slot[i], NULL) : NULL;
            if (f) {
                buddy_free(f, 0);
                drained++;
            }
        }
    }
    return drained;
}

uint64 hartcache_count(void)
{
    uint64 n = 0;

    for (const struct hartcache *c = hartcaches; c < hartcaches + nharts; c++) {
        for (int i = 0; i < HARTCACHE_SLOTS; i++)
            n += load_relaxed(&c->slot[i]) != NULL;
    }
    return n;
}
