/* fork, exit, wait, and what a process shares with its parent. */
#include "user/testlib/tests.h"

void fork_ids(void)
{
    int self = getpid(), ends[2], seen = 0;
    SAME(ugetpid(), self);
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        seen = getpid();
        SAME(write(ends[1], &seen, sizeof seen), sizeof seen);
        exit(0);
    }
    SAME(read(ends[0], &seen, sizeof seen), sizeof seen);
    SAME(seen, pid);
    CHECK(pid > 0 && pid != self);
    SAME(child_wait(pid), 0);
    SAME(getpid(), self);
}

/* The whole int arrives, not eight bits of it. */
void exit_values(void)
{
    static const int values[] = {0,   1,          2,          127,           128, 255,
                                 256, 0x12345678, 0x7fffffff, (int)1u << 31, -2,  -1000};
    for (uint i = 0; i < sizeof values / sizeof values[0]; i++) {
        int pid = child_fork();
        if (pid == 0)
            exit(values[i]);
        SAME(child_wait(pid), values[i]);
    }
}

void wait_nowhere(void)
{
    int pid = child_fork();
    if (pid == 0)
        exit(3);
    SAME(wait(0), pid);
    REFUSED(wait(0), ECHILD);
    int status = 77;
    REFUSED(wait(&status), ECHILD);
    SAME(status, 77);
}

/* A bad address costs nobody the child. */
void wait_bad_address(void)
{
    int pid = child_fork();
    if (pid == 0)
        exit(9);
    for (int i = 0; bad_addresses[i]; i++)
        REFUSED(wait((int *)bad_addresses[i]), EFAULT);
    REFUSED(wait((int *)wait_bad_address), EFAULT);
    SAME(child_wait(pid), 9);
}

void wait_collects_all(void)
{
    enum { CHILDREN = 40 };
    int pids[CHILDREN], left = CHILDREN;
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = child_fork();
        if (pids[i] == 0) {
            if (i % 3 == 0)
                pause(1);
            exit(1000 + i);
        }
    }
    while (left > 0) {
        int status, pid = MUST(wait(&status)), i = 0;
        while (i < CHILDREN && pids[i] != pid)
            i++;
        CHECK(i < CHILDREN);
        SAME(status, 1000 + i);
        pids[i] = 0;
        left--;
    }
    REFUSED(wait(0), ECHILD);
}

static int data_word = 1;

static void change_everything(long arg)
{
    int *stack_word = (int *)((long *)arg)[0], *heap_word = (int *)((long *)arg)[1];
    SAME(data_word, 1);
    SAME(*stack_word, 2);
    SAME(*heap_word, 3);
    data_word = *stack_word = *heap_word = 44;
}

void fork_isolates(void)
{
    volatile int stack_word = 2;
    volatile int *heap_word = (volatile int *)heap_pages(1);
    *heap_word = 3;
    long words[2] = {(long)&stack_word, (long)heap_word};
    for (int i = 0; i < 3; i++)
        PASSES(change_everything, words);
    SAME(data_word, 1);
    SAME(stack_word, 2);
    SAME(*heap_word, 3);
}

/* The break of a child is its own. */
static void grow_own_heap(long old)
{
    SAME((long)sbrk(5 * PGSIZE), old);
    *(char *)(old + 5 * PGSIZE - 1) = 1;
}

void fork_heap_apart(void)
{
    long end = (long)sbrk(0);
    PASSES(grow_own_heap, end);
    SAME((long)sbrk(0), end);
    SAME((long)sbrk(PGSIZE), end);
    SAME(*(char *)end, 0);
}

void fork_shares_offset(void)
{
    file_make("f", 5, 3000);
    int fd = MUST(open("f", O_RDONLY));
    for (int at = 0; at < 3000; at += 1000) {
        int pid = child_fork();
        if (pid == 0) {
            SAME(read(fd, scratch, 1000), 1000);
            CHECK(data_good(scratch, 5, at, 1000));
            exit(0);
        }
        SAME(child_wait(pid), 0);
    }
    SAME(read(fd, scratch, 1), 0);
    SAME(close(fd), 0);
}

void exit_closes(void)
{
    int ends[2], pid;
    char c;
    MUST(pipe(ends));
    if ((pid = child_fork()) == 0)
        exit(0);
    SAME(close(ends[1]), 0);
    SAME(read(ends[0], &c, 1), 0);
    SAME(child_wait(pid), 0);
}

/* Polls until `pid` has another parent than `parent`; returns the new one. */
static int new_parent(int pid, int parent)
{
    struct procinfo p;
    for (int i = 0; i < 60 * TICK_HZ; i++) {
        CHECK(child_find(pid, &p));
        if (p.ppid != parent)
            return p.ppid;
        pause(1);
    }
    return parent;
}

void orphan_adopted(void)
{
    int ends[2], hold[2], orphan = 0;
    char c;
    MUST(pipe(ends));
    MUST(pipe(hold));
    int parent = child_fork();
    if (parent == 0) {
        orphan = child_fork();
        if (orphan == 0) {
            close(hold[1]);
            exit(read(hold[0], &c, 1)); /* until the test lets go */
        }
        SAME(write(ends[1], &orphan, sizeof orphan), sizeof orphan);
        exit(0);
    }
    SAME(read(ends[0], &orphan, sizeof orphan), sizeof orphan);
    SAME(child_wait(parent), 0);
    SAME(new_parent(orphan, parent), 1);
    REFUSED(wait(0), ECHILD);
    SAME(close(hold[0]) + close(hold[1]), 0);
}

/* Parents and children end at the same time, in every order. */
static void family_ends(long i)
{
    for (int round = 0; round < 20; round++) {
        int pid = child_fork();
        if (pid == 0) {
            for (int j = 0; j < 3; j++)
                if (child_fork() == 0)
                    exit(0);
            if ((round + i) % 2)
                wait(0);
            exit(0);
        }
        SAME(child_wait(pid), 0);
    }
}

void exit_races(void)
{
    crowd(4, family_ends);
}

/* The kernel stack of a process is there until it is waited for, so it is promised until then. */
void zombies_are_charged(void)
{
    enum { N = 40, STACK = 3 };
    char c;
    int ends[2];
    SAME(pipe(ends), 0);
    uint64 before = kernel_now().frames_committed;
    for (int i = 0; i < N; i++)
        if (child_fork() == 0)
            exit(0);
    close(ends[1]); /* the children had it: all are zombies when the pipe ends */
    SAME(read(ends[0], &c, 1), 0);
    CHECK(kernel_now().frames_committed >= before + N * STACK);
    for (int i = 0; i < N; i++)
        MUST(wait(0));
    CHECK(kernel_now().frames_committed < before + STACK);
    close(ends[0]);
}

/* A chain of processes: each waits for the next. */
void fork_chain(void)
{
    enum { DEPTH = 30 };
    for (int depth = 0; depth < DEPTH; depth++) {
        int pid = child_fork();
        if (pid > 0) {
            SAME(child_wait(pid), depth == DEPTH - 1 ? 4711 : 0);
            if (depth > 0)
                exit(0);
            return;
        }
    }
    exit(4711);
}
