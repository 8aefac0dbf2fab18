/*
 * Has a test left anything behind?  Frames that are free, and those that hold nothing but cached
 * disk contents, are counted together: which of the two they are changes all the time.
 */
#include "kernel/vm.h"
#include "user/extra.h"
#include "user/testlib/run.h"

/*
 * Ticks.  What a killed process held is freed when it gets its next turn, which may be late where
 * the host is busy; frames that the kernel keeps for itself never come.
 */
#define PATIENCE        (60 * TICK_HZ)
#define FRAMES_PATIENCE (3 * TICK_HZ)

/*
 * From then on the cache is emptied before frames are counted: of many pages that were described
 * next to each other, each one that stays keeps a frame of descriptions.
 */
#define CACHE_PATIENCE TICK_HZ

/*
 * Frames that describe the contents of others: a cached page, whose disk blocks may be scattered,
 * needs up to 1/24 of its size for that, and the first of them a frame.
 */
static long bookkeeping(const struct kstat *a, const struct kstat *b)
{
    return b->frames_cache > a->frames_cache ? (long)(b->frames_cache - a->frames_cache + 23) / 24
                                             : 0;
}

/* The change from a to b of what has to be equal; positive numbers are losses. */
struct change {
    long procs, files, inodes, pipes, blocks, disk_inodes, promised, frames;
};

static struct change compare(const struct kstat *a, const struct kstat *b)
{
    return (struct change){
        .procs = (long)(b->procs - a->procs),
        .files = (long)(b->files - a->files),
        .inodes = (long)(b->inodes - a->inodes),
        .pipes = (long)(b->pipes - a->pipes),
        .blocks = (long)(a->blocks_free - b->blocks_free),
        .disk_inodes = (long)(a->inodes_free - b->inodes_free),
        .promised = (long)(b->frames_committed - a->frames_committed),
        .frames = (long)(a->frames_free + a->frames_cache - b->frames_free - b->frames_cache) -
                  bookkeeping(a, b),
    };
}

/* More free frames than before are no leak; more free blocks are a bug all the same. */
static int kinds_lost(const struct change *c)
{
    int pieces =
        c->procs || c->files || c->inodes || c->pipes || c->blocks || c->disk_inodes || c->promised;
    return (pieces ? LEAK_PIECES : 0) | (c->frames > 0 ? LEAK_FRAMES : 0);
}

static struct kstat at_rest(void)
{
    struct kstat now;
    sync();
    kstat(&now);
    return now;
}

void leak_settle(void)
{
    struct kstat last = at_rest();
    for (int i = 0; i < 50 / 2; i++) {
        pause(2);
        struct kstat now = at_rest();
        struct change c = compare(&last, &now);
        if (!kinds_lost(&c) && c.frames == 0)
            break;
        last = now;
    }
}

static void add(char *reason, int n, long count, const char *what)
{
    int used = strlen(reason);
    if (count)
        snprintf(reason + used, n - used, "%s%ld %s", used ? ", " : "leaked ", count, what);
}

int leak_found(const struct kstat *before, int kinds, char *reason, int n)
{
    struct change c;
    for (int i = 0;; i++) {
        struct kstat now = at_rest();
        if (i > CACHE_PATIENCE && vmctl(VMCTL_DROPCACHES, 1) >= 0)
            kstat(&now);
        c = compare(before, &now);
        int lost = kinds_lost(&c) & kinds;
        if (!lost)
            return 0;
        if (i >= PATIENCE || (lost == LEAK_FRAMES && i >= FRAMES_PATIENCE))
            break;
        pause(1);
    }
    reason[0] = 0;
    add(reason, n, c.procs, "processes");
    add(reason, n, c.files, "open files");
    add(reason, n, c.inodes, "inodes in memory");
    add(reason, n, c.pipes, "pipes");
    add(reason, n, c.blocks, "disk blocks");
    add(reason, n, c.disk_inodes, "disk inodes");
    add(reason, n, c.promised, "promised frames");
    add(reason, n, c.frames > 0 ? c.frames : 0, "frames");
    return kinds_lost(&c);
}
