/*
 * System calls on files: they fetch arguments, pin or copy user memory, and call the file layer.
 *
 * User buffers are pinned before a file is touched, up to 16 pages at a time, so no page fault can
 * happen under a lock of the file system; a write of more than 64 KiB is several, and those of
 * others may come between.  Strings and results pass through copies.
 */
#include "kernel/errno.h"
#include "kernel/lib/string.h"
#include "kernel/param.h"
#include "kernel/proc/fd.h"
#include "kernel/trap/syscall.h"
#include "kernel/vm/usercopy.h"

static struct space *own_space(void)
{
    return proc_self()->space;
}

static struct inode *cwd(void)
{
    return proc_self()->cwd;
}

/* 0 or -EFAULT, -ENAMETOOLONG. */
static int get_path(uint64 uva, char path[MAXPATH])
{
    int n = copyinstr(own_space(), path, uva, MAXPATH);
    return n < 0 ? n : 0;
}

/* --- read and write --------------------------------------------------------------------------- */

/*
 * read(), which writes to memory, and write(): arg[2] bytes at arg[1].  Ends early, with what was
 * moved, where the file does; a bad address is an error even if bytes before it were moved.
 */
static int64 transfer(const uint64 arg[6], enum pin_access access)
{
    struct file *f = fd_get((int)arg[0]);
    int64 n = (int)arg[2], done = 0;
    if (!f || (n <= 0 && !file_allows(f, access == PIN_READ)))
        return -EBADF;
    if (n < 0)
        return -EINVAL;
    while (done < n) {
        if (proc_killed(proc_self()))
            return done > 0 ? done : -EINTR;
        struct pin pin;
        int64 pinned =
            user_pin(own_space(), arg[1] + (uint64)done, (uint64)(n - done), access, &pin);
        if (pinned < 0)
            return pinned;
        int64 moved = access == PIN_WRITE ? file_read(f, &pin.iov) : file_write(f, &pin.iov);
        user_unpin(&pin);
        if (moved < 0)
            return done > 0 ? done : moved;
        done += moved;
        if (moved < pinned)
            break;
        if (done < n && access == PIN_WRITE && file_is_pipe(f))
            break; /* a second look would wait for more */
    }
    return done;
}

int64 sys_read(const uint64 arg[6])
{
    return transfer(arg, PIN_WRITE);
}

int64 sys_write(const uint64 arg[6])
{
    return transfer(arg, PIN_READ);
}

/* --- descriptors ------------------------------------------------------------------------------ */

/* Enters f, whose reference is used up also on failure. */
static int64 new_fd(struct file *f)
{
    int fd = fd_alloc(f);
    if (fd < 0)
        file_put(f);
    return fd;
}

int64 sys_close(const uint64 arg[6])
{
    struct file *f = fd_take((int)arg[0]);
    if (!f)
        return -EBADF;
    file_put(f);
    return 0;
}

int64 sys_dup(const uint64 arg[6])
{
    struct file *f = fd_get((int)arg[0]);
    return f ? new_fd(file_get(f)) : -EBADF;
}

int64 sys_dup2(const uint64 arg[6])
{
    int fd = (int)arg[0], to = (int)arg[1];
    struct file *f = fd_get(fd);
    if (!f || to < 0 || to >= NOFILE)
        return -EBADF;
    if (fd == to)
        return to;
    struct file *old = fd_replace(proc_self(), to, file_get(f));
    if (old)
        file_put(old);
    return to;
}

int64 sys_pipe(const uint64 arg[6])
{
    struct file *reader, *writer;
    int r = pipe_open(&reader, &writer);
    if (r < 0)
        return r;
    int64 in = new_fd(reader);
    int64 out = new_fd(writer);
    int fds[2] = {(int)in, (int)out};
    r = in < 0 || out < 0 ? -EMFILE : copyout(own_space(), arg[0], fds, sizeof(fds));
    if (r == 0)
        return 0;
    if (in >= 0)
        file_put(fd_take(fds[0]));
    if (out >= 0)
        file_put(fd_take(fds[1]));
    return r;
}

/* --- open files ------------------------------------------------------------------------------- */

int64 sys_open(const uint64 arg[6])
{
    char path[MAXPATH];
    struct file *f;
    int r = get_path(arg[0], path);
    if (r == 0 && !fd_room())
        r = -EMFILE; /* before a file is created or cut off */
    if (r == 0)
        r = fs_open(cwd(), path, (int)arg[1], &f);
    return r < 0 ? r : new_fd(f);
}

int64 sys_fstat(const uint64 arg[6])
{
    struct file *f = fd_get((int)arg[0]);
    if (!f)
        return -EBADF;
    struct stat st;
    int r = file_stat(f, &st);
    return r < 0 ? r : copyout(own_space(), arg[1], &st, sizeof(st));
}

int64 sys_fsync(const uint64 arg[6])
{
    struct file *f = fd_get((int)arg[0]);
    return f ? file_sync(f) : -EBADF;
}

int64 sys_sync(const uint64 arg[6])
{
    (void)arg;
    return fs_sync();
}

int64 sys_ioctl(const uint64 arg[6])
{
    struct file *f = fd_get((int)arg[0]);
    return f ? file_ioctl(f, (int)arg[1], arg[2]) : -EBADF;
}

/* --- names ------------------------------------------------------------------------------------ */

int64 sys_link(const uint64 arg[6])
{
    char old[MAXPATH], path[MAXPATH];
    int r = get_path(arg[0], old);
    if (r == 0)
        r = get_path(arg[1], path);
    return r < 0 ? r : fs_link(cwd(), old, path);
}

int64 sys_symlink(const uint64 arg[6])
{
    char target[MAXPATH], path[MAXPATH];
    int r = get_path(arg[0], target);
    if (r == 0)
        r = get_path(arg[1], path);
    return r < 0 ? r : fs_symlink(cwd(), target, path);
}

int64 sys_readlink(const uint64 arg[6])
{
    char path[MAXPATH], target[MAXPATH];
    int max = (int)arg[2];
    int n = get_path(arg[0], path);
    if (n < 0 || max <= 0)
        return n < 0 ? n : -EINVAL;
    n = fs_readlink(cwd(), path, target, max < MAXPATH ? (uint)max : MAXPATH);
    if (n < 0)
        return n;
    int r = copyout(own_space(), arg[1], target, (uint64)n);
    return r < 0 ? r : n;
}

int64 sys_unlink(const uint64 arg[6])
{
    char path[MAXPATH];
    int r = get_path(arg[0], path);
    return r < 0 ? r : fs_unlink(cwd(), path);
}

int64 sys_mkdir(const uint64 arg[6])
{
    char path[MAXPATH];
    int r = get_path(arg[0], path);
    return r < 0 ? r : fs_mkdir(cwd(), path);
}

int64 sys_mknod(const uint64 arg[6])
{
    char path[MAXPATH];
    int r = get_path(arg[0], path);
    return r < 0 ? r : fs_mknod(cwd(), path, (ushort)arg[1], (ushort)arg[2]);
}

int64 sys_chdir(const uint64 arg[6])
{
    char path[MAXPATH];
    struct proc *p = proc_self();
    struct inode *dir;
    int r = get_path(arg[0], path);
    if (r == 0)
        r = fs_opendir(p->cwd, path, &dir);
    if (r < 0)
        return r;
    struct inode *old = p->cwd;
    p->cwd = dir;
    inode_put(old);
    return 0;
}
