// sources: kernel/fs/*.c kernel/vm/store.c kernel/vm/reclaim.c kernel/lib/iov.c
// sources: kernel/sync/mutex.c kernel/mem/slab.c kernel/mem/kmalloc.c kernel/mem/frame.c
// sources: kernel/mem/buddy.c kernel/mem/hartcache.c mkfs/check.c mkfs/checkjournal.c
// sources: mkfs/checkmap.c mkfs/checktree.c mkfs/layout.c mkfs/image.c tests/host/sync_shim.c
// sources: tests/host/panic_shim.c tests/host/page_shim.c tests/host/fs_shim.c
// sources: tests/host/fs_calls.c
/* What the file layer promises its callers, on a disk in memory, without crashes or errors. */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/fs/alloc.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "tests/host/fs_shim.h"

#define BLOCKS 4000

static uchar bytes[1 << 20];

/* In a child: a failed check ends it with status 1. */
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #cond);                                      \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

static struct kstat held(void)
{
    struct kstat k = {0};
    fs_stat(&k);
    return k;
}

static bool same(const struct kstat *a, const struct kstat *b)
{
    return a->files == b->files && a->inodes == b->inodes && a->pipes == b->pipes &&
           a->blocks_free == b->blocks_free && a->inodes_free == b->inodes_free;
}

/* Runs `body` between two looks at what the kernel holds, then checks the disk. */
static int boot(void *arg)
{
    int (*body)(void) = (int (*)(void))arg;
    CHECK(fs_mount() == NULL);
    CHECK(shim_root() != NULL);
    struct kstat before = held();
    int r = body();
    struct kstat after = held();
    CHECK(r == 0);
    CHECK(same(&before, &after));
    CHECK(fs_sync() == 0);
    return 0;
}

static void run_on(uint nblocks, uint njournal, uint ninodes, int (*body)(void))
{
    uint64 orphans = 0;
    shim_format(nblocks, njournal, ninodes);
    assert_int_equal(shim_boot(16, 60, boot, (void *)body), 0);
    assert_int_equal(shim_check(&orphans), 0);
    assert_int_equal(orphans, 0);
}

static void run(int (*body)(void))
{
    run_on(BLOCKS, 400, 200, body);
}

static int names(void)
{
    struct inode *root = shim_root();
    struct file *f;
    CHECK(shim_create("/abcdefghijklmnop", "x", 1) == 0);
    CHECK(shim_size("/abcdefghijklmn") == 1);
    CHECK(shim_size("abcdefghijklmnXX") == 1);
    CHECK(shim_size("//.//./abcdefghijklmn/") == 1);
    CHECK(shim_size("/abcdefghijklm") == -ENOENT);
    CHECK(shim_size("") == -ENOENT);
    CHECK(shim_size("/abcdefghijklmn/x") == -ENOTDIR);
    CHECK(fs_mkdir(root, "/") == -EEXIST);
    CHECK(fs_mkdir(root, "") == -ENOENT);
    CHECK(fs_mkdir(root, "/abcdefghijklmnQ") == -EEXIST);
    CHECK(fs_mkdir(root, "/none/d") == -ENOENT);
    CHECK(fs_unlink(root, "/") == -EBUSY);
    CHECK(fs_link(root, "abcdefghijklmn", "abcdefghijklmn") == -EEXIST);
    CHECK(fs_link(root, "abcdefghijklmn", "/") == -EEXIST);
    CHECK(fs_link(root, ".", "loop") == -EPERM);
    CHECK(fs_mknod(root, "bad", 0, 0) == -EINVAL);
    CHECK(fs_mknod(root, "bad", 3, 0) == 0);
    CHECK(shim_open("bad", O_RDONLY, &f) == -ENODEV);
    CHECK(shim_open("bad", O_WRONLY | O_RDWR, &f) == -EINVAL);
    CHECK(fs_unlink(root, "bad") == 0);
    CHECK(fs_unlink(root, "abcdefghijklmn") == 0);
    CHECK(fs_unlink(root, "abcdefghijklmn") == -ENOENT);
    return 0;
}

