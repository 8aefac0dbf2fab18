/*
 * The data of a file as a store: what kernel/vm asks for when a file is mapped (vm/store.h).
 *
 * There is one copy of a file in memory, the pages of the cache; read() and write() copy from and
 * to the frames that mappings have in their page tables, so all of them see the same bytes.  A page
 * is mapped only when all of it is valid: blocks that the file has, then zeros.
 *
 * Against truncation: it lowers the size, drops the pages, then removes what is mapped.  A fault
 * that looked at the size before holds the lock of its space until it has mapped the frame, so it
 * is found and undone; one that looks later finds the end.
 *
 * Lock: the inode's mutex, but not to read a page that is there.
 */
#include "kernel/errno.h"
#include "kernel/fs/file.h"
#include "kernel/fs/journal.h"
#include "kernel/lib/atomic.h"

static struct inode *inode_of(struct store *st)
{
    return container_of(st, struct inode, store);
}

static inline uint64 size_of(const struct inode *ip)
{
    return load_relaxed(&ip->d.size);
}

static uint64 pages(struct store *st)
{
    return (size_of(inode_of(st)) + PGSIZE - 1) >> PGSHIFT;
}

/* Pages that the file has from end to end. */
static inline uint64 whole_pages(const struct inode *ip)
{
    return size_of(ip) >> PGSHIFT;
}

static int __attribute__((noinline))
fetch_slowly(struct inode *ip, uint64 index, bool write, struct frame **out)
{
    struct page *pg;
    mutex_lock(&ip->lock);
    int r = data_whole_page(ip, index, &pg);
    if (r >= 0) {
        if (write)
            cache_dirty(pg, data_blocks(ip, index));
        *out = cache_frame(pg);
        frame_get(*out);
        cache_put(pg);
    }
    mutex_unlock(&ip->lock);
    return r;
}

static int fetch(struct store *st, uint64 index, bool write, struct frame **out)
{
    struct inode *ip = inode_of(st);
    if (!write && index < whole_pages(ip) && (*out = cache_find_frame(st, index)))
        return 0;
    return fetch_slowly(ip, index, write, out);
}

/* The last page may need zeros behind the end: that is for fetch(). */
static uint peek(struct store *st, uint64 first, uint n, struct frame *out[])
{
    uint64 end = whole_pages(inode_of(st));
    uint m = first >= end ? 0 : end - first < n ? (uint)(end - first) : n;
    for (uint i = m; i < n; i++)
        out[i] = NULL;
    return m > 0 ? cache_peek(st, first, m, out) : 0;
}

/*
 * If the page is not there, or not whole, it is another than the mapped one, which a truncation
 * has dropped and will now remove.
 */
static int dirty(struct store *st, uint64 index)
{
    struct inode *ip = inode_of(st);
    mutex_lock(&ip->lock);
    int r = index < pages(st) ? 0 : -ERANGE;
    struct page *pg = r == 0 ? cache_find(st, index) : NULL;
    if (pg && load_acquire(&pg->valid) == ALL_BLOCKS)
        cache_dirty(pg, data_blocks(ip, index));
    if (pg)
        cache_put(pg);
    mutex_unlock(&ip->lock);
    return r;
}

/* One commit takes all that is dirty to the disk; for a range it would need as many flushes. */
static int sync(struct store *st, uint64 first, uint64 n)
{
    (void)st;
    (void)first;
    (void)n;
    return journal_sync();
}

/* Whoever makes such an area has the file open for writing, or inherits or divides another one. */
static void get(struct store *st, bool writer)
{
    struct inode *ip = inode_get(inode_of(st));
    if (writer)
        inode_get_writer(ip);
}

static void put(struct store *st, bool writer)
{
    struct inode *ip = inode_of(st);
    if (writer)
        inode_put_writer(ip);
    inode_put(ip);
}

static uint64 number(struct store *st)
{
    return inode_of(st)->num;
}

const struct store_ops filemap_ops = {
    .fetch = fetch,
    .peek = peek,
    .dirty = dirty,
    .pages = pages,
    .sync = sync,
    .get = get,
    .put = put,
    .number = number,
};

struct store *inode_store(struct inode *ip)
{
    return &ip->store;
}

int file_store(struct file *f, struct store **out)
{
    if (!f->ip || f->ip->d.type != T_FILE)
        return -ENODEV;
    *out = &f->ip->store;
    return 0;
}
