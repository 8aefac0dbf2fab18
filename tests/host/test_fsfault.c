// sources: kernel/fs/*.c kernel/vm/store.c kernel/vm/reclaim.c kernel/lib/iov.c
// sources: kernel/sync/mutex.c kernel/mem/slab.c kernel/mem/kmalloc.c kernel/mem/frame.c
// sources: kernel/mem/buddy.c kernel/mem/hartcache.c mkfs/check.c mkfs/checkjournal.c
// sources: mkfs/checkmap.c mkfs/checktree.c mkfs/layout.c mkfs/image.c tests/host/sync_shim.c
// sources: tests/host/panic_shim.c tests/host/page_shim.c tests/host/fs_shim.c
// sources: tests/host/fs_calls.c tests/host/fs_load.c
/*
 * A disk that fails, and disks with damaged contents: every call returns, and after an error the
 * file system on the disk is still sound.
 */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "kernel/param.h"
#include "tests/host/fs_load.h"
#include "tests/host/seed.h"

#define BLOCKS  1600
#define JOURNAL 120
#define INODES  64
#define SIZE    ((uint64)BLOCKS * BSIZE)
#define DAMAGES 1200
#define SECONDS 20

static uchar sound[SIZE]; /* a file system with something in it */

/* --- a disk that fails ------------------------------------------------------------------------ */

struct outcome {
    bool mounted, hit; /* the request that fails was reached */
    uint errors;       /* calls that failed for the disk */
};

static struct outcome *outcome; /* of the last boot */

static bool is_disk_error(int r)
{
    return r == -EIO || r == -EROFS;
}

static int load_on_bad_disk(void *arg)
{
    load_start(*(unsigned long *)arg);
    *outcome = (struct outcome){0};
    outcome->mounted = fs_mount() == NULL && shim_root();
    for (uint i = 0; outcome->mounted && i < 250; i++) {
        outcome->errors += is_disk_error(load_step());
        if (i % 20 == 10)
            outcome->errors += is_disk_error(fs_sync());
        if (i % 7 == 0)
            fs_shrink(~0UL);
    }
    if (outcome->mounted) {
        load_close();
        outcome->errors += is_disk_error(fs_sync());
        fs_shrink(~0UL);
        shim_tree();
    }
    outcome->hit = disk->fail_at <= disk->requests;
    return 0;
}

/* The disk works again: all is there, and can be removed. */
static int clean_up(void *arg)
{
    struct kstat k = {0};
    (void)arg;
    if (fs_mount() || shim_tree() == 0)
        return 1;
    load_clean();
    if (fs_sync() < 0)
        return 2;
    fs_stat(&k);
    return k.inodes_free == k.inodes_total - 2 ? 0 : 3; /* the root and /null are left */
}

static void fail_each_request(bool all_after)
{
    unsigned long seed = random_next(&random_state);
    uint n = 0, noticed = 0;
    do {
        uint64 orphans;
        shim_format(BLOCKS, JOURNAL, INODES);
        disk->fail_at = ++n;
        disk->fail_on = all_after;
        assert_int_equal(shim_boot(8, SECONDS, load_on_bad_disk, &seed), 0);
        noticed += !outcome->mounted || outcome->errors > 0;
        disk->fail_at = 0;
        if (shim_check(NULL))
            fail_msg("damaged by a failure of request %u", n);
        assert_int_equal(shim_boot(8, SECONDS, clean_up, NULL), 0);
        assert_int_equal(shim_check(&orphans), 0);
        assert_int_equal(orphans, 0);
    } while (outcome->hit);
    printf("%u requests failed, %u noticed\n", n - 1, noticed);
    assert_true(n > 40);
    /* the rest: a prefetch that is read again, or the way home of what the journal has already */
    assert_true(noticed >= (all_after ? n * 3 / 4 : n / 4));
}

static void test_one_request_fails(void **state)
{
    (void)state;
    fail_each_request(false);
}

static void test_disk_dies(void **state)
{
    (void)state;
    fail_each_request(true);
}