static int directories(void)
{
    struct inode *root = shim_root(), *cwd;
    struct file *f;
    struct stat st;
    CHECK(fs_mkdir(root, "d") == 0);
    CHECK(fs_mkdir(root, "d/e") == 0);
    CHECK(shim_open("d", O_RDONLY, &f) == 0);
    CHECK(file_stat(f, &st) == 0 && st.nlink == 3 && st.type == T_DIR);
    struct dirent e[4];
    CHECK(shim_read(f, e, sizeof(e)) == 3 * sizeof(e[0]));
    CHECK(strcmp(e[0].name, ".") == 0 && strcmp(e[1].name, "..") == 0);
    CHECK(e[1].inum == ROOTINO && strcmp(e[2].name, "e") == 0);
    file_put(f);
    CHECK(shim_open("d", O_WRONLY, &f) == -EISDIR);
    CHECK(shim_open("d", O_RDWR, &f) == -EISDIR);
    CHECK(shim_open("d", O_CREATE, &f) == -EISDIR);
    CHECK(shim_open("d", O_TRUNC, &f) == -EISDIR);
    CHECK(fs_unlink(root, "d") == -ENOTEMPTY);
    CHECK(fs_unlink(root, "d/.") == -EINVAL);
    CHECK(fs_unlink(root, "d/..") == -EINVAL);
    CHECK(fs_opendir(root, "d/e", &cwd) == 0);
    CHECK(fs_unlink(cwd, "../e") == 0);
    CHECK(fs_unlink(root, "d") == 0);
    struct inode *ip;
    CHECK(inode_lookup(cwd, "..", &ip) == -ENOENT);
    CHECK(inode_lookup(cwd, ".", &ip) == -ENOENT);
    CHECK(fs_mkdir(cwd, "new") == -ENOENT);
    CHECK(fs_open(cwd, "new", O_CREATE | O_RDWR, &f) == -ENOENT);
    CHECK(shim_create("plain", "", 0) == 0);
    CHECK(fs_link(cwd, "/plain", "here") == -ENOENT);
    CHECK(fs_opendir(root, "plain", &ip) == -ENOTDIR);
    CHECK(fs_unlink(root, "plain") == 0);
    inode_put(cwd);
    return 0;
}

static int symlinks(void)
{
    struct inode *root = shim_root(), *ip;
    struct file *f;
    struct stat st;
    char target[MAXPATH];
    CHECK(fs_mkdir(root, "d") == 0 && shim_create("d/file", "hello", 5) == 0);
    CHECK(fs_symlink(root, "d", "l") == 0 && fs_symlink(root, "l/file", "m") == 0);
    CHECK(fs_symlink(root, "../m", "d/n") == 0);
    CHECK(shim_size("l/n") == 5);
    CHECK(fs_readlink(root, "d/n", target, 3) == 3 && memcmp(target, "../", 3) == 0);
    CHECK(fs_readlink(root, "d", target, sizeof(target)) == -EINVAL);
    CHECK(shim_open("m", O_RDONLY | O_NOFOLLOW, &f) == 0);
    CHECK(file_stat(f, &st) == 0 && st.type == T_SYMLINK && st.size == 6);
    file_put(f);
    CHECK(shim_open("m", O_RDWR | O_NOFOLLOW, &f) == -ELOOP);
    CHECK(fs_symlink(root, "b", "a") == 0 && fs_symlink(root, "a", "b") == 0);
    CHECK(inode_lookup(root, "a", &ip) == -ELOOP);
    CHECK(shim_open("a", O_CREATE | O_RDWR, &f) == -ELOOP);
    CHECK(fs_symlink(root, "nowhere", "w") == 0);
    CHECK(shim_open("w", O_RDONLY, &f) == -ENOENT);
    CHECK(shim_open("w", O_CREATE | O_RDWR, &f) == -EEXIST);
    char longer[MAXPATH];
    memset(longer, 'x', MAXPATH - 1);
    longer[MAXPATH - 1] = 0;
    CHECK(fs_symlink(root, longer, "long") == 0);
    CHECK(fs_readlink(root, "long", target, MAXPATH) == MAXPATH - 1);
    CHECK(inode_lookup(root, "long/y", &ip) == -ENAMETOOLONG);
    CHECK(fs_symlink(root, "", "empty") == -ENOENT);
    static const char *const all[] = {"long", "w", "a", "b", "m", "l", "d/n", "d/file", "d"};
    for (uint i = 0; i < sizeof(all) / sizeof(*all); i++)
        CHECK(fs_unlink(root, all[i]) == 0);
    return 0;
}

