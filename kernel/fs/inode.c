/*
 * The table of inodes in memory.
 *
 * An inode is found by its number in a hash table.  One that loses its last user stays, with its
 * pages, on a list in the order of disuse, unless no directory names it any more: then its blocks
 * and its number are freed, in as many operations as that takes, while this last reference still
 * keeps the number from being found or used again.
 *
 * Locks: inode_lock, a spin lock, for the table, the list, and counts that leave or reach zero: who
 * has a reference takes or drops another without it.  Each inode's mutex for what inode.h says.
 */
#include "kernel/fs/inode.h"
#include "kernel/errno.h"
#include "kernel/fs/alloc.h"
#include "kernel/fs/dirindex.h"
#include "kernel/fs/journal.h"
#include "kernel/fs/super.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printf.h"
#include "kernel/mem/slab.h"
#include "kernel/param.h"

#define CHAINS     256
#define MAX_UNUSED (NINODE / 2)
#define FORGET     32 /* pages of one inode that are dropped under the lock */

struct spinlock inode_lock = SPINLOCK_INIT("inodes", RANK_ICACHE);
static struct inode *table[CHAINS];
static struct list unused;
static struct list unfinished; /* dying; memory ended before they were freed */
static uint nused, nunused;
static uint64 serials;
static struct slab_cache inode_slab;

void inode_init(void)
{
    list_init(&unused);
    list_init(&unfinished);
    slab_init(&inode_slab, "inode", sizeof(struct inode));
}

static void destroy(struct inode *ip)
{
    dirindex_free(ip->index);
    slab_free(&inode_slab, ip);
}

static struct inode *new_inode(uint num)
{
    if (nunused > MAX_UNUSED)
        inode_shrink(2);
    struct inode *ip = slab_alloc(&inode_slab);
    if (!ip) {
        inode_shrink(8);
        ip = slab_alloc(&inode_slab);
    }
    if (!ip)
        return NULL;
    *ip = (struct inode){.num = num};
    store_init(&ip->store, &filemap_ops);
    list_init(&ip->unused);
    mutex_init(&ip->write_lock, "write");
    mutex_init(&ip->lock, "inode");
    return ip;
}

/* --- the table: inode_lock is held ------------------------------------------------------------ */

static struct inode *find(uint num)
{
    struct inode *ip = table[num % CHAINS];
    while (ip && ip->num != num)
        ip = ip->next;
    return ip;
}

static void insert(struct inode *ip)
{
    ip->serial = ++serials;
    ip->next = table[ip->num % CHAINS];
    table[ip->num % CHAINS] = ip;
}

static void take_out(struct inode *ip)
{
    struct inode **link = &table[ip->num % CHAINS];
    while (*link != ip)
        link = &(*link)->next;
    *link = ip->next;
}

static void start_use(struct inode *ip)
{
    if (atomic_add(&ip->refs, 1) > 1)
        return;
    nused++;
    if (!list_empty(&ip->unused)) {
        list_del(&ip->unused);
        nunused--;
    }
}

/* Ends the last use; true if the inode has left the table, and is the caller's to destroy. */
static bool end_use(struct inode *ip, bool keep)
{
    store_relaxed(&ip->refs, 0);
    nused--;
    alloc_close(&ip->room);
    if (!keep) {
        take_out(ip);
        return true;
    }
    list_add_tail(&unused, &ip->unused);
    nunused++;
    return false;
}

/* --- references ------------------------------------------------------------------------------- */

/* Whether one more may use ip, NULL if it is not in memory; inode_lock is held. */
static int check_use(const struct inode *ip)
{
    if (ip && ip->dying)
        return -EIO; /* only a damaged directory still names it */
    return (!ip || ip->refs == 0) && nused >= NINODE ? -ENFILE : 0;
}

struct inode *inode_find(uint num)
{
    struct inode *ip = find(num);
    return ip && !ip->dying ? ip : NULL;
}

bool inode_try_use(struct inode *ip)
{
    if (check_use(ip) < 0)
        return false;
    start_use(ip);
    return true;
}

/* A reference to the inode in memory, perhaps not loaded yet; 0, -ENFILE, -ENOMEM, -EIO. */
static int hold(uint num, struct inode **out)
{
    struct inode *fresh = NULL;
    for (;;) {
        spin_lock(&inode_lock);
        struct inode *ip = find(num);
        int r = check_use(ip);
        if (!ip && fresh && r == 0) {
            insert(fresh);
            ip = fresh;
            fresh = NULL;
        }
        if (ip && r == 0)
            start_use(ip);
        spin_unlock(&inode_lock);
        if (ip || r < 0) {
            if (fresh)
                slab_free(&inode_slab, fresh);
            *out = ip;
            return r;
        }
        fresh = new_inode(num);
        if (!fresh)
            return -ENOMEM;
    }
}

struct inode *inode_get(struct inode *ip)
{
    atomic_add(&ip->refs, 1);
    return ip;
}

/* One operation towards freeing ip: 1 if there is more to do, 0 if it is free, or -E*. */
static int reclaim_step(struct inode *ip)
{
    int r = journal_begin();
    if (r < 0)
        return r;
    mutex_lock(&ip->lock);
    cache_drop(&ip->store);
    r = inode_prepare(ip);
    if (r == 0) {
        r = map_shrink(ip);
        if (ip->d.size == 0)
            ip->d = (struct dinode){0};
        inode_update(ip);
    }
    mutex_unlock(&ip->lock);
    journal_end();
    return r < 0 ? r : ip->d.type != 0;
}

