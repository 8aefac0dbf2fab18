#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

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
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_held(struct mutex *m); /* by the running process */

#endif
