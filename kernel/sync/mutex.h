#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

#include "kernel/lib/atomic.h"
#include "kernel/sync/waitq.h"

/*
 * A lock that sleeps: for work that takes long or waits for a device.  Held by a process, not a
 * hart; interrupts stay on.  The order among mutexes is in docs/locking.md.
 */
struct mutex {
    struct proc *holder;   /* NULL = free; atomic.  The lowest bit: somebody waits */
    struct spinlock guard; /* of waiters; taken only when there are any */
    struct waitq waiters;
    const char *name;
};

void mutex_init(struct mutex *m, const char *name);

/* The usual case, nobody else wants the lock, is one compare-and-swap; mutex.c has the other. */
void mutex_lock_slowly(struct mutex *m);
void mutex_unlock_and_wake(struct mutex *m);

static inline void mutex_lock(struct mutex *m)
{
    assert_may_sleep("mutex_lock");
    struct proc *nobody = NULL;
    /* GCC takes the order of the load from that of a failure; of the store alone it is too weak. */
    if (!__atomic_compare_exchange_n(&m->holder, &nobody, proc_self(), false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_ACQUIRE))
        mutex_lock_slowly(m);
}

static inline void mutex_unlock(struct mutex *m)
{
    if (!atomic_cas(&m->holder, proc_self(), NULL))
        mutex_unlock_and_wake(m);
}

#endif
