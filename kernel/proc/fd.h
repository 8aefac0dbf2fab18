#ifndef PROC_FD_H
#define PROC_FD_H

#include "kernel/fs/fs.h"
#include "kernel/proc/proc.h"

/*
 * The descriptors of a process: files[fd], NULL if it is not open, and a bit for each in
 * files_open.  Only the process itself uses its table, and before it is visible whoever makes it,
 * so there is no lock, and a file that it found there stays while it uses it.
 */

/* True if the running process has a free descriptor, which it will have until it uses it. */
bool fd_room(void);

/* Enters f at the lowest free descriptor of the running process; that or -EMFILE. */
int fd_alloc(struct file *f);

/* The open file behind a descriptor of the running process, which keeps the reference; or NULL. */
static inline struct file *fd_get(int fd)
{
    return fd >= 0 && fd < NOFILE ? proc_self()->files[fd] : NULL;
}

/* Takes the file out of the table; the reference is the caller's.  NULL if fd is not open. */
struct file *fd_take(int fd);

/* Enters f at fd, which is free and in range. */
void fd_set(int fd, struct file *f);

/* Enters f (NULL: nothing) at fd, which is in range; returns what was there, the caller's now. */
struct file *fd_replace(struct proc *p, int fd, struct file *f);

void fd_copy(struct proc *child, struct proc *parent); /* child has no open files */
void fd_close_all(struct proc *p);                     /* may sleep */

#endif
