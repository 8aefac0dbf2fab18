// sources: kernel/fs/*.c kernel/vm/store.c kernel/vm/reclaim.c kernel/lib/iov.c
// sources: kernel/sync/mutex.c kernel/mem/slab.c kernel/mem/kmalloc.c kernel/mem/frame.c
// sources: kernel/mem/buddy.c kernel/mem/hartcache.c mkfs/check.c mkfs/checkjournal.c
// sources: mkfs/checkmap.c mkfs/checktree.c mkfs/layout.c mkfs/image.c tests/host/sync_shim.c
// sources: tests/host/panic_shim.c tests/host/page_shim.c tests/host/fs_shim.c
// sources: tests/host/fs_calls.c
/*
 * Large directories: their index and the name cache, by random operations against a model, with
 * much memory and little, and on damaged disks.
 */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/fs/dir.h"
#include "kernel/fs/dirindex.h"
#include "kernel/fs/journal.h"
#include "kernel/fs/names.h"
#include "kernel/param.h"
#include "tests/host/fs_shim.h"
#include "tests/host/seed.h"

#define FILES 5    /* the names lead to these, whose sizes are 1, 2, ... */
#define F0    4    /* the first one's inode: behind the root, /null and d */
#define NAMES 7000 /* names that may be there */

/* In a child: a failed check ends it with status 1. */
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #cond);                                      \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

static uchar model[NAMES]; /* 0 or the size of the file that the name leads to */

static const char *name_of(uint i)
{
    static char path[32];
    snprintf(path, sizeof(path), "d/%x.%x", i * 2654435761u, i);
    return path;
}

static struct inode *open_dir(void)
{
    struct inode *dp;
    return inode_lookup(shim_root(), "d", &dp) == 0 ? dp : NULL;
}

static int mount(void)
{
    CHECK(fs_mount() == NULL && shim_root() != NULL);
    return 0;
}

static int make_files(void)
{
    char path[8];
    CHECK(fs_mkdir(shim_root(), "d") == 0);
    for (uint i = 0; i < FILES; i++) {
        snprintf(path, sizeof(path), "f%u", i);
        CHECK(shim_create(path, "123456789", i + 1) == 0);
    }
    return 0;
}

static int add(uint i)
{
    char file[8];
    uint which = (uint)random_below(FILES);
    snprintf(file, sizeof(file), "f%u", which);
    int r = fs_link(shim_root(), file, name_of(i));
    CHECK(r == (model[i] ? -EEXIST : 0));
    if (r == 0)
        model[i] = (uchar)(which + 1);
    return 0;
}

static int take(uint i)
{
    CHECK(fs_unlink(shim_root(), name_of(i)) == (model[i] ? 0 : -ENOENT));
    model[i] = 0;
    return 0;
}

static int look(uint i)
{
    CHECK(shim_size(name_of(i)) == (model[i] ? model[i] : -ENOENT));
    return 0;
}

/* What the directory itself has, entry by entry, is what the model has. */
static int compare(void)
{
    static struct dirent e[NAMES + 100];
    struct file *f;
    uint there = 0, names = 0;
    CHECK(shim_open("d", O_RDONLY, &f) == 0);
    int64 n = shim_read(f, e, sizeof(e));
    file_put(f);
    CHECK(n > 0 && n < (int64)sizeof(e));
    for (uint i = 0; i < n / sizeof(*e); i++)
        there += e[i].inum != 0;
    for (uint i = 0; i < NAMES; i++) {
        names += model[i] != 0;
        CHECK(look(i) == 0);
    }
    CHECK(there == names + 2);
    return 0;
}

/* Fills and empties the directory in turn; now and then everything unused leaves memory. */
static int random_steps(uint from, uint to)
{
    for (uint n = from; n < to; n++) {
        bool filling = n / 10000 % 2 == 0;
        uint i = (uint)random_below(random_below(2) ? NAMES : 200);
        uint kind = (uint)random_below(8);
        if (kind < 2)
            CHECK(look(i) == 0);
        else if (kind == 2 || (kind > 3 && !filling))
            CHECK(take(i) == 0);
        else
            CHECK(add(i) == 0);
        if (n % 5000 == 0) {
            inode_shrink(100);
            fs_shrink(~0UL);
        }
    }
    return 0;
}

