/*
 * The journal on the disk: writing a transaction, copying it home.  kernel/fs.h has the format.
 *
 * Two flushes make a commit.  The first stands between the images and the header, so that a header
 * on the disk proves its images; it also makes durable what the commit before copied home, so from
 * the moment this header may exist nobody needs the other half.  Until then a mount copies that one
 * home again, also if the images overwrote part of the list that stood here.  The second flush
 * stands between the header and the first block copied home: a home block changes only when the
 * header is durable.
 *
 * No lock: see the caller's rule in commit.h.
 */
#include "kernel/fs/commit.h"
#include "kernel/dev/disk.h"
#include "kernel/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/param.h"
#include "kernel/riscv.h"

#define BATCH 16 /* requests in flight */

static uint journal;   /* first block */
static uint half_size; /* blocks */
static uint area_size; /* blocks */
static uint inodes, nblocks;
static uint8 *area;
static struct disk_request batch[BATCH];

/* Blocks behind the header's that the list of n block numbers runs on over. */
static uint list_blocks(uint n)
{
    return n <= JOURNAL_HOMES ? 0 : (uint)((n - JOURNAL_HOMES + NINDIRECT - 1) / NINDIRECT);
}

static uint half_start(uint seq)
{
    return journal + (seq & 1) * half_size;
}

static struct journal_header *header(void)
{
    return (struct journal_header *)area;
}

static uint64 blocks_in(int order)
{
    return (uint64)(PGSIZE / BSIZE) << order;
}

/*
 * Not more than a half of the journal, nor more blocks than a 64th of all frames: a block may keep
 * a page of the cache from being evicted while it waits in the running transaction, and another
 * while it is on its way home.  At least room for one operation.
 */
static bool find_memory(void)
{
    int order = 0;
    while (order < MAX_ORDER && blocks_in(order) < half_size &&
           (blocks_in(order) <= MAXOPBLOCKS || blocks_in(order + 1) <= frame_count / 64))
        order++;
    struct frame *f = NULL;
    while (order >= 0 && !(f = frame_alloc_order(FRAME_WIRED, order, FRAME_ZEROED)))
        order--;
    if (!f)
        return false;
    area = frame_virt(f);
    area_size = (uint)blocks_in(order);
    return true;
}

bool commit_init(const struct superblock *sb, struct commit_area *a)
{
    journal = sb->journal;
    half_size = sb->njournal / 2;
    inodes = sb->inodes;
    nblocks = sb->nblocks;
    if (!find_memory())
        return false;
    uint blocks = area_size < half_size ? area_size : half_size;
    a->limit = blocks - 1;
    while (a->limit > 0 && 1 + list_blocks(a->limit) + a->limit > blocks)
        a->limit--;
    a->homes = (uint *)(header() + 1);
    return a->limit >= MAXOPBLOCKS;
}

void *commit_image(uint n, uint i)
{
    return area + (uint64)(1 + list_blocks(n) + i) * BSIZE;
}

static struct disk_request area_request(enum disk_op op, uint block, void *at, uint n)
{
    struct disk_request r = {.op = op, .block = block, .npieces = 1};
    r.piece[0].at = phys(at);
    r.piece[0].len = n * BSIZE;
    return r;
}

static int transfer(enum disk_op op, uint block, void *at, uint n)
{
    struct disk_request r = area_request(op, block, at, n);
    return disk_wait(&r);
}

static uint list_checksum(uint n)
{
    return fs_checksum(FS_CHECKSUM_SEED, header() + 1, n * sizeof(uint));
}

static uint self_checksum(const struct journal_header *h)
{
    return fs_checksum(FS_CHECKSUM_SEED, h, offsetof(struct journal_header, selfcheck));
}

static int write_header(uint seq, uint n)
{
    struct journal_header *h = header();
    *h = (struct journal_header){
        .magic = JOURNAL_MAGIC, .seq = seq, .count = n, .checksum = list_checksum(n)};
    h->selfcheck = self_checksum(h);
    return transfer(DISK_WRITE, half_start(seq), h, 1);
}

int commit_write(uint seq, uint n)
{
    int r = transfer(DISK_WRITE, half_start(seq) + 1, area + BSIZE, list_blocks(n) + n);
    if (r == 0)
        r = disk_flush();
    if (r == 0)
        r = write_header(seq, n);
    return r == 0 ? disk_flush() : r;
}

int commit_write_empty(uint seq)
{
    int r = write_header(seq, 0);
    return r == 0 ? disk_flush() : r;
}

