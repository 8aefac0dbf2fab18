/* A random load of operations on files; see fs_load.h. */
#include <stdio.h>
#include <string.h>

#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/fs/file.h"
#include "tests/host/fs_load.h"
#include "tests/host/seed.h"

#define KEPT 3

static const char *const dirs[] = {"", "a/", "b/", "a/c/"};
static const char *const names[] = {"f", "g", "hh", "a_long_name_14", "s", "big"};
static struct file *kept[KEPT]; /* open files, unlinked perhaps */
static uchar bytes[7 * BSIZE];

void (*load_wrote)(uint inum, uint64 size, uint64 off, const void *bytes, uint64 n);

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* In one of two buffers, in turn. */
static const char *some_path(void)
{
    static char path[2][64];
    static uint turn;
    turn ^= 1;
    snprintf(path[turn], sizeof(path[turn]), "/%s%s", dirs[random_below(COUNT(dirs))],
             names[random_below(COUNT(names))]);
    return path[turn];
}

static const char *some_dir(void)
{
    static char path[16];
    strcpy(path, dirs[1 + random_below(COUNT(dirs) - 1)]);
    path[strlen(path) - 1] = 0;
    return path;
}

/* At most 7 blocks, so that it is one operation wherever it starts. */
static int write_random(struct file *f, uint64 n)
{
    for (uint64 i = 0; i < n; i += 8) {
        uint64 word = random_next(&random_state);
        memcpy(bytes + i, &word, n - i < 8 ? n - i : 8);
    }
    uint64 size = inode_size(f->ip);
    int64 r = shim_write(f, bytes, n);
    if (r > 0 && load_wrote)
        load_wrote(f->ip->num, size, f->offset - (uint64)r, bytes, (uint64)r);
    return r < 0 ? (int)r : 0;
}

static int write_some(struct file *f)
{
    return write_random(f, 1 + random_below(random_below(2) ? sizeof(bytes) : 600));
}

static int open_some(int flags)
{
    uint i = (uint)random_below(KEPT);
    if (kept[i]) {
        file_put(kept[i]);
        kept[i] = NULL;
        return 0;
    }
    int r = shim_open(some_path(), flags, &kept[i]);
    if (r < 0)
        kept[i] = NULL;
    return r;
}

static int append_some(void)
{
    struct file *f;
    int r = shim_open(random_below(4) ? "/big" : some_path(), O_WRONLY | O_APPEND, &f);
    if (r < 0)
        return r;
    r = write_some(f);
    file_put(f);
    return r;
}

static int write_kept(void)
{
    struct file *f = kept[random_below(KEPT)];
    return f && file_allows(f, true) ? write_some(f) : 0;
}

void load_start(unsigned long seed)
{
    random_state = seed;
}

int load_step(void)
{
    struct inode *root = shim_root();
    switch (random_below(16)) {
    case 0:
    case 1: return open_some(O_RDWR | O_CREATE);
    case 2: return open_some(O_RDWR | O_TRUNC);
    case 3: return open_some(O_RDWR);
    case 4:
    case 5:
    case 6: return write_kept();
    case 7:
    case 8:
    case 9: return append_some();
    case 10: return fs_mkdir(root, some_dir());
    case 11: return fs_unlink(root, some_dir());
    case 12:
    case 13: return fs_unlink(root, some_path());
    case 14: return fs_link(root, some_path(), some_path());
    default: return fs_symlink(root, some_path(), some_path());
    }
}

int load_dirs(void)
{
    static uint turn;
    char name[16];
    snprintf(name, sizeof(name), "/m%u", turn % LOAD_DIRS);
    bool make = turn++ / LOAD_DIRS % 2 == 0;
    return make ? fs_mkdir(shim_root(), name) : fs_unlink(shim_root(), name);
}

void load_close(void)
{
    for (uint i = 0; i < KEPT; i++) {
        if (kept[i])
            file_put(kept[i]);
        kept[i] = NULL;
    }
}

void load_clean(void)
{
    char path[64];
    load_close();
    for (uint d = COUNT(dirs); d-- > 0;) {
        for (uint n = 0; n < COUNT(names); n++) {
            snprintf(path, sizeof(path), "/%s%s", dirs[d], names[n]);
            fs_unlink(shim_root(), path);
        }
        if (d > 0) {
            snprintf(path, sizeof(path), "/%.*s", (int)strlen(dirs[d]) - 1, dirs[d]);
            fs_unlink(shim_root(), path);
        }
    }
}
