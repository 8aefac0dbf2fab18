/* Every table that can be full: the caller gets an error, and afterwards all is as before. */
#include "user/testlib/tests.h"

/* Forks children that wait for the end of `hold`, up to max; returns how many there are. */
static int fork_waiting(int max, const int hold[2])
{
    int n = 0, pid;
    while (n < max && (pid = fork()) != 0) {
        if (pid < 0)
            break;
        n++;
    }
    if (n < max && pid == 0) {
        char c;
        close(hold[1]);
        exit(read(hold[0], &c, 1) == 0 ? 77 : 78);
    }
    return n;
}

static void collect(int n, int status)
{
    for (int i = 0; i < n; i++) {
        int got = -2;
        MUST(wait(&got));
        SAME(got, status);
    }
    REFUSED(wait(0), ECHILD);
}

/* Until fork() fails, twice; then everybody ends and there is room again. */
void limit_processes(void)
{
    int first = 0;
    for (int round = 0; round < 2; round++) {
        int hold[2], n;
        MUST(pipe(hold));
        n = fork_waiting(2 * NPROC, hold);
        CHECK(n > 20 && n < NPROC);
        int code = errcode();
        CHECK(code == EAGAIN || code == ENOMEM);
        for (int i = 0; i < 5; i++)
            REFUSED_ANY(fork());
        SAME(close(hold[1]), 0);
        collect(n, 77);
        SAME(close(hold[0]), 0);
        if (round > 0)
            CHECK(n >= first - first / 10);
        first = n;
    }
}

void limit_250_processes(void)
{
    int hold[2];
    if (kernel_now().frames_total < 115 * MIB_FRAMES)
        SKIP("needs 128 MiB");
    MUST(pipe(hold));
    SAME(fork_waiting(250, hold), 250);
    struct kstat k;
    SAME(kstat(&k), 0);
    CHECK(k.procs >= 252);
    SAME(close(hold[1]), 0);
    collect(250, 77);
    SAME(close(hold[0]), 0);
}

/* A fork bomb: each process forks until nobody can. */
static void bomb(long end)
{
    while (uptime() < end)
        if (fork() < 0)
            exit(0);
    exit(0);
}

void limit_fork_bomb(void)
{
    int pid = child_fork();
    if (pid == 0)
        bomb(uptime() + 15);
    SAME(child_wait(pid), 0);
    for (int i = 0; i < 60 * TICK_HZ; i++) { /* the rest belongs to init now */
        struct kstat k;
        SAME(kstat(&k), 0);
        if (k.procs < 50)
            break;
        pause(1);
    }
    pid = child_fork();
    if (pid == 0)
        exit(5);
    SAME(child_wait(pid), 5);
}

void limit_descriptors(void)
{
    int n = 0, fd, ends[2];
    file_touch("f");
    file_make("full", 1, 100);
    while ((fd = open("f", O_RDONLY)) >= 0) {
        SAME(fd, 3 + n);
        n++;
    }
    SAME(errcode(), EMFILE);
    SAME(n, NOFILE - 4); /* 0 to 2 and REPORT_FD are in use */
    REFUSED(dup(0), EMFILE);
    REFUSED(pipe(ends), EMFILE);
    REFUSED(open("new", O_CREATE | O_RDWR), EMFILE);
    REFUSED(unlink("new"), ENOENT); /* it was not made */
    REFUSED(open("full", O_TRUNC | O_RDWR), EMFILE);
    SAME(close(10), 0);
    REFUSED(pipe(ends), EMFILE); /* one is not enough, and stays free */
    file_check("full", 1, 100);  /* nor was it cut off */
    SAME(dup(0), 10);
    SAME(close(20), 0);
    SAME(close(15), 0);
    SAME(pipe(ends), 0);
    SAME(ends[0], 15);
    SAME(ends[1], 20);
}

/* Opens as many files as it can, says so on `ready`, and waits for the end of `hold`. */
static void open_many(int ready, int hold)
{
    char c;
    while (open("f", O_RDONLY) >= 0)
        ;
    int code = errcode();
    CHECK(code == EMFILE || code == ENFILE);
    SAME(write(ready, "r", 1), 1);
    SAME(read(hold, &c, 1), 0);
    exit(code == ENFILE ? 2 : 3);
}

/* Waits for n children that exit with 2 or 3; at least one of them with 2. */
static void collect_refused(int n)
{
    int refused = 0, status;
    for (int i = 0; i < n; i++) {
        MUST(wait(&status));
        CHECK(status == 2 || status == 3);
        refused += status == 2;
    }
    CHECK(refused > 0);
}

