#ifndef PROC_TIMER_H
#define PROC_TIMER_H

#include "kernel/lib/list.h"
#include "kernel/types.h"

/*
 * Time is r_time(), ticks of the machine's clock.  Each hart has its own list of timers and its
 * own comparator (Sstc extension); while it is not idle the comparator also gives the tick that
 * ends quanta.
 */
struct proc;

struct timer {
    struct list link; /* on the hart's list, soonest first */
    uint64 deadline;
    struct proc *proc; /* made ready at the deadline */
    uint hart;         /* whose list */
};

void timer_init(void); /* once */

/* Starts and stops t, which belongs to the caller until timer_cancel() returns. */
void timer_start(struct timer *t, struct proc *p, uint64 deadline);
void timer_cancel(struct timer *t);

void timer_interrupt(void);

/* What the hart is about to do decides when its clock must ring; interrupts are off. */
void timer_arm_busy(void);
void timer_arm_idle(void);

uint64 timer_tick_length(void); /* r_time() ticks of one tick of uptime() */
uint64 timer_quantum(void);     /* r_time() ticks that a process may run while others wait */

#endif
