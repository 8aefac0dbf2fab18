/* Pointers handed to the kernel: bad ones, read-only ones, and good ones to untouched memory. */
#include "user/testlib/tests.h"

/* Memory that was promised but never touched is as good as any other. */
void pointer_untouched(void)
{
    file_make("f", 2, 30000);
    MUST(symlink("target", "s"));
    int fd = MUST(open("f", O_RDONLY));
    char *p = heap_pages(40);
    SAME(read(fd, p + 100, 20000), 20000);
    CHECK(data_good(p + 100, 2, 0, 20000));
    SAME(p[99], 0);
    SAME(p[20100], 0);
    SAME(fstat(fd, (struct stat *)(p + 8 * PGSIZE - 8)), 0); /* over the edge of two pages */
    SAME(((struct stat *)(p + 8 * PGSIZE - 8))->size, 30000);
    int *ends = (int *)(p + 9 * PGSIZE - 4);
    SAME(pipe(ends), 0);
    SAME(write(ends[1], p + 10 * PGSIZE + 5, 3000), 3000); /* zeros */
    SAME(read(ends[0], p + 13 * PGSIZE - 7, 3000), 3000);
    for (int i = 0; i < 3000; i++)
        SAME(p[13 * PGSIZE - 7 + i], 0);
    SAME(readlink("s", p + 15 * PGSIZE - 3, 6), 6);
    SAME(memcmp(p + 15 * PGSIZE - 3, "target", 6), 0);
    SAME(sysinfo((struct sysinfo *)(p + 17 * PGSIZE - 8)), 0);
    SAME(kstat((struct kstat *)(p + 19 * PGSIZE - 8)), 0);
    CHECK(procinfo((struct procinfo *)(p + 21 * PGSIZE - 8), 3) > 0);
    REFUSED(open(p + 23 * PGSIZE, O_RDONLY), ENOENT); /* an empty path */
    if (child_fork() == 0)
        exit(0x1234567);
    MUST(wait((int *)(p + 25 * PGSIZE - 2)));
    SAME(memcmp(p + 25 * PGSIZE - 2, "\x67\x45\x23\x01", 4), 0);
    SAME(close(ends[0]) + close(ends[1]) + close(fd), 0);
}

/* The same in memory promised without a charge, and in a child that got it untouched. */
static void read_untouched(long p)
{
    int fd = MUST(open("f", O_RDONLY));
    SAME(read(fd, (char *)p, 20000), 20000);
    CHECK(data_good((char *)p, 3, 0, 20000));
    SAME(close(fd), 0);
}

void pointer_untouched_forked(void)
{
    file_make("f", 3, 20000);
    char *p = sbrklazy(1 << 20);
    PASSES(read_untouched, p);
    PASSES(read_untouched, p + 1000);
    for (int i = 0; i < 21000; i++)
        SAME(p[i], 0);
}

/* Strings that end with the memory that holds them. */
void pointer_path_at_end(void)
{
    char *end = heap_pages(2) + 2 * PGSIZE;
    file_make("name", 1, 10);
    strcpy(end - 5, "name");
    SAME(close(MUST(open(end - 5, O_RDONLY))), 0);
    memmove(end - 4, "name", 4); /* no NUL */
    REFUSED(open(end - 4, O_RDONLY), EFAULT);
    REFUSED(unlink(end - 4), EFAULT);
    REFUSED(mkdir(end - 1), EFAULT);
    REFUSED(chdir(end), EFAULT);
    strcpy(end - PGSIZE - 2, "name"); /* over the edge of two pages */
    SAME(close(MUST(open(end - PGSIZE - 2, O_RDONLY))), 0);
    SAME(unlink(end - PGSIZE - 2), 0);
}

/* A buffer whose tail is bad: -1 or what fits, and the file is what it says it is. */
void pitfall_20_partial_write(void)
{
    char *p = heap_pages(2), *end = p + 2 * PGSIZE;
    struct stat st;
    data_fill(p, 6, 0, 2 * PGSIZE);
    int fd = MUST(open("f", O_CREATE | O_RDWR));
    SAME(write(fd, end - 100, 100), 100);
    int n = write(fd, p, 5 * PGSIZE);
    if (n < 0)
        SAME(errcode(), EFAULT);
    SAME(fstat(fd, &st), 0);
    CHECK(st.size >= 100 && st.size <= 100 + 2 * PGSIZE);
    if (n >= 0)
        SAME(st.size, 100 + n);
    SAME(close(fd), 0);
    fd = MUST(open("f", O_RDONLY));
    SAME(read(fd, scratch, 100), 100);
    SAME(read(fd, scratch, SCRATCH), st.size - 100);
    CHECK(data_good(scratch, 6, 0, (int)st.size - 100));
    SAME(close(fd), 0);

    file_make("g", 7, 5 * PGSIZE);
    fd = MUST(open("g", O_RDONLY));
    n = read(fd, p + PGSIZE, 3 * PGSIZE);
    if (n >= 0) {
        SAME(n, PGSIZE);
        CHECK(data_good(p + PGSIZE, 7, 0, PGSIZE));
    } else {
        SAME(errcode(), EFAULT);
    }
    CHECK(data_good(p, 6, 0, PGSIZE));
    SAME(close(fd), 0);
}

