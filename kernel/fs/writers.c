/*
 * A file is written or it is run, never both at a time: the text of a process is the file's own
 * pages, so a change of the file would be a change of what runs.
 *
 * One count tells: above zero it is the number of those who may write (files opened for writing,
 * areas that share the file and may become writable), below zero that of the processes that run
 * it.  Who comes first keeps the other kind out, and gets ETXTBSY in its place.  Names do not
 * count: a running program may be unlinked, and lives on until nobody runs it.
 *
 * Lock: none, each step is one atomic operation.
 */
#include "kernel/errno.h"
#include "kernel/fs/inode.h"
#include "kernel/lib/atomic.h"

/* One more on the side of `step`, 1 or -1, if nobody is on the other. */
static int join(struct inode *ip, int step)
{
    int n = load_relaxed(&ip->writers);
    while (n * step >= 0) {
        if (atomic_cas(&ip->writers, n, n + step))
            return 0;
        n = load_relaxed(&ip->writers);
    }
    return -ETXTBSY;
}

int inode_get_writer(struct inode *ip)
{
    return join(ip, 1);
}

void inode_put_writer(struct inode *ip)
{
    atomic_sub(&ip->writers, 1);
}

int inode_deny_write(struct inode *ip)
{
    return join(ip, -1);
}

void inode_allow_write(struct inode *ip)
{
    atomic_add(&ip->writers, 1);
}
