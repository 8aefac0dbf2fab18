/*
 * The bytes of a file, through the cache.
 *
 * A reader that goes through a file from front to back finds pages read ahead for it: when the page
 * after the last one it read is not there, up to READ_AHEAD pages are asked for together.  A writer
 * changes pages in memory and gives their blocks to the journal.
 *
 * Lock: the inode's mutex.
 */
#include "kernel/dev/disk.h"
#include "kernel/errno.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"

#define READ_AHEAD DISK_PIECES /* pages of one request */

/* The mask of blocks first .. last of a page. */
static uint block_mask(uint first, uint last)
{
    return (2u << last) - (1u << first);
}

/* The mask of blocks of page `index` that the file has. */
static uint existing(const struct inode *ip, uint64 index)
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

static void read_ahead(struct inode *ip, uint64 index)
{
    struct page *page[READ_AHEAD];
    uint want[READ_AHEAD];
    int n = 0;
    for (; n < READ_AHEAD && (want[n] = existing(ip, index + (uint)n)); n++) {
        page[n] = cache_get(&ip->store, index + (uint)n);
        if (!page[n])
            break;
        if (locate(ip, page[n], want[n]) < 0) {
            cache_put(page[n]);
            break;
        }
    }
    cache_prefetch(page, want, n);
    while (n-- > 0)
        cache_put(page[n]);
}

static int fill(struct inode *ip, struct page *pg)
{
    uint want = existing(ip, pg->index);
    int r = locate(ip, pg, want);
    if (r < 0)
        return r;
    if (pg->index == 0 || pg->index == ip->next_read)
        read_ahead(ip, pg->index);
    return cache_load(pg, want);
}

int data_page(struct inode *ip, uint64 first, uint64 last, struct page **out)
{
    uint want = block_mask(first % PGSIZE / BSIZE, last % PGSIZE / BSIZE);
    struct page *pg = cache_get(&ip->store, first / PGSIZE);
    if (!pg)
        return -ENOMEM;
    int r = want & ~load_acquire(&pg->valid) ? fill(ip, pg) : 0;
    ip->next_read = pg->index + 1;
    if (r < 0)
        cache_put(pg);
    else
        *out = pg;
    return r;
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
        int r = data_page(ip, off + i, off + i + len - 1, &pg);
        if (r < 0)
            return i > 0 ? (int64)i : r;
        iov_write(dst, done + i, pg->bytes + skip, len);
        cache_put(pg);
    }
    return (int64)n;
}

int64 inode_read(struct inode *ip, struct iov *dst, uint64 off)
{
    mutex_lock(&ip->lock);
    int64 n = data_read(ip, dst, 0, off, dst->total);
    mutex_unlock(&ip->lock);
    return n;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Makes block i of pg ready for n bytes that will be written at `off`. */
static int open_block(struct inode *ip, struct page *pg, uint i, uint64 off, uint64 n)
{
    if (off / BSIZE < inode_nblocks(ip)) {
        int r = locate(ip, pg, 1u << i);
        if (r == 0 && n < BSIZE)
            return cache_load(pg, 1u << i);
        if (r == 0)
            cache_claim(pg, 1u << i);
        return r;
    }
    int r = map_append(ip, &pg->block[i]);
    if (r < 0) {
        pg->block[i] = 0;
        return r;
    }
    cache_claim(pg, 1u << i);
    if (n < BSIZE)
        memset(cache_bytes(pg, i), 0, BSIZE);
    return 0;
}

/* Writes n bytes that lie in one block. */
static int write_block(struct inode *ip, struct iov *src, uint64 done, uint64 off, uint64 n)
{
    struct page *pg = cache_get(&ip->store, off / PGSIZE);
    if (!pg)
        return -ENOMEM;
    uint i = off % PGSIZE / BSIZE;
    int r = open_block(ip, pg, i, off, n);
    if (r == 0) {
        iov_read(src, done, pg->bytes + off % PGSIZE, n);
        journal_dirty(pg, i);
        if (off + n > ip->d.size)
            ip->d.size = (uint)(off + n);
    }
    cache_put(pg);
    return r;
}

int64 data_write(struct inode *ip, struct iov *src, uint64 done, uint64 off, uint64 n)
{
    uint64 room = (off / BSIZE + DATA_CHUNK) * BSIZE - off;
    uint before = ip->d.size;
    uint64 i = 0;
    int r = 0;
    if (n > room)
        n = room;
    if (off + n > before)
        r = inode_prepare(ip);
    while (i < n && r == 0) {
        uint64 left = BSIZE - (off + i) % BSIZE;
        uint64 len = n - i < left ? n - i : left;
        r = write_block(ip, src, done + i, off + i, len);
        i += r == 0 ? len : 0;
    }
    if (ip->d.size != before)
        inode_update(ip);
    return i > 0 || r == 0 ? (int64)i : r;
}