static int write_after_death(void *arg)
{
    (void)arg;
    struct file *f;
    if (fs_mount() || shim_create("kept", "old", 3) < 0 || fs_sync() < 0)
        return 1;
    if (shim_open("kept", O_RDWR, &f) < 0 || shim_write(f, "new", 3) != 3)
        return 2;
    disk->fail_at = disk->requests + 1;
    disk->fail_on = true;
    if (file_sync(f) != -EIO || fs_sync() != -EIO)
        return 3;
    if (shim_write(f, "x", 1) != -EROFS || fs_mkdir(shim_root(), "d") != -EROFS)
        return 4;
    char back[3];
    file_put(f);
    if (shim_open("kept", O_RDONLY, &f) < 0 || shim_read(f, back, 3) != 3)
        return 5; /* what is in memory can be read */
    return memcmp(back, "new", 3) ? 6 : 0;
}

static void test_read_only_after_error(void **state)
{
    (void)state;
    shim_format(BLOCKS, JOURNAL, INODES);
    assert_int_equal(shim_boot(8, SECONDS, write_after_death, NULL), 0);
    assert_int_equal(shim_check(NULL), 0);
}

#define PER_BLOCK (BSIZE / sizeof(struct dinode))

/* The first block of the table is full: with the inodes of "big", which has a leaf, and others. */
static int fill_inode_block(void *arg)
{
    char name[16];
    (void)arg;
    if (fs_mount() || shim_create("big", sound, 20 * BSIZE) < 0)
        return 1;
    for (uint i = ROOTINO + 3; i < PER_BLOCK; i++) {
        snprintf(name, sizeof(name), "f%u", i);
        if (shim_create(name, "", 0) < 0)
            return 2;
    }
    return fs_sync() < 0 ? 3 : 0;
}

static int truncate_on_bad_disk(void *arg)
{
    struct file *f;
    (void)arg;
    if (fs_mount() || shim_size("big") != 20 * BSIZE)
        return 1;
    fs_shrink(~0UL);
    if (shim_size("f4") != 0) /* reads the first block of the table, and not the next */
        return 2;
    disk->fail_at = disk->requests + 1;
    if (shim_open("big", O_RDWR | O_TRUNC, &f) != -EIO)
        return 3;
    if (disk->requests != disk->fail_at || inode_count() != 1 || shim_size("big") != 20 * BSIZE)
        return 4;
    if (shim_open("big", O_RDWR | O_TRUNC, &f) < 0)
        return 5;
    file_put(f);
    return shim_size("big") != 0 || fs_sync() < 0 ? 6 : 0;
}

/* The inode that is to take the blocks over cannot be had: the file stays as it was. */
static void test_truncation_fails(void **state)
{
    uint64 orphans;
    (void)state;
    shim_format(BLOCKS, JOURNAL, INODES);
    assert_int_equal(shim_boot(8, SECONDS, fill_inode_block, NULL), 0);
    assert_int_equal(shim_boot(8, SECONDS, truncate_on_bad_disk, NULL), 0);
    disk->fail_at = 0;
    assert_int_equal(shim_check(&orphans), 0);
    assert_int_equal(orphans, 0);
}

/* --- damaged disks ---------------------------------------------------------------------------- */

static struct superblock *super_of(uchar *image)
{
    return (struct superblock *)(image + FS_SUPER * BSIZE);
}

static int fill(void *arg)
{
    load_start(*(unsigned long *)arg);
    if (fs_mount())
        return 1;
    for (uint i = 0; i < 200; i++)
        load_step();
    for (uint i = 0; i < 300; i++) { /* far enough for a top and leaves */
        struct file *f;
        if (shim_open("/big", O_WRONLY | O_APPEND | O_CREATE, &f) < 0)
            break;
        shim_write(f, sound, 2 * BSIZE);
        file_put(f);
    }
    return 0; /* files are open, blocks not committed: a crash */
}

static void poke(void *at, uint64 n)
{
    uint64 value = random_next(&random_state);
    if (random_below(2))
        value = random_below(3) ? random_below(BLOCKS) : random_below(2) - 1;
    memcpy(at, &value, n);
}

static void damage_super(uchar *image)
{
    struct superblock *sb = super_of(image);
    poke((uint *)sb + random_below(sizeof(*sb) / sizeof(uint)), sizeof(uint));
    if (random_below(4))
        sb->checksum = fs_checksum(FS_CHECKSUM_SEED, sb, offsetof(struct superblock, checksum));
}

