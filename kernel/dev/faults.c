/*
 * The device `faults`: what the rings of trace/ hold, as a stream of events.  Each open file has a
 * cursor of its own, so readers take nothing from each other; processes that share the file share
 * the cursor, as they do the offset of other files.  A read gives what is there and never waits.
 *
 * Lock: a cursor is used under the lock of the file's inode (fs/file.c).
 */
#include "kernel/dev/dev.h"
#include "kernel/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/trace/trace.h"

void *faults_open(void)
{
    struct trace_cursor *c = kmalloc(sizeof *c);
    if (c)
        *c = (struct trace_cursor){0};
    return c;
}

void faults_close(void *state)
{
    kfree(state);
}

int faults_read(struct iov *dst, void *state)
{
    struct fault_event e;
    uint64 done = 0;

    if (dst->total < sizeof e)
        return -EINVAL;
    for (; done + sizeof e <= dst->total && trace_next(state, &e); done += sizeof e)
        iov_write(dst, done, &e, sizeof e);
    return (int)done;
}
