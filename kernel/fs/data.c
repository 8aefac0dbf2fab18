/*
 * The bytes of a file, through the cache.
 *
 * When a page is not there, its neighbours are asked for along with it; a reader that goes through
 * a file from front to back, in calls or in faults, finds ever more pages read ahead for it.  A
 * writer changes pages in memory.  Those of a file are written home from there (writeback.c); those
 * of a directory or a link are blocks of an operation, and go through the journal.
 *
 * Lock: the inode's mutex.
 */
#include "kernel/dev/disk.h"
#include "kernel/errno.h"
#include "kernel/fs/evict.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/param.h"
#include "kernel/stat.h"

#define CLUSTER    4 /* pages read together, aligned, where nothing is known of the reader */
#define READ_AHEAD DISK_PIECES /* at most: one request */

/* The mask of blocks first .. last of a page. */
static uint block_mask(uint first, uint last)
{
    return (2u << last) - (1u << first);
}

uint data_blocks(const struct inode *ip, uint64 index)
{
    uint64 end = inode_nblocks(ip);
    uint64 first = index * PAGE_BLOCKS;
    if (first >= end)
        return 0;
    return block_mask(0, (uint)(end - first < PAGE_BLOCKS ? end - first : PAGE_BLOCKS) - 1);
}

/* Fills pg->block[] for the blocks in the mask, which the file has. */
static int locate(struct inode *ip, struct page *pg, uint mask)
{
    uint first = 0;
    while (first < PAGE_BLOCKS && (!(mask >> first & 1) || pg->block[first]))
        first++;
    if (first == PAGE_BLOCKS)
        return 0;
    uint n = 1;
    while (mask >> (first + n) & 1)
        n++;
    int r = map_blocks(ip, pg->index * PAGE_BLOCKS + first, n, &pg->block[first]);
    for (uint i = first; i < first + n && r < 0; i++)
        pg->block[i] = 0;
    return r;
}

/* --- reading ---------------------------------------------------------------------------------- */

/*
 * Which pages are asked for together when page `index` is not there and `n` are wanted: those of
 * its cluster, or behind what was asked for before four times as many as then.  Returns how many,
 * from *first on.
 */
static uint choose_window(struct inode *ip, uint64 index, uint64 n, uint64 *first)
{
    bool follows = index == ip->ahead;
    *first = follows ? index : index & ~(uint64)(CLUSTER - 1);
    uint64 size = follows && ip->window ? 4 * ip->window : CLUSTER;
    if (size < index + n - *first)
        size = index + n - *first;
    ip->window = size < READ_AHEAD ? (uint)size : READ_AHEAD;
    ip->ahead = *first + ip->window;
    return ip->window;
}

static void read_around(struct inode *ip, uint64 index, uint64 wanted)
{
    struct page *page[READ_AHEAD];
    uint want[READ_AHEAD];
    uint64 first;
    int n = 0, most = (int)choose_window(ip, index, wanted, &first);
    for (; n < most && (want[n] = data_blocks(ip, first + (uint)n)); n++) {
        page[n] = cache_get(&ip->store, first + (uint)n);
        if (!page[n])
            break;
        if (locate(ip, page[n], want[n]) < 0) {
            cache_put(page[n]);
            break;
        }
    }
    if (n > 0)
        cache_prefetch(page, want, n);
    while (n-- > 0)
        cache_put(page[n]);
}

/* A reader from front to back came to the pages asked for last: asks for as many behind them. */
static void keep_ahead(struct inode *ip)
{
    struct page *pg = data_blocks(ip, ip->ahead) ? cache_get(&ip->store, ip->ahead) : NULL;
    if (!pg)
        return;
    if (load_acquire(&pg->valid))
        ip->window = 0; /* what follows is in memory */
    else
        read_around(ip, ip->ahead, 1);
    cache_put(pg);
}

