/*
 * A ring of events for each hart, and a count of those ever written to it: event n lies in slot
 * n % TRACE_EVENTS.  Only its hart writes a ring, with interrupts off, and waits for nobody.  A
 * reader copies an event and then looks at the count: if the writer may have come round to that
 * slot, the event counts as lost, and what is lost is reported as an event of its own.
 *
 *     writer:  event n - 1; fence; count = n; event n; fence; count = n + 1 ...
 *     reader:  event i; fence; count
 *
 * The one fence for each event lets the bytes of event n be seen while the count is still n - 1, so
 * whoever then reads event n - TRACE_EVENTS must learn from a count of n - 1 that it is gone: a
 * ring of TRACE_EVENTS slots keeps TRACE_EVENTS - 2 events.
 *
 * Lock: none.  A cursor belongs to its reader, who keeps others off it.
 */
#include "kernel/trace/trace.h"

static struct fault_event *ring_of[NCPU]; /* constant after boot; in harts[] NULL while off */
static uint64 first;                      /* physical number of frame 0 */
static uint traced_now;                   /* atomic; whether tracing is on */

void trace_init(uint hart, struct fault_event *ring, uint64 first_frame)
{
    first = first_frame;
    ring_of[hart] = ring;
    harts[hart].trace = ring;
    traced_now = 1;
}

/* A writer that has found its ring still writes to it: the ring stays. */
int trace_switch(int on)
{
    if (on < 0)
        return (int)load_relaxed(&traced_now);
    int before = (int)atomic_swap(&traced_now, on != 0);
    for (uint i = 0; i < nharts; i++)
        store_relaxed(&harts[i].trace, on ? ring_of[i] : NULL);
    return before;
}

/* Number of the frame that the entry maps; bits 53..10 are its physical number (Sv39). */
static uint64 frame_in(uint64 pte)
{
    return pte ? (pte << 10 >> 20) - first : 0;
}

/* The first event of the ring that is kept when the count is n. */
static uint64 oldest(uint64 n)
{
    return n < TRACE_KEPT ? 0 : n - TRACE_KEPT;
}

/* Copies event n and adds what its writer left out; false if it was overwritten meanwhile. */
static bool copy(uint hart, uint64 n, struct fault_event *e)
{
    *e = ring_of[hart][n % TRACE_EVENTS];
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (n < oldest(load_relaxed(&harts[hart].traced)))
        return false;
    e->lost = 0;
    e->hart = (uchar)hart;
    e->frame = (uint)frame_in(e->after ? e->after : e->before);
    return true;
}

/* What the hart has for a reader that has come to `next`; false if nothing. */
static bool peek(uint hart, uint64 next, struct fault_event *e)
{
    uint64 at = next;

    while (ring_of[hart] && at < load_acquire(&harts[hart].traced)) {
        uint64 kept = oldest(load_acquire(&harts[hart].traced));
        if (at < kept)
            at = kept;
        if (!copy(hart, at, e))
            continue;
        if (at > next)
            *e = (struct fault_event){
                .time = e->time, .lost = at - next, .hart = e->hart, .kind = FAULT_LOST};
        return true;
    }
    return false;
}

bool trace_next(struct trace_cursor *c, struct fault_event *e)
{
    struct fault_event candidate;
    bool found = false;

    for (uint i = 0; i < nharts; i++) {
        if (peek(i, c->next[i], &candidate) && (!found || candidate.time < e->time)) {
            *e = candidate;
            found = true;
        }
    }
    if (found)
        c->next[e->hart] += e->kind == FAULT_LOST ? e->lost : 1;
    return found;
}

bool trace_recent(uint hart, uint64 back, struct fault_event *e)
{
    uint64 n = load_acquire(&harts[hart].traced);

    if (ring_of[hart] == NULL || back >= n || n - back - 1 < oldest(n))
        return false;
    return copy(hart, n - back - 1, e);
}

/* The same among the events of one hart. */
static bool last_on(uint hart, uint64 frame, struct fault_event *e)
{
    for (uint64 back = 0; trace_recent(hart, back, e); back++)
        if (frame_in(e->before) == frame || frame_in(e->after) == frame)
            return true;
    return false;
}

bool trace_last_of(uint64 frame, struct fault_event *e)
{
    struct fault_event candidate;
    bool found = false;

    for (uint i = 0; i < nharts; i++) {
        if (last_on(i, frame, &candidate) && (!found || candidate.time > e->time)) {
            *e = candidate;
            found = true;
        }
    }
    return found;
}