static int random_boot(void *arg)
{
    CHECK(mount() == 0 && make_files() == 0);
    struct inode *dp = arg ? open_dir() : NULL; /* held: its index stays */
    for (uint n = 0; n < 40000; n += 10000) {
        CHECK(random_steps(n, n + 10000) == 0);
        CHECK(compare() == 0);
    }
    CHECK(!dp || dp->index);
    if (dp)
        inode_put(dp);
    for (uint i = 0; i < NAMES; i++)
        CHECK(take(i) == 0);
    CHECK(fs_unlink(shim_root(), "d") == 0);
    return fs_sync();
}

static void run(uint mib, void *arg)
{
    uint64 orphans;
    shim_format(4000, 400, 100);
    assert_int_equal(shim_boot(mib, 100, random_boot, arg), 0);
    assert_int_equal(shim_check(&orphans), 0);
}

static void test_random(void **state)
{
    (void)state;
    run(16, NULL);
    run(16, "held");
}

static void test_little_memory(void **state)
{
    (void)state;
    run(3, NULL);
}

/* An index of so many names is more than a 64th of memory: it is dropped, and all goes on. */
static int no_index(void *unused)
{
    (void)unused;
    CHECK(mount() == 0 && make_files() == 0);
    struct inode *dp = open_dir();
    bool had = false;
    for (uint i = 0; i < NAMES; i++) {
        CHECK(add(i) == 0);
        had = had || dp->index;
    }
    CHECK(had && !dp->index && compare() == 0);
    for (uint i = 1000; i < NAMES; i += 10)
        CHECK(take(i) == 0);
    uint64 size = dp->d.size;
    for (uint i = 1000; i < NAMES; i += 10)
        CHECK(add(i) == 0);
    CHECK(dp->d.size == size && !dp->index && compare() == 0); /* free slots were used again */
    inode_put(dp);
    return fs_sync();
}

static void test_no_index(void **state)
{
    uint64 orphans;
    (void)state;
    shim_format(4000, 400, 100);
    assert_int_equal(shim_boot(3, 100, no_index, NULL), 0);
    assert_int_equal(shim_check(&orphans), 0);
}

/* --- cost ------------------------------------------------------------------------------------- */

/* A look-up with an index reads no page but that of the entry. */
static int index_is_used(void *unused)
{
    (void)unused;
    uint inum;
    uint64 off;
    CHECK(mount() == 0 && make_files() == 0);
    for (uint i = 0; i < 3000; i++)
        CHECK(add(i) == 0);
    struct inode *dp = open_dir();
    CHECK(dp->index && dirindex_slots(dp->index) == 3002);
    fs_sync();
    inode_shrink(200);
    fs_shrink(~0UL);
    uint64 before = disk->requests;
    struct dirent key;
    const char *path = "not there";
    CHECK(dir_next_key(&key, &path));
    mutex_lock(&dp->lock);
    CHECK(dir_find(dp, &key, &inum, &off) == -ENOENT && disk->requests == before);
    mutex_unlock(&dp->lock);
    CHECK(look(1234) == 0 && disk->requests > before && disk->requests < before + 10);
    inode_put(dp);
    for (uint turn = 0; turn < 50; turn++) { /* more than could exist at a time */
        CHECK(inode_shrink(200) > 0);
        CHECK((dp = open_dir()) != NULL && !dp->index); /* it went with the inode */
        CHECK(look(1) == 0 && dp->index);
        inode_put(dp);
    }
    return 0;
}

static void test_index_is_used(void **state)
{
    (void)state;
    shim_format(4000, 400, 100);
    assert_int_equal(shim_boot(16, 60, index_is_used, NULL), 0);
}

/* --- a table of inodes that is full ----------------------------------------------------------- */

