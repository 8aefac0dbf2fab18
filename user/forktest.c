/*
 * forktest [-n MAX]: forks until the system has no more processes (or MAX times), lets all of them
 * end and counts them again.
 */
#include "kernel/errno.h"
#include "kernel/kstat.h"
#include "user/lib/prog.h"

static const char usage[] = "forktest [-n MAX]";

/* The children wait here until the parent closes the other end. */
static int hold[2];

static void child(int number)
{
    char c;
    close(hold[1]);
    exit(read(hold[0], &c, 1) == 0 ? number : -2);
}

/* Forks at most max children; their number. */
static int start_all(int max)
{
    int n = 0, pid;
    for (; n < max && (pid = fork()) >= 0; n++)
        if (pid == 0)
            child(n);
    return n;
}

/* Waits for n children; the number of those that ended as they should. */
static int collect_all(int n)
{
    int good = 0, status;
    long sum = 0;
    for (int i = 0; i < n; i++) {
        if (wait(&status) < 0)
            break;
        good += status >= 0 && status < n;
        sum += status;
    }
    if (sum != (long)n * (n - 1) / 2) { /* each number once */
        prog_warn("some child ended twice or not at all");
        return -1;
    }
    return good;
}

int main(int argc, char **argv)
{
    int max = 1000000;
    struct kstat k;
    if (argc > 1)
        if (argc != 3 || strcmp(argv[1], "-n") != 0 || !prog_number(argv[2], &max) || max < 1)
            prog_usage(usage);
    if (pipe(hold) < 0)
        return prog_fail("pipe");
    int n = start_all(max), code = errcode();
    if (n < max && code != EAGAIN && code != ENOMEM)
        return prog_fail("fork failed, but not for want of room");
    if (kstat(&k) < 0 || k.procs < (uint64)n)
        return prog_fail("%d children, but the kernel counts fewer processes", n);
    close(hold[1]);
    int good = collect_all(n);
    if (good != n || wait(0) != -1) {
        prog_warn("%d of %d children ended as they should", good, n);
        return 1;
    }
    int again = fork();
    if (again == 0)
        exit(0);
    if (again < 0 || wait(0) != again)
        return prog_fail("no process to be had afterwards");
    printf("forktest: %d processes%s, OK\n", n, n < max ? " until fork failed" : "");
    return 0;
}