static int reading_and_writing(void)
{
    static uchar back[sizeof(bytes)];
    struct file *f, *g;
    for (uint i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uchar)(i * 7 + i / 1000);
    CHECK(shim_open("f", O_CREATE | O_RDWR, &f) == 0);
    uint64 n = 0;
    for (uint step = 1; n + step < 700000; step = step * 5 / 2 % 70000 + 1) {
        CHECK(shim_write(f, bytes + n, step) == step);
        n += step;
    }
    CHECK(shim_open("f", O_RDONLY, &g) == 0);
    for (uint64 at = 0, step = 1; at < n; step = step * 3 % 40000 + 1) {
        int64 got = shim_read(g, back + at, step);
        CHECK(got == (int64)(step < n - at ? step : n - at));
        at += (uint64)got;
    }
    CHECK(memcmp(bytes, back, n) == 0);
    CHECK(shim_read(g, back, 10) == 0);
    CHECK(shim_write(g, back, 10) == -EBADF && shim_read(f, back, 1) == 0);
    file_put(g);
    CHECK(shim_open("f", O_WRONLY | O_APPEND, &g) == 0);
    CHECK(shim_write(g, "tail", 4) == 4 && shim_size("f") == (int64)n + 4);
    file_put(g);
    CHECK(shim_open("f", O_RDWR, &g) == 0);
    CHECK(shim_write(g, "head", 4) == 4 && shim_size("f") == (int64)n + 4);
    file_put(g);
    CHECK(shim_open("f", O_WRONLY | O_TRUNC, &g) == 0 && shim_size("f") == 0);
    CHECK(shim_write(f, "x", 1) == -EINVAL); /* f stands beyond the end now */
    CHECK(shim_write(g, "new", 3) == 3 && shim_size("f") == 3);
    file_put(g);
    file_put(f);
    CHECK(fs_unlink(shim_root(), "f") == 0);
    return 0;
}

/* Contents come from the disk again after the cache was emptied. */
static int evicted_pages(void)
{
    static uchar back[sizeof(bytes)];
    for (uint i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uchar)(i ^ i >> 9);
    CHECK(shim_create("f", bytes, 600000) == 0);
    CHECK(fs_sync() == 0);
    CHECK(fs_shrink(~0UL) > 100);
    struct file *f;
    CHECK(shim_open("f", O_RDWR, &f) == 0);
    uint64 before = disk->requests;
    CHECK(shim_read(f, back, 600000) == 600000 && memcmp(back, bytes, 600000) == 0);
    CHECK(disk->requests - before < 25); /* many pages a request */
    CHECK(fs_sync() == 0);
    CHECK(fs_shrink(~0UL) > 100);
    file_put(f);
    CHECK(shim_open("f", O_RDWR, &f) == 0);
    CHECK(shim_write(f, "ab", 2) == 2); /* into a block that must be read first */
    CHECK(shim_read(f, back, 100) == 100 && memcmp(back, bytes + 2, 100) == 0);
    file_put(f);
    CHECK(fs_unlink(shim_root(), "f") == 0);
    return 0;
}

/* While a reader waits for one piece of a long file, the disk has the next one to read already. */
static int reading_ahead(void)
{
    static uchar back[sizeof(bytes)];
    struct file *f;
    CHECK(shim_create("f", bytes, sizeof(bytes)) == 0 && fs_sync() == 0);
    CHECK(fs_shrink(~0UL) > 100);
    disk->slow = true;
    uint64 before = disk->requests;
    CHECK(shim_open("f", O_RDONLY, &f) == 0);
    for (uint64 at = 0; at < sizeof(bytes); at += 4096)
        CHECK(shim_read(f, back + at, 4096) == 4096);
    CHECK(memcmp(back, bytes, sizeof(bytes)) == 0);
    CHECK(disk->most_in_flight >= 2 && disk->requests - before < 30);
    before = disk->requests;
    file_put(f);
    disk->slow = false;
    return fs_unlink(shim_root(), "f");
}

/* Mounting reads the table of inodes in a few requests. */
static int mounting(void *unused)
{
    (void)unused;
    uint64 before = disk->requests;
    CHECK(fs_mount() == NULL && disk->requests - before < 30);
    return 0;
}

static int unlinked_but_open(void)
{
    struct file *f;
    char back[6] = "";
    CHECK(shim_open("f", O_CREATE | O_RDWR, &f) == 0);
    CHECK(fs_unlink(shim_root(), "f") == 0);
    CHECK(shim_create("f", "other", 5) == 0);
    CHECK(shim_write(f, "still", 5) == 5);
    struct file *g;
    CHECK(shim_open("f", O_RDONLY, &g) == 0);
    CHECK(shim_read(g, back, 5) == 5 && strcmp(back, "other") == 0);
    file_put(g);
    struct stat st;
    CHECK(file_stat(f, &st) == 0 && st.nlink == 0 && st.size == 5);
    file_put(f);
    CHECK(fs_unlink(shim_root(), "f") == 0);
    return 0;
}

