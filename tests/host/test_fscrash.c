// sources: kernel/fs/*.c kernel/vm/store.c kernel/vm/reclaim.c kernel/lib/iov.c
// sources: kernel/sync/mutex.c kernel/mem/slab.c kernel/mem/kmalloc.c kernel/mem/frame.c
// sources: kernel/mem/buddy.c kernel/mem/hartcache.c mkfs/check.c mkfs/checkjournal.c
// sources: mkfs/checkmap.c mkfs/checktree.c mkfs/layout.c mkfs/image.c tests/host/sync_shim.c
// sources: tests/host/panic_shim.c tests/host/page_shim.c tests/host/fs_shim.c
// sources: tests/host/fs_calls.c tests/host/fs_load.c
/*
 * A crash at any point of a random load: the disk as any loss of unflushed writes leaves it is
 * sound, mounts, and shows a tree that the load had at some moment since its last completed sync.
 * Each sector of each file holds what it held at that moment, or what was written to it since.
 */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/fs/journal.h"
#include "kernel/param.h"
#include "tests/host/fs_load.h"
#include "tests/host/seed.h"

#define BLOCKS    2400
#define INODES    64
#define MAX_MARKS 4096
#define MAX_DONE  4096 /* writes */
#define SECTOR    512

/* What the tree was, and what the disk had been asked, after a step of the load. */
struct mark {
    uint64 shape;
    uint nevents;
    bool synced; /* all before it is durable */
};

/* A write to a file, by the step before mark `mark`. */
struct done {
    uint mark;
    uint inum, life; /* a file that grows from nothing begins a new life */
    uint off, n;
    uint data; /* offset in shared->data */
};

static struct {
    uint nmarks;
    uint first, last; /* marks whose tree is allowed after the crash under test */
    struct mark mark[MAX_MARKS];
    uint ndone, ndata;
    struct done done[MAX_DONE];
    uchar data[MAX_DONE * 7 * BSIZE];
} * shared;

struct plan {
    int (*step)(void);
    uint steps;
    uint sync_every, rest_every; /* steps, on average */
    uint mib;
};

static uchar *durable; /* the disk as of the last flush before the crash */
static uint points;

static void ignore(const struct stat *st, const uchar *bytes)
{
    (void)st;
    (void)bytes;
}

static void mark(bool synced)
{
    shared->mark[shared->nmarks++] =
        (struct mark){.shape = shim_shape(ignore), .nevents = disk->nevents, .synced = synced};
}

static void note_write(uint inum, uint64 size, uint64 off, const void *bytes, uint64 n)
{
    static uint life[65536];
    life[inum] += size == 0;
    struct done *d = &shared->done[shared->ndone++];
    *d = (struct done){shared->nmarks, inum, life[inum], (uint)off, (uint)n, shared->ndata};
    memcpy(shared->data + shared->ndata, bytes, n);
    shared->ndata += (uint)n;
}

/* --- what files may hold ---------------------------------------------------------------------- */

static uint moment; /* the mark that is tried */
static bool contents_right;

/* The life that the file had at that moment. */
static uint life_at_moment(uint inum)
{
    uint life = 0;
    for (uint i = 0; i < shared->ndone && shared->done[i].mark <= moment; i++)
        if (shared->done[i].inum == inum)
            life = shared->done[i].life;
    return life;
}

/* Strikes out the sectors of from..to that are as the model says. */
static void compare(uchar *wrong, const uchar *bytes, const uchar *model, uint from, uint to,
                    uint size)
{
    for (uint s = from / SECTOR; s * SECTOR < to; s++) {
        uint n = size - s * SECTOR < SECTOR ? size - s * SECTOR : SECTOR;
        if (memcmp(bytes + s * SECTOR, model + s * SECTOR, n) == 0)
            wrong[s] = 0;
    }
}

static void check_file(const struct stat *st, const uchar *bytes)
{
    uint size = (uint)st->size, life = life_at_moment(st->ino), i = 0;
    uchar *model = calloc(size + 1, 1), *wrong = malloc(size / SECTOR + 1);
    memset(wrong, 1, size / SECTOR + 1);
    bool compared = false;
    for (; i < shared->ndone && shared->done[i].mark <= shared->last; i++) {
        const struct done *d = &shared->done[i];
        if (d->mark > moment && !compared)
            compare(wrong, bytes, model, 0, size, size);
        compared |= d->mark > moment;
        if (d->inum != st->ino || d->life != life || d->off >= size)
            continue;
        uint n = d->n < size - d->off ? d->n : size - d->off;
        memcpy(model + d->off, shared->data + d->data, n);
        if (compared)
            compare(wrong, bytes, model, d->off, d->off + n, size);
    }
    if (!compared)
        compare(wrong, bytes, model, 0, size, size);
    if (memchr(wrong, 1, (size + SECTOR - 1) / SECTOR))
        contents_right = false;
    free(model);
    free(wrong);
}

/* Whether the tree may be what is there after a crash. */
static bool is_allowed(void)
{
    uint64 shape = shim_shape(ignore);
    for (moment = shared->first; moment <= shared->last; moment++) {
        if (shared->mark[moment].shape != shape)
            continue;
        contents_right = true;
        shim_shape(check_file);
        if (contents_right)
            return true;
    }
    return false;
}

