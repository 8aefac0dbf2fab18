/*
 * The scheduler: a run queue for each hart, first come first served, one quantum for each turn.
 * A turn may be taken in pieces: who slept before its end goes on with it at the front of the
 * queue.  So processes that talk to each other are quick, and nobody waits for longer than one
 * quantum of each of the others.
 *
 * A process is on a run queue exactly while its state is READY and it is not being switched away
 * from.  It leaves NEW and SLEEPING by compare-and-swap, so of several wakers one wins and queues
 * it; all other changes are made by the hart that runs it or is about to.
 * `on_hart` is set from the moment a process is picked until its registers are saved again; who
 * wakes it in that window must queue it on that same hart, and no other hart steals it, so nobody
 * can continue a context that is still in use, and no hart ever waits for another.
 *
 * A hart switches straight from one process to the next; its idle process runs when there is none.
 */
#include "kernel/proc/sched.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/csr.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printf.h"
#include "kernel/proc/proc.h"
#include "kernel/proc/timer.h"
#include "kernel/riscv.h"
#include "kernel/trap/ipi.h"
#include "kernel/vm/space.h"

static struct runq {
    struct spinlock lock;
    struct list ready; /* lock */
    uint length;       /* lock; others read it as a hint */
    struct proc *idle; /* constant */
    struct proc *left; /* whom this hart is switching away from; only the hart itself looks */
    uint64 switches;   /* only the hart itself writes; so too the next */
    uint64 waited;     /* what r_instret() advanced by during wfi */
} __attribute__((aligned(64))) runqs[NCPU];

static uint idle_harts; /* bit n: hart n is idle and nobody has given it work yet; atomic */

void sched_init(void)
{
    for (int i = 0; i < NCPU; i++) {
        spin_init(&runqs[i].lock, "run queue", RANK_RUNQ);
        list_init(&runqs[i].ready);
    }
}

static void enqueue(uint hart, struct proc *p)
{
    struct runq *q = &runqs[hart];
    bool goes_on = p->turn > 0;
    if (!goes_on)
        p->turn = (int64)timer_quantum();
    spin_lock(&q->lock);
    if (goes_on)
        list_add(&q->ready, &p->run);
    else
        list_add_tail(&q->ready, &p->run);
    q->length++;
    spin_unlock(&q->lock);
    full_fence(); /* against sched_idle(): it shows itself idle first and then looks for work */
    if (atomic_and(&idle_harts, ~(1u << hart)) & 1u << hart)
        if (hart != hart_self()->id)
            ipi_send(hart, IPI_RESCHEDULE);
}

/* The hart that should run a process that last ran on `last`. */
static uint place(uint last)
{
    uint idle = load_relaxed(&idle_harts);
    if (!idle || idle & 1u << last)
        return last;
    return bits_lowest(idle);
}

bool sched_ready(struct proc *p)
{
    if (!atomic_cas(&p->state, PROC_SLEEPING, PROC_READY) &&
        !atomic_cas(&p->state, PROC_NEW, PROC_READY))
        return false;
    irq_push();
    uint last = load_relaxed(&p->hart);
    enqueue(load_acquire(&p->on_hart) ? last : place(last), p);
    irq_pop();
    return true;
}

void sched_poke(struct proc *p)
{
    uint hart = load_relaxed(&p->hart);
    if (load_acquire(&p->on_hart) && p != proc_self())
        ipi_send(hart, IPI_RESCHEDULE);
}

/*
 * Takes the first process that hart `self` may run off q.  What is still being switched away from
 * can be continued by its own hart only (there it is the caller itself).
 */
static struct proc *take(struct runq *q, uint self)
{
    struct proc *found = NULL;
    spin_lock(&q->lock);
    list_each (l, &q->ready) {
        struct proc *p = container_of(l, struct proc, run);
        if (load_acquire(&p->on_hart) && p->hart != self)
            continue;
        list_del(l);
        q->length--;
        found = p;
        break;
    }
    spin_unlock(&q->lock);
    return found;
}

static struct proc *take_from_others(uint self)
{
    for (uint i = 1; i < nharts; i++) {
        struct runq *q = &runqs[(self + i) % nharts];
        struct proc *p = load_relaxed(&q->length) ? take(q, self) : NULL;
        if (p)
            return p;
    }
    return NULL;
}

static struct proc *pick(uint self)
{
    struct runq *q = &runqs[self];
    struct proc *p = load_relaxed(&q->length) ? take(q, self) : NULL;
    if (!p)
        p = take_from_others(self);
    return p ? p : q->idle;
}