/* Open files of the system: NFILE. */
void limit_open_files(void)
{
    enum { CHILDREN = NFILE / (NOFILE - 8) + 3 };
    int ready[2], hold[2], last = 0, fd, ends[2];
    char c;
    struct kstat k;
    if (kernel_now().frames_total < 60 * MIB_FRAMES)
        SKIP("needs 64 MiB");
    file_touch("f");
    MUST(pipe(ready));
    MUST(pipe(hold));
    for (int i = 0; i < CHILDREN; i++) {
        if (child_fork() == 0) {
            close(hold[1]);
            open_many(ready[1], hold[0]);
        }
    }
    for (int i = 0; i < CHILDREN; i++)
        SAME(read(ready[0], &c, 1), 1);
    while ((fd = open("f", O_RDONLY)) >= 0) /* a few that were taken and given back meanwhile */
        last = fd;
    SAME(errcode(), ENFILE);
    SAME(kstat(&k), 0);
    SAME(k.files, NFILE);
    REFUSED(pipe(ends), ENFILE);
    REFUSED(open("new", O_CREATE | O_RDWR), ENFILE);
    SAME(close(hold[1]), 0);
    collect_refused(CHILDREN);
    for (fd = 3; fd <= last; fd++)
        close(fd);
    SAME(close(MUST(open("f", O_RDONLY))), 0);
}

static void hold_inodes(long first)
{
    char name[16], c;
    int n = 0, code = 0;
    for (; n < 50 && !code; n++)
        if (open(file_name(name, "i", (int)first * 50 + n), O_CREATE | O_RDWR) < 0)
            code = errcode();
    if (code)
        SAME(code, ENFILE);
    SAME(write(3, "x", 1), 1); /* the pipe that says: ready */
    SAME(read(4, &c, 1), 0);
    exit(code ? 2 : 3);
}

/* Inodes in memory: NINODE. */
void limit_inodes_in_memory(void)
{
    enum { CHILDREN = NINODE / 50 + 2 };
    int ready[2], hold[2];
    char c;
    if (kernel_now().inodes_free < NINODE + 100)
        SKIP("the disk has too few inodes");
    MUST(pipe(ready));
    MUST(pipe(hold));
    for (int i = 0; i < CHILDREN; i++) {
        if (child_fork() == 0) {
            SAME(dup2(ready[1], 3), 3);
            SAME(dup2(hold[0], 4), 4);
            close(5);
            close(6);
            hold_inodes(i);
        }
    }
    for (int i = 0; i < CHILDREN; i++)
        SAME(read(ready[0], &c, 1), 1);
    REFUSED(open("one-more", O_CREATE | O_RDWR), ENFILE);
    REFUSED_ANY(mkdir("one-more"));
    SAME(close(hold[1]), 0);
    collect_refused(CHILDREN);
    SAME(close(ready[0]) + close(ready[1]) + close(hold[0]), 0);
    file_make("one-more", 1, 100);
    file_check("one-more", 1, 100);
}

/* Inodes of the disk. */
void limit_inodes_on_disk(void)
{
    enum { PER_DIR = 500 };
    char path[40];
    struct kstat start = kernel_now();
    uint64 made = 0;
    if (start.inodes_free > 30000)
        SKIP("the disk has very many inodes");
    int fd = 0;
    while (fd >= 0 && made <= start.inodes_free) {
        if (made % PER_DIR == 0 && mkdir(file_name(path, "d", (int)made / PER_DIR)) < 0)
            break;
        file_name(path, "d", (int)made / PER_DIR);
        file_name(path + strlen(path), "/f", (int)made);
        if ((fd = open(path, O_CREATE | O_RDWR)) >= 0)
            SAME(close(fd), 0);
        made++;
    }
    SAME(errcode(), ENOSPC);
    REFUSED(open("f", O_CREATE | O_RDWR), ENOSPC);
    REFUSED(mkdir("g"), ENOSPC);
    REFUSED(symlink("x", "s"), ENOSPC);
    REFUSED(mknod("n", DEV_NULL, 0), ENOSPC);
    SAME(kernel_now().inodes_free, 0);
    SAME(unlink("d0/f0"), 0);
    file_make("f", 1, 100);
    file_check("f", 1, 100);
}