static void damage_journal(uchar *image)
{
    uint half = super_of(image)->journal + (uint)random_below(2) * (JOURNAL / 2);
    struct journal_header *h = (struct journal_header *)(image + half * BSIZE);
    uint *list = (uint *)(h + 1);
    if (random_below(2))
        poke((uint *)h + random_below(sizeof(*h) / sizeof(uint)), sizeof(uint));
    else
        poke(list + random_below(h->count % 100 + 1), sizeof(uint));
    if (random_below(2) && h->count <= JOURNAL_HOMES)
        h->checksum = fs_checksum(FS_CHECKSUM_SEED, list, h->count * sizeof(uint));
    if (random_below(4))
        h->selfcheck = fs_checksum(FS_CHECKSUM_SEED, h, offsetof(struct journal_header, selfcheck));
}

static void damage_inode(uchar *image)
{
    struct dinode *table = (struct dinode *)(image + super_of(image)->inodes * BSIZE);
    struct dinode *d = &table[random_below(INODES)];
    for (uint i = 0; d->type == 0 && i < 20; i++)
        d = &table[random_below(INODES)];
    if (random_below(2))
        poke((ushort *)d + random_below(4), sizeof(ushort));
    else
        poke((uint *)d + 2 + random_below(NDIRECT + 3), sizeof(uint));
}

static void damage_bitmap(uchar *image)
{
    memset(image + super_of(image)->bitmap * BSIZE + random_below(BLOCKS / 8),
           (int)random_below(256), 1 + random_below(20));
}

/* A directory entry, or a number in a leaf, or what a file holds. */
static void damage_data(uchar *image)
{
    uint b = super_of(image)->data + (uint)random_below(random_below(2) ? 12 : 900);
    if (random_below(2))
        poke((ushort *)(image + b * BSIZE) + random_below(24) * 8, sizeof(ushort));
    else
        poke((uint *)(image + b * BSIZE) + random_below(NINDIRECT), sizeof(uint));
}

static void damage_anything(uchar *image)
{
    poke(image + random_below(SIZE - 8), 1 + random_below(8));
}

static int use_damaged(void *arg)
{
    load_start(*(unsigned long *)arg);
    if (fs_mount())
        return 1; /* refused with a reason */
    shim_tree();
    for (uint i = 0; i < 60; i++)
        load_step();
    fs_sync();
    fs_shrink(~0UL);
    load_clean();
    fs_sync();
    return 0;
}

static void test_damaged_disks(void **state)
{
    static void (*const damage[])(uchar *) = {damage_super,  damage_journal, damage_inode,
                                              damage_bitmap, damage_data,    damage_anything};
    uint refused = 0;
    (void)state;
    shim_format(BLOCKS, JOURNAL, INODES);
    unsigned long seed = random_next(&random_state);
    assert_int_equal(shim_boot(8, SECONDS, fill, &seed), 0);
    assert_int_equal(shim_check(NULL), 0);
    memcpy(sound, disk_image, SIZE);
    for (uint i = 0; i < DAMAGES; i++) {
        unsigned long turn = random_next(&random_state);
        memcpy(disk_image, sound, SIZE);
        for (uint n = random_below(3) ? 1 : 1 + (uint)random_below(30); n > 0; n--)
            damage[i % 6](disk_image);
        int r = shim_boot(8, SECONDS, use_damaged, &turn);
        assert_true(r == 0 || r == 1);
        refused += r == 1;
    }
    printf("%u damaged disks, %u not mounted\n", DAMAGES, refused);
    assert_true(refused > DAMAGES / 12 && refused < DAMAGES * 3 / 4);
}

static uint64 *tree_before;

static int fill_and_sync(void *arg)
{
    int r = fill(arg);
    load_close();
    *tree_before = shim_tree();
    return r || fs_sync() < 0;
}

static int compare_tree(void *arg)
{
    (void)arg;
    return fs_mount() || shim_tree() != *tree_before;
}