/* --- the load, and what comes after it -------------------------------------------------------- */

/* Steps of the load, with a commit now and then. */
static int run_load(void *arg)
{
    const struct plan *plan = arg;
    if (fs_mount())
        return 1;
    shim_root();
    disk->record = true;
    load_wrote = note_write;
    mark(true);
    for (uint i = 0; i < plan->steps; i++) {
        plan->step();
        mark(false);
        if (random_below(plan->sync_every) == 0) {
            if (fs_sync() < 0)
                return 2;
            mark(true);
        }
        if (random_below(plan->rest_every) == 0)
            journal_rest();
        if (random_below(20) == 0)
            fs_shrink(~0UL);
    }
    return 0;
}

/* Mounts after a crash and goes on working. */
static int recover(void *arg)
{
    (void)arg;
    const char *wrong = fs_mount();
    if (wrong) {
        printf("mount: %s\n", wrong);
        return 1;
    }
    if (!is_allowed()) {
        printf("not the tree after any of steps %u to %u\n", shared->first, shared->last);
        return 2;
    }
    for (uint i = 0; i < 6; i++)
        load_step();
    load_close();
    return fs_sync() < 0 ? 3 : 0;
}

static void apply(uchar *image, const struct event *e)
{
    memcpy(image + (uint64)e->block * BSIZE, disk_data + e->data, e->bytes);
}

/* Only some of the sectors arrive. */
static void apply_torn(uchar *image, const struct event *e)
{
    for (uint at = 0; at < e->bytes; at += 512)
        if (random_below(2))
            memcpy(image + (uint64)e->block * BSIZE + at, disk_data + e->data + at, 512);
}

enum fate { KEPT, LOST, TORN };

/* Fails unless the disk, with these fates of the writes from..to, recovers. */
static void check_crash(uint from, uint to, const uchar *fate)
{
    uint64 orphans;
    memcpy(disk_image, durable, (uint64)disk->nblocks * BSIZE);
    for (uint i = from; i < to; i++) {
        if (fate[i - from] == KEPT)
            apply(disk_image, &disk_events[i]);
        else if (fate[i - from] == TORN)
            apply_torn(disk_image, &disk_events[i]);
    }
    points++;
    if (shim_check(NULL))
        fail_msg("damaged by a crash at event %u", to);
    if (shim_boot(4, 20, recover, NULL))
        fail_msg("not recovered from a crash at event %u", to);
    if (shim_check(&orphans) || orphans)
        fail_msg("after recovery from a crash at event %u", to);
}

/* A crash after event `to - 1`; nothing from `from` on was flushed. */
static void crash_at(uint from, uint to)
{
    uint n = to - from;
    uchar *fate = calloc(n + 1, 1);
    check_crash(from, to, fate);
    for (uint i = 0; i < n; i++) {
        fate[i] = LOST;
        if (n < 5 || random_below(n) < 5)
            check_crash(from, to, fate);
        fate[i] = KEPT;
    }
    if (n > 0) {
        fate[n - 1] = TORN;
        check_crash(from, to, fate);
        for (uint i = 0; i < n; i++)
            fate[i] = (uchar)random_below(3);
        check_crash(from, to, fate);
    }
    free(fate);
}

/* From the last completed sync to the step under way, which may have committed its first half. */
static void allow_trees(uint nevents)
{
    uint i = 0;
    shared->first = 0;
    for (; i < shared->nmarks - 1 && shared->mark[i].nevents <= nevents; i++)
        if (shared->mark[i].synced)
            shared->first = i;
    shared->last = i;
}

static void crash_everywhere(uint njournal, uint ninodes, struct plan plan)
{
    uint64 size = (uint64)BLOCKS * BSIZE;
    shim_format(BLOCKS, njournal, ninodes);
    durable = realloc(durable, size);
    memcpy(durable, disk_image, size);
    shared->nmarks = shared->ndone = shared->ndata = 0;
    load_start(random_next(&random_state));
    assert_int_equal(shim_boot(plan.mib, 60, run_load, &plan), 0);
    disk->record = false;
    uint from = 0;
    for (uint to = 0; to <= disk->nevents; to++) {
        allow_trees(to);
        crash_at(from, to);
        if (to == disk->nevents || disk_events[to].bytes)
            continue;
        for (; from < to; from++)
            apply(durable, &disk_events[from]);
        from = to + 1;
    }
}

/* Many operations in each commit. */
static void test_large_journal(void **state)
{
    (void)state;
    crash_everywhere(300, INODES, (struct plan){load_step, 500, 12, 40, 8});
}

/* Every few operations a commit, some of them in the middle of a file's freeing. */
static void test_small_journal(void **state)
{
    (void)state;
    crash_everywhere(2 * (1 + MAXOPBLOCKS), INODES, (struct plan){load_step, 250, 12, 40, 8});
}

/* Few commits of many blocks: lists that run on over several blocks. */
static void test_large_commits(void **state)
{
    (void)state;
    crash_everywhere(1200, LOAD_DIRS + 20, (struct plan){load_dirs, 700, 350, 500, 128});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_journal),
        cmocka_unit_test(test_small_journal),
        cmocka_unit_test(test_large_commits),
    };
    random_start();
    shim_init(BLOCKS);
    shared = shim_shared(sizeof(*shared));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("%u crashes\n", points);
    return failed;
}
