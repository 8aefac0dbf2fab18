/* One file at a time: opening, reading, writing, growing, truncating, removing. */
#include "user/testlib/tests.h"

void file_open_modes(void)
{
    REFUSED(open("f", O_RDONLY), ENOENT);
    REFUSED(open("f", O_RDWR | O_TRUNC), ENOENT);
    file_make("f", 1, 100);
    int fd = MUST(open("f", O_WRONLY));
    REFUSED(read(fd, scratch, 1), EBADF);
    SAME(write(fd, "x", 1), 1);
    SAME(close(fd), 0);
    fd = MUST(open("f", O_RDONLY));
    REFUSED(write(fd, "y", 1), EBADF);
    SAME(read(fd, scratch, 2), 2);
    SAME(scratch[0], 'x');
    SAME(scratch[1], data_byte(1, 1));
    SAME(close(fd), 0);
    fd = MUST(open("f", O_CREATE | O_RDWR)); /* exists: opened as it is */
    SAME(read(fd, scratch, 200), 100);
    SAME(close(fd), 0);
}

void file_sizes(void)
{
    static const int sizes[] = {1, 7, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 4097, 8000};
    enum { KINDS = sizeof sizes / sizeof sizes[0] };
    int total = 0, at = 0, got;
    int fd = MUST(open("f", O_CREATE | O_WRONLY));
    for (int i = 0; i < 3 * KINDS; i++) {
        int n = sizes[i * 5 % KINDS];
        data_fill(scratch, 2, total, n);
        SAME(write(fd, scratch, n), n);
        total += n;
    }
    SAME(close(fd), 0);
    for (int first = 0; first < KINDS; first++) {
        fd = MUST(open("f", O_RDONLY));
        for (at = 0; (got = MUST(read(fd, scratch, sizes[(first + at) % KINDS]))) > 0; at += got)
            CHECK(data_good(scratch, 2, at, got));
        SAME(at, total);
        SAME(close(fd), 0);
    }
}

void file_end(void)
{
    file_make("f", 3, 1500);
    int fd = MUST(open("f", O_RDONLY));
    SAME(read(fd, scratch, 1000), 1000);
    SAME(read(fd, scratch, 1000), 500);
    SAME(read(fd, scratch, 1000), 0);
    SAME(read(fd, scratch, 0), 0);
    SAME(close(fd), 0);
}

/* One write of more than a transaction, and more pages than the kernel pins at once. */
void file_big_write(void)
{
    int n = 1000000, got, at = 0;
    char *p = sbrk(n);
    MUST(p);
    data_fill(p, 4, 0, n);
    int fd = MUST(open("f", O_CREATE | O_RDWR));
    SAME(write(fd, p, n), n);
    SAME(close(fd), 0);
    file_check("f", 4, n);
    memset(p, 0, n);
    fd = MUST(open("f", O_RDONLY));
    while ((got = MUST(read(fd, p + at, n - at))) > 0)
        at += got;
    SAME(at, n);
    CHECK(data_good(p, 4, 0, n));
    SAME(close(fd), 0);
}

void file_overwrite(void)
{
    file_make("f", 5, 10000);
    int fd = MUST(open("f", O_RDWR));
    SAME(read(fd, scratch, 3000), 3000);
    data_fill(scratch, 6, 3000, 2500);
    SAME(write(fd, scratch, 2500), 2500);
    SAME(read(fd, scratch, 10000 - 5500), 10000 - 5500);
    CHECK(data_good(scratch, 5, 5500, 10000 - 5500));
    SAME(close(fd), 0);
    fd = MUST(open("f", O_RDONLY));
    SAME(read(fd, scratch, 5500), 5500);
    CHECK(data_good(scratch, 5, 0, 3000));
    CHECK(data_good(scratch + 3000, 6, 3000, 2500));
    SAME(close(fd), 0);
}

