/*
 * Writing the data of files home.
 *
 * A page with dirty blocks stands on a list, in the order in which pages became dirty, and is held
 * so that it stays in memory.  A write-back takes a batch from the list: the oldest pages, each
 * with those that follow it in its file, so that blocks that lie in one stretch on the disk are one
 * request; and it sends many requests together.  For each page, in this order:
 *
 *   1. what was dirty is `writing`: a change from now on makes it dirty again
 *   2. mappings lose the right to write it, so that they have to tell of such a change
 *   3. the disk gets its bytes
 *
 * Nobody waits for a page in any of these, so 2 may wait for spaces.  A page that is dropped
 * meanwhile is written all the same: its blocks stay frozen until the commit that frees them, and
 * that waits for the batch under way.  Even one that is only dirty is, if the commit under way
 * refers to it.
 *
 * Locks: batch_lock, a mutex: one batch at a time, so a block is never written by two.  cache_lock
 * for the list, states and the batch's list of pages.
 */
#include "kernel/dev/disk.h"
#include "kernel/errno.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/vm/rmap.h"

#define REQUESTS  16  /* in flight together */
#define PAGES     256 /* of one batch */
#define DIRTY_MIN 32  /* pages that may be dirty however little memory there is */

static struct mutex batch_lock;
static struct list dirty_pages = {&dirty_pages, &dirty_pages};
static uint64 ndirty; /* on the list or in the batch */
static uint64 now;    /* cache_mark() */
static uint64 limit;  /* pages that may be dirty; counted again now and then */
static bool unflushed;

static struct {
    struct page *page[PAGES]; /* held; NULL when it has settled */
    uint n;
    struct disk_request request[REQUESTS]; /* batch_lock, like the rest */
    uint nrequests;
    uint end; /* block behind the last request */
} batch;

void cache_init_writeback(void)
{
    mutex_init(&batch_lock, "write-back");
}

/* --- what is dirty ---------------------------------------------------------------------------- */

uint64 cache_dirty_pages(void)
{
    return load_relaxed(&ndirty);
}

/* A quarter of the memory that the cache has, or could have. */
static void set_limit(void)
{
    uint64 n = (frame_free_count() + cache_pages()) / 4;
    store_relaxed(&limit, n > DIRTY_MIN ? n : DIRTY_MIN);
}

bool cache_is_dirty(void)
{
    return cache_dirty_pages() > load_relaxed(&limit) / 2;
}

/* Puts pg, which is held for it, on the list. */
static void enlist(struct page *pg)
{
    pg->dirty_since = now;
    list_add_tail(&dirty_pages, &pg->of_dirty);
}

void cache_dirty(struct page *pg, uint blocks)
{
    uint64 n = 0;
    bool failed = journal_failed();
    spin_lock(&cache_lock);
    unflushed |= failed;
    if (!pg->dirty && !failed) {
        atomic_add(&pg->refs, 1);
        enlist(pg);
        n = ++ndirty;
    }
    pg->dirty |= failed ? 0 : (uchar)blocks;
    spin_unlock(&cache_lock);
    if (n % DIRTY_MIN != 1)
        return;
    set_limit();
    if (n == 1 || cache_is_dirty())
        journal_wake();
}

/* Older than the last mark, it is in what the commit under way takes to the disk. */
void cache_undirty(struct page *pg)
{
    if (!pg->dirty || pg->dirty_since < now)
        return;
    pg->dirty = 0;
    list_del(&pg->of_dirty);
    ndirty--;
    atomic_sub(&pg->refs, 1); /* not the last: it is in the table */
}

uint64 cache_mark(void)
{
    spin_lock(&cache_lock);
    uint64 mark = now++;
    spin_unlock(&cache_lock);
    return mark;
}

/* --- 1: a batch ------------------------------------------------------------------------------- */

/* The oldest dirty page if it is not younger than the mark, and not in the batch already. */
static struct page *oldest(uint64 mark)
{
    if (list_empty(&dirty_pages))
        return NULL;
    struct page *pg = container_of(dirty_pages.next, struct page, of_dirty);
    return pg->dirty_since <= mark && !pg->writing ? pg : NULL;
}

static struct page *dirty_after(const struct page *pg)
{
    if (pg->gone)
        return NULL;
    struct page *next = cache_look(pg->store, pg->index + 1);
    return next && next->dirty && !next->writing ? next : NULL;
}

/* Adds the oldest page and a few that follow it in its file; false if there is none. */
static bool take_pages(uint64 mark)
{
    spin_lock(&cache_lock);
    struct page *pg = batch.n + DISK_PIECES <= PAGES ? oldest(mark) : NULL;
    bool any = pg != NULL;
    for (uint i = 0; i < DISK_PIECES && pg; i++) {
        pg->writing = pg->dirty;
        pg->dirty = 0;
        list_del(&pg->of_dirty);
        batch.page[batch.n++] = pg;
        pg = dirty_after(pg);
    }
    spin_unlock(&cache_lock);
    return any;
}

/* --- 2: mappings ------------------------------------------------------------------------------ */

/* Until the batch is done, the store of a page that is in the table now stays: cache_settle(). */
static bool is_here(const struct page *pg)
{
    spin_lock(&cache_lock);
    bool here = !pg->gone;
    spin_unlock(&cache_lock);
    return here;
}

