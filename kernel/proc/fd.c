/* File descriptors: see fd.h for the rules. */
#include "kernel/proc/fd.h"
#include "kernel/errno.h"
#include "kernel/lib/bits.h"

_Static_assert(NOFILE <= 64, "files_open has one bit for each descriptor");

bool fd_room(void)
{
    return bits_lowest(~proc_self()->files_open) < NOFILE;
}

int fd_alloc(struct file *f)
{
    struct proc *p = proc_self();
    uint fd = bits_lowest(~p->files_open);
    if (fd >= NOFILE)
        return -EMFILE;
    fd_set((int)fd, f);
    return (int)fd;
}

void fd_set(int fd, struct file *f)
{
    struct proc *p = proc_self();
    p->files[fd] = f;
    p->files_open |= 1UL << fd;
}

struct file *fd_take(int fd)
{
    struct proc *p = proc_self();
    struct file *f = fd_get(fd);
    if (f) {
        p->files[fd] = NULL;
        p->files_open &= ~(1UL << fd);
    }
    return f;
}

struct file *fd_replace(struct proc *p, int fd, struct file *f)
{
    struct file *old = p->files[fd];
    uint64 bit = 1UL << fd;
    p->files[fd] = f;
    p->files_open = f ? p->files_open | bit : p->files_open & ~bit;
    return old;
}

void fd_copy(struct proc *child, struct proc *parent)
{
    child->files_open = parent->files_open;
    for (uint64 left = parent->files_open; left; left &= left - 1) {
        uint fd = bits_lowest(left);
        child->files[fd] = file_get(parent->files[fd]);
    }
}

void fd_close_all(struct proc *p)
{
    for (; p->files_open; p->files_open &= p->files_open - 1) {
        struct file **f = &p->files[bits_lowest(p->files_open)];
        file_put(*f);
        *f = NULL;
    }
}