/* A walk that the cache cannot end begins anew: what is left of the path means another file. */
static int full_table(void *unused)
{
    (void)unused;
    static struct inode *held[NINODE];
    struct inode *ip;
    uint n = 0;
    CHECK(mount() == 0 && fs_mkdir(shim_root(), "d") == 0);
    CHECK(shim_create("x", "1", 1) == 0 && shim_create("d/x", "12", 2) == 0);
    CHECK(shim_size("d/x") == 2); /* now the cache knows it */
    while (inode_count() < NINODE) {
        char path[8];
        snprintf(path, sizeof(path), "h%u", n);
        CHECK(names_create_file(shim_root(), path, &held[n++]) == 0);
    }
    CHECK(inode_lookup(shim_root(), "d/x", &ip) == -ENFILE);
    CHECK(inode_lookup(shim_root(), "/d/x", &ip) == -ENFILE);
    CHECK(fs_unlink(shim_root(), "d/x") == -ENFILE);
    CHECK(fs_link(shim_root(), "h0", "d/y") == -ENFILE);
    while (n > 0)
        inode_put(held[--n]);
    CHECK(shim_size("x") == 1 && shim_size("d/x") == 2 && shim_size("y") == -ENOENT);
    return fs_sync();
}

static void test_full_table(void **state)
{
    uint64 orphans;
    (void)state;
    shim_format(4000, 400, 1200);
    assert_int_equal(shim_boot(16, 60, full_table, NULL), 0);
    assert_int_equal(shim_check(&orphans), 0);
}

/* --- damage ----------------------------------------------------------------------------------- */

#define ENTRIES 500
#define DATA    410 /* first data block: behind boot, superblock, journal, inodes, bitmap */

static int make_many(void *unused)
{
    (void)unused;
    CHECK(mount() == 0 && make_files() == 0);
    for (uint i = 0; i < ENTRIES; i++)
        CHECK(add(i) == 0);
    CHECK(fs_sync() == 0);
    journal_rest(); /* or the next mount would write it again */
    return 0;
}

/* Whatever is done by name ends, and as often as the name stands there. */
static int use_damaged(void *unused)
{
    (void)unused;
    CHECK(mount() == 0);
    CHECK(shim_size("d/twin") == 1); /* the first one counts */
    uint n = 0;
    while (fs_unlink(shim_root(), "d/twin") == 0)
        n++;
    CHECK(n == 8 && shim_size("d/twin") == -ENOENT);
    for (uint i = 0; i < 2000; i++) {
        uint k = (uint)random_below(ENTRIES);
        int r = random_below(2) ? fs_unlink(shim_root(), name_of(k))
                                : fs_link(shim_root(), "f1", name_of(k));
        CHECK(r == 0 || r == -ENOENT || r == -EEXIST || r == -EIO || r == -ENOTEMPTY ||
              r == -EBUSY || r == -ENOTDIR);
        shim_size(name_of((uint)random_below(ENTRIES)));
    }
    return fs_sync();
}

/* Where directory d has its first entries: entry 0 is "." with the inode of d. */
static struct dirent *find_entries(void)
{
    for (uint b = DATA; b < disk->nblocks; b++) {
        struct dirent *e = (struct dirent *)(disk_image + (uint64)b * BSIZE);
        if (strcmp(e[0].name, ".") == 0 && strcmp(e[1].name, "..") == 0 && e[0].inum != ROOTINO)
            return e;
    }
    return NULL;
}

static void test_damaged(void **state)
{
    (void)state;
    for (uint round = 0; round < 10; round++) {
        shim_format(4000, 400, 100);
        memset(model, 0, sizeof(model));
        assert_int_equal(shim_boot(16, 60, make_many, NULL), 0);
        struct dirent *e = find_entries();
        assert_non_null(e);
        for (uint i = 20; i < 60; i += 5) {
            memset(e[i].name, 0, DIRSIZ);
            strcpy(e[i].name, "twin");
            e[i].inum = i == 20 ? F0 : F0 + 1;
        }
        for (uint i = 0; i < 10; i++)
            e[2 + random_below(15)].inum = (ushort)random_next(&random_state);
        assert_int_equal(shim_boot(16, 60, use_damaged, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),     cmocka_unit_test(test_little_memory),
        cmocka_unit_test(test_no_index),   cmocka_unit_test(test_index_is_used),
        cmocka_unit_test(test_full_table), cmocka_unit_test(test_damaged),
    };
    random_start();
    shim_init(4000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
