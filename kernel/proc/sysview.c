/*
 * System calls that show memory: the spaces of this process and of others, and RAM.
 *
 * The space of a process is found under ptable_lock and then held by a reference, so it stays whole
 * even if that process ends or execs meanwhile; the last reference frees it, so it is given back
 * where one may sleep.  A description is made piece by piece in kernel memory, under the lock of
 * that space; the piece is copied to the caller under the lock of the caller's own.  So no two
 * locks of spaces are held together, and who looks at itself is no special case.
 */
#include "kernel/errno.h"
#include "kernel/proc/proc.h"
#include "kernel/riscv.h"
#include "kernel/trap/syscall.h"
#include "kernel/vm/usercopy.h"
#include "kernel/vm/view.h"

#define PIECE_BYTES 1024 /* of a description, on the kernel stack */

/* The space of process pid, 0 being the caller, with a reference; NULL if it has none. */
static struct space *hold_space(int pid)
{
    spin_lock(&ptable_lock);
    const struct proc *p = pid == 0 ? proc_self() : pid > 0 ? proc_find(pid) : NULL;
    struct space *s = p ? p->space : NULL;
    if (s)
        space_get(s);
    spin_unlock(&ptable_lock);
    return s;
}

/* What is described: fill() writes up to `room` entries of `size` bytes and moves `at` on. */
struct view {
    struct space *space;
    uint64 at; /* where the next piece begins: an address or the number of a frame */
    uint size;
    uint (*fill)(struct view *v, void *to, uint room);
};

static uint fill_areas(struct view *v, void *to, uint room)
{
    return view_areas(v->space, &v->at, to, room);
}

static uint fill_pages(struct view *v, void *to, uint room)
{
    uint n = view_pages(v->space, v->at, to, room);
    v->at += (uint64)n * PGSIZE;
    return n;
}

static uint fill_frames(struct view *v, void *to, uint room)
{
    uint n = view_frames(v->at, to, room);
    v->at += n;
    return n;
}

/* Copies up to n entries to user address uva; returns how many there were, or -E*. */
static int64 show(struct view *v, uint64 uva, int n)
{
    uint64 piece[PIECE_BYTES / sizeof(uint64)];
    struct proc *self = proc_self();
    uint room = PIECE_BYTES / v->size, done = 0;

    while (done < (uint)n) {
        uint got = v->fill(v, piece, (uint)n - done < room ? (uint)n - done : room);
        if (got == 0)
            break;
        if (copyout(self->space, uva + (uint64)done * v->size, piece, (uint64)got * v->size) < 0)
            return -EFAULT;
        done += got;
        if (proc_killed(self))
            return -EINTR;
    }
    return done;
}

static int64 show_space(int pid, struct view *v, uint64 uva, int n)
{
    if (n < 0)
        return -EINVAL;
    v->space = hold_space(pid);
    if (v->space == NULL)
        return -ESRCH;
    int64 r = show(v, uva, n);
    space_put(v->space);
    return r;
}

int64 sys_pmap(const uint64 arg[6])
{
    struct view v = {.size = sizeof(struct areainfo), .fill = fill_areas};
    return show_space((int)arg[0], &v, arg[1], (int)arg[2]);
}

int64 sys_pagemap(const uint64 arg[6])
{
    struct view v = {
        .at = PGROUNDDOWN(arg[1]), .size = sizeof(struct pageinfo), .fill = fill_pages};
    return show_space((int)arg[0], &v, arg[2], (int)arg[3]);
}

int64 sys_memmap(const uint64 arg[6])
{
    struct view v = {.at = arg[0], .size = sizeof(struct frameinfo), .fill = fill_frames};
    int n = (int)arg[2];
    return n < 0 ? -EINVAL : show(&v, arg[1], n);
}