static int full_disk(void)
{
    struct inode *root = shim_root();
    struct kstat start = held();
    CHECK(shim_create("big", bytes, sizeof(bytes)) == -ENOSPC);
    CHECK(shim_size("big") > 0);
    CHECK(held().blocks_free == 0);
    CHECK(fs_mkdir(root, "d") == -ENOSPC && fs_symlink(root, "t", "s") == -ENOSPC);
    CHECK(shim_create("empty", "", 0) == 0); /* the root has room for the name */
    CHECK(shim_create("one", "x", 1) == -ENOSPC && shim_size("one") == 0);
    CHECK(fs_unlink(root, "big") == 0);
    CHECK(shim_create("big", bytes, 100 * BSIZE) == 0); /* freed blocks thaw */
    CHECK(fs_mkdir(root, "d") == 0);
    static const char *const all[] = {"big", "d", "one", "empty"};
    for (uint i = 0; i < 4; i++)
        CHECK(fs_unlink(root, all[i]) == 0);
    CHECK(held().blocks_free == start.blocks_free);
    return 0;
}

/*
 * A freed block is not used again before the transaction that freed it has committed.  Who needs
 * it for a name has that done.
 */
static int frozen_blocks(void)
{
    uint b;
    CHECK(shim_create("big", bytes, sizeof(bytes)) == -ENOSPC && fs_sync() == 0);
    CHECK(!alloc_thaw());
    CHECK(fs_unlink(shim_root(), "big") == 0);
    CHECK(held().blocks_free > 500);
    CHECK(journal_begin() == 0 && alloc_table(&b) == -ENOSPC);
    journal_end();
    CHECK(alloc_thaw() && !alloc_thaw());
    CHECK(journal_begin() == 0 && alloc_table(&b) == 0);
    alloc_free(b, 1);
    journal_end();
    CHECK(shim_create("big", bytes, sizeof(bytes)) == -ENOSPC && fs_sync() == 0);
    CHECK(fs_unlink(shim_root(), "big") == 0 && fs_mkdir(shim_root(), "d") == 0);
    return fs_unlink(shim_root(), "d");
}

/* Whether the disk got block b since it records. */
static bool was_written(uint b)
{
    for (uint i = 0; i < disk->nevents; i++)
        if (b - disk_events[i].block < disk_events[i].bytes / BSIZE)
            return true;
    return false;
}

/* What is freed before it was committed is not written. */
static int short_life(void)
{
    struct inode *ip;
    uint b = 0, of_root = 0;
    CHECK(shim_create("f", bytes, 60 * BSIZE) == 0 && fs_unlink(shim_root(), "f") == 0);
    disk->record = true;
    CHECK(fs_sync() == 0);
    CHECK(disk->ndata > 0 && disk->ndata < 20 * BSIZE);
    CHECK(fs_mkdir(shim_root(), "d") == 0 && inode_lookup(shim_root(), "d", &ip) == 0);
    CHECK(map_blocks(ip, 0, 1, &b) == 0 && map_blocks(shim_root(), 0, 1, &of_root) == 0);
    inode_put(ip);
    CHECK(fs_unlink(shim_root(), "d") == 0 && fs_sync() == 0);
    CHECK(was_written(of_root) && !was_written(b));
    return 0;
}

/* Where the data of a file lies: stretches of blocks, and pages that are not in one. */
static int layout_of(const char *path, uint *stretches, uint *split)
{
    struct inode *ip;
    uint b, last = 0;
    CHECK(inode_lookup(shim_root(), path, &ip) == 0);
    *stretches = *split = 0;
    for (uint64 i = 0; i < inode_nblocks(ip); i++, last = b) {
        CHECK(map_blocks(ip, i, 1, &b) == 0);
        *stretches += b != last + 1;
        *split += b != last + 1 && i % (4096 / BSIZE) != 0;
    }
    inode_put(ip);
    return 0;
}

#define GROWING 4

/* Files that grow together, block by block, are a few stretches of whole pages each. */
static int growing_together(void)
{
    struct file *f[GROWING];
    char name[16];
    uint stretches, split;
    struct kstat start = held();
    for (uint i = 0; i < GROWING; i++) {
        snprintf(name, sizeof(name), "f%u", i);
        CHECK(shim_open(name, O_CREATE | O_RDWR, &f[i]) == 0);
    }
    for (uint k = 0; k < 1024; k++)
        for (uint i = 0; i < GROWING; i++)
            CHECK(shim_write(f[i], bytes + k, BSIZE) == BSIZE);
    for (uint i = 0; i < GROWING; i++) {
        file_put(f[i]);
        snprintf(name, sizeof(name), "f%u", i);
        CHECK(layout_of(name, &stretches, &split) == 0);
        CHECK(stretches <= 10 && split == 0);
        CHECK(fs_unlink(shim_root(), name) == 0);
    }
    CHECK(held().blocks_free == start.blocks_free);
    return 0;
}

