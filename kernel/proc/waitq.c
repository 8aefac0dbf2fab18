/*
 * Wait queues: see sync/waitq.h for the rules, sched.c for the states.
 *
 * A sleeper is linked and marked as sleeping under the caller's lock, with interrupts off from
 * there until the hart has left it: a wake-up in between finds it asleep and puts it on a run
 * queue, and a preemption in between cannot happen.
 */
#include "kernel/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/proc/proc.h"
#include "kernel/proc/timer.h"

void waitq_init(struct waitq *q)
{
    list_init(&q->sleepers);
}

/* Signals that may end a sleep. */
#define NONE 0ul
#define ALL  (~0ul)

static bool interrupted(uint64 by)
{
    return signal_waiting(&proc_self()->signal) & by;
}

static void sleep(struct waitq *q, struct spinlock *lk, uint64 by)
{
    assert_may_sleep_holding(lk);
    struct proc *p = proc_self();
    list_add_tail(&q->sleepers, &p->wait);
    store_release(&p->state, PROC_SLEEPING);
    full_fence(); /* against signal_post(): it sets a bit first and then looks for a sleeper */
    if (interrupted(by))
        sched_ready(p);
    irq_push();
    spin_unlock(lk);
    sched_switch();
    irq_pop();
    spin_lock(lk);
    list_del(&p->wait); /* still linked if it was not the queue's owner who woke us */
}

void waitq_sleep(struct waitq *q, struct spinlock *lk)
{
    sleep(q, lk, NONE);
}

static int sleep_unless(struct waitq *q, struct spinlock *lk, uint64 by)
{
    if (!interrupted(by))
        sleep(q, lk, by);
    return interrupted(by) ? -EINTR : 0;
}

int waitq_sleep_killable(struct waitq *q, struct spinlock *lk)
{
    return sleep_unless(q, lk, SIGNAL_KILL);
}

int waitq_sleep_interruptible(struct waitq *q, struct spinlock *lk)
{
    return sleep_unless(q, lk, ALL);
}

static int sleep_until(struct waitq *q, struct spinlock *lk, uint64 deadline, uint64 by)
{
    struct timer t;
    timer_start(&t, proc_self(), deadline);
    int r = sleep_unless(q, lk, by);
    timer_cancel(&t);
    return r;
}

int waitq_sleep_until(struct waitq *q, struct spinlock *lk, uint64 deadline)
{
    return sleep_until(q, lk, deadline, SIGNAL_KILL);
}

int waitq_pause_until(struct waitq *q, struct spinlock *lk, uint64 deadline)
{
    return sleep_until(q, lk, deadline, ALL);
}

void waitq_sleep_insist(struct waitq *q, struct spinlock *lk, uint64 deadline)
{
    struct timer t;
    timer_start(&t, proc_self(), deadline);
    sleep(q, lk, NONE);
    timer_cancel(&t);
}

void waitq_wake_one(struct waitq *q)
{
    struct list *l;
    while ((l = list_pop(&q->sleepers)) != NULL)
        if (sched_ready(container_of(l, struct proc, wait)))
            return;
}

struct proc *waitq_take(struct waitq *q)
{
    struct list *l = list_pop(&q->sleepers);
    if (!l)
        return NULL;
    struct proc *p = container_of(l, struct proc, wait);
    sched_ready(p); /* or it runs already, woken by a kill */
    return p;
}

void waitq_wake_all(struct waitq *q)
{
    struct list *l;
    while ((l = list_pop(&q->sleepers)) != NULL)
        sched_ready(container_of(l, struct proc, wait));
}