void file_append(void)
{
    file_make("f", 7, 1000);
    int a = MUST(open("f", O_WRONLY | O_APPEND)), b = MUST(open("f", O_WRONLY | O_APPEND));
    for (int at = 1000; at < 4000; at += 200) {
        data_fill(scratch, 7, at, 200);
        SAME(write(a, scratch, 100), 100);
        SAME(write(b, scratch + 100, 100), 100);
    }
    SAME(close(a), 0);
    SAME(close(b), 0);
    file_check("f", 7, 4000);
    a = MUST(open("new", O_CREATE | O_APPEND | O_WRONLY));
    SAME(write(a, "abc", 3), 3);
    SAME(close(a), 0);
}

static void append_records(long i)
{
    char record[32];
    int fd = MUST(open("f", O_WRONLY | O_APPEND));
    for (int k = 0; k < 100; k++) {
        memset(record, 'a' + (int)i, sizeof record);
        SAME(write(fd, record, sizeof record), sizeof record);
    }
    SAME(close(fd), 0);
}

void file_append_crowd(void)
{
    int count[4] = {0}, n;
    char record[32];
    file_touch("f");
    crowd(4, append_records);
    int fd = MUST(open("f", O_RDONLY));
    while ((n = MUST(read(fd, record, sizeof record))) > 0) {
        SAME(n, sizeof record);
        CHECK(record[0] >= 'a' && record[0] < 'e');
        for (int i = 1; i < n; i++)
            SAME(record[i], record[0]);
        count[record[0] - 'a']++;
    }
    for (int i = 0; i < 4; i++)
        SAME(count[i], 100);
    SAME(close(fd), 0);
}

/* Truncation is seen through every descriptor, and nobody writes beyond the end. */
void file_truncate(void)
{
    struct stat st;
    file_make("f", 8, 50000);
    struct kstat before = kernel_now();
    int reader = MUST(open("f", O_RDONLY)), writer = MUST(open("f", O_RDWR));
    SAME(read(reader, scratch, 1000), 1000);
    SAME(read(writer, scratch, 2000), 2000);
    SAME(close(MUST(open("f", O_WRONLY | O_TRUNC))), 0);
    SAME(fstat(reader, &st), 0);
    SAME(st.size, 0);
    SAME(read(reader, scratch, 1000), 0);
    REFUSED_ANY(write(writer, "x", 1));
    CHECK(kernel_now().blocks_free >= before.blocks_free + 48);
    int fd = MUST(open("f", O_WRONLY));
    data_fill(scratch, 9, 0, 1500);
    SAME(write(fd, scratch, 1500), 1500);
    SAME(read(reader, scratch, 1000), 500);
    CHECK(data_good(scratch, 9, 1000, 500));
    SAME(close(fd) + close(reader) + close(writer), 0);
    SAME(close(MUST(open("f", O_RDONLY | O_TRUNC))), 0);
}

void file_own_offsets(void)
{
    file_make("f", 1, 3000);
    int a = MUST(open("f", O_RDONLY)), b = MUST(open("f", O_RDONLY));
    for (int at = 0; at < 3000; at += 500) {
        SAME(read(a, scratch, 500), 500);
        CHECK(data_good(scratch, 1, at, 500));
        SAME(read(b, scratch, 500), 500);
        CHECK(data_good(scratch, 1, at, 500));
    }
    SAME(close(a) + close(b), 0);
}

void file_stat_fields(void)
{
    struct stat st, again;
    file_make("f", 1, 1234);
    int fd = MUST(open("f", O_RDONLY));
    SAME(fstat(fd, &st), 0);
    SAME(st.type, T_FILE);
    SAME(st.size, 1234);
    SAME(st.nlink, 1);
    SAME(st.dev, ROOTDEV);
    CHECK(st.ino > ROOTINO);
    MUST(link("f", "g"));
    SAME(stat("g", &again), 0);
    SAME(again.ino, st.ino);
    SAME(again.nlink, 2);
    SAME(close(fd), 0);
    SAME(stat("/", &st), 0);
    SAME(st.type, T_DIR);
    SAME(st.ino, ROOTINO);
    MUST(mkdir("d"));
    SAME(stat("d", &st), 0);
    SAME(st.type, T_DIR);
    SAME(st.size % sizeof(struct dirent), 0);
    SAME(stat(".", &again), 0);
    SAME(stat("d/..", &st), 0);
    SAME(st.ino, again.ino);
    int ends[2];
    MUST(pipe(ends));
    REFUSED(fstat(ends[0], &st), EINVAL); /* nothing that could be told of a pipe */
    SAME(close(ends[0]) + close(ends[1]), 0);
    REFUSED(fstat(fd, &st), EBADF);
    REFUSED(stat("nosuch", &st), ENOENT);
}

