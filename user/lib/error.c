/* What went wrong, in words. */
#include "user/extra.h"
#include "kernel/errno.h"

static const char *const reasons[] = {
    [0] = "no error",
    [EPERM] = "not allowed",
    [ENOENT] = "no such file or directory",
    [ESRCH] = "no such process",
    [EINTR] = "interrupted",
    [EIO] = "device error",
    [E2BIG] = "argument list too long",
    [ENOEXEC] = "not an executable program",
    [EBADF] = "bad file descriptor",
    [ECHILD] = "no children",
    [EAGAIN] = "no more processes",
    [ENOMEM] = "out of memory",
    [EACCES] = "permission denied",
    [EFAULT] = "bad address",
    [EBUSY] = "in use",
    [EEXIST] = "exists already",
    [EXDEV] = "on another device",
    [ENODEV] = "no such device",
    [ENOTDIR] = "not a directory",
    [EISDIR] = "is a directory",
    [EINVAL] = "invalid argument",
    [ENFILE] = "too many open files in the system",
    [EMFILE] = "too many open files",
    [ENOTTY] = "not a console",
    [ETXTBSY] = "program is running, or file open for writing",
    [EFBIG] = "file too large",
    [ENOSPC] = "no space left on the disk",
    [EROFS] = "file system is read-only",
    [EMLINK] = "too many links",
    [EPIPE] = "nobody reads the pipe",
    [ERANGE] = "beyond the end",
    [ENAMETOOLONG] = "path too long",
    [ENOSYS] = "no such system call",
    [ENOTEMPTY] = "directory not empty",
    [ELOOP] = "too many symbolic links",
};

const char *strerror(int code)
{
    if (code < 0 || code >= (int)(sizeof(reasons) / sizeof(reasons[0])) || !reasons[code])
        return "unknown error";
    return reasons[code];
}

void perror(const char *prefix)
{
    fprintf(2, "%s: %s\n", prefix, strerror(errcode()));
}
