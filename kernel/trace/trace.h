#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include "kernel/faultlog.h"
#include "kernel/lib/atomic.h"
#include "kernel/sync/hart.h"

/*
 * The latest page faults of each hart.  Written by vm/fault.c; read by the device `faults`, by
 * checks and by panics, which never stop a writer.
 */
#define TRACE_EVENTS 512                /* slots of a ring; a power of two */
#define TRACE_KEPT   (TRACE_EVENTS - 2) /* of the latest events of a hart, trace.c says why */

/*
 * Gives hart `hart` its ring, TRACE_EVENTS zeroed events; at boot, before that hart has faults.
 * Frame n of the machine is frame first_frame + n of the physical address space.
 */
void trace_init(uint hart, struct fault_event *ring, uint64 first_frame);

/*
 * The next event of this hart, to be filled in but for `lost`, `frame` and `hart`; NULL if nothing
 * is traced now, and then there is no trace_end().  Interrupts are off until that.
 */
static inline struct fault_event *trace_begin(const struct hart *self)
{
    struct fault_event *ring = self->trace;
    return ring ? &ring[self->traced % TRACE_EVENTS] : NULL;
}

/* Volatile: one store, which GCC 12 would make an atomic exchange of. */
static inline void trace_end(struct hart *self)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *(volatile uint64 *)&self->traced = self->traced + 1;
}

/* Tracing is on from boot.  1 = on, 0 = off, negative = as it is; returns what was before. */
int trace_switch(int on);

/* How far a reader has come: events of each hart.  All zeros: at the beginning of time. */
struct trace_cursor {
    uint64 next[NCPU];
};

/*
 * The next event that this reader has not seen, the earliest of those of all harts, or how many
 * were lost there; false if there is none now.  Readers with cursors of their own do not meet.
 */
bool trace_next(struct trace_cursor *c, struct fault_event *e);

/* The event of `hart` that `back` others have followed, 0 = the latest; false if it is not kept. */
bool trace_recent(uint hart, uint64 back, struct fault_event *e);

/* The latest event whose entry before or after maps frame number `frame`; false if none is kept. */
bool trace_last_of(uint64 frame, struct fault_event *e);

#endif
