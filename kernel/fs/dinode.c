/*
 * Inodes on the disk: what an inode in memory is loaded from and written back to.
 *
 * Nothing that is loaded is believed: a field that no inode can have is reported and makes the
 * inode unusable.  An operation of the journal that will change an inode says so first, which is
 * where it can fail; writing the changed inode into its block of the table cannot.
 *
 * Lock: the inode's mutex; its block, shared with 15 others, is in the cache, where each
 * inode's bytes belong to who holds that inode's lock.
 */
#include "kernel/errno.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "kernel/fs/super.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printf.h"
#include "kernel/param.h"

static const char *fault_of(const struct dinode *d)
{
    if (d->type == 0)
        return "is free, but a directory names it";
    if (d->type > T_SYMLINK)
        return "has a type that there is not";
    if (d->size > (uint64)MAXFILE * BSIZE)
        return "is larger than a file can be";
    if (d->type == T_DIR && d->size % sizeof(struct dirent))
        return "is a directory with half an entry";
    if (d->type == T_SYMLINK && (d->size == 0 || d->size >= MAXPATH))
        return "is a symbolic link of impossible length";
    if (d->nlink > FS_NLINK_MAX)
        return "has too many links";
    return NULL;
}

static struct dinode *dinode_in(const struct page *pg, uint num)
{
    return (struct dinode *)cache_bytes(pg, cache_slot(super_inode_block(num))) + num % IPB;
}

int inode_load(struct inode *ip)
{
    struct page *pg;
    int r = cache_block(super_inode_block(ip->num), &pg);
    if (r < 0)
        return r;
    ip->d = *dinode_in(pg, ip->num);
    cache_put(pg);
    const char *fault = fault_of(&ip->d);
    if (fault) {
        printf("fs: damaged: inode %u %s\n", ip->num, fault);
        return -EIO;
    }
    store_release(&ip->loaded, true); /* others may look without the lock */
    return 0;
}

int inode_prepare(struct inode *ip)
{
    struct page *pg;
    int r = cache_block(super_inode_block(ip->num), &pg);
    if (r < 0)
        return r;
    journal_dirty(pg, cache_slot(super_inode_block(ip->num)));
    cache_put(pg);
    return 0;
}

void inode_update(struct inode *ip)
{
    struct page *pg;
    if (cache_block(super_inode_block(ip->num), &pg) < 0)
        panic("inode_update: inode_prepare() comes first");
    *dinode_in(pg, ip->num) = ip->d;
    cache_put(pg);
}