/* Also if each piece is written by another process, which opens the file and closes it. */
static int growing_in_turns(void)
{
    static const char *const names[] = {"a", "b", "c"};
    uint stretches, split;
    for (uint k = 0; k < 300; k++) {
        for (uint i = 0; i < 3; i++) {
            struct file *f;
            CHECK(shim_open(names[i], O_CREATE | O_WRONLY | O_APPEND, &f) == 0);
            CHECK(shim_write(f, bytes, 500) == 500);
            file_put(f);
        }
    }
    for (uint i = 0; i < 3; i++) {
        CHECK(layout_of(names[i], &stretches, &split) == 0 && split == 0);
        CHECK(fs_unlink(shim_root(), names[i]) == 0);
    }
    return 0;
}

/* A file that is cut to nothing begins again with a whole page, wherever it was to go on. */
static int cut_while_growing(void)
{
    struct file *f, *g, *cut;
    uint stretches, split;
    CHECK(shim_open("f", O_CREATE | O_RDWR, &f) == 0);
    CHECK(shim_write(f, bytes, 6 * BSIZE) == 6 * BSIZE);
    CHECK(shim_open("g", O_CREATE | O_RDWR, &g) == 0);
    CHECK(shim_write(g, bytes, BSIZE) == BSIZE);
    CHECK(shim_open("f", O_WRONLY | O_TRUNC, &cut) == 0);
    CHECK(shim_write(cut, bytes, 64 * BSIZE) == 64 * BSIZE);
    CHECK(layout_of("f", &stretches, &split) == 0 && split == 0);
    file_put(f);
    file_put(g);
    file_put(cut);
    return fs_unlink(shim_root(), "f") + fs_unlink(shim_root(), "g");
}

/* What is set aside for files that grow is there for all when nothing else is left. */
static int full_with_rooms(void)
{
    struct file *f[GROWING];
    char name[16];
    bool full[GROWING] = {0};
    for (uint i = 0; i < GROWING; i++) {
        snprintf(name, sizeof(name), "f%u", i);
        CHECK(shim_open(name, O_CREATE | O_RDWR, &f[i]) == 0);
    }
    for (uint k = 0, done = 0; done < GROWING; k++) {
        uint i = k % GROWING;
        int64 n = full[i] ? BSIZE : shim_write(f[i], bytes, BSIZE);
        CHECK(n == BSIZE || n == -ENOSPC);
        done += n != BSIZE;
        full[i] = full[i] || n != BSIZE;
    }
    CHECK(held().blocks_free == 0);
    for (uint i = 0; i < GROWING; i++) {
        file_put(f[i]);
        snprintf(name, sizeof(name), "f%u", i);
        CHECK(fs_unlink(shim_root(), name) == 0);
    }
    return 0;
}

/* On a disk of which every second block is in use a file can have every other one. */
static int in_pieces(void)
{
    struct file *f;
    uint stretches, split, n = 0;
    char name[16];
    CHECK(fs_mkdir(shim_root(), "d") == 0);
    CHECK(shim_open("x", O_CREATE | O_RDWR, &f) == 0);
    for (;; n++) {
        snprintf(name, sizeof(name), "d/%u", n);
        if (shim_create(name, "", 0) < 0 || shim_create(name, "x", 1) < 0)
            break;
    }
    CHECK(n > 100 && held().blocks_free == 0);
    for (uint i = 0; i < n; i += 2) {
        snprintf(name, sizeof(name), "d/%u", i);
        CHECK(fs_unlink(shim_root(), name) == 0);
    }
    CHECK(fs_sync() == 0);
    while (shim_write(f, bytes, BSIZE) == BSIZE)
        ;
    CHECK(held().blocks_free == 0);
    CHECK(layout_of("x", &stretches, &split) == 0 && stretches > n / 4);
    file_put(f);
    CHECK(fs_unlink(shim_root(), "x") == 0);
    for (uint i = 0; i <= n; i++) {
        snprintf(name, sizeof(name), "d/%u", i);
        fs_unlink(shim_root(), name);
    }
    CHECK(fs_unlink(shim_root(), "d") == 0 && fs_sync() == 0);
    CHECK(shim_create("x", bytes, 100 * BSIZE) == 0); /* whole units are free again */
    CHECK(layout_of("x", &stretches, &split) == 0 && stretches < 8 && split == 0);
    return fs_unlink(shim_root(), "x");
}

