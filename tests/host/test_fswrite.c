// sources: kernel/fs/*.c kernel/vm/store.c kernel/vm/reclaim.c kernel/lib/iov.c
// sources: kernel/sync/mutex.c kernel/mem/slab.c kernel/mem/kmalloc.c kernel/mem/frame.c
// sources: kernel/mem/buddy.c kernel/mem/hartcache.c mkfs/check.c mkfs/checkjournal.c
// sources: mkfs/checkmap.c mkfs/checktree.c mkfs/layout.c mkfs/image.c tests/host/sync_shim.c
// sources: tests/host/panic_shim.c tests/host/page_shim.c tests/host/fs_shim.c
// sources: tests/host/fs_calls.c
/*
 * Data on its way to the disk: what is written when, in how many requests, how much of it may wait
 * in memory, and what comes of it when the file goes away or the disk fails meanwhile.
 */
#include "tests/host/unit.h"

#include "kernel/dev/disk.h"
#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "kernel/param.h"
#include "tests/host/fs_shim.h"

#define BLOCKS  6000
#define JOURNAL 400
#define INODES  64
#define SECONDS 60

/* In a child: a failed check ends it with status 1. */
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #cond);                                      \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

static uchar bytes[1 << 20];

static const struct superblock *super(void)
{
    return (const struct superblock *)(disk_image + FS_SUPER * BSIZE);
}

static void fill_bytes(uint turn)
{
    for (uint i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uchar)(i * 7 + i / 1000 + turn);
}

/* A file with these bytes, on the disk, and open. */
static int make(const char *name, uint64 n, struct file **f)
{
    CHECK(shim_create(name, bytes, n) == 0 && fs_sync() == 0);
    CHECK(shim_open(name, O_RDWR, f) == 0);
    return 0;
}

static void start_record(void)
{
    disk->nevents = 0;
    disk->ndata = 0;
    disk->record = true;
}

/* What the disk got since then: bytes of data and of everything else, and flushes. */
struct traffic {
    uint data, other, flushes;
};

static struct traffic recorded(void)
{
    struct traffic t = {0};
    for (uint i = 0; i < disk->nevents; i++) {
        const struct event *e = &disk_events[i];
        t.flushes += e->bytes == 0;
        *(e->block >= super()->data ? &t.data : &t.other) += e->bytes;
    }
    disk->record = false;
    return t;
}

/* Where block i of the file is on the disk. */
static uint home(struct file *f, uint i)
{
    uint b = 0;
    map_blocks(f->ip, i, 1, &b);
    return b;
}

static bool on_disk(uint b, const void *expected, uint n)
{
    return memcmp(disk_image + (uint64)b * BSIZE, expected, n) == 0;
}

static int boot(void *arg)
{
    int (*body)(void) = (int (*)(void))arg;
    CHECK(fs_mount() == NULL && shim_root() != NULL);
    fill_bytes(1);
    return body();
}

static void run_with(uint mib, int (*body)(void))
{
    shim_format(BLOCKS, JOURNAL, INODES);
    assert_int_equal(shim_boot(mib, SECONDS, boot, (void *)body), 0);
    assert_int_equal(shim_check(NULL), 0);
}

#define TEST(name, mib)                                                                            \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        run_with(mib, name);                                                                       \
    }

/* What replaces bytes of a file goes home alone: no journal, one flush, no block that is clean. */
static int overwriting(void)
{
    struct file *f;
    CHECK(make("f", 100 * BSIZE, &f) == 0);
    start_record();
    fill_bytes(2);
    CHECK(shim_write(f, bytes, 3 * BSIZE) == 3 * BSIZE);
    f->offset = 50 * BSIZE + 10;
    CHECK(shim_write(f, bytes, 20) == 20);
    CHECK(disk->nevents == 0 && cache_dirty_pages() == 2);
    CHECK(file_sync(f) == 0 && cache_dirty_pages() == 0);
    struct traffic t = recorded();
    CHECK(t.data == 4 * BSIZE && t.other == 0 && t.flushes == 1);
    CHECK(on_disk(home(f, 0), bytes, BSIZE) && on_disk(home(f, 2), bytes + 2 * BSIZE, BSIZE));
    start_record();
    CHECK(shim_read(f, bytes, 1000) == 1000 && fs_sync() == 0 && file_sync(f) == 0);
    CHECK(disk->nevents == 0); /* nothing has changed */
    disk->record = false;
    file_put(f);
    return 0;
}