/* Frees ip for its last user; false if memory ended, and it is to be tried again. */
static bool reclaim(struct inode *ip)
{
    int r;
    do
        r = reclaim_step(ip);
    while (r > 0);
    if (r == -ENOMEM)
        return false;
    if (r < 0) /* it stays an orphan, for the next mount */
        printf("fs: inode %u cannot be freed (error %d)\n", ip->num, -r);
    if (r == -EROFS)
        cache_drop(&ip->store); /* nothing is ever committed again */
    return true;
}

/* No directory names it.  For the last user nobody changes that. */
static bool is_orphan(const struct inode *ip)
{
    return load_acquire(&ip->loaded) && ip->d.nlink == 0 && ip->num != ROOTINO;
}

/* Drops a reference unless it is the last.  Under the lock the last stays the last. */
static bool drop_one_of_many(struct inode *ip)
{
    for (uint n; (n = load_relaxed(&ip->refs)) > 1;)
        if (atomic_cas(&ip->refs, n, n - 1))
            return true;
    return false;
}

/* Drops a reference; false, with the reference kept, if ip must be freed before that. */
static bool drop(struct inode *ip)
{
    if (drop_one_of_many(ip))
        return true;
    spin_lock(&inode_lock);
    if (drop_one_of_many(ip)) {
        spin_unlock(&inode_lock);
        return true;
    }
    if (!ip->dying && is_orphan(ip) && ip->d.type != 0) {
        ip->dying = true;
        spin_unlock(&inode_lock);
        return false;
    }
    bool gone = end_use(ip, load_acquire(&ip->loaded) && !is_orphan(ip));
    spin_unlock(&inode_lock);
    if (!gone)
        return true;
    cache_settle(&ip->store);
    if (ip->loaded && ip->d.type == 0)
        alloc_inode_free(ip->num);
    destroy(ip);
    return true;
}

/* ip is dying and the caller its last user. */
static void finish(struct inode *ip)
{
    if (reclaim(ip)) {
        drop(ip);
        return;
    }
    spin_lock(&inode_lock);
    list_add_tail(&unfinished, &ip->unused);
    spin_unlock(&inode_lock);
}

void inode_put(struct inode *ip)
{
    if (!drop(ip))
        finish(ip);
}

void inode_retry(void)
{
    struct list todo;
    list_init(&todo);
    spin_lock(&inode_lock);
    for (struct list *l; (l = list_pop(&unfinished));)
        list_add_tail(&todo, l);
    spin_unlock(&inode_lock);
    for (struct list *l; (l = list_pop(&todo));)
        finish(container_of(l, struct inode, unused));
}

/* Takes the inode that has been unused for the longest time out of the table if it has no pages. */
static struct inode *take_oldest(void)
{
    if (list_empty(&unused))
        return NULL;
    struct inode *ip = container_of(unused.next, struct inode, unused);
    list_del(&ip->unused);
    if (!cache_forget(&ip->store, FORGET)) {
        list_add_tail(&unused, &ip->unused);
        return NULL;
    }
    take_out(ip);
    nunused--;
    return ip;
}

uint inode_shrink(uint n)
{
    uint gone = 0;
    while (n-- > 0) {
        spin_lock(&inode_lock);
        struct inode *ip = take_oldest();
        spin_unlock(&inode_lock);
        if (!ip)
            continue;
        destroy(ip);
        gone++;
    }
    return gone;
}

uint inode_count(void)
{
    return nused;
}

/* --- the disk --------------------------------------------------------------------------------- */

static int load_once(struct inode *ip)
{
    mutex_lock(&ip->lock);
    int r = load_acquire(&ip->loaded) ? 0 : inode_load(ip);
    mutex_unlock(&ip->lock);
    return r;
}

int inode_open(uint num, struct inode **out)
{
    if (num == 0 || num >= super_inodes()) {
        printf("fs: damaged: a directory names inode %u, which there is not\n", num);
        return -EIO;
    }
    struct inode *ip;
    int r = hold(num, &ip);
    if (r < 0)
        return r;
    if (!load_acquire(&ip->loaded))
        r = load_once(ip);
    if (r == 0 && ip->d.type == 0)
        r = -EIO; /* a damaged directory names one that could not be created */
    if (r < 0)
        inode_put(ip);
    else
        *out = ip;
    return r;
}

int inode_create(uint type, struct inode **out)
{
    uint num = alloc_inode();
    if (num == 0)
        return -ENOSPC;
    struct inode *ip;
    int r = hold(num, &ip);
    if (r < 0) {
        alloc_inode_free(num);
        return r;
    }
    mutex_lock(&ip->lock);
    r = inode_prepare(ip);
    ip->d = (struct dinode){.type = r < 0 ? 0 : (ushort)type};
    store_release(&ip->loaded, true);
    mutex_unlock(&ip->lock);
    if (r < 0)
        inode_put(ip); /* type 0: gives the number back, without an operation */
    else
        *out = ip;
    return r;
}

struct inode *inode_root(void)
{
    struct inode *ip;
    return inode_open(ROOTINO, &ip) < 0 ? NULL : ip;
}
