/*
 * The buddy allocator (K. C. Knowlton, "A fast storage allocator", 1965).  A block of 2^k frames is
 * split in halves until the size fits, and merged with its buddy, whose frame number differs in
 * bit k only, when both are free.  Blocks of one order form a list through their first frames.
 *
 * There are two zones, below and above 4 GiB of physical address; the lower one is spared for
 * devices that reach no further.  A zone boundary is a block boundary, so blocks do not straddle.
 *
 * An allocation first claims its frames from one counter, `buddy_unclaimed`, then looks for them.
 * The counter never exceeds what the lists hold, so a claim decides about success and about the
 * reserve in one atomic step.
 *
 * Lock: one for each zone (RANK_BUDDY), never both.  It guards the lists and the first entry of
 * each free block.
 */
#include "kernel/mem/buddy.h"
#include "kernel/riscv.h"
#include "kernel/sync/spinlock.h"

#define ZONES      2
#define ZONE_SPLIT (4UL << 30) /* bytes; zone 0 lies below */

struct zone {
    struct spinlock lock;
    struct list blocks[MAX_ORDER + 1]; /* by order, linked through `link` of the first frame */
};

static struct zone zones[ZONES];
static uint64 high_start; /* number of the first frame of zone 1 */
static int last_zone;     /* the highest that RAM reaches into */
uint64 buddy_unclaimed;

void buddy_init(void)
{
    for (int z = 0; z < ZONES; z++) {
        spin_init(&zones[z].lock, "zone", RANK_BUDDY);
        for (int order = 0; order <= MAX_ORDER; order++)
            list_init(&zones[z].blocks[order]);
    }
    high_start = frame_base < ZONE_SPLIT ? (ZONE_SPLIT - frame_base) >> PGSHIFT : 0;
    last_zone = frame_count > high_start;
    buddy_unclaimed = 0;
}

static inline struct zone *zone_of(const struct frame *f)
{
    return &zones[f >= frame_table + high_start];
}

static void insert(struct zone *z, struct frame *f, int order)
{
    f->in_buddy = 1;
    f->order = (uchar)order;
    list_add(&z->blocks[order], &f->link);
}

static void extract(struct frame *f)
{
    f->in_buddy = 0;
    list_del(&f->link);
}

/* Takes a block of that order out of z, whose lock is held; NULL if there is none as large. */
static struct frame *split_off(struct zone *z, int order)
{
    int have = order;

    while (list_empty(&z->blocks[have])) {
        if (++have > MAX_ORDER)
            return NULL;
    }
    struct frame *f = container_of(z->blocks[have].next, struct frame, link);
    extract(f);
    if (have == MAX_ORDER && !frame_known(f)) /* what has been split is known */
        frame_make_known(f, FRAME_FREE);
    while (have > order) {
        have--;
        insert(z, f + (1UL << have), have);
    }
    return f;
}

/* Puts a block into z, whose lock is held. */
static void merge(struct zone *z, struct frame *f, int order)
{
    uint64 number = (uint64)(f - frame_table);

    for (; order < MAX_ORDER; order++) {
        struct frame *buddy = &frame_table[number ^ (1UL << order)];
        if (!buddy->in_buddy || buddy->order != order)
            break;
        extract(buddy);
        number &= ~(1UL << order);
    }
    insert(z, &frame_table[number], order);
}

static bool claim(uint64 n, uint64 floor)
{
    uint64 have;

    do {
        have = load_relaxed(&buddy_unclaimed);
        if (have < n + floor)
            return false;
    } while (!atomic_cas(&buddy_unclaimed, have, have - n));
    return true;
}

static struct frame *search(int order)
{
    struct frame *f = NULL;

    for (int z = last_zone; z >= 0 && !f; z--) {
        spin_lock(&zones[z].lock);
        f = split_off(&zones[z], order);
        spin_unlock(&zones[z].lock);
    }
    return f;
}

struct frame *buddy_alloc(int order, uint64 floor)
{
    struct frame *f;

    if (!claim(1UL << order, floor))
        return NULL;
    do {
        f = search(order);
        /* A claimed frame exists, but may have come to a zone after that was searched. */
    } while (!f && order == 0);
    if (!f)
        atomic_add(&buddy_unclaimed, 1UL << order);
    return f;
}

void buddy_free(struct frame *f, int order)
{
    struct zone *z = zone_of(f);

    spin_lock(&z->lock);
    merge(z, f, order);
    spin_unlock(&z->lock);
    atomic_add(&buddy_unclaimed, 1UL << order);
}

void buddy_free_many(struct frame *const *frames, int n)
{
    int i = 0;

    while (i < n) {
        struct zone *z = zone_of(frames[i]);
        spin_lock(&z->lock);
        for (; i < n && zone_of(frames[i]) == z; i++)
            merge(z, frames[i], 0);
        spin_unlock(&z->lock);
    }
    atomic_add(&buddy_unclaimed, (uint64)n);
}

void buddy_add_unknown(struct frame *f)
{
    struct zone *z = zone_of(f);

    *f = (struct frame){.state = FRAME_FREE, .order = MAX_ORDER, .in_buddy = 1};
    spin_lock(&z->lock);
    list_add_tail(&z->blocks[MAX_ORDER], &f->link); /* blocks that were in use go first */
    spin_unlock(&z->lock);
    atomic_add(&buddy_unclaimed, FRAME_BLOCK);
}