/* Appending journals the inode, the bitmap, a leaf, and not the bytes. */
static int appending(void)
{
    struct file *f;
    CHECK(make("f", 20 * BSIZE, &f) == 0);
    f->offset = 20 * BSIZE;
    start_record();
    CHECK(shim_write(f, bytes, 64 * BSIZE) == 64 * BSIZE && fs_sync() == 0);
    struct traffic t = recorded();
    CHECK(t.data >= 64 * BSIZE && t.data <= 66 * BSIZE);
    CHECK(t.other > 0 && t.other <= 12 * BSIZE && t.flushes == 2);
    file_put(f);
    return 0;
}

/* Pages that follow each other in a file and on the disk are one request. */
static int clustering(void)
{
    struct file *f;
    CHECK(make("f", 1 << 20, &f) == 0);
    for (uint64 at = 0; at < 1 << 20; at += 1 << 16)
        CHECK(shim_write(f, bytes + at, 1 << 16) == 1 << 16);
    uint64 before = disk->requests;
    CHECK(fs_sync() == 0);
    uint stretches = 0; /* leaves lie between them */
    for (uint i = 0; i < 1 << 10; i++)
        stretches += i == 0 || home(f, i) != home(f, i - 1) + 1;
    uint64 whole = (1 << 20) / (DISK_PIECES * PGSIZE), flush = 1;
    CHECK(stretches < 10 && disk->requests - before <= whole + stretches + flush);
    file_put(f);
    return 0;
}

/* Blocks here and there in pages: each is written once, and no other. */
static int scattered(void)
{
    struct file *f;
    uint n = 0;
    CHECK(make("f", 600 * BSIZE, &f) == 0);
    start_record();
    for (uint i = 0; i < 600; i += 1 + i % 3, n++) {
        f->offset = i * BSIZE;
        bytes[i * BSIZE] ^= 0x55;
        CHECK(shim_write(f, bytes + i * BSIZE, BSIZE) == BSIZE);
    }
    CHECK(fs_sync() == 0);
    struct traffic t = recorded();
    CHECK(t.data == n * BSIZE && t.other == 0 && t.flushes == 1);
    for (uint i = 0; i < 600; i++)
        CHECK(on_disk(home(f, i), bytes + i * BSIZE, BSIZE));
    file_put(f);
    return 0;
}

/* A file larger than memory is written anew: a part of memory is dirty, never more. */
static int throttling(void)
{
    static uchar back[1 << 16];
    struct file *f;
    CHECK(shim_open("f", O_CREATE | O_RDWR, &f) == 0);
    for (uint i = 0; i < 80; i++)
        CHECK(shim_write(f, back, 65536) == 65536);
    CHECK(fs_sync() == 0);
    f->offset = 0;
    uint64 most = 0, memory = frame_free_count() + cache_pages();
    for (uint i = 0; i < 80; i++) {
        CHECK(shim_write(f, bytes + i % 16 * 65536, 65536) == 65536);
        most = cache_dirty_pages() > most ? cache_dirty_pages() : most;
    }
    CHECK(most > memory / 8 && most <= memory / 4 + 65536 / PGSIZE);
    f->offset = 0;
    for (uint i = 0; i < 80; i++) {
        CHECK(shim_read(f, back, 65536) == 65536);
        CHECK(memcmp(back, bytes + i % 16 * 65536, 65536) == 0);
    }
    file_put(f);
    return 0;
}

/* Taking memory away drops what is clean and leaves what is dirty. */
static int eviction(void)
{
    struct file *f;
    CHECK(make("f", 200 * BSIZE, &f) == 0);
    CHECK(shim_write(f, "new", 3) == 3);
    CHECK(fs_shrink(~0UL) >= 40 && cache_dirty_pages() == 1);
    char back[3];
    uint64 before = disk->requests;
    f->offset = 0;
    CHECK(shim_read(f, back, 3) == 3 && memcmp(back, "new", 3) == 0 && disk->requests == before);
    CHECK(fs_sync() == 0 && on_disk(home(f, 0), "new", 3));
    file_put(f);
    return 0;
}

