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
    bool was_on = csr_read(sstatus) & SSTATUS_SIE;
    irq_off();
    struct hart *h = hart_self();
    if (h->irq_depth++ == 0)
        h->irq_was_on = was_on;
}

void irq_pop(void)
{
    struct hart *h = hart_self();
    ASSERT(h->irq_depth > 0, "a pop without a push");
    if (--h->irq_depth == 0 && h->irq_was_on)
        irq_on();
}

void spin_init(struct spinlock *lk, const char *name, enum lock_rank rank)
{
    *lk = (struct spinlock)SPINLOCK_INIT(name, rank);
}

bool spin_held(const struct spinlock *lk)
{
    return load_relaxed(&lk->locked) && load_relaxed(&lk->holder) == hart_self();
}

#ifdef DEBUG
static void check_order(const struct spinlock *lk)
{
    struct hart *h = hart_self();
    if (spin_held(lk))
        panic("spin_lock: hart %u holds \"%s\" already", h->id, lk->name);
    if (h->ranks_held >> lk->rank)
        panic("spin_lock: \"%s\" of rank %u comes too late, ranks held: %lx", lk->name, lk->rank,
              h->ranks_held);
}
#else
static inline void check_order(const struct spinlock *lk)
{
    (void)lk;
}
#endif

static inline void acquired(struct spinlock *lk)
{
    struct hart *h = hart_self();
    store_relaxed(&lk->holder, h);
    h->locks_held++;
#ifdef DEBUG
    h->ranks_held |= 1UL << lk->rank;
#endif
}

void spin_lock(struct spinlock *lk)
{
    irq_push();
    check_order(lk);
    while (__atomic_exchange_n(&lk->locked, 1, __ATOMIC_ACQUIRE)) {
        /* Read until it looks free: the exchange would take the cache line from the holder. */
        while (load_relaxed(&lk->locked))
            ;
    }
    acquired(lk);
}

bool spin_trylock(struct spinlock *lk)
{
    irq_push();
    if (__atomic_exchange_n(&lk->locked, 1, __ATOMIC_ACQUIRE)) {
        irq_pop();
        return false;
    }
    acquired(lk);
    return true;
}

void spin_unlock(struct spinlock *lk)
{
    ASSERT(spin_held(lk), "the lock is not held by this hart");
    struct hart *h = hart_self();
    h->locks_held--;
#ifdef DEBUG
    h->ranks_held &= ~(1UL << lk->rank);
#endif
    store_relaxed(&lk->holder, NULL);
    store_release(&lk->locked, 0);
    irq_pop();
}

/* Interrupts go off for the look: a preemption could move the caller to another hart. */
bool may_sleep(void)
{
    uint64 before = irq_save();
    const struct hart *h = hart_self();
    bool yes = before & SSTATUS_SIE && !h->in_interrupt && h->locks_held == 0;
    irq_restore(before);
    return yes;
}

void assert_may_sleep(const char *who)
{
#ifdef DEBUG
    irq_push();
    const struct hart *h = hart_self();
    if (h->locks_held)
        panic("%s: may sleep, but hart %u holds a spin lock (ranks %lx)", who, h->id,
              h->ranks_held);
    if (h->in_interrupt)
        panic("%s: may sleep, but hart %u handles an interrupt", who, h->id);
    irq_pop();
#else
    (void)who;
#endif
}

void assert_may_sleep_holding(const struct spinlock *lk)
{
#ifdef DEBUG
    struct hart *h = hart_self();
    if (!spin_held(lk) || h->locks_held != 1 || h->in_interrupt)
        panic("waitq: a sleeper must hold \"%s\" and no other lock", lk->name);
#else
    (void)lk;
#endif
}