static int no_inodes(void)
{
    char name[16];
    int made = 0, r = 0;
    for (; made < 100 && r == 0; made += r == 0) {
        snprintf(name, sizeof(name), "f%d", made);
        r = shim_create(name, "abc", 3);
    }
    CHECK(r == -ENOSPC && held().inodes_free == 0);
    CHECK(fs_mkdir(shim_root(), "d") == -ENOSPC);
    for (; made-- > 0;) {
        snprintf(name, sizeof(name), "f%d", made);
        CHECK(fs_unlink(shim_root(), name) == 0);
    }
    return 0;
}

static int many_entries(void)
{
    char name[16];
    CHECK(fs_mkdir(shim_root(), "d") == 0);
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "d/%d", i);
        CHECK(shim_create("x", "", 0) == 0 || i > 0);
        CHECK(fs_link(shim_root(), "x", name) == 0);
    }
    CHECK(shim_size("d/2999") == 0 && shim_size("d/3000") == -ENOENT);
    for (int i = 0; i < 3000; i += 2) {
        snprintf(name, sizeof(name), "d/%d", i);
        CHECK(fs_unlink(shim_root(), name) == 0);
    }
    int64 size = shim_size("d");
    for (int i = 0; i < 3000; i += 2) {
        snprintf(name, sizeof(name), "d/%d", i);
        CHECK(fs_link(shim_root(), "x", name) == 0);
    }
    CHECK(shim_size("d") == size); /* free slots are used again */
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "d/%d", i);
        CHECK(fs_unlink(shim_root(), name) == 0);
    }
    CHECK(fs_unlink(shim_root(), "x") == 0 && fs_unlink(shim_root(), "d") == 0);
    return 0;
}

static int link_limit(void)
{
    struct inode *root = shim_root(), *ip;
    CHECK(shim_create("f", "", 0) == 0 && fs_mkdir(root, "d") == 0);
    CHECK(inode_lookup(root, "f", &ip) == 0);
    ip->d.nlink = FS_NLINK_MAX;
    CHECK(fs_link(root, "f", "g") == -EMLINK);
    ip->d.nlink = 1;
    inode_put(ip);
    CHECK(inode_lookup(root, "d", &ip) == 0);
    ip->d.nlink = FS_NLINK_MAX;
    CHECK(fs_mkdir(root, "d/e") == -EMLINK);
    ip->d.nlink = 2;
    inode_put(ip);
    return fs_unlink(root, "f") + fs_unlink(root, "d");
}

static int open_limits(void)
{
    static struct file *f[NFILE];
    CHECK(shim_create("f", "", 0) == 0);
    int n = 0;
    while (n < NFILE && shim_open("f", O_RDONLY, &f[n]) == 0)
        n++;
    CHECK(n == NFILE);
    struct file *one, *two;
    CHECK(shim_open("f", O_RDONLY, &one) == -ENFILE && pipe_open(&one, &two) == -ENFILE);
    CHECK(shim_open("new", O_CREATE | O_RDWR, &one) == -ENFILE && shim_size("new") == -ENOENT);
    while (n-- > 0)
        file_put(f[n]);
    return fs_unlink(shim_root(), "f");
}

static int inode_limit(void)
{
    static struct file *f[NFILE];
    char name[16];
    int n = 0, r = 0;
    CHECK(fs_mkdir(shim_root(), "d") == 0);
    for (; r == 0; n += r == 0) {
        snprintf(name, sizeof(name), "d/%d", n);
        r = shim_open(name, O_CREATE | O_RDWR, &f[n]);
    }
    CHECK(r == -ENFILE && n == NINODE - 2); /* the root and d are in use while f is created */
    file_put(f[--n]);
    CHECK(fs_unlink(shim_root(), "d/1021") == 0);
    while (n-- > 0) {
        snprintf(name, sizeof(name), "d/%d", n);
        file_put(f[n]);
        CHECK(fs_unlink(shim_root(), name) == 0);
    }
    return fs_unlink(shim_root(), "d");
}

/* A file of the greatest length, cut off at once and freed in many operations. */
static int largest_file(void)
{
    struct file *f;
    CHECK(shim_open("f", O_CREATE | O_RDWR, &f) == 0);
    uint64 done = 0;
    int64 n;
    while ((n = shim_write(f, bytes, 64 * BSIZE)) > 0)
        done += (uint64)n;
    CHECK(n == -EFBIG && done == (uint64)MAXFILE * BSIZE);
    CHECK(shim_size("f") == (int64)done);
    uint64 before = held().blocks_free;
    file_put(f);
    CHECK(shim_open("f", O_RDWR | O_TRUNC, &f) == 0);
    CHECK(held().blocks_free == before + MAXFILE + 1 + 1 + NINDIRECT);
    file_put(f);
    return fs_unlink(shim_root(), "f");
}

