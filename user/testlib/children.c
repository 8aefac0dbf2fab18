/* Processes that tests start: they are always waited for, and end on their own checks. */
#include "user/testlib/tests.h"

int child_fork(void)
{
    int pid = fork();
    if (pid < 0)
        check_must(__func__, __LINE__, "fork()", -1);
    return pid;
}

int child_wait(int pid)
{
    int status = 0;
    SAME(wait(&status), pid);
    return status;
}

int child_status(void (*fn)(long), long arg)
{
    int pid = child_fork();
    if (pid == 0) {
        fn(arg);
        exit(STATUS_PASSED);
    }
    return child_wait(pid);
}

void crowd(int n, void (*fn)(long))
{
    for (int i = 0; i < n; i++) {
        if (child_fork() == 0) {
            fn(i);
            exit(STATUS_PASSED);
        }
    }
    for (int i = 0; i < n; i++) {
        int status = -1;
        MUST(wait(&status));
        SAME(status, STATUS_PASSED);
    }
}

int child_exec(const char *path, char *argv[])
{
    int pid = child_fork();
    if (pid == 0) {
        exec(path, argv);
        exit(EXEC_REFUSED);
    }
    return child_wait(pid);
}

int child_find(int pid, struct procinfo *out)
{
    static struct procinfo list[64];
    struct procinfo *all = list;
    int max = sizeof list / sizeof list[0];
    int n = MUST(procinfo(all, max));
    if (n == max) {
        max = NPROC;
        all = malloc(max * sizeof *all);
        CHECK(all != 0);
        n = MUST(procinfo(all, max));
    }
    int found = 0;
    for (int i = 0; i < n && !found; i++) {
        found = all[i].pid == pid;
        if (found)
            *out = all[i];
    }
    if (all != list)
        free(all);
    return found;
}

/* Who sleeps only for the disk or for a lock has run on at the next look. */
int child_asleep(int pid)
{
    struct procinfo p;
    uint64 runtime = 0;
    for (int looks = 0, ticks = 0; ticks < 60 * TICK_HZ && looks < 3; ticks++) {
        if (!child_find(pid, &p) || p.state == PROC_ZOMBIE)
            return 0;
        looks = p.state == PROC_SLEEPING && p.runtime == runtime ? looks + 1 : 0;
        runtime = p.runtime;
        pause(1);
    }
    return p.state == PROC_SLEEPING;
}

long raw_call(long number, long arg0, long arg1, long arg2)
{
    register long a0 asm("a0") = arg0;
    register long a1 asm("a1") = arg1;
    register long a2 asm("a2") = arg2;
    register long a7 asm("a7") = number;
    asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}