/* What a mapping left behind the end of the file does not reach the disk. */
static int behind_the_end(void)
{
    static const uchar zeros[BSIZE];
    struct file *f;
    struct page *pg;
    CHECK(make("f", PGSIZE + 100, &f) == 0);
    mutex_lock(&f->ip->lock);
    CHECK(data_page(f->ip, PGSIZE, PGSIZE + 99, &pg) == 0);
    memset(pg->bytes + 50, 'm', PGSIZE - 50);
    cache_dirty(pg, 1);
    cache_put(pg);
    mutex_unlock(&f->ip->lock);
    CHECK(fs_sync() == 0);
    uint b = home(f, 4);
    CHECK(on_disk(b, pg->bytes, 100) && disk_image[(uint64)b * BSIZE + 99] == 'm');
    CHECK(memcmp(disk_image + (uint64)b * BSIZE + 100, zeros, BSIZE - 100) == 0);
    CHECK(shim_size("f") == PGSIZE + 100);
    file_put(f);
    return 0;
}

/* A file that goes before a commit needs it takes its bytes along. */
static int dropped_young(void)
{
    CHECK(shim_create("f", bytes, 100 * BSIZE) == 0 && cache_dirty_pages() == 25);
    start_record();
    CHECK(fs_unlink(shim_root(), "f") == 0 && cache_dirty_pages() == 0 && fs_sync() == 0);
    CHECK(recorded().data <= BSIZE); /* the root */
    return 0;
}

/*
 * The transaction under way refers to a file, and it is cut off by the next one before its bytes
 * are written: they are written all the same, since after a crash the file is there again.
 */
static int dropped_old(void)
{
    struct file *f;
    CHECK(make("f", 40 * BSIZE, &f) == 0);
    uint b = home(f, 0);
    fill_bytes(3);
    CHECK(shim_write(f, bytes, 40 * BSIZE) == 40 * BSIZE);
    uint64 mark = cache_mark(); /* as when a transaction is closed */
    f->offset = 8 * BSIZE;
    CHECK(shim_write(f, "young", 5) == 5); /* of a page that is old */
    struct file *g;
    CHECK(shim_open("f", O_WRONLY | O_TRUNC, &g) == 0 && shim_size("f") == 0);
    file_put(g);
    CHECK(!on_disk(b, bytes, BSIZE) && cache_dirty_pages() == 10);
    CHECK(cache_write_back(mark) == 0 && cache_dirty_pages() == 0);
    for (uint i = 0; i < 8; i++)
        CHECK(on_disk(b + i, bytes + i * BSIZE, BSIZE));
    CHECK(on_disk(b + 8, "young", 5));
    file_put(f);
    return fs_sync();
}

/* A commit takes what was dirty when it began, and need not take what came later. */
static int marks(void)
{
    struct file *f, *g;
    CHECK(make("f", 40 * BSIZE, &f) == 0 && make("g", 40 * BSIZE, &g) == 0);
    CHECK(shim_write(f, "old", 3) == 3);
    uint64 mark = cache_mark();
    CHECK(shim_write(g, "young", 5) == 5);
    CHECK(cache_write_back(mark) == 0);
    CHECK(on_disk(home(f, 0), "old", 3) && !on_disk(home(g, 0), "young", 5));
    CHECK(cache_dirty_pages() == 1 && fs_sync() == 0 && on_disk(home(g, 0), "young", 5));
    file_put(f);
    file_put(g);
    return 0;
}

/* What was written back but not flushed is not durable yet: fsync flushes. */
static int unflushed(void)
{
    struct file *f;
    CHECK(make("f", 40 * BSIZE, &f) == 0);
    CHECK(shim_write(f, "new", 3) == 3 && cache_clean() == 1 && cache_dirty_pages() == 0);
    start_record();
    CHECK(file_sync(f) == 0);
    struct traffic t = recorded();
    CHECK(t.flushes == 1 && t.data + t.other == 0);
    file_put(f);
    return 0;
}

/* --- the disk fails --------------------------------------------------------------------------- */