static int pipes(void)
{
    static uchar back[1 << 16];
    struct file *r, *w;
    CHECK(pipe_open(&r, &w) == 0);
    for (uint i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uchar)(i * 31 + i / 256);
    uint64 in = 0, out = 0, step = 1;
    for (int turn = 0; turn < 3000; turn++) {
        step = step * 7 % 9973 + 1;
        if (in - out + step <= 65536 && in + step < sizeof(bytes)) {
            CHECK(shim_write(w, bytes + in, step) == (int64)step);
            in += step;
        } else if (in > out) {
            int64 n = shim_read(r, back, step * 3);
            CHECK(n > 0 && memcmp(back, bytes + out, (uint64)n) == 0);
            out += (uint64)n;
        }
    }
    CHECK(shim_read(w, back, 1) == -EBADF && shim_write(r, back, 1) == -EBADF);
    while (in > out)
        out += (uint64)shim_read(r, back, 100);
    CHECK(shim_write(w, bytes, 65536) == 65536); /* full */
    shim_killed = true;
    CHECK(shim_write(w, bytes, 1) == -EINTR);
    CHECK(shim_read(r, back, 65536) == 65536 && memcmp(back, bytes, 65536) == 0);
    CHECK(shim_read(r, back, 1) == -EINTR);
    shim_killed = false;
    struct stat st;
    CHECK(file_stat(r, &st) == -EINVAL && file_sync(r) == -EINVAL);
    CHECK(shim_write(w, "end", 3) == 3);
    file_put(w);
    CHECK(shim_read(r, back, 10) == 3 && shim_read(r, back, 10) == 0);
    file_put(r);
    CHECK(pipe_open(&r, &w) == 0);
    file_put(r);
    CHECK(shim_write(w, "x", 1) == -EPIPE);
    file_put(w);
    return 0;
}

/* Pages of pipes are paid for like those of processes, and given back. */
static int pipe_pages(void)
{
    static uchar back[1 << 16];
    struct file *r, *w;
    uint64 before = shim_promised;
    CHECK(pipe_open(&r, &w) == 0 && shim_promised == before + 1);
    CHECK(shim_write(w, bytes, 65536) == 65536 && shim_promised == before + 16);
    CHECK(shim_read(r, back, 65536) == 65536 && shim_promised == before + 1);
    shim_promises = before + 3;
    CHECK(shim_write(w, bytes, 65536) == 3 * 4096 && shim_promised == before + 3);
    CHECK(shim_write(w, bytes, 1) == -ENOMEM);
    CHECK(shim_read(r, back, 65536) == 3 * 4096);
    file_put(r);
    file_put(w);
    CHECK(shim_promised == before);
    shim_promises = before;
    CHECK(pipe_open(&r, &w) == -ENOMEM && shim_promised == before);
    shim_promises = ~0UL;
    return 0;
}

/* Of a damaged disk: two names for one inode, one of which ends it while the other is opened. */
static int dying_inode(void)
{
    struct inode *ip, *again;
    CHECK(shim_create("y", bytes, 5000) == 0 && fs_link(shim_root(), "y", "x") == 0);
    CHECK(inode_lookup(shim_root(), "y", &ip) == 0);
    uint num = ip->num;
    ip->dying = true; /* as while inode_put() frees it */
    CHECK(inode_open(num, &again) == -EIO && inode_lookup(shim_root(), "x", &again) == -EIO);
    ip->dying = false;
    CHECK(inode_open(num, &again) == 0 && again == ip);
    inode_put(again);
    inode_put(ip);
    CHECK(fs_unlink(shim_root(), "y") == 0 && fs_unlink(shim_root(), "x") == 0);
    return 0;
}

/* inode_shrink() looks at inodes that nobody uses only, and at few pages at a time. */
static int shrinking(void)
{
    struct inode *ip, *again;
    CHECK(shim_create("f", bytes, 100 * 4096) == 0 && fs_sync() == 0);
    CHECK(inode_lookup(shim_root(), "f", &ip) == 0);
    uint64 before = held().frames_cache;
    inode_shrink(20);
    CHECK(held().frames_cache == before); /* it is in use */
    inode_put(ip);
    uint64 users = held().inodes;
    inode_shrink(1);
    CHECK(held().frames_cache < before && held().frames_cache > before - 100);
    CHECK(inode_lookup(shim_root(), "f", &again) == 0 && again == ip);
    inode_put(ip);
    inode_shrink(20);
    CHECK(held().frames_cache <= before - 100 && held().inodes == users);
    return fs_unlink(shim_root(), "f");
}

