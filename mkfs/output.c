/*
 * A file that appears complete or not at all: it is written under another name in the same folder
 * and then renamed.  The other name has the process number in it, so two runs for the same target
 * cannot take each other's half for a whole.  `aside` is that name while there may be such a file;
 * the signal handler removes it.
 */
#define _GNU_SOURCE
#include "mkfs/output.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char aside[PATH_MAX];

static void on_signal(int number)
{
    unlink(aside);
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_signals(void)
{
    static const int deadly[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGXCPU};
    struct sigaction catch = {.sa_handler = on_signal};
    struct sigaction before;
    for (unsigned i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
        if (sigaction(deadly[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(deadly[i], &catch, NULL);
    }
    signal(SIGXFSZ, SIG_IGN); /* the write returns EFBIG instead */
}

static bool all_zero(const uchar *p, uint64 n)
{
    return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static bool write_at(int fd, const uchar *p, uint64 n, uint64 offset)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (uint64)done;
        offset += (uint64)done;
    }
    return true;
}

/* Writes the runs of units that are not zero, each run at once. */
static bool write_sparse(int fd, const uchar *bytes, uint64 used, uint64 unit)
{
    uint64 start = 0;
    for (uint64 at = 0; at <= used; at += unit) {
        if (at < used && !all_zero(bytes + at, unit))
            continue;
        if (!write_at(fd, bytes + start, at - start, start))
            return false;
        start = at + unit;
    }
    return true;
}

static bool replaceable(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 || S_ISREG(st.st_mode);
}

const char *output_replace(const char *path, const uchar *bytes, uint64 used, uint64 size,
                           uint64 unit)
{
    if (!replaceable(path))
        return "exists and is no regular file";
    int n = snprintf(aside, sizeof(aside), "%s.tmp.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof(aside))
        return strerror(ENAMETOOLONG);
    catch_signals();
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (fd < 0)
        return strerror(errno);
    bool good = ftruncate(fd, (off_t)size) == 0 && write_sparse(fd, bytes, used, unit);
    int error = errno;
    if (close(fd) < 0 && good) {
        good = false;
        error = errno;
    }
    if (good && rename(aside, path) == 0)
        return NULL;
    if (good)
        error = errno;
    unlink(aside);
    return strerror(error);
}
