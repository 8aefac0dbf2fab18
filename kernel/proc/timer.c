/* Timers of each hart: see timer.h.  A hart's list is guarded by the lock beside it. */
#include "kernel/proc/timer.h"
#include "kernel/dev/machine.h"
#include "kernel/lib/csr.h"
#include "kernel/proc/proc.h"
#include "kernel/riscv.h"

#define QUANTA_PER_SECOND 100

static struct hart_timers {
    struct spinlock lock;
    struct list timers;
    bool busy; /* wants the quantum tick; only the hart itself looks */
} all[NCPU];

static bool ticking; /* boot option `tick`: harts that are idle have the quantum tick, too */

void timer_init(void)
{
    ticking = machine_option("tick", NULL, 0);
    for (int i = 0; i < NCPU; i++) {
        spin_init(&all[i].lock, "timers", RANK_TIMER);
        list_init(&all[i].timers);
    }
}

uint64 timer_tick_length(void)
{
    return machine.timebase / TICK_HZ;
}

uint64 timer_quantum(void)
{
    return machine.timebase / QUANTA_PER_SECOND;
}

/* all[this hart].lock held. */
static void arm(struct hart_timers *ht)
{
    /* Once a second at least: an emulated clock that skips idle time needs an end to skip to. */
    uint64 when = r_time() + (ht->busy ? timer_quantum() : machine.timebase);
    if (!list_empty(&ht->timers)) {
        uint64 first = container_of(ht->timers.next, struct timer, link)->deadline;
        when = first < when ? first : when;
    }
    csr_write(CSR_STIMECMP, when);
}

static void rearm(bool busy)
{
    struct hart_timers *ht = &all[hart_self()->id];
    spin_lock(&ht->lock);
    ht->busy = busy;
    arm(ht);
    spin_unlock(&ht->lock);
}

void timer_arm_busy(void)
{
    rearm(true);
}

void timer_arm_idle(void)
{
    rearm(ticking);
}

void timer_start(struct timer *t, struct proc *p, uint64 deadline)
{
    irq_push();
    t->hart = hart_self()->id;
    t->proc = p;
    t->deadline = deadline;
    struct hart_timers *ht = &all[t->hart];
    spin_lock(&ht->lock);
    struct list *at = &ht->timers;
    while (at->next != &ht->timers &&
           container_of(at->next, struct timer, link)->deadline <= deadline)
        at = at->next;
    list_add(at, &t->link);
    if (at == &ht->timers)
        arm(ht);
    spin_unlock(&ht->lock);
    irq_pop();
}

void timer_cancel(struct timer *t)
{
    struct hart_timers *ht = &all[t->hart];
    spin_lock(&ht->lock);
    list_del(&t->link);
    spin_unlock(&ht->lock);
}

void timer_interrupt(void)
{
    struct hart_timers *ht = &all[hart_self()->id];
    spin_lock(&ht->lock);
    uint64 now = r_time();
    list_each_safe (l, &ht->timers) {
        struct timer *t = container_of(l, struct timer, link);
        if (t->deadline > now)
            break;
        list_del(l);
        sched_ready(t->proc);
    }
    arm(ht);
    spin_unlock(&ht->lock);
}