/* Makes valid what the file has of a page; `wanted` pages from there on will be asked for. */
static int fill(struct inode *ip, struct page *pg, uint64 wanted)
{
    uint want = data_blocks(ip, pg->index);
    int r = locate(ip, pg, want);
    if (r < 0)
        return r;
    if (!load_relaxed(&pg->busy)) /* else it is on its way already */
        read_around(ip, pg->index, wanted);
    if (ip->window == READ_AHEAD && pg->index + READ_AHEAD == ip->ahead)
        keep_ahead(ip);
    return cache_load(pg, want);
}

static inline bool has_bytes(struct page *pg, uint64 first, uint64 last)
{
    uint valid = load_acquire(&pg->valid);
    return valid == ALL_BLOCKS ||
           !(block_mask(first % PGSIZE / BSIZE, last % PGSIZE / BSIZE) & ~valid);
}

static inline int get_page(struct inode *ip, uint64 first, uint64 last, uint64 wanted,
                           struct page **out)
{
    struct page *pg = cache_get(&ip->store, first / PGSIZE);
    if (!pg)
        return -ENOMEM;
    if (ip->window == READ_AHEAD && pg->index + READ_AHEAD == ip->ahead)
        keep_ahead(ip);
    int r = has_bytes(pg, first, last) ? 0 : fill(ip, pg, wanted);
    if (r < 0)
        cache_put(pg);
    else
        *out = pg;
    return r;
}

int data_page(struct inode *ip, uint64 first, uint64 last, struct page **out)
{
    return get_page(ip, first, last, 1, out);
}

/* The disk, or a mapping that changed it, may have left something behind the end of the file. */
static void clear_tail(const struct inode *ip, struct page *pg)
{
    uint64 end = ip->d.size - pg->index * PGSIZE;
    if (end >= pg->clear_from)
        return;
    memset(pg->bytes + end, 0, PGSIZE - end);
    pg->clear_from = (ushort)end;
}

int data_whole_page(struct inode *ip, uint64 index, struct page **out)
{
    uint want = data_blocks(ip, index);
    if (!want)
        return -ERANGE;
    struct page *pg = cache_get(&ip->store, index);
    if (!pg)
        return -ENOMEM;
    uint valid = load_acquire(&pg->valid);
    int r = want & ~valid ? fill(ip, pg, 1) : 0;
    if (r == 0 && valid != ALL_BLOCKS)
        r = cache_load(pg, ALL_BLOCKS); /* the file has none of the rest: zeros */
    if (r < 0) {
        cache_put(pg);
        return r;
    }
    clear_tail(ip, pg);
    *out = pg;
    return (want & ~valid) != 0;
}

int64 data_read(struct inode *ip, struct iov *dst, uint64 done, uint64 off, uint64 n)
{
    if (off >= ip->d.size)
        return 0;
    if (n > ip->d.size - off)
        n = ip->d.size - off;
    for (uint64 i = 0, len; i < n; i += len) {
        uint64 skip = (off + i) % PGSIZE;
        len = n - i < PGSIZE - skip ? n - i : PGSIZE - skip;
        struct page *pg;
        int r = get_page(ip, off + i, off + i + len - 1, (skip + n - i + PGSIZE - 1) / PGSIZE, &pg);
        if (r < 0)
            return i > 0 ? (int64)i : r;
        iov_write(dst, done + i, pg->bytes + skip, len);
        cache_put(pg);
    }
    return (int64)n;
}

