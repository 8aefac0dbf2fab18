/* Mutexes: see mutex.h.  `guard` is held for a few instructions only. */
#include "kernel/sync/mutex.h"
#include "kernel/lib/panic.h"

void mutex_init(struct mutex *m, const char *name)
{
    spin_init(&m->guard, name, RANK_MUTEX);
    waitq_init(&m->waiters);
    m->holder = NULL;
    m->name = name;
}

void mutex_lock(struct mutex *m)
{
    assert_may_sleep("mutex_lock");
    spin_lock(&m->guard);
    if (m->holder == proc_self())
        panic("mutex_lock: \"%s\" is held by its taker", m->name);
    while (m->holder)
        waitq_sleep(&m->waiters, &m->guard);
    m->holder = proc_self();
    spin_unlock(&m->guard);
}

bool mutex_trylock(struct mutex *m)
{
    spin_lock(&m->guard);
    bool free = m->holder == NULL;
    if (free)
        m->holder = proc_self();
    spin_unlock(&m->guard);
    return free;
}

void mutex_unlock(struct mutex *m)
{
    spin_lock(&m->guard);
    ASSERT(m->holder == proc_self(), "the mutex is not held by its releaser");
    m->holder = NULL;
    waitq_wake_one(&m->waiters);
    spin_unlock(&m->guard);
}

bool mutex_held(struct mutex *m)
{
    return __atomic_load_n(&m->holder, __ATOMIC_RELAXED) == proc_self();
}