/* Which request fails: the data, the flush; by fsync or by a write-back before it. */
static int fail_write_back(uint which, bool early)
{
    struct file *f;
    char back[3];
    CHECK(make("f", 40 * BSIZE, &f) == 0);
    CHECK(shim_write(f, "new", 3) == 3);
    disk->fail_at = disk->requests + which;
    if (early)
        CHECK(cache_clean() == (which == 1 ? -EIO : 1));
    CHECK(file_sync(f) == -EIO && file_sync(f) == -EIO && fs_sync() == -EIO);
    CHECK(shim_write(f, "x", 1) == -EROFS); /* in what is there */
    f->offset = 40 * BSIZE;
    CHECK(shim_write(f, "x", 1) == -EROFS); /* at the end */
    fs_shrink(~0UL);
    f->offset = 0;
    CHECK(shim_read(f, back, 3) == 3);
    CHECK(memcmp(back, "new", 3) == 0);
    cache_throttle(); /* returns */
    file_put(f);
    return 0;
}

static int fail_data(void)
{
    return fail_write_back(1, false);
}

static int fail_flush(void)
{
    return fail_write_back(2, false);
}

static int fail_early(void)
{
    return fail_write_back(1, true);
}

static int fail_flush_of_early(void)
{
    return fail_write_back(2, true);
}

/* A mapping makes a page dirty when nothing is written any more: the next fsync tells. */
static int dirty_after_failure(void)
{
    struct file *f;
    struct page *pg;
    CHECK(make("f", 40 * BSIZE, &f) == 0);
    journal_fail();
    CHECK(file_sync(f) == 0); /* all that was there is on the disk */
    mutex_lock(&f->ip->lock);
    CHECK(data_page(f->ip, 0, 10, &pg) == 0);
    cache_dirty(pg, 1);
    cache_put(pg);
    mutex_unlock(&f->ip->lock);
    CHECK(cache_dirty_pages() == 0 && file_sync(f) == -EIO);
    file_put(f);
    return 0;
}

/* --- a fragmented disk ------------------------------------------------------------------------ */

#define GROUPS 28u /* blocks of the bitmap */

/* One free block under each block of the bitmap. */
static void fragment(void)
{
    const struct superblock *sb = super();
    uchar *map = disk_image + (uint64)sb->bitmap * BSIZE;
    memset(map, 0xff, GROUPS * BSIZE);
    for (uint g = 1; g < GROUPS; g++)
        map[g * BSIZE + BSIZE / 2] = 0xfe;
}

/* Each block of the file costs one of the bitmap; no operation has more than it may. */
static int append_in_fragments(void *unused)
{
    struct file *f;
    (void)unused;
    CHECK(fs_mount() == NULL && shim_root() != NULL);
    CHECK(shim_create("f", "", 0) == 0 && shim_open("f", O_WRONLY, &f) == 0);
    CHECK(shim_write(f, bytes, 24 * BSIZE) == 24 * BSIZE);
    file_put(f);
    return fs_sync();
}

static void test_fragments(void **state)
{
    (void)state;
    shim_format(GROUPS * BPB, 2 * (1 + MAXOPBLOCKS), INODES);
    fragment();
    assert_int_equal(shim_boot(16, SECONDS, append_in_fragments, NULL), 0);
}

TEST(overwriting, 16)
TEST(appending, 16)
TEST(clustering, 16)
TEST(scattered, 16)
TEST(throttling, 4)
TEST(eviction, 16)
TEST(behind_the_end, 16)
TEST(dropped_young, 16)
TEST(dropped_old, 16)
TEST(marks, 16)
TEST(unflushed, 16)
TEST(fail_data, 16)
TEST(fail_flush, 16)
TEST(fail_early, 16)
TEST(fail_flush_of_early, 16)
TEST(dirty_after_failure, 16)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overwriting),         cmocka_unit_test(test_appending),
        cmocka_unit_test(test_clustering),          cmocka_unit_test(test_scattered),
        cmocka_unit_test(test_throttling),          cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_behind_the_end),      cmocka_unit_test(test_dropped_young),
        cmocka_unit_test(test_dropped_old),         cmocka_unit_test(test_marks),
        cmocka_unit_test(test_unflushed),           cmocka_unit_test(test_fail_data),
        cmocka_unit_test(test_fail_flush),          cmocka_unit_test(test_fail_early),
        cmocka_unit_test(test_fail_flush_of_early), cmocka_unit_test(test_dirty_after_failure),
        cmocka_unit_test(test_fragments),
    };
    shim_init(GROUPS * BPB);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
