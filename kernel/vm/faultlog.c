/*
 * Page faults in words, for whoever reports that something is wrong: what happened last on this
 * hart, or to one frame.  The events come from trace/, and programs read the same ones from the
 * device `faults`.
 *
 * Lock: none; the rings are read while they are written.
 */
#include "kernel/vm/faultlog.h"
#include "kernel/dev/machine.h"
#include "kernel/lib/printf.h"
#include "kernel/trace/trace.h"
#include "kernel/vm/fault.h"

void faultlog_print(const struct fault_event *e)
{
    static const char *const results[] = {
        [FAULT_OK] = "",
        [FAULT_BAD] = ", refused",
        [FAULT_PROT] = ", refused",
        [FAULT_EOF] = ", beyond the end of the file",
        [FAULT_NOMEM] = ", no memory",
        [FAULT_IO] = ", not readable",
        [FAULT_STUCK] = ", no progress",
    };
    uint64 us = e->time % machine.timebase * 1000000 / machine.timebase;

    printf("%lu.%06lu hart %d pid %d %s va 0x%lx pc 0x%lx pte 0x%lx -> 0x%lx frame %u refs %u%s\n",
           e->time / machine.timebase, us, e->hart, e->pid, fault_kind_name[e->kind], e->va, e->pc,
           e->before, e->after, e->frame, e->refs, results[e->result]);
}

void faultlog_print_last(uint n)
{
    struct fault_event e;

    while (n-- > 0)
        if (trace_recent(hart_self()->id, n, &e))
            faultlog_print(&e);
}
