/*
 * Open files: one interface to files, devices and pipes.
 *
 * Locks: none for the fields, which are constant but for the reference count.  The offset is
 * guarded by the inode's mutex, so that processes that share it read and write one after another;
 * a write goes to the journal in many operations, and the inode's write_lock keeps it together.  A
 * system call makes one write of each 64 KiB (sysfile.c), and longer ones may mix.
 */
#include "kernel/fs/file.h"
#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/fs/alloc.h"
#include "kernel/fs/evict.h"
#include "kernel/fs/journal.h"
#include "kernel/fs/names.h"
#include "kernel/fs/path.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/param.h"

static struct slab_cache file_slab;
static uint nfiles; /* atomic */

void file_init(void)
{
    slab_init(&file_slab, "file", sizeof(struct file));
}

uint file_count(void)
{
    return load_relaxed(&nfiles);
}

struct file *file_new(void)
{
    struct file *f = atomic_add(&nfiles, 1) <= NFILE ? slab_alloc(&file_slab) : NULL;
    if (!f) {
        atomic_sub(&nfiles, 1);
        return NULL;
    }
    *f = (struct file){.refs = 1};
    return f;
}

void file_free(struct file *f)
{
    slab_free(&file_slab, f);
    atomic_sub(&nfiles, 1);
}

struct file *file_get(struct file *f)
{
    atomic_add(&f->refs, 1);
    return f;
}

void file_put(struct file *f)
{
    if (atomic_sub(&f->refs, 1) > 0)
        return;
    if (f->pipe)
        pipe_close(f->pipe, f->writable);
    if (f->state)
        f->dev->close(f->state);
    if (f->writer)
        inode_put_writer(f->ip);
    if (f->ip)
        inode_put(f->ip);
    file_free(f);
}

bool file_allows(const struct file *f, bool writing)
{
    return writing ? f->writable : f->readable;
}

bool file_is_pipe(const struct file *f)
{
    return f->pipe != NULL;
}

/* --- open ------------------------------------------------------------------------------------- */

/* Between look-up and creation others may create and remove the name. */
#define OPEN_TURNS 8

static int find_or_create(struct inode *cwd, const char *path, int flags, struct inode **out)
{
    int r = -ENOENT;
    for (int turn = 0; turn < OPEN_TURNS; turn++) {
        r = path_lookup(cwd, path, !(flags & O_NOFOLLOW), out);
        if (r != -ENOENT || !(flags & O_CREATE))
            return r;
        r = names_create_file(cwd, path, out);
        if (r != -EEXIST)
            return r;
    }
    return r; /* a symbolic link that leads nowhere */
}

static int open_device(struct file *f)
{
    const struct device *dev = device_get(f->ip->d.major);
    if (!dev)
        return -ENODEV;
    f->state = dev->open ? dev->open() : NULL;
    if (dev->open && !f->state)
        return -ENOMEM;
    f->dev = dev;
    return 0;
}

/* To truncate is to write, even if the file is then open for reading only. */
static int open_file(struct file *f, int flags)
{
    if (!f->writable && !(flags & O_TRUNC))
        return 0;
    int r = inode_get_writer(f->ip);
    if (r < 0)
        return r;
    f->writer = f->writable;
    if (flags & O_TRUNC)
        r = names_truncate(f->ip);
    if (!f->writer)
        inode_put_writer(f->ip);
    return r;
}

/* Whether the flags suit the kind of file. */
static int check_open(struct file *f, int flags)
{
    switch (f->ip->d.type) {
    case T_DIR: return flags & ~O_NOFOLLOW ? -EISDIR : 0;
    case T_SYMLINK: return f->writable ? -ELOOP : 0;
    case T_DEVICE: return open_device(f);
    default: return open_file(f, flags);
    }
}

int fs_open(struct inode *cwd, const char *path, int flags, struct file **out)
{
    int access = flags & (O_WRONLY | O_RDWR);
    if (access == (O_WRONLY | O_RDWR))
        return -EINVAL;
    struct file *f = file_new();
    if (!f)
        return -ENFILE;
    int r = find_or_create(cwd, path, flags, &f->ip);
    if (r < 0) {
        file_free(f);
        return r;
    }
    f->readable = access != O_WRONLY;
    f->writable = access != O_RDONLY;
    f->append = flags & O_APPEND;
    r = check_open(f, flags);
    if (r < 0)
        file_put(f);
    else
        *out = f;
    return r;
}

/* --- read and write --------------------------------------------------------------------------- */

