/* kill: whom it may hit, and that whoever is hit ends wherever it is, at once, with -1. */
#include "user/testlib/tests.h"

static int hold[2]; /* a pipe: who reads from it waits until the test closes it */

/* init, free slots and "everybody" are not to be had, and whoever is born next is healthy. */
void kill_nobody(void)
{
    static const int nobody[] = {0, -1, -2, 0x7fffffff, (int)1u << 31, 1 << 22};
    for (uint i = 0; i < sizeof nobody / sizeof nobody[0]; i++)
        REFUSED(kill(nobody[i]), ESRCH);
    for (int i = 0; i < 20; i++) {
        kill(0);
        kill(-1);
        int pid = child_fork();
        if (pid == 0) {
            yield();
            exit(50 + i);
        }
        kill(0);
        SAME(child_wait(pid), 50 + i);
        REFUSED(kill(pid), ESRCH);
    }
}

void kill_init(void)
{
    struct procinfo p;
    for (int i = 0; i < 10; i++)
        REFUSED(kill(1), EPERM);
    pause(2);
    CHECK(child_find(1, &p));
    CHECK(p.state != PROC_ZOMBIE);
    SAME(strcmp(p.name, "init"), 0);
}

void kill_self(void)
{
    int pid = child_fork();
    if (pid == 0) {
        kill(getpid());
        exit(0);
    }
    SAME(child_wait(pid), -1);
}

void kill_spinning(void)
{
    int pid = child_fork();
    if (pid == 0)
        for (;;)
            ;
    pause(1);
    SAME(kill(pid), 0);
    SAME(child_wait(pid), -1);
}

/* Starts fn(arg), waits until it sleeps in the kernel, kills it; it must end soon. */
static void kill_asleep(void (*fn)(long), long arg)
{
    int pid = child_fork();
    if (pid == 0) {
        fn(arg);
        exit(0);
    }
    CHECK(child_asleep(pid));
    int start = uptime();
    SAME(kill(pid), 0);
    SAME(child_wait(pid), -1);
    CHECK(uptime() - start < 30 * TICK_HZ);
}

static void pause_long(long ticks)
{
    pause((int)ticks);
}

void kill_pausing(void)
{
    kill_asleep(pause_long, 100000);
}

static void read_byte(long fd)
{
    char c;
    read((int)fd, &c, 1);
}

void kill_reading_pipe(void)
{
    int ends[2];
    MUST(pipe(ends));
    kill_asleep(read_byte, ends[0]);
    SAME(write(ends[1], "x", 1), 1);
    SAME(read(ends[0], scratch, 5), 1);
}

static void write_for_ever(long fd)
{
    while (write((int)fd, scratch, SCRATCH) > 0)
        ;
}

void kill_writing_pipe(void)
{
    int ends[2], got;
    MUST(pipe(ends));
    kill_asleep(write_for_ever, ends[1]);
    SAME(close(ends[1]), 0);
    while ((got = MUST(read(ends[0], scratch, SCRATCH))) > 0)
        ;
    SAME(close(ends[0]), 0);
}

static void wait_for_reader(long unused)
{
    (void)unused;
    if (child_fork() == 0) {
        close(hold[1]);
        read_byte(hold[0]);
        exit(0);
    }
    wait(0);
}

/* The killed parent leaves a child behind, which init takes. */
void kill_waiting(void)
{
    MUST(pipe(hold));
    kill_asleep(wait_for_reader, 0);
    SAME(close(hold[0]) + close(hold[1]), 0);
}

/* Before, while and after the child first runs. */
void kill_newborn(void)
{
    for (int i = 0; i < 60; i++) {
        int pid = child_fork();
        if (pid == 0)
            for (;;)
                getpid();
        for (int j = 0; j < i % 4; j++)
            yield();
        SAME(kill(pid), 0);
        SAME(child_wait(pid), -1);
    }
}

/* Who has ended already keeps its own status. */
void kill_zombie(void)
{
    struct procinfo p;
    int pid = child_fork();
    if (pid == 0)
        exit(12);
    do
        yield();
    while (child_find(pid, &p) && p.state != PROC_ZOMBIE);
    kill(pid);
    SAME(child_wait(pid), 12);
}

/* Killed in the middle of file-system work: the file system stays whole. */
static void make_and_remove(long i)
{
    char name[16];
    for (;;) {
        file_name(name, "k", (int)i);
        mkdir(name);
        unlink(name);
        int fd = open(name, O_CREATE | O_RDWR);
        write(fd, scratch, 3000);
        close(fd);
        unlink(name);
    }
}

void kill_in_files(void)
{
    for (int round = 0; round < 12; round++) {
        int pids[4];
        for (int i = 0; i < 4; i++) {
            pids[i] = child_fork();
            if (pids[i] == 0)
                make_and_remove(i);
        }
        for (int i = 0; i < round % 5; i++)
            yield();
        if (round % 3 == 0)
            pause(1);
        for (int i = 0; i < 4; i++)
            SAME(kill(pids[i]), 0);
        for (int i = 0; i < 4; i++) {
            int status;
            MUST(wait(&status));
            SAME(status, -1);
        }
    }
    file_make("after", 1, 5000);
    file_check("after", 1, 5000);
}

/* Brothers who kill each other; they learn of each other through a pipe. */
enum { BROTHERS = 8 };

static void kill_brothers(int from)
{
    int pids[BROTHERS];
    SAME(read(from, pids, sizeof pids), sizeof pids);
    for (int round = 0; round < 50; round++)
        for (int i = 0; i < BROTHERS; i++)
            if (pids[i] != getpid())
                kill(pids[i]);
}

void kill_each_other(void)
{
    int ends[2], pids[BROTHERS], status;
    MUST(pipe(ends));
    for (int i = 0; i < BROTHERS; i++) {
        pids[i] = child_fork();
        if (pids[i] == 0) {
            kill_brothers(ends[0]);
            exit(0);
        }
    }
    for (int i = 0; i < BROTHERS; i++)
        SAME(write(ends[1], pids, sizeof pids), sizeof pids);
    for (int i = 0; i < BROTHERS; i++) {
        MUST(wait(&status));
        CHECK(status == 0 || status == -1);
    }
    SAME(close(ends[0]) + close(ends[1]), 0);
}