/* Writes until the disk is full; returns the bytes written to `path`. */
static int write_until_full(const char *path, int seed)
{
    int fd = open(path, O_CREATE | O_WRONLY), at = 0, n;
    if (fd < 0) {
        SAME(errcode(), ENOSPC);
        return -1;
    }
    do {
        data_fill(scratch, seed, at, SCRATCH);
        n = write(fd, scratch, SCRATCH);
        at += n > 0 ? n : 0;
    } while (n == SCRATCH);
    if (n < 0)
        CHECK(errcode() == ENOSPC || errcode() == EFBIG);
    struct stat st;
    SAME(fstat(fd, &st), 0);
    SAME(st.size, at);
    SAME(close(fd), 0);
    return at;
}

void limit_disk(void)
{
    enum { FILES = 40 };
    int size[FILES], n = 0, last;
    char name[16];
    if (kernel_now().blocks_free > 30ul * MAXFILE)
        SKIP("the disk is very large");
    for (int round = 0; round < 2; round++) {
        for (n = 0; n < FILES; n++) {
            size[n] = write_until_full(file_name(name, "f", n), n);
            if (size[n] < (int)MAXFILE * BSIZE)
                break;
        }
        CHECK(n < FILES);
        last = size[n] >= 0 ? n : n - 1;
        CHECK(kernel_now().blocks_free < 20);
        REFUSED(mkdir("dir"), ENOSPC);
        int fd = MUST(open(file_name(name, "f", last), O_WRONLY | O_APPEND));
        REFUSED_ANY(write(fd, scratch, SCRATCH));
        SAME(close(fd), 0);
        file_check(name, last, size[last]);
        for (int i = 0; i <= last; i++)
            SAME(unlink(file_name(name, "f", i)), 0);
        file_make("again", 1, 300000);
        file_check("again", 1, 300000);
        SAME(unlink("again"), 0);
    }
}

static void fill_disk_together(long i)
{
    char name[16];
    int size = write_until_full(file_name(name, "f", (int)i), (int)i);
    if (size >= 0)
        file_check(name, (int)i, size);
    unlink(name);
}

void limit_disk_together(void)
{
    if (kernel_now().blocks_free > 4ul * MAXFILE)
        SKIP("the disk is very large");
    crowd(4, fill_disk_together);
}

void limit_pipes(void)
{
    int ends[2], n = 0;
    struct kstat before, after;
    SAME(kstat(&before), 0);
    while (pipe(ends) == 0) {
        SAME(write(ends[1], scratch, 1), 1);
        n++;
    }
    SAME(errcode(), EMFILE);
    SAME(n, (NOFILE - 4) / 2);
    SAME(kstat(&after), 0);
    SAME(after.pipes - before.pipes, n);
    for (int fd = 3; fd < REPORT_FD; fd++)
        SAME(close(fd), 0);
    SAME(kstat(&after), 0);
    SAME(after.pipes, before.pipes);
}

/* --- when memory is short -------------------------------------------------------------------- */

static void try_everything(long i)
{
    char name[16], *argv[] = {"/usertests", "@count", 0};
    for (int round = 0; round < 10; round++) {
        int pid = fork(), ends[2];
        if (pid == 0) {
            exec(argv[0], argv);
            exit(0);
        }
        if (pipe(ends) == 0) {
            write(ends[1], scratch, 100);
            read(ends[0], scratch, 100);
            close(ends[0]);
            close(ends[1]);
        }
        int fd = open(file_name(name, "m", (int)i), O_CREATE | O_RDWR);
        write(fd, scratch, SCRATCH);
        close(fd);
        unlink(name);
        if (pid > 0)
            wait(0);
    }
}

static void eat_then_try(long frames_left)
{
    struct kstat k;
    do {
        char *p = sbrklazy(PGSIZE);
        *(volatile char *)p = 1;
        SAME(kstat(&k), 0);
    } while ((long)(k.frames_free + k.frames_cache) > frames_left);
    try_everything(0);
}

/* With only few frames left calls fail or the process is killed; the system stays whole. */
void limit_memory(void)
{
    static const int left[] = {200, 100, 60, 40, 20, 10, 5, 0};
    if (kernel_now().frames_total > 1024 * MIB_FRAMES)
        SKIP("would touch more than 1 GiB");
    for (uint i = 0; i < sizeof left / sizeof left[0]; i++) {
        int status = child_status(eat_then_try, left[i]);
        CHECK(status == 0 || status == -1);
    }
    crowd(4, try_everything);
}
