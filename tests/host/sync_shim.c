/*
 * Spin locks and interrupts for unit tests.  The order of ranks is checked as in a DEBUG kernel.
 * "Interrupts off" excludes the other threads that run on the same hart, as it does there.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>

#include "kernel/lib/atomic.h"
#include "kernel/lib/csr.h"
#include "kernel/lib/panic.h"
#include "kernel/sync/spinlock.h"
#include "tests/host/sync_shim.h"

#define MAX_HELD 8

struct hart harts[NCPU];
uint nharts = NCPU;

static pthread_mutex_t interrupts = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static __thread struct spinlock *held[MAX_HELD];
static __thread int nheld;

uint64 irq_save(void)
{
    pthread_mutex_lock(&interrupts);
    return 0;
}

void irq_restore(uint64 old)
{
    (void)old;
    pthread_mutex_unlock(&interrupts);
}

void irq_push(void)
{
    irq_save();
}

void irq_pop(void)
{
    irq_restore(0);
}

void spin_init(struct spinlock *lk, const char *name, enum lock_rank rank)
{
    *lk = (struct spinlock)SPINLOCK_INIT(name, rank);
}

bool spin_held(const struct spinlock *lk)
{
    for (int i = 0; i < nheld; i++) {
        if (held[i] == lk)
            return true;
    }
    return false;
}

static void acquired(struct spinlock *lk)
{
    if (nheld == MAX_HELD)
        panic("spin_lock: too many locks are held");
    held[nheld++] = lk;
}

bool spin_trylock(struct spinlock *lk)
{
    if (atomic_swap(&lk->locked, 1))
        return false;
    acquired(lk);
    return true;
}

void spin_lock(struct spinlock *lk)
{
    for (int i = 0; i < nheld; i++) {
        if (held[i]->rank >= lk->rank)
            panic("spin_lock: \"%s\" is taken after \"%s\"", lk->name, held[i]->name);
    }
    while (!spin_trylock(lk))
        sched_yield();
}

void spin_unlock(struct spinlock *lk)
{
    int i = 0;
    while (i < nheld && held[i] != lk)
        i++;
    if (i == nheld)
        panic("spin_unlock: \"%s\" is not held", lk->name);
    held[i] = held[--nheld];
    store_release(&lk->locked, 0);
}

void sync_shim_reset(void)
{
    while (nheld > 0)
        spin_unlock(held[0]);
}