/* All of the last commit is home: without its header, the one before must not be copied again. */
static void test_lost_header(void **state)
{
    unsigned long seed = random_next(&random_state);
    (void)state;
    for (uint half = 0; half < 2; half++) {
        shim_format(BLOCKS, JOURNAL, INODES);
        assert_int_equal(shim_boot(8, SECONDS, fill_and_sync, &seed), 0);
        memset(disk_image + (super_of(disk_image)->journal + half * JOURNAL / 2) * BSIZE, 0, 4);
        assert_int_equal(shim_check(NULL), 0);
        assert_int_equal(shim_boot(8, SECONDS, compare_tree, NULL), 0);
    }
}

/* --- a torn header of an empty transaction ---------------------------------------------------- */

#define REST_BLOCKS  3000
#define REST_JOURNAL 1600
#define REST_INODES  600
#define REST_MIB     128 /* a transaction may have more images than fit in the header's block */
#define REST_DIRS    400

static uchar many[100 * BSIZE];

static int make_dirs(void)
{
    char name[16];
    int r = 0;
    for (uint i = 0; i < REST_DIRS && r == 0; i++) {
        snprintf(name, sizeof(name), "d%u", i);
        r = fs_mkdir(shim_root(), name);
    }
    return r;
}

/* The last transaction has a list of more than a block, and the one before a shorter x. */
static int two_versions(void *arg)
{
    (void)arg;
    struct file *f;
    if (fs_mount() || shim_create("x", "1", 1) < 0 || fs_sync() < 0)
        return 1;
    if (shim_open("x", O_WRONLY | O_APPEND, &f) < 0 || shim_write(f, "2", 1) != 1)
        return 2;
    file_put(f);
    return make_dirs() < 0 || fs_sync() < 0;
}

static int mount_and_rest(void *arg)
{
    (void)arg;
    if (fs_mount())
        return 1;
    disk->record = true;
    journal_rest();
    return 0;
}

static int find_second_version(void *arg)
{
    (void)arg;
    if (fs_mount())
        return 1;
    return shim_size("x") == 2 && shim_size("d399") > 0 ? 0 : 2;
}

/* Only one sector of the header's block arrives: the last transaction must not be undone. */
static void test_torn_rest(void **state)
{
    static uchar before[REST_BLOCKS * BSIZE], after[BSIZE];
    (void)state;
    shim_format(REST_BLOCKS, REST_JOURNAL, REST_INODES);
    assert_int_equal(shim_boot(REST_MIB, SECONDS, two_versions, NULL), 0);
    memcpy(before, disk_image, sizeof(before));
    assert_int_equal(shim_boot(REST_MIB, SECONDS, mount_and_rest, NULL), 0);
    assert_int_equal(disk->nevents, 3); /* all home, the header, and that durable */
    assert_int_equal(disk_events[0].bytes + disk_events[2].bytes, 0);
    assert_int_equal(disk_events[1].bytes, BSIZE);
    uint b = disk_events[1].block;
    disk->record = false;
    memcpy(after, disk_image + (uint64)b * BSIZE, BSIZE);
    assert_memory_not_equal(after + 512, before + (uint64)b * BSIZE + 512, 512);
    for (uint sector = 0; sector < 2; sector++) {
        memcpy(disk_image, before, sizeof(before));
        assert_int_equal(shim_boot(REST_MIB, SECONDS, mount_and_rest, NULL), 0);
        memcpy(disk_image + (uint64)b * BSIZE + sector * 512,
               before + (uint64)b * BSIZE + sector * 512, 512);
        assert_int_equal(shim_check(NULL), 0);
        assert_int_equal(shim_boot(REST_MIB, SECONDS, find_second_version, NULL), 0);
        assert_int_equal(shim_check(NULL), 0);
    }
}

/* --- disks that cannot be written, or are too large ------------------------------------------- */

static int use_read_only(void *arg)
{
    (void)arg;
    char c[3];
    struct file *f;
    if (fs_mount() || shim_size("kept") != 3)
        return 1;
    if (fs_mkdir(shim_root(), "d") != -EROFS || fs_unlink(shim_root(), "kept") != -EROFS)
        return 2;
    if (shim_open("kept", O_RDWR | O_TRUNC, &f) != -EROFS || shim_open("kept", O_RDWR, &f) < 0)
        return 3;
    if (shim_write(f, "new", 3) != -EROFS || shim_read(f, c, 3) != 3 || memcmp(c, "old", 3))
        return 4;
    file_put(f);
    journal_rest();
    return fs_sync() < 0 ? 5 : 0;
}