/* A file without a name lives until its last descriptor is closed. */
void file_unlinked_lives(void)
{
    struct stat st;
    struct kstat start = kernel_now();
    int fd = MUST(open("f", O_CREATE | O_RDWR));
    SAME(write(fd, "first ", 6), 6);
    int other = MUST(open("f", O_RDONLY));
    SAME(unlink("f"), 0);
    REFUSED(open("f", O_RDONLY), ENOENT);
    SAME(write(fd, "second", 6), 6);
    SAME(fstat(other, &st), 0);
    SAME(st.nlink, 0);
    SAME(st.size, 12);
    SAME(close(fd), 0);
    SAME(read(other, scratch, 100), 12);
    SAME(memcmp(scratch, "first second", 12), 0);
    SAME(kernel_now().inodes_free, start.inodes_free - 1);
    SAME(close(other), 0);
    SAME(kernel_now().inodes_free, start.inodes_free);
    SAME(kernel_now().blocks_free, start.blocks_free);
}

static void hold_unlinked(long ready)
{
    file_make("f", 1, 20000);
    int fd = MUST(open("f", O_RDWR));
    SAME(unlink("f"), 0);
    SAME(write((int)ready, "r", 1), 1);
    for (;;)
        SAME(write(fd, scratch, 100), 100);
}

void file_unlinked_killed(void)
{
    struct kstat start = kernel_now();
    for (int i = 0; i < 5; i++) {
        int ends[2], pid;
        char c;
        MUST(pipe(ends));
        if ((pid = child_fork()) == 0)
            hold_unlinked(ends[1]);
        SAME(read(ends[0], &c, 1), 1);
        SAME(kill(pid), 0);
        SAME(child_wait(pid), -1);
        SAME(close(ends[0]) + close(ends[1]), 0);
    }
    SAME(kernel_now().inodes_free, start.inodes_free);
    SAME(kernel_now().blocks_free, start.blocks_free);
}

/* Direct, indirect and double indirect blocks; all of them come back. */
void file_double_indirect(void)
{
    struct kstat before = kernel_now();
    int blocks = NDIRECT + (int)NINDIRECT + 400;
    file_make("f", 1, blocks * BSIZE);
    file_check("f", 1, blocks * BSIZE);
    struct kstat full = kernel_now();
    CHECK(before.blocks_free - full.blocks_free >= (uint64)blocks + 3);
    CHECK(before.blocks_free - full.blocks_free <= (uint64)blocks + 8);
    SAME(unlink("f"), 0);
    SAME(kernel_now().blocks_free, before.blocks_free);
}

/* As large as a file can be, and not a byte more. */
void file_largest(void)
{
    struct stat st;
    if (kernel_now().blocks_free < MAXFILE + 300)
        SKIP("the disk is too small for the largest file");
    file_make("f", 2, MAXFILE * BSIZE);
    int fd = MUST(open("f", O_RDWR | O_APPEND));
    REFUSED(write(fd, "x", 1), EFBIG);
    REFUSED(write(fd, scratch, SCRATCH), EFBIG);
    SAME(fstat(fd, &st), 0);
    SAME(st.size, MAXFILE * BSIZE);
    SAME(close(fd), 0);
    file_check("f", 2, MAXFILE * BSIZE);
}

void file_fsync(void)
{
    int ends[2], fd = MUST(open("f", O_CREATE | O_RDWR));
    for (int i = 0; i < 10; i++) {
        SAME(write(fd, scratch, 3000), 3000);
        SAME(fsync(fd), 0);
    }
    SAME(sync(), 0);
    SAME(close(fd), 0);
    REFUSED(fsync(fd), EBADF);
    REFUSED(fsync(-1), EBADF);
    MUST(pipe(ends));
    REFUSED(fsync(ends[0]), EINVAL);
}
