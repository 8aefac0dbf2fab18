#ifndef SYNC_HART_H
#define SYNC_HART_H

#include "kernel/param.h"
#include "kernel/types.h"
#include "kernel/vmstat.h"
#include <stdbool.h>
#include <stddef.h>

struct proc;
struct fault_event;
struct hartcache;

/*
 * What each hart knows of itself.  tp holds the address of its entry while the kernel runs; only
 * the hart itself writes the fields, with interrupts off, except where a comment says otherwise.
 */
struct hart {
    struct proc *proc;    /* what runs here; never NULL once the scheduler has started */
    uint id;              /* index into harts[]: 0 .. nharts-1 */
    uint hartid;          /* the hardware's number */
    uint irq_depth;       /* irq_push() calls not yet popped */
    bool in_interrupt;    /* an interrupt handler runs */
    uint64 irq_before;    /* what the first of them found, for irq_restore() */
    uint locks_held;      /* DEBUG: spin locks held by this hart */
    uint64 ranks_held;    /* DEBUG: one bit for each rank held */
    struct vmstat vmstat; /* counted here, by vm/stat.h; atomic additions */

    struct hartcache *frames;  /* free frames kept by this hart: mem/hartcache.h; constant */
    struct fault_event *trace; /* ring of trace/trace.h, NULL while nothing is traced; atomic */
    uint64 traced;             /* events written to it since boot */
} __attribute__((aligned(64)));

extern struct hart harts[NCPU];
extern uint nharts; /* harts that run the kernel; constant after boot */

static inline struct hart *hart_self(void)
{
#ifdef __riscv
    struct hart *h;
    asm volatile("mv %0, tp" : "=r"(h)); /* volatile: a sleeping function may wake elsewhere */
    return h;
#else
    return &harts[0];
#endif
}

/* The running process; NULL only before the scheduler starts.  Stable without any lock. */
#ifdef __riscv
static inline struct proc *proc_self(void)
{
    /* One load relative to tp: a preemption in between cannot make it another process. */
    struct proc *p;
    asm("ld %0, %1(tp)" : "=r"(p) : "i"(offsetof(struct hart, proc)));
    return p;
}
#else
struct proc *proc_self(void);
#endif

#endif