/*
 * Queues a preempted process: where the load is least, if that makes no queue longer than ours
 * was.  With three busy processes on two harts the odd one thus moves on with every quantum, and
 * all three get two thirds of a hart.
 */
static void requeue(uint self, struct proc *p)
{
    uint best = self, least = load_relaxed(&runqs[self].length) + 1;
    for (uint i = 0; i < nharts; i++) {
        bool idle = load_relaxed(&idle_harts) & 1u << i;
        uint load = load_relaxed(&runqs[i].length) + (idle ? 0 : 1);
        if (i != self && load <= least && (load < least || best == self)) {
            best = i;
            least = load;
        }
    }
    p->turn = 0;
    enqueue(best, p);
}

/* The first thing after a switch: lets go of the process that this hart came from. */
static void finish_switch(void)
{
    struct hart *h = hart_self();
    ledger_check_stack((uint64)__builtin_frame_address(0));
    struct proc *left = runqs[h->id].left;
    bool preempted = left->state == PROC_RUNNING && left != runqs[h->id].idle;
    if (preempted)
        store_relaxed(&left->state, PROC_READY);
    store_release(&left->on_hart, 0); /* from here on it may run elsewhere, or be freed */
    if (preempted)
        requeue(h->id, left);
}

void sched_begin(void)
{
    finish_switch();
    hart_self()->irq_depth = 0;
}

static void switch_to(struct hart *h, struct proc *p, struct proc *next)
{
    struct runq *q = &runqs[h->id];
    uint64 now = r_time();
    p->runtime += now - p->started;
    p->turn -= (int64)(now - p->started);
    next->started = now;
    if (p == q->idle)
        timer_arm_busy();
    else if (next == q->idle)
        timer_arm_idle();
    q->left = p;
    q->switches++;
    store_relaxed(&next->hart, h->id);
    store_release(&next->on_hart, 1);
    next->state = PROC_RUNNING;
    h->proc = next;
    space_activate(next->space); /* NULL: tells that this hart needs none */
    context_switch(&p->ctx, &next->ctx);
    finish_switch(); /* when somebody has switched back to p, on whichever hart */
}

void sched_switch(void)
{
    struct hart *h = hart_self();
    ASSERT(h->irq_depth == 1 && h->locks_held == 0, "a lock is held across a switch");
    struct proc *p = h->proc, *next = pick(h->id);
    uint64 irq_before = h->irq_before;
    if (next != p)
        switch_to(h, p, next);
    else
        p->state = PROC_RUNNING; /* woken before it was gone */
    hart_self()->irq_before = irq_before;
}

void sched_yield(void)
{
    irq_push();
    if (load_relaxed(&runqs[hart_self()->id].length))
        sched_switch();
    irq_pop();
}

void sched_tick(void)
{
    struct hart *h = hart_self();
    struct proc *p = h->proc;
    /* Half a quantum is enough: the tick is the hart's and not timed from the last switch. */
    if (p != runqs[h->id].idle && r_time() - p->started >= timer_quantum() / 2)
        sched_yield();
}

void sched_adopt_boot(uint64 top)
{
    static struct proc idle[NCPU];
    struct hart *h = hart_self();
    struct proc *p = &idle[h->id];
    p->kthread = true;
    p->kstack = top;
    p->hart = h->id;
    p->on_hart = 1;
    p->state = PROC_RUNNING;
    snprintf(p->name, sizeof p->name, "idle%u", h->id);
    runqs[h->id].idle = p;
    h->proc = p;
}

/* Ends also while interrupts are off. */
static void wait(struct runq *q)
{
    uint64 before = r_instret();
    wait_for_interrupt();
    q->waited += r_instret() - before;
}

void sched_idle(void)
{
    uint self = hart_self()->id;
    for (;;) {
        irq_push();
        atomic_or(&idle_harts, 1u << self);
        full_fence();
        struct proc *next = pick(self);
        if (next == runqs[self].idle)
            wait(&runqs[self]);
        atomic_and(&idle_harts, ~(1u << self));
        if (next != runqs[self].idle)
            switch_to(hart_self(), runqs[self].idle, next);
        hart_self()->irq_before = SSTATUS_SIE;
        irq_pop();
    }
}

uint64 sched_busy_instret(void)
{
    irq_push();
    uint64 n = r_instret() - runqs[hart_self()->id].waited;
    irq_pop();
    return n;
}

uint64 sched_switches(void)
{
    uint64 n = 0;
    for (uint i = 0; i < nharts; i++)
        n += load_relaxed(&runqs[i].switches);
    return n;
}
