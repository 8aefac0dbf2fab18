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

static void sleep(struct waitq *q, struct spinlock *lk, bool killable)
{
    assert_may_sleep_holding(lk);
    struct proc *p = proc_self();
    list_add_tail(&q->sleepers, &p->wait);
    store_release(&p->state, PROC_SLEEPING);
    full_fence(); /* against proc_kill(): it marks the victim first and then looks for a sleeper */
    if (killable && proc_killed(p))
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
    sleep(q, lk, false);
}

int waitq_sleep_killable(struct waitq *q, struct spinlock *lk)
{
    if (!proc_killed(proc_self()))
        sleep(q, lk, true);
    return proc_killed(proc_self()) ? -EINTR : 0;
}

int waitq_sleep_until(struct waitq *q, struct spinlock *lk, uint64 deadline)
{
    struct timer t;
    timer_start(&t, proc_self(), deadline);
    int r = waitq_sleep_killable(q, lk);
    timer_cancel(&t);
    return r;
}

void waitq_sleep_insist(struct waitq *q, struct spinlock *lk, uint64 deadline)
{
    struct timer t;
    timer_start(&t, proc_self(), deadline);
    sleep(q, lk, false);
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
