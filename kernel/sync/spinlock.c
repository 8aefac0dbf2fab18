/*
 * Spin locks and the interrupt nesting that they need.
 *
 * A hart that holds a spin lock has interrupts off: an interrupt handler that wanted the same lock
 * would wait for ever for the code it interrupted.  The nesting count is the hart's, not the
 * lock's, so locks may be released in any order.
 */
#include "kernel/sync/spinlock.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/csr.h"
#include "kernel/lib/panic.h"

struct hart harts[NCPU];
uint nharts = 1;

void irq_push(void)
{
    uint64 before = irq_save();
    struct hart *h = hart_self();
    if (h->irq_depth++ == 0)
        h->irq_before = before;
}

void irq_pop(void)
{
    struct hart *h = hart_self();
    ASSERT(h->irq_depth > 0, "a pop without a push");
    if (--h->irq_depth == 0)
        irq_restore(h->irq_before);
}

void spin_init(struct spinlock *lk, const char *name, enum lock_rank rank)
{
    *lk = (struct spinlock)SPINLOCK_INIT(name, rank);
}

#ifdef DEBUG
bool spin_held(const struct spinlock *lk)
{
    return load_relaxed(&lk->locked) && load_relaxed(&lk->holder) == hart_self();
}

static void check_order(const struct spinlock *lk)
{
    struct hart *h = hart_self();
    if (spin_held(lk))
        panic("spin_lock: hart %u holds \"%s\" already", h->id, lk->name);
    if (h->ranks_held >> lk->rank)
        panic("spin_lock: \"%s\" of rank %u comes too late, ranks held: %lx", lk->name, lk->rank,
              h->ranks_held);
}

static void note_taken(struct spinlock *lk)
{
    struct hart *h = hart_self();
    store_relaxed(&lk->holder, h);
    h->locks_held++;
    h->ranks_held |= 1UL << lk->rank;
}

static void note_released(struct spinlock *lk)
{
    struct hart *h = hart_self();
    ASSERT(spin_held(lk), "the lock is not held by this hart");
    h->locks_held--;
    h->ranks_held &= ~(1UL << lk->rank);
    store_relaxed(&lk->holder, NULL);
}
#else
#define check_order(lk)   ((void)(lk))
#define note_taken(lk)    ((void)(lk))
#define note_released(lk) ((void)(lk))
#endif

void spin_lock(struct spinlock *lk)
{
    irq_push();
    check_order(lk);
    while (__atomic_exchange_n(&lk->locked, 1, __ATOMIC_ACQUIRE)) {
        /* Read until it looks free: the exchange would take the cache line from the holder. */
        while (load_relaxed(&lk->locked))
            ;
    }
    note_taken(lk);
}

bool spin_trylock(struct spinlock *lk)
{
    irq_push();
    if (__atomic_exchange_n(&lk->locked, 1, __ATOMIC_ACQUIRE)) {
        irq_pop();
        return false;
    }
    note_taken(lk);
    return true;
}

void spin_unlock(struct spinlock *lk)
{
    note_released(lk);
    store_release(&lk->locked, 0);
    irq_pop();
}

/* Interrupts go off for the look: a preemption could move the caller to another hart. */
bool may_sleep(void)
{
    uint64 before = irq_save(); /* a holder of a spin lock has them off */
    bool yes = before & SSTATUS_SIE && !hart_self()->in_interrupt;
    irq_restore(before);
    return yes;
}

#ifdef DEBUG
void assert_may_sleep(const char *who)
{
    irq_push();
    const struct hart *h = hart_self();
    if (h->locks_held)
        panic("%s: may sleep, but hart %u holds a spin lock (ranks %lx)", who, h->id,
              h->ranks_held);
    if (h->in_interrupt)
        panic("%s: may sleep, but hart %u handles an interrupt", who, h->id);
    irq_pop();
}

void assert_may_sleep_holding(const struct spinlock *lk)
{
    struct hart *h = hart_self();
    if (!spin_held(lk) || h->locks_held != 1 || h->in_interrupt)
        panic("waitq: a sleeper must hold \"%s\" and no other lock", lk->name);
}
#endif