static int make_kept(void *arg)
{
    (void)arg;
    if (fs_mount() || shim_create("kept", "old", 3) < 0 || fs_sync() < 0)
        return 1;
    return 0;
}

static int mount_only(void *arg)
{
    (void)arg;
    return fs_mount() ? 1 : 0;
}

static void test_read_only_disk(void **state)
{
    (void)state;
    shim_format(BLOCKS, JOURNAL, INODES);
    assert_int_equal(shim_boot(8, SECONDS, make_kept, NULL), 0);
    disk->read_only = true;
    assert_int_equal(shim_boot(8, SECONDS, mount_only, NULL), 1); /* what is there is not home */
    disk->read_only = false;
    assert_int_equal(shim_boot(8, SECONDS, mount_and_rest, NULL), 0);
    disk->read_only = true;
    assert_int_equal(shim_boot(8, SECONDS, use_read_only, NULL), 0);
    assert_int_equal(shim_check(NULL), 0);
}

/* A size whose bitmap would need more than 2^32 bits; the superblock is sound but for that. */
static void test_absurd_size(void **state)
{
    static const uint sizes[] = {0xffffffff, 0xffffe001, FS_BLOCKS_MAX + 1};
    (void)state;
    for (uint i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct superblock sb;
        shim_format(BLOCKS, JOURNAL, INODES);
        struct superblock *on_disk = super_of(disk_image);
        sb = *on_disk;
        sb.nblocks = sizes[i];
        sb.data = sb.bitmap + (uint)(((uint64)sb.nblocks + BPB - 1) / BPB);
        sb.checksum = fs_checksum(FS_CHECKSUM_SEED, &sb, offsetof(struct superblock, checksum));
        *on_disk = sb;
        disk->claimed = 0xffffffff;
        assert_int_equal(shim_boot(8, SECONDS, mount_only, NULL), 1);
        assert_true(shim_check(NULL) > 0);
    }
}

/* --- memory ends ------------------------------------------------------------------------------ */

static int free_without_memory(void *arg)
{
    static struct frame *taken[8192];
    struct kstat before = {0}, after = {0};
    struct file *f;
    uint n = 0;
    (void)arg;
    if (fs_mount() || !shim_root())
        return 1;
    fs_stat(&before);
    if (shim_create("f", many, 100 * BSIZE) < 0 || shim_open("f", O_RDWR, &f) < 0)
        return 2;
    if (fs_unlink(shim_root(), "f") < 0 || fs_sync() < 0)
        return 3;
    fs_shrink(~0UL);
    while (n < 8192 && (taken[n] = frame_alloc(FRAME_WIRED, FRAME_RESERVE)))
        n++;
    file_put(f);
    fs_stat(&after);
    if (n == 8192 || after.inodes_free == before.inodes_free)
        return 4; /* it was freed after all: this tests nothing */
    while (n > 0)
        frame_put(taken[--n]);
    inode_retry();
    fs_stat(&after);
    if (after.inodes_free != before.inodes_free || after.blocks_free != before.blocks_free)
        return 5;
    return fs_sync() < 0 ? 6 : 0;
}

static void test_memory_ends_in_reclaim(void **state)
{
    uint64 orphans = 1;
    (void)state;
    shim_format(BLOCKS, JOURNAL, INODES);
    assert_int_equal(shim_boot(8, SECONDS, free_without_memory, NULL), 0);
    assert_int_equal(shim_check(&orphans), 0);
    assert_int_equal(orphans, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_request_fails),
        cmocka_unit_test(test_disk_dies),
        cmocka_unit_test(test_read_only_after_error),
        cmocka_unit_test(test_truncation_fails),
        cmocka_unit_test(test_damaged_disks),
        cmocka_unit_test(test_lost_header),
        cmocka_unit_test(test_torn_rest),
        cmocka_unit_test(test_read_only_disk),
        cmocka_unit_test(test_absurd_size),
        cmocka_unit_test(test_memory_ends_in_reclaim),
    };
    random_start();
    shim_init(REST_BLOCKS);
    outcome = shim_shared(sizeof(*outcome));
    tree_before = shim_shared(sizeof(*tree_before));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
