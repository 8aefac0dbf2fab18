#ifndef VM_STAT_H
#define VM_STAT_H

#include "kernel/vm/space.h"

/*
 * The counters of kernel/vmstat.h: one set for each hart, together the machine's, and one for each
 * process.  VM_STAT(forks) or VM_STAT(fault[kind]) names one.
 */
#define VM_STAT(field) __builtin_offsetof(struct vmstat, field)

/*
 * Adds n to a counter, for the process that uses s, if it has one already, and for the machine.
 * Called by that process or, while it is being made, by its maker; any context.
 */
static inline void vm_count(const struct space *s, uint64 which, uint64 n)
{
    /* Atomic, because the process may move to another hart before the addition, and shorter. */
    uint64 *machine = (uint64 *)((char *)&hart_self()->vmstat + which);
    __atomic_fetch_add(machine, n, __ATOMIC_RELAXED);
    if (s->user)
        __atomic_fetch_add((uint64 *)((char *)&s->user->stat + which), n, __ATOMIC_RELAXED);
}

/* *sum is what all harts have counted since boot: every process, also those that have ended. */
void vm_stat_machine(struct vmstat *sum);

/* Adds the counters of `from`, which may be changing meanwhile, to those of *sum. */
void vm_stat_add(struct vmstat *sum, const struct vmstat *from);

#endif
