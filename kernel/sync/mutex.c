/*
 * Mutexes: see mutex.h.  The holder is one word, so a lock that nobody waits for costs one
 * compare-and-swap to take and one to release.  Its lowest bit, WAITED, says that the queue may
 * not be empty; it is set only under `guard`, by who is about to sleep, so a releaser that does
 * not see it has nobody to wake.  A releaser that does see it makes the longest waiter the holder:
 * were the lock merely free, who releases and takes it in a loop would keep it for itself.
 */
#include "kernel/sync/mutex.h"
#include "kernel/lib/panic.h"

#define WAITED 1UL

void mutex_init(struct mutex *m, const char *name)
{
    spin_init(&m->guard, name, RANK_MUTEX);
    waitq_init(&m->waiters);
    m->holder = NULL;
    m->name = name;
}

static struct proc *with_waited(const struct proc *p)
{
    return (struct proc *)((uint64)p | WAITED);
}

/* The holder without the mark. */
static struct proc *holder_of(const struct mutex *m)
{
    return (struct proc *)((uint64)load_relaxed(&m->holder) & ~WAITED);
}

/* guard held: takes a free mutex, or marks a held one as waited for; true if it was taken. */
static bool take_or_mark(struct mutex *m, struct proc *self)
{
    struct proc *mine = list_empty(&m->waiters.sleepers) ? self : with_waited(self);
    for (;;) {
        struct proc *old = load_relaxed(&m->holder);
        if (old == NULL && atomic_cas(&m->holder, old, mine))
            return true;
        if (old != NULL &&
            (old == with_waited(old) || atomic_cas(&m->holder, old, with_waited(old))))
            return false;
    }
}

void mutex_lock_slowly(struct mutex *m)
{
    struct proc *self = proc_self();
    if (holder_of(m) == self)
        panic("mutex_lock: \"%s\" is held by its taker", m->name);
    spin_lock(&m->guard);
    while (holder_of(m) != self && !take_or_mark(m, self))
        waitq_sleep(&m->waiters, &m->guard);
    spin_unlock(&m->guard);
}

void mutex_unlock_and_wake(struct mutex *m)
{
    if (holder_of(m) != proc_self())
        panic("mutex_unlock: \"%s\" is not held by its releaser", m->name);
    spin_lock(&m->guard);
    struct proc *next = waitq_take(&m->waiters);
    bool more = !list_empty(&m->waiters.sleepers);
    store_release(&m->holder, more ? with_waited(next) : next);
    spin_unlock(&m->guard);
}