int64 inode_read(struct inode *ip, struct iov *dst, uint64 off)
{
    int64 n;
    do {
        mutex_lock(&ip->lock);
        n = data_read(ip, dst, 0, off, dst->total);
        mutex_unlock(&ip->lock);
    } while (n == -ENOMEM && evict_pages(EVICT_SOME) > 0);
    return n;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* What one data_write() has added to the file. */
struct growth {
    uint blocks;
    uint groups; /* times that the next block was under another block of the bitmap */
    uint group;  /* of the last block, + 1 */
};

/*
 * An operation dirties the inode, the leaf at the end of the file, a new leaf and the top
 * (DATA_CHUNK is less than a leaf has), two blocks of the bitmap for those two, and as many as
 * `groups` for the data, however fragmented the disk is.
 */
#define OTHER_BLOCKS 6

static bool may_grow(const struct growth *g)
{
    return g->blocks < DATA_CHUNK && g->groups < MAXOPBLOCKS - OTHER_BLOCKS;
}

static void count_growth(struct growth *g, uint b)
{
    g->blocks++;
    g->groups += g->group != b / BPB + 1;
    g->group = b / BPB + 1;
}

/* Adds block i of pg to the file, for n bytes that will be written to it. */
static int append_block(struct inode *ip, struct page *pg, uint i, uint64 n, struct growth *g)
{
    int r = map_append(ip, &pg->block[i]);
    if (r < 0) {
        pg->block[i] = 0;
        return r;
    }
    count_growth(g, pg->block[i]);
    cache_await(pg, 1u << i);
    if (n < BSIZE)
        memset(cache_bytes(pg, i), 0, BSIZE);
    return 0;
}

/* Makes block i of pg ready for n bytes to be written at `off`; 1: the operation is full. */
static int open_block(struct inode *ip, struct page *pg, uint i, uint64 off, uint64 n,
                      struct growth *g)
{
    if (off / BSIZE >= inode_nblocks(ip))
        return may_grow(g) ? append_block(ip, pg, i, n, g) : 1;
    int r = locate(ip, pg, 1u << i);
    if (r == 0 && n < BSIZE)
        return cache_load(pg, 1u << i);
    if (r == 0)
        cache_await(pg, 1u << i);
    return r;
}

/* The size grows before the bytes are written: see clear_behind_end() in writeback.c. */
static void set_end(struct inode *ip, uint64 end)
{
    if (end <= ip->d.size)
        return;
    spin_lock(&cache_lock);
    ip->d.size = (uint)end;
    spin_unlock(&cache_lock);
}

/* Makes the blocks ready that n bytes from `off` on, in this page, lie in; counts those bytes. */
static int open_blocks(struct inode *ip, struct page *pg, uint64 off, uint64 n, uint64 *ready,
                       struct growth *g)
{
    int r = 0;
    for (uint64 i = 0, len; i < n && r == 0; i += len) {
        len = BSIZE - (off + i) % BSIZE;
        len = len < n - i ? len : n - i;
        uint slot = (uint)((off + i) % PGSIZE / BSIZE);
        r = open_block(ip, pg, slot, off + i, len, g);
        if (r != 0)
            break;
        if (ip->d.type != T_FILE)
            journal_dirty(pg, slot);
        *ready = i + len;
        set_end(ip, off + i + len);
    }
    return r;
}

/* Writes n bytes that lie in one page; *done grows by what it could write. */
static int write_page(struct inode *ip, struct iov *src, uint64 *done, uint64 off, uint64 n,
                      struct growth *g)
{
    uint64 ready = 0;
    struct page *pg = cache_get(&ip->store, off / PGSIZE);
    if (!pg)
        return -ENOMEM;
    bool journalled = ip->d.type != T_FILE;
    int r = 0;
    if (!journalled && off + n <= ip->d.size && has_bytes(pg, off, off + n - 1))
        ready = n;
    else
        r = open_blocks(ip, pg, off, n, &ready, g);
    if (ready > 0) {
        uint64 at = off % PGSIZE;
        uint blocks = block_mask((uint)(at / BSIZE), (uint)((at + ready - 1) / BSIZE));
        iov_read(src, *done, pg->bytes + at, ready);
        cache_claim(pg, blocks); /* not before: a page that is valid may be mapped */
        if (!journalled)
            cache_dirty(pg, blocks);
    }
    *done += ready;
    cache_put(pg);
    return r;
}

int64 data_write(struct inode *ip, struct iov *src, uint64 done, uint64 off, uint64 n)
{
    struct growth g = {0};
    uint before = ip->d.size;
    uint64 at = done, end = done + n;
    int r = off + n > before ? inode_prepare(ip) : 0;
    while (at < end && r == 0) {
        uint64 pos = off + (at - done), left = PGSIZE - pos % PGSIZE;
        r = write_page(ip, src, &at, pos, end - at < left ? end - at : left, &g);
    }
    if (ip->d.size != before)
        inode_update(ip);
    return at > done || r >= 0 ? (int64)(at - done) : r;
}
