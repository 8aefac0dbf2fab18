/*
 * The disk as the file system sees it: requests in blocks, checked before the driver gets them,
 * and waiting for them.
 *
 * Lock: wait_lock guards the counts of all that wait; it is static, so that a sleeper may leave
 * the stack frame with its count as soon as it has seen it reach 0.
 */
#include "kernel/dev/disk.h"
#include "kernel/dev/virtio.h"
#include "kernel/dev/virtio_blk.h"
#include "kernel/errno.h"
#include "kernel/fs.h"
#include "kernel/sync/waitq.h"

#define SECTORS_PER_BLOCK (BSIZE / VIRTIO_SECTOR)

struct batch {
    int left; /* requests that are not complete */
    struct waitq waiter;
};

static struct spinlock wait_lock = SPINLOCK_INIT("disk wait", RANK_DISK);
static uint64 sectors;

const char *disk_init(void)
{
    return virtio_blk_init(&sectors);
}

uint disk_blocks(void)
{
    uint64 blocks = sectors / SECTORS_PER_BLOCK;
    return blocks < ~0u ? blocks : ~0u;
}

bool disk_read_only(void)
{
    return virtio_blk_read_only();
}

/* True if the pieces are whole sectors that lie on the disk. */
static bool possible(const struct disk_request *r)
{
    uint64 first = (uint64)r->block * SECTORS_PER_BLOCK, length = 0;
    if (r->op == DISK_FLUSH)
        return true;
    if (r->npieces < 1 || r->npieces > DISK_PIECES)
        return false;
    for (int i = 0; i < r->npieces; i++) {
        if (r->piece[i].len == 0 || r->piece[i].len % VIRTIO_SECTOR)
            return false;
        length += r->piece[i].len / VIRTIO_SECTOR;
    }
    return first <= sectors && length <= sectors - first;
}

static bool refused(struct disk_request *r)
{
    if (possible(r))
        return false;
    r->status = -EIO;
    r->done(r);
    return true;
}

void disk_submit(struct disk_request *r)
{
    if (!refused(r))
        virtio_blk_submit(r, 1);
}

static void batch_done(struct disk_request *r)
{
    struct batch *b = r->arg;
    spin_lock(&wait_lock);
    if (--b->left == 0)
        waitq_wake_one(&b->waiter);
    spin_unlock(&wait_lock);
}

/* Submits runs of possible requests, each run together. */
static void submit_all(struct disk_request *r, int n)
{
    int first = 0;
    for (int i = 0; i < n; i++) {
        if (possible(&r[i]))
            continue;
        virtio_blk_submit(r + first, i - first);
        refused(&r[i]);
        first = i + 1;
    }
    virtio_blk_submit(r + first, n - first);
}

int disk_wait_all(struct disk_request *r, int n)
{
    struct batch b = {.left = n};
    waitq_init(&b.waiter);
    for (int i = 0; i < n; i++) {
        r[i].done = batch_done;
        r[i].arg = &b;
    }
    submit_all(r, n);

    spin_lock(&wait_lock);
    while (b.left > 0)
        waitq_sleep(&b.waiter, &wait_lock);
    spin_unlock(&wait_lock);
    for (int i = 0; i < n; i++)
        if (r[i].status)
            return r[i].status;
    return 0;
}

int disk_wait(struct disk_request *r)
{
    return disk_wait_all(r, 1);
}

int disk_flush(void)
{
    struct disk_request r = {.op = DISK_FLUSH};
    return disk_wait(&r);
}
