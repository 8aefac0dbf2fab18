/* dup, dup2, close and device files. */
#include "user/testlib/tests.h"

void dup_lowest(void)
{
    file_make("f", 1, 300);
    int fd = MUST(open("f", O_RDONLY));
    SAME(fd, 3);
    SAME(dup(fd), 4);
    SAME(dup(0), 5);
    SAME(close(4), 0);
    SAME(dup(fd), 4);
    SAME(read(3, scratch, 100), 100);
    SAME(read(4, scratch, 100), 100); /* one offset */
    CHECK(data_good(scratch, 1, 100, 100));
    SAME(close(3), 0);
    SAME(read(4, scratch, 200), 100);
    CHECK(data_good(scratch, 1, 200, 100));
    SAME(open("f", O_RDONLY), 3);
    SAME(close(3) + close(4) + close(5), 0);
}

static const int bad_fds[] = {-1, -2, 3, 40, NOFILE, NOFILE + 1, 1000, 0x7fffffff, (int)1u << 31};

void fd_bad(void)
{
    struct stat st;
    for (uint i = 0; i < sizeof bad_fds / sizeof bad_fds[0]; i++) {
        int fd = bad_fds[i];
        REFUSED(close(fd), EBADF);
        REFUSED(dup(fd), EBADF);
        REFUSED(dup2(fd, 5), EBADF);
        REFUSED(read(fd, scratch, 1), EBADF);
        REFUSED(write(fd, scratch, 1), EBADF);
        REFUSED(fstat(fd, &st), EBADF);
        REFUSED(fsync(fd), EBADF);
        REFUSED(ioctl(fd, TTY_GETFG, 0), EBADF);
    }
    REFUSED(close(5), EBADF);
    int fd = MUST(dup(1));
    SAME(close(fd), 0);
    REFUSED(close(fd), EBADF);
}

void dup2_places(void)
{
    int ends[2];
    MUST(pipe(ends));
    SAME(dup2(ends[1], 20), 20);
    SAME(write(20, "abc", 3), 3);
    SAME(dup2(ends[1], ends[1]), ends[1]); /* nothing happens, and it stays open */
    SAME(write(ends[1], "d", 1), 1);
    SAME(dup2(ends[0], 20), 20); /* closes what was there */
    SAME(read(20, scratch, 10), 4);
    REFUSED(dup2(ends[0], -1), EBADF);
    REFUSED(dup2(ends[0], NOFILE), EBADF);
    REFUSED(dup2(ends[0], 0x7fffffff), EBADF);
    REFUSED(dup2(30, 20), EBADF); /* and 20 is still open */
    SAME(close(ends[1]), 0);
    SAME(read(20, scratch, 10), 0);
    SAME(close(20) + close(ends[0]), 0);
}

/* The descriptor that dup2() replaces may be the last one of its pipe. */
void dup2_closes(void)
{
    int a[2], b[2];
    MUST(pipe(a));
    MUST(pipe(b));
    SAME(dup2(b[1], a[1]), a[1]);
    SAME(read(a[0], scratch, 1), 0);
    SAME(write(a[1], "x", 1), 1);
    SAME(read(b[0], scratch, 1), 1);
    SAME(close(a[0]) + close(a[1]) + close(b[0]) + close(b[1]), 0);
}

void device_null(void)
{
    struct stat st;
    MUST(mknod("n", DEV_NULL, 0));
    int fd = MUST(open("n", O_RDWR));
    SAME(fstat(fd, &st), 0);
    SAME(st.type, T_DEVICE);
    SAME(read(fd, scratch, 100), 0);
    SAME(write(fd, scratch, 5000), 5000);
    SAME(read(fd, scratch, 100), 0);
    SAME(close(fd), 0);
    fd = MUST(open("n", O_WRONLY | O_TRUNC));
    SAME(write(fd, "x", 1), 1);
    SAME(close(fd), 0);
}

