#ifndef SYNC_WAITQ_H
#define SYNC_WAITQ_H

#include "kernel/lib/list.h"
#include "kernel/sync/spinlock.h"

/*
 * Processes that wait for a condition.  One spin lock, the caller's, guards the condition and the
 * queue; both sleeper and waker hold it.  A sleeper checks its condition in a loop:
 *
 *     spin_lock(&lk);
 *     while (!condition)
 *         waitq_sleep(&q, &lk);
 */
struct waitq {
    struct list sleepers;
};

void waitq_init(struct waitq *q);

/* Releases lk, sleeps until woken, takes lk again.  Not ended by a kill. */
void waitq_sleep(struct waitq *q, struct spinlock *lk);

/* The same, but a killed process does not sleep: returns -EINTR then, else 0. */
int waitq_sleep_killable(struct waitq *q, struct spinlock *lk);

/* The same, but a signal that has a handler ends the wait as well. */
int waitq_sleep_interruptible(struct waitq *q, struct spinlock *lk);

/* As waitq_sleep_killable, but sleeps at most until r_time() reaches `deadline`; 0 also then. */
int waitq_sleep_until(struct waitq *q, struct spinlock *lk, uint64 deadline);

/* The same as an interruptible sleep. */
int waitq_pause_until(struct waitq *q, struct spinlock *lk, uint64 deadline);

/* As waitq_sleep(), not ended by a kill either, but at most until r_time() reaches `deadline`. */
void waitq_sleep_insist(struct waitq *q, struct spinlock *lk, uint64 deadline);

/* Wakes the longest sleeper, or all.  The caller holds the lock that the sleepers gave. */
void waitq_wake_one(struct waitq *q);

/* Takes the longest sleeper off the queue, wakes it if it sleeps, and returns it; NULL: nobody. */
struct proc *waitq_take(struct waitq *q);
void waitq_wake_all(struct waitq *q);

static inline bool waitq_empty(const struct waitq *q)
{
    return list_empty(&q->sleepers);
}

#endif