/* Inodes and devices stand apart, so that pipes need not save the registers used there. */
static int64 __attribute__((noinline)) read_inode(struct file *f, struct iov *dst)
{
    int64 n;
    do {
        mutex_lock(&f->ip->lock);
        n = data_read(f->ip, dst, 0, f->offset, dst->total);
        if (n > 0)
            f->offset += (uint64)n;
        mutex_unlock(&f->ip->lock);
    } while (n == -ENOMEM && evict_pages(EVICT_SOME) > 0);
    return n;
}

static int64 __attribute__((noinline)) read_device(struct file *f, struct iov *dst)
{
    if (!f->state)
        return f->dev->read(dst, NULL);
    mutex_lock(&f->ip->lock);
    int64 n = f->dev->read(dst, f->state);
    mutex_unlock(&f->ip->lock);
    return n;
}

int64 file_read(struct file *f, struct iov *dst)
{
    if (!f->readable)
        return -EBADF;
    if (f->pipe)
        return pipe_read(f->pipe, dst);
    return f->dev ? read_device(f, dst) : read_inode(f, dst);
}

/* The part of a write that lies in what the file has: no operation of the journal. */
static int64 overwrite(struct file *f, struct iov *src, uint64 done)
{
    struct inode *ip = f->ip;
    int64 n = 0;
    mutex_lock(&ip->lock);
    if (!f->append && f->offset < ip->d.size) {
        uint64 left = src->total - done, there = ip->d.size - f->offset;
        n = journal_failed() ? -EROFS
                             : data_write(ip, src, done, f->offset, left < there ? left : there);
        if (n > 0)
            f->offset += (uint64)n;
    }
    mutex_unlock(&ip->lock);
    return n;
}

/* One operation's share of what makes the file longer. */
static int64 append(struct file *f, struct iov *src, uint64 done)
{
    struct inode *ip = f->ip;
    int64 n = journal_begin();
    if (n < 0)
        return n;
    mutex_lock(&ip->lock);
    uint64 off = f->append ? ip->d.size : f->offset;
    if (off > ip->d.size)
        n = -EINVAL; /* it was truncated: there are no holes */
    else
        n = data_write(ip, src, done, off, src->total - done);
    if (n > 0)
        f->offset = off + (uint64)n;
    mutex_unlock(&ip->lock);
    journal_end();
    return n;
}

static int64 write_part(struct file *f, struct iov *src, uint64 done)
{
    int64 n = overwrite(f, src, done);
    return n == 0 ? append(f, src, done) : n;
}

/* Whether an error may pass by: there are blocks that were freed, or pages that can be evicted. */
static bool relieve(int64 n)
{
    if (n == -ENOSPC)
        return alloc_thaw();
    return n == -ENOMEM && evict_pages(EVICT_SOME) > 0;
}

static int64 __attribute__((noinline)) write_inode(struct file *f, struct iov *src)
{
    int64 n = 0;
    uint64 done = 0;
    bool tried = false;
    cache_throttle();
    mutex_lock(&f->ip->write_lock);
    while (done < src->total) {
        n = write_part(f, src, done);
        if (n < 0 && !tried && relieve(n)) {
            tried = true;
            continue;
        }
        if (n <= 0)
            break;
        done += (uint64)n;
        tried = false;
    }
    mutex_unlock(&f->ip->write_lock);
    return done > 0 ? (int64)done : n;
}

int64 file_write(struct file *f, struct iov *src)
{
    if (!f->writable)
        return -EBADF;
    if (f->pipe)
        return pipe_write(f->pipe, src);
    return f->dev ? f->dev->write(src) : write_inode(f, src);
}

/* --- the rest --------------------------------------------------------------------------------- */

int file_stat(struct file *f, struct stat *st)
{
    memset(st, 0, sizeof(*st)); /* its padding too */
    if (!f->ip)
        return -EINVAL;
    const struct dinode *d = &f->ip->d;
    st->dev = ROOTDEV;
    st->ino = f->ip->num;
    st->type = (short)d->type;
    st->nlink = (short)d->nlink;
    st->size = d->size;
    return 0;
}

int file_sync(struct file *f)
{
    return f->ip && !f->dev ? journal_sync() : -EINVAL;
}

int64 file_ioctl(struct file *f, int request, uint64 arg)
{
    return f->dev && f->dev->ioctl ? f->dev->ioctl(request, arg) : -ENOTTY;
}

int inode_type(struct inode *ip)
{
    return ip->d.type;
}

uint64 inode_size(struct inode *ip)
{
    return load_relaxed(&ip->d.size);
}