/* Pages from the i-th of the batch on that follow each other in one file. */
static uint stretch(uint i)
{
    uint n = 1;
    while (i + n < batch.n && batch.page[i + n]->store == batch.page[i]->store &&
           batch.page[i + n]->index == batch.page[i]->index + n)
        n++;
    return n;
}

static void protect_pages(void)
{
    for (uint i = 0, n; i < batch.n; i += n) {
        bool here = is_here(batch.page[i]);
        n = here ? stretch(i) : 1;
        if (here)
            rmap_protect(batch.page[i]->store, batch.page[i]->index, n);
    }
}

/* --- 3: requests ------------------------------------------------------------------------------ */

/*
 * A mapping may have changed what lies behind the end of the file in its last block.  The file
 * grows under the cache lock (data.c), and only then are the new bytes written, so none of them is
 * taken for such.
 */
static void clear_behind_end(struct page *pg)
{
    spin_lock(&cache_lock);
    if (!pg->gone) {
        const struct inode *ip = container_of(pg->store, struct inode, store);
        uint64 start = pg->index * PGSIZE, end = ip->d.size;
        if (end > start && end - start < PGSIZE)
            memset(pg->bytes + (end - start), 0, -end % BSIZE);
    }
    spin_unlock(&cache_lock);
}

/* Adds n blocks of pg from slot i on, which are one stretch of the disk. */
static void add_run(const struct page *pg, uint i, uint n)
{
    struct disk_request *r = &batch.request[batch.nrequests];
    if (batch.nrequests == 0 || r[-1].npieces == DISK_PIECES || batch.end != pg->block[i]) {
        r->op = DISK_WRITE;
        r->block = pg->block[i];
        r->npieces = 0;
        batch.nrequests++;
    } else {
        r--;
    }
    r->piece[r->npieces].at = phys(cache_bytes(pg, i));
    r->piece[r->npieces++].len = n * BSIZE;
    batch.end = pg->block[i] + n;
}

static int send(void)
{
    int r = batch.nrequests > 0 ? disk_wait_all(batch.request, (int)batch.nrequests) : 0;
    batch.nrequests = 0;
    return r;
}

static int write_pages(void)
{
    int r = 0;
    for (uint i = 0; i < batch.n && r == 0; i++) {
        struct page *pg = batch.page[i];
        clear_behind_end(pg);
        for (uint at = 0, n; at < PAGE_BLOCKS; at += n) {
            n = pg->writing >> at & 1 ? cache_run(pg, at, pg->writing) : 1;
            if (pg->writing >> at & 1)
                add_run(pg, at, n);
        }
        if (batch.nrequests + PAGE_BLOCKS > REQUESTS)
            r = send();
    }
    int last = send();
    return r < 0 ? r : last;
}

/* --- the end of it ------------------------------------------------------------------------- */

/* What could not be written stays dirty, for those who read it.  True if pg is to be put. */
static bool settle(struct page *pg, int r)
{
    uint lost = r < 0 && !pg->gone ? pg->writing : 0;
    bool relist = lost && !pg->dirty;
    pg->dirty |= (uchar)lost;
    pg->writing = 0;
    if (relist)
        enlist(pg);
    else
        ndirty--;
    return !relist;
}

static void settle_all(int r)
{
    for (uint i = 0; i < batch.n; i++) {
        struct page *pg = batch.page[i];
        spin_lock(&cache_lock);
        unflushed = true;
        bool put = settle(pg, r);
        batch.page[i] = NULL;
        spin_unlock(&cache_lock);
        if (put)
            cache_put(pg);
    }
    batch.n = 0;
}

/* Writes one batch of what is not younger than the mark; its number of pages, or -EIO. */
static int64 write_batch(uint64 mark)
{
    while (take_pages(mark))
        ;
    int64 n = batch.n;
    protect_pages();
    int r = write_pages();
    if (r < 0)
        journal_fail();
    settle_all(r);
    return r < 0 ? r : n;
}

int64 cache_clean(void)
{
    mutex_lock(&batch_lock);
    int64 n = journal_failed() ? -EIO : write_batch(load_relaxed(&now));
    mutex_unlock(&batch_lock);
    return n;
}

int cache_write_back(uint64 mark)
{
    int64 n;
    mutex_lock(&batch_lock);
    do
        n = journal_failed() ? -EIO : write_batch(mark);
    while (n > 0);
    mutex_unlock(&batch_lock);
    return (int)n;
}

void cache_throttle(void)
{
    while (cache_dirty_pages() > load_relaxed(&limit) && cache_clean() > 0)
        set_limit();
}

bool cache_has_news(void)
{
    spin_lock(&cache_lock);
    bool any = ndirty > 0 || unflushed;
    spin_unlock(&cache_lock);
    return any;
}

bool cache_need_flush(void)
{
    spin_lock(&cache_lock);
    bool need = unflushed;
    unflushed = false;
    spin_unlock(&cache_lock);
    return need;
}

bool cache_in_batch(const struct store *s)
{
    for (uint i = 0; i < batch.n; i++)
        if (batch.page[i] && batch.page[i]->store == s)
            return true;
    return false;
}

void cache_settle(const struct store *s)
{
    spin_lock(&cache_lock);
    bool known = cache_in_batch(s);
    spin_unlock(&cache_lock);
    if (known) {
        mutex_lock(&batch_lock); /* the end of that batch */
        mutex_unlock(&batch_lock);
    }
}
