/* Calls of the file layer for tests, and a digest of the tree; see fs_shim.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/param.h"
#include "tests/host/fs_shim.h"

struct inode *shim_root(void)
{
    static struct inode *root;
    if (!root)
        root = inode_root();
    return root;
}

int shim_open(const char *path, int flags, struct file **f)
{
    return fs_open(shim_root(), path, flags, f);
}

int64 shim_write(struct file *f, const void *bytes, uint64 n)
{
    struct iov v;
    iov_one(&v, (void *)bytes, n);
    return file_write(f, &v);
}

int64 shim_read(struct file *f, void *bytes, uint64 n)
{
    struct iov v;
    iov_one(&v, bytes, n);
    return file_read(f, &v);
}

int shim_create(const char *path, const void *bytes, uint64 n)
{
    struct file *f;
    int r = shim_open(path, O_CREATE | O_WRONLY | O_TRUNC, &f);
    if (r < 0)
        return r;
    int64 done = n > 0 ? shim_write(f, bytes, n) : 0;
    file_put(f);
    return done < 0 ? (int)done : done == (int64)n ? 0 : -ENOSPC;
}

int64 shim_size(const char *path)
{
    struct inode *ip;
    int r = inode_lookup(shim_root(), path, &ip);
    if (r < 0)
        return r;
    int64 size = (int64)inode_size(ip);
    inode_put(ip);
    return size;
}

/* --- the tree --------------------------------------------------------------------------------- */

/* Gets what files hold, which then is no part of the digest. */
static file_fn *on_file;

static uint64 mix(uint64 sum, const void *bytes, uint64 n)
{
    const uchar *p = bytes;
    for (uint64 i = 0; i < n; i++)
        sum = (sum ^ p[i]) * 0x100000001b3UL;
    return sum;
}

static uint64 tree(struct file *f, uint64 sum, const char *path, bool *bad);

static int by_name(const void *a, const void *b)
{
    const struct dirent *x = a, *y = b;
    return strncmp(x->name, y->name, DIRSIZ);
}

static uint64 member(const struct dirent *e, uint64 sum, const char *path, bool *bad)
{
    char name[256];
    struct file *f;
    snprintf(name, sizeof(name), "%s/%.*s", path, DIRSIZ, e->name);
    if (strlen(name) >= MAXPATH || shim_open(name, O_RDONLY | O_NOFOLLOW, &f) < 0) {
        *bad = true;
        return sum;
    }
    sum = mix(sum, e->name, DIRSIZ);
    sum = tree(f, sum, name, bad);
    file_put(f);
    return sum;
}

static uint64 tree(struct file *f, uint64 sum, const char *path, bool *bad)
{
    struct stat st;
    file_stat(f, &st);
    sum = mix(sum, &st.type, sizeof(st.type));
    sum = mix(sum, &st.nlink, sizeof(st.nlink));
    sum = mix(sum, &st.size, st.type == T_DIR ? 0 : sizeof(st.size));
    if (st.type == T_DEVICE)
        return sum;
    uchar *bytes = malloc(st.size + 1);
    if (st.size > 0 && shim_read(f, bytes, st.size) != (int64)st.size)
        *bad = true;
    else if (st.type == T_FILE && on_file)
        sum = mix(sum, &st.ino, sizeof(st.ino)), on_file(&st, bytes);
    else if (st.type != T_DIR)
        sum = mix(sum, bytes, st.size);
    uint n = st.type == T_DIR && !*bad ? (uint)(st.size / sizeof(struct dirent)) : 0;
    struct dirent *e = (struct dirent *)bytes;
    if (n > 2)
        qsort(e + 2, n - 2, sizeof(*e), by_name);
    for (uint i = 2; i < n; i++)
        if (e[i].inum)
            sum = member(&e[i], sum, path, bad);
    free(bytes);
    return sum;
}

uint64 shim_tree(void)
{
    struct file *f;
    bool bad = false;
    if (shim_open("/", O_RDONLY, &f) < 0)
        return 0;
    uint64 sum = tree(f, 0xcbf29ce484222325UL, "", &bad);
    file_put(f);
    return bad ? 0 : sum;
}

uint64 shim_shape(file_fn *fn)
{
    on_file = fn;
    uint64 sum = shim_tree();
    on_file = NULL;
    return sum;
}
