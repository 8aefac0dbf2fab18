/*
 * Memory that the cache gives back when nobody can just take it: pages that are mapped, and pages
 * that are dirty.
 *
 * A page that is mapped is found by the hand of the clock like any other.  Its mappings are removed
 * first, together with those of its neighbours, which the fault path maps together as well; it
 * stays in memory, and if it is asked for again before the hand has come round, it is spared.
 * Dirty pages are written back, the oldest first.  Then the cache can drop them.
 *
 * Who comes here: a fault, a read or a write that found no memory, when it has let go of its locks,
 * and a thread of the kernel (daemon.c) that keeps some memory free, so that allocations which may
 * not wait find any.
 *
 * Lock: one at a time, evict_lock, before those of spaces.
 */
#include "kernel/fs/evict.h"
#include "kernel/fs/inode.h"
#include "kernel/vm/reclaim.h"
#include "kernel/vm/rmap.h"

#define TURNS  16 /* until it gives up */
#define AROUND 16 /* pages that lose their mappings together */

static struct mutex evict_lock;

/* The inode, if it is still in memory, with a reference. */
static struct inode *hold_inode(uint num)
{
    spin_lock(&inode_lock);
    struct inode *ip = inode_find(num);
    if (ip && !inode_try_use(ip))
        ip = NULL;
    spin_unlock(&inode_lock);
    return ip;
}

/* Removes what maps pg and its neighbours; `num` was the inode's number when pg was found. */
static void unmap(const struct page *pg, uint num)
{
    struct inode *ip = hold_inode(num);
    if (ip && &ip->store == pg->store)
        rmap_unmap(&ip->store, pg->index & ~(uint64)(AROUND - 1), AROUND);
    if (ip)
        inode_put(ip);
}

/* Looks for mapped pages among which may be n; false if none was found. */
static bool unmap_some(uint64 n)
{
    uint64 seen = 0, num;
    struct page *pg;
    for (; seen < n && (pg = cache_mapped(&num)); seen += AROUND) {
        unmap(pg, (uint)num);
        cache_put(pg);
    }
    return seen > 0;
}

static uint64 evict(uint64 n)
{
    uint64 done = cache_shrink(n);
    for (uint turn = 0; done < n && turn < TURNS; turn++) {
        bool any = unmap_some(n - done);
        uint64 got = cache_shrink(n - done);
        done += got;
        if (got == 0 && cache_clean() <= 0 && !any)
            break;
    }
    return done;
}

uint64 evict_pages(uint64 n)
{
    mutex_lock(&evict_lock);
    uint64 done = evict(n);
    mutex_unlock(&evict_lock);
    return done;
}

void evict_init(void)
{
    static const struct reclaim_ops ops = {.pages = evict_pages, .throttle = cache_throttle};
    mutex_init(&evict_lock, "evict");
    reclaim_set(&ops);
    frame_set_low(evict_wake);
}
