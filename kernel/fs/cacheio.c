/*
 * Filling pages of the cache from the disk.
 *
 * A page that is being filled is busy, and only its blocks that are not valid change meanwhile, so
 * those that are valid may be used without regard to it.  cache_load() waits for the disk;
 * cache_prefetch() does not: its pages stop being busy in the completion interrupt.  A prefetch
 * that fails leaves no trace; whoever needs the page reads it again and gets the error.
 *
 * Lock: cache_lock, for valid and busy.
 */
#include "kernel/fs/cache.h"
#include "kernel/dev/disk.h"
#include "kernel/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"

/* A prefetch: one stretch of the disk into several pages. */
struct prefetch {
    struct disk_request request;
    uint end; /* block behind the stretch */
    int n;
    struct page *page[DISK_PIECES]; /* held */
    uchar want[DISK_PIECES];
};

uint cache_run(const struct page *pg, uint i, uint mask)
{
    uint n = 1;
    while (i + n < PAGE_BLOCKS && mask >> (i + n) & 1 && pg->block[i + n] == pg->block[i] + n)
        n++;
    return n;
}

static int read_run(struct page *pg, uint i, uint n)
{
    struct disk_request r = {.op = DISK_READ, .block = pg->block[i], .npieces = 1};
    r.piece[0].at = phys(cache_bytes(pg, i));
    r.piece[0].len = n * BSIZE;
    return disk_wait(&r);
}

static int read_blocks(struct page *pg, uint mask)
{
    int r = 0;
    for (uint i = 0, n; i < PAGE_BLOCKS && r == 0; i += n) {
        n = 1;
        if (!(mask >> i & 1))
            continue;
        if (pg->block[i] == 0) {
            memset(cache_bytes(pg, i), 0, BSIZE);
            continue;
        }
        n = cache_run(pg, i, mask);
        r = read_run(pg, i, n);
    }
    return r;
}

static void end_busy(struct page *pg, uint filled)
{
    spin_lock(&cache_lock);
    store_release(&pg->valid, (uchar)(pg->valid | filled));
    pg->busy = false;
    waitq_wake_all(&pg->waiters);
    spin_unlock(&cache_lock);
}

static void wait_settled(struct page *pg)
{
    while (pg->busy)
        waitq_sleep(&pg->waiters, &cache_lock);
}

int cache_load(struct page *pg, uint want)
{
    if (!(want & ~load_acquire(&pg->valid)))
        return 0;
    spin_lock(&cache_lock);
    wait_settled(pg);
    uint missing = want & ~(uint)pg->valid;
    pg->busy = missing != 0;
    spin_unlock(&cache_lock);
    if (!missing)
        return 0;
    int r = read_blocks(pg, missing);
    end_busy(pg, r == 0 ? missing : 0);
    return r;
}

void cache_await(struct page *pg, uint blocks)
{
    if (!(blocks & ~load_acquire(&pg->valid)))
        return;
    spin_lock(&cache_lock);
    wait_settled(pg);
    spin_unlock(&cache_lock);
}

void cache_claim(struct page *pg, uint blocks)
{
    if (!(blocks & ~load_acquire(&pg->valid)))
        return;
    spin_lock(&cache_lock);
    store_release(&pg->valid, (uchar)(pg->valid | blocks));
    spin_unlock(&cache_lock);
}

int cache_block(uint b, struct page **out)
{
    struct page *pg = cache_get(&cache_disk, b / PAGE_BLOCKS);
    if (!pg)
        return -ENOMEM;
    int r = cache_load(pg, 1u << cache_slot(b));
    if (r < 0)
        cache_put(pg);
    else
        *out = pg;
    return r;
}

/* --- prefetch --------------------------------------------------------------------------------- */

static void prefetch_done(struct disk_request *r)
{
    struct prefetch *f = r->arg;
    for (int i = 0; i < f->n; i++) {
        end_busy(f->page[i], r->status == 0 ? f->want[i] : 0);
        cache_put(f->page[i]);
    }
    kfree(f);
}

static void submit(struct prefetch *f)
{
    if (f && f->n > 0) {
        f->request.npieces = f->n;
        disk_submit(&f->request);
    } else {
        kfree(f);
    }
}

static struct prefetch *new_prefetch(uint block)
{
    struct prefetch *f = kmalloc(sizeof(*f));
    if (!f)
        return NULL;
    f->request.op = DISK_READ;
    f->request.block = f->end = block;
    f->request.done = prefetch_done;
    f->request.arg = f;
    f->n = 0;
    return f;
}

/* `want` is the first few blocks of pg and they are one stretch of the disk. */
static bool is_stretch(const struct page *pg, uint want)
{
    return pg->block[0] && want && !(want & (want + 1)) && want >> cache_run(pg, 0, want) == 0;
}

/* Makes the page busy if nobody has begun to fill it. */
static bool take_over(struct page *pg)
{
    spin_lock(&cache_lock);
    bool mine = !pg->busy && !pg->valid;
    if (mine)
        pg->busy = true;
    spin_unlock(&cache_lock);
    return mine;
}

static void append(struct prefetch *f, struct page *pg, uint want)
{
    uint n = cache_run(pg, 0, want);
    cache_hold(pg);
    f->page[f->n] = pg;
    f->want[f->n] = (uchar)want;
    f->request.piece[f->n].at = phys(pg->bytes);
    f->request.piece[f->n].len = n * BSIZE;
    f->n++;
    f->end += n;
}

void cache_prefetch(struct page *const page[], const uint want[], int n)
{
    struct prefetch *f = NULL;
    for (int i = 0; i < n; i++) {
        struct page *pg = page[i];
        if (!is_stretch(pg, want[i]))
            continue;
        if (f && pg->block[0] != f->end) {
            submit(f);
            f = NULL;
        }
        if (!f && !(f = new_prefetch(pg->block[0])))
            return;
        if (take_over(pg))
            append(f, pg, want[i]);
    }
    submit(f);
}

void cache_ask(uint first, uint n)
{
    struct page *page[DISK_PIECES];
    uint want[DISK_PIECES], end = first + n;
    int k = 0;
    for (uint b = first / PAGE_BLOCKS * PAGE_BLOCKS; b < end && k < DISK_PIECES; b += PAGE_BLOCKS) {
        uint left = disk_blocks() - b;
        page[k] = cache_get(&cache_disk, b / PAGE_BLOCKS);
        if (!page[k])
            break;
        want[k++] = left < PAGE_BLOCKS ? (1u << left) - 1 : ALL_BLOCKS;
    }
    if (k > 0)
        cache_prefetch(page, want, k);
    while (k-- > 0)
        cache_put(page[k]);
}
