// sources: kernel/vm/store.c
// sources: kernel/fs/alloc.c kernel/fs/cache.c kernel/fs/cacheio.c kernel/fs/commit.c
// sources: kernel/fs/data.c kernel/fs/dir.c kernel/fs/file.c kernel/fs/inode.c kernel/fs/journal.c
// sources: kernel/fs/map.c kernel/fs/mount.c kernel/fs/names.c kernel/fs/path.c kernel/fs/pipe.c
// sources: kernel/fs/filemap.c kernel/fs/writers.c
// sources: kernel/lib/iov.c kernel/sync/mutex.c kernel/mem/slab.c kernel/mem/kmalloc.c
// sources: kernel/mem/frame.c kernel/mem/buddy.c kernel/mem/hartcache.c
// sources: mkfs/check.c mkfs/checkjournal.c mkfs/checkmap.c mkfs/checktree.c mkfs/layout.c
// sources: mkfs/image.c tests/host/sync_shim.c tests/host/panic_shim.c tests/host/page_shim.c
// sources: tests/host/fs_shim.c tests/host/fs_calls.c tests/host/fs_load.c
/*
 * A crash at any point of a random load: the disk as any loss of unflushed writes leaves it is
 * sound, mounts, and shows a tree that the load had at some moment since its last completed sync.
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

/* What the tree was, and what the disk had been asked, after a step of the load. */
struct mark {
    uint64 tree;
    uint nevents;
    bool synced; /* all before it is durable */
};

static struct {
    uint nmarks;
    uint first, last; /* marks whose tree is allowed after the crash under test */
    struct mark mark[MAX_MARKS];
} * shared;

struct plan {
    int (*step)(void);
    uint steps;
    uint sync_every, rest_every; /* steps, on average */
};

static uchar *durable; /* the disk as of the last flush before the crash */
static uint points;

static void mark(bool synced)
{
    shared->mark[shared->nmarks++] =
        (struct mark){.tree = shim_tree(), .nevents = disk->nevents, .synced = synced};
}

/* Steps of the load, with a commit now and then. */
static int run_load(void *arg)
{
    const struct plan *plan = arg;
    if (fs_mount())
        return 1;
    shim_root();
    disk->record = true;
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
    uint64 tree = shim_tree();
    uint i = shared->first;
    while (i <= shared->last && shared->mark[i].tree != tree)
        i++;
    if (i > shared->last) {
        printf("the tree is none of those after steps %u to %u\n", shared->first, shared->last);
        return 2;
    }
    for (i = 0; i < 6; i++)
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

static void crash_everywhere(uint njournal, struct plan plan)
{
    uint64 size = (uint64)BLOCKS * BSIZE;
    shim_format(BLOCKS, njournal, INODES);
    durable = realloc(durable, size);
    memcpy(durable, disk_image, size);
    shared->nmarks = 0;
    load_start(random_next(&random_state));
    assert_int_equal(shim_boot(8, 60, run_load, &plan), 0);
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
    crash_everywhere(300, (struct plan){load_step, 500, 12, 40});
}

/* Every few operations a commit, some of them in the middle of a file's freeing. */
static void test_small_journal(void **state)
{
    (void)state;
    crash_everywhere(2 * (1 + MAXOPBLOCKS), (struct plan){load_step, 250, 12, 40});
}

/* Commits only when the journal is full: lists that run on over several blocks. */
static void test_large_commits(void **state)
{
    (void)state;
    crash_everywhere(1200, (struct plan){load_overwrite, 500, 1000, 500});
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