/* Writes n images that lie one after the other in memory; runs of home blocks are one request. */
static int write_home(const uint *homes, uint8 *images, uint n)
{
    int r = 0;
    for (uint i = 0; i < n && r == 0;) {
        int k = 0;
        for (; k < BATCH && i < n; k++) {
            uint run = 1;
            while (i + run < n && homes[i + run] == homes[i] + run)
                run++;
            batch[k] = area_request(DISK_WRITE, homes[i], images + (uint64)i * BSIZE, run);
            i += run;
        }
        r = disk_wait_all(batch, k);
    }
    return r;
}

int commit_copy_home(uint n)
{
    return write_home((uint *)(header() + 1), commit_image(n, 0), n);
}

/* --- recovery --------------------------------------------------------------------------------- */

enum half_state {
    HALF_VALID,
    HALF_OVERWRITTEN, /* its list, by images of the next transaction */
    HALF_TORN,        /* its header is not whole */
    HALF_DAMAGED,
    HALF_UNREADABLE,
};

/*
 * The list is checked in the first block of the area.  It may be longer than the area, which had
 * more memory when it was written.
 */
static enum half_state check_half(uint which, struct journal_header *h)
{
    uint start = half_start(which);
    if (transfer(DISK_READ, start, area, 1) < 0)
        return HALF_UNREADABLE;
    *h = *header();
    if (h->magic != JOURNAL_MAGIC || h->selfcheck != self_checksum(h) || (h->seq & 1) != which)
        return HALF_TORN;
    uint n = h->count, lists = list_blocks(n);
    if (n > half_size || 1 + lists + n > half_size)
        return HALF_DAMAGED;
    uint in_block = n < JOURNAL_HOMES ? n : JOURNAL_HOMES;
    uint sum = fs_checksum(FS_CHECKSUM_SEED, header() + 1, in_block * sizeof(uint));
    for (uint i = 1, left = n - in_block; i <= lists; i++, left -= in_block) {
        if (transfer(DISK_READ, start + i, area, 1) < 0)
            return HALF_UNREADABLE;
        in_block = left < NINDIRECT ? left : NINDIRECT;
        sum = fs_checksum(sum, area, in_block * sizeof(uint));
    }
    return sum == h->checksum ? HALF_VALID : HALF_OVERWRITTEN;
}

/* Copies home the images `first` to `first + n` of h, whose home numbers stand at `homes`. */
static const char *replay_part(const struct journal_header *h, const uint *homes, uint first,
                               uint n)
{
    for (uint i = 0; i < n; i++)
        if (homes[i] < inodes || homes[i] >= nblocks)
            return "the journal has an image of a block outside the file system";
    uint room = area_size - 1;
    uint start = half_start(h->seq) + 1 + list_blocks(h->count) + first;
    for (uint done = 0, part; done < n; done += part) {
        part = n - done < room ? n - done : room;
        if (transfer(DISK_READ, start + done, area + BSIZE, part) < 0)
            return "the journal cannot be read";
        if (write_home(homes + done, area + BSIZE, part) < 0)
            return "the journal cannot be copied home";
    }
    return NULL;
}

/* One block of the list after the other, each in the first block of the area. */
static const char *replay(const struct journal_header *h)
{
    const char *wrong = NULL;
    const uint *homes = (uint *)(header() + 1);
    uint per_block = JOURNAL_HOMES;
    for (uint i = 0, done = 0, n; done < h->count && !wrong; i++, done += n) {
        n = h->count - done < per_block ? h->count - done : per_block;
        if (transfer(DISK_READ, half_start(h->seq) + i, area, 1) < 0)
            return "the journal cannot be read";
        wrong = replay_part(h, homes, done, n);
        homes = (uint *)area;
        per_block = NINDIRECT;
    }
    if (!wrong && disk_flush() < 0)
        wrong = "the journal cannot be copied home";
    return wrong;
}

const char *commit_recover(uint *seq, uint *count)
{
    struct journal_header h[2];
    enum half_state state[2];
    for (uint i = 0; i < 2; i++) {
        state[i] = check_half(i, &h[i]);
        if (state[i] == HALF_UNREADABLE)
            return "the journal cannot be read";
        if (state[i] == HALF_DAMAGED)
            return "the journal's header has an impossible count";
    }
    if (state[0] != HALF_VALID && state[1] != HALF_VALID)
        return "the journal is damaged";
    uint newest = state[1] == HALF_VALID;
    if (state[0] == HALF_VALID && state[1] == HALF_VALID)
        newest = (int)(h[1].seq - h[0].seq) > 0;
    *seq = h[newest].seq;
    /* Of a newer half only the header was ever left to write: it is home that all before it is. */
    bool begun = state[!newest] == HALF_TORN || (int)(h[!newest].seq - h[newest].seq) > 0;
    *count = begun ? 0 : h[newest].count;
    if (*count > 0 && disk_read_only())
        return "the disk is read-only, and its journal must be copied home before it is used";
    return *count > 0 ? replay(&h[newest]) : NULL;
}