static int devices(void)
{
    struct file *f;
    struct stat st;
    CHECK(shim_open("/null", O_RDWR, &f) == 0);
    CHECK(shim_write(f, "abc", 3) == 3 && shim_read(f, &st, 3) == 0);
    CHECK(file_stat(f, &st) == 0 && st.type == T_DEVICE);
    CHECK(file_ioctl(f, 1, 0) == -ENOTTY && file_sync(f) == -EINVAL);
    file_put(f);
    return 0;
}

/* More inodes and pages than memory keeps: they come and go. */
static int small_memory(void)
{
    static uchar back[3000];
    char name[16];
    CHECK(fs_mkdir(shim_root(), "d") == 0);
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < 1500; i++) {
            snprintf(name, sizeof(name), "d/%d", i);
            memset(bytes, i, 3000);
            if (turn == 0) {
                CHECK(shim_create(name, bytes, 3000) == 0);
                continue;
            }
            struct file *f;
            CHECK(shim_open(name, O_RDONLY, &f) == 0);
            CHECK(shim_read(f, back, 3000) == 3000 && memcmp(back, bytes, 3000) == 0);
            file_put(f);
            CHECK(fs_unlink(shim_root(), name) == 0);
        }
    }
    return fs_unlink(shim_root(), "d");
}

#define TEST(name)                                                                                 \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        run(name);                                                                                 \
    }

TEST(names)
TEST(directories)
TEST(symlinks)
TEST(reading_and_writing)
TEST(evicted_pages)
TEST(unlinked_but_open)
TEST(many_entries)
TEST(link_limit)
TEST(open_limits)
TEST(pipes)
TEST(pipe_pages)
TEST(dying_inode)
TEST(shrinking)
TEST(devices)
TEST(short_life)
TEST(reading_ahead)
TEST(growing_in_turns)
TEST(cut_while_growing)

static void test_full_disk(void **state)
{
    (void)state;
    run_on(700, 60, 64, full_disk);
}

static void test_frozen_blocks(void **state)
{
    (void)state;
    run_on(700, 60, 64, frozen_blocks);
}

static void test_growing_together(void **state)
{
    (void)state;
    run_on(8000, 400, 64, growing_together);
}

static void test_full_with_rooms(void **state)
{
    (void)state;
    run_on(2000, 400, 64, full_with_rooms);
}

static void test_in_pieces(void **state)
{
    (void)state;
    run_on(1500, 400, 1200, in_pieces);
}

static void test_mounting(void **state)
{
    (void)state;
    shim_format(30000, 400, 16000); /* 1000 blocks */
    assert_int_equal(shim_boot(16, 60, mounting, NULL), 0);
}

static void test_no_inodes(void **state)
{
    (void)state;
    run_on(BLOCKS, 60, 32, no_inodes);
}

static void test_inode_limit(void **state)
{
    (void)state;
    run_on(BLOCKS, 400, NINODE + 100, inode_limit);
}

static void test_largest_file(void **state)
{
    (void)state;
    run_on(70000, 2048, 32, largest_file);
}

static void test_smallest_journal(void **state)
{
    (void)state;
    run_on(BLOCKS, 2 * (1 + MAXOPBLOCKS), 64, reading_and_writing);
}

static void test_small_memory(void **state)
{
    uint64 orphans;
    (void)state;
    shim_format(10000, 200, 2000);
    assert_int_equal(shim_boot(3, 60, boot, (void *)small_memory), 0);
    assert_int_equal(shim_check(&orphans), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_directories),
        cmocka_unit_test(test_symlinks),
        cmocka_unit_test(test_reading_and_writing),
        cmocka_unit_test(test_evicted_pages),
        cmocka_unit_test(test_unlinked_but_open),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_frozen_blocks),
        cmocka_unit_test(test_short_life),
        cmocka_unit_test(test_no_inodes),
        cmocka_unit_test(test_many_entries),
        cmocka_unit_test(test_link_limit),
        cmocka_unit_test(test_open_limits),
        cmocka_unit_test(test_inode_limit),
        cmocka_unit_test(test_largest_file),
        cmocka_unit_test(test_smallest_journal),
        cmocka_unit_test(test_small_memory),
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_pipe_pages),
        cmocka_unit_test(test_dying_inode),
        cmocka_unit_test(test_shrinking),
        cmocka_unit_test(test_reading_ahead),
        cmocka_unit_test(test_mounting),
        cmocka_unit_test(test_growing_together),
        cmocka_unit_test(test_growing_in_turns),
        cmocka_unit_test(test_cut_while_growing),
        cmocka_unit_test(test_full_with_rooms),
        cmocka_unit_test(test_in_pieces),
    };
    shim_init(70000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
