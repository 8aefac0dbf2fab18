/*
 * The counters of kernel/vmstat.h.  Whatever happens to the memory of a process is counted twice by
 * vm_count(): in the process, as long as it lives, and on the hart, for ever.  So the machine's
 * counters only grow, and a process's go to the one that waits for it.
 *
 * Lock: none.  A hart's counters are changed by atomic additions, a process's by itself alone;
 * whoever reads gets a snapshot in which each counter is true, but not all of the same moment.
 */
#include "kernel/vm/stat.h"
#include "kernel/lib/atomic.h"

#define COUNTERS (sizeof(struct vmstat) / sizeof(uint64))

void vm_stat_add(struct vmstat *sum, const struct vmstat *from)
{
    uint64 *to = (uint64 *)sum;
    const uint64 *n = (const uint64 *)from;

#pragma GCC unroll 16 /* a wait does this twice */
    for (uint i = 0; i < COUNTERS; i++)
        to[i] += load_relaxed(&n[i]);
}

void vm_stat_machine(struct vmstat *sum)
{
    *sum = (struct vmstat){0};
    for (uint i = 0; i < NCPU; i++)
        vm_stat_add(sum, &harts[i].vmstat);
}