void pitfall_20_partial_pipe(void)
{
    char *p = heap_pages(1);
    int ends[2];
    data_fill(p, 8, 0, PGSIZE);
    MUST(pipe(ends));
    int n = write(ends[1], p + PGSIZE - 50, 200);
    CHECK(n == -1 || n == 50);
    SAME(write(ends[1], "end", 3), 3);
    SAME(close(ends[1]), 0);
    int got = MUST(read(ends[0], scratch, SCRATCH)), more;
    while ((more = MUST(read(ends[0], scratch + got, SCRATCH - got))) > 0)
        got += more;
    CHECK(got == 3 || got == 53);
    CHECK(got == 3 || data_good(scratch, 8, PGSIZE - 50, 50));
    SAME(memcmp(scratch + got - 3, "end", 3), 0);
    SAME(close(ends[0]), 0);
}

void pointer_lengths(void)
{
    static const int negative[] = {-1, -2, -4096, (int)1u << 31};
    int ends[2];
    file_make("f", 1, 100);
    MUST(symlink("target", "s"));
    MUST(pipe(ends));
    int fd = MUST(open("f", O_RDWR));
    for (uint i = 0; i < sizeof negative / sizeof negative[0]; i++) {
        REFUSED(read(fd, scratch, negative[i]), EINVAL);
        REFUSED(write(fd, scratch, negative[i]), EINVAL);
        REFUSED(read(ends[0], scratch, negative[i]), EINVAL);
        REFUSED(write(ends[1], scratch, negative[i]), EINVAL);
        REFUSED(readlink("s", scratch, negative[i]), EINVAL);
        REFUSED(procinfo((struct procinfo *)scratch, negative[i]), EINVAL);
    }
    SAME(read(fd, scratch, 0), 0);
    SAME(write(fd, scratch, 0), 0);
    SAME(write(ends[1], scratch, 0), 0);
    SAME(procinfo((struct procinfo *)scratch, 0), 0);
    SAME(read(fd, scratch, 100), 100);
    SAME(close(fd), 0);
    file_check("f", 1, 100);
}

/* Leaves bytes on the kernel's stack that are easily recognised: path names. */
static void dirty_kernel_stack(void)
{
    char path[MAXPATH];
    memset(path, 0xa5, sizeof path);
    path[MAXPATH - 1] = 0;
    REFUSED(link(path, path), ENOENT);
    REFUSED(open(path, O_RDONLY), ENOENT);
    path[MAXPATH - 1] = (char)0xa5;
    open(path, O_RDONLY); /* refused; its errcode() would already clean up a little */
}

/* A struct that the kernel fills carries nothing but its fields. */
static void padding_of_stat(int fd)
{
    dirty_kernel_stack();
    union {
        struct stat st;
        uchar byte[sizeof(struct stat)];
    } u;
    memset(&u, 0xa5, sizeof u);
    SAME(fstat(fd, &u.st), 0);
    for (uint i = __builtin_offsetof(struct stat, nlink) + sizeof u.st.nlink;
         i < __builtin_offsetof(struct stat, size); i++)
        SAME(u.byte[i], 0);
    for (uint i = __builtin_offsetof(struct stat, size) + sizeof u.st.size; i < sizeof u; i++)
        SAME(u.byte[i], 0);
}

void pitfall_42_padding(void)
{
    static struct procinfo list[8];
    file_touch("f");
    MUST(mknod("n", DEV_NULL, 0));
    int fd = MUST(open("f", O_RDONLY)), dir = MUST(open(".", O_RDONLY));
    int null = MUST(open("n", O_RDONLY));
    for (int i = 0; i < 20; i++) {
        padding_of_stat(fd);
        padding_of_stat(dir);
        padding_of_stat(null);
    }
    memset(list, 0xa5, sizeof list);
    int n = MUST(procinfo(list, 7));
    for (int i = 0; i < n; i++)
        for (uint j = strlen(list[i].name); j < sizeof list[i].name; j++)
            SAME(list[i].name[j], 0);
    SAME((uchar)list[n].name[0], 0xa5); /* and nothing behind the last entry */
    SAME(list[n].pid, (int)0xa5a5a5a5);
}