void device_zero(void)
{
    MUST(mknod("z", DEV_ZERO, 0));
    int fd = MUST(open("z", O_RDWR));
    memset(scratch, 1, SCRATCH);
    SAME(read(fd, scratch, 5000), 5000);
    for (int i = 0; i < 5000; i++)
        SAME(scratch[i], 0);
    SAME(scratch[5000], 1);
    SAME(write(fd, scratch, 100), 100);
    char *p = heap_pages(100); /* more than a call can do at once in the kernel */
    memset(p, 2, 100 * PGSIZE);
    int at = 0;
    while (at < 100 * PGSIZE)
        at += MUST(read(fd, p + at, (int)(100 * PGSIZE - at)));
    for (int i = 0; i < 100 * PGSIZE; i += 64)
        SAME(p[i], 0);
    SAME(close(fd), 0);
}

/* Random bytes: half of the bits are set, and no two reads agree. */
void device_random(void)
{
    static uchar first[2048], second[2048];
    int bits = 0, equal = 0;
    MUST(mknod("r", DEV_RANDOM, 0));
    int fd = MUST(open("r", O_RDONLY));
    SAME(read(fd, first, sizeof first), sizeof first);
    SAME(read(fd, second, sizeof second), sizeof second);
    for (uint i = 0; i < sizeof first; i++) {
        for (uint byte = first[i]; byte; byte >>= 1)
            bits += byte & 1;
        equal += first[i] == second[i];
    }
    CHECK(bits > 8192 - 400 && bits < 8192 + 400); /* six standard deviations */
    CHECK(equal < 40);                             /* 8 expected */
    SAME(close(fd), 0);
}

void device_refused(void)
{
    static const short majors[] = {0, NDEV - 2, NDEV - 1, NDEV, NDEV + 1, 1000, -1, 0x7fff};
    file_touch("f");
    REFUSED(mknod("f", DEV_NULL, 0), EEXIST);
    REFUSED(mknod("nosuch/n", DEV_NULL, 0), ENOENT);
    REFUSED(mknod("f/n", DEV_NULL, 0), ENOTDIR);
    for (uint i = 0; i < sizeof majors / sizeof majors[0]; i++) {
        if (mknod("d", majors[i], 0) == 0) {
            REFUSED(open("d", O_RDWR), ENODEV);
            REFUSED(open("d", O_RDONLY), ENODEV);
            SAME(unlink("d"), 0);
        }
    }
    MUST(mknod("n", DEV_NULL, 0));
    REFUSED(mkdir("n/d"), ENOTDIR);
    REFUSED(chdir("n"), ENOTDIR);
    MUST(link("n", "m")); /* a node is a file like others, as far as names go */
    SAME(unlink("n"), 0);
    int fd = MUST(open("m", O_RDONLY));
    SAME(read(fd, scratch, 1), 0);
    SAME(close(fd), 0);
}

void device_ioctl(void)
{
    int ends[2];
    MUST(mknod("n", DEV_NULL, 0));
    MUST(mknod("c", DEV_CONSOLE, 0));
    file_touch("f");
    MUST(pipe(ends));
    int null = MUST(open("n", O_RDWR)), file = MUST(open("f", O_RDWR));
    int console = MUST(open("c", O_RDWR));
    REFUSED(ioctl(null, TTY_GETFG, 0), ENOTTY);
    REFUSED(ioctl(file, TTY_GETFG, 0), ENOTTY);
    REFUSED(ioctl(ends[0], TTY_GETFG, 0), ENOTTY);
    static const int unknown[] = {0, 6, -1, 0x7fffffff};
    for (uint i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        REFUSED_ANY(ioctl(console, unknown[i], 0));
    int group = MUST(ioctl(console, TTY_GETFG, 0));
    SAME(ioctl(console, TTY_SETFG, group), 0);
    SAME(ioctl(console, TTY_GETFG, 0), group);
    MUST(ioctl(console, TTY_BREAKS, 0));
    SAME(close(null) + close(file) + close(console) + close(ends[0]) + close(ends[1]), 0);
}
