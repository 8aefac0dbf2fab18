/*
 * The shell's children.  wait() returns any child that has ended, so whoever waits for one may meet
 * others: those of the background are in `jobs` until they have been met.  There is no wait() that
 * returns at once; before a prompt the shell looks through the kernel's list of processes and only
 * waits if one of its children is a zombie.
 */
#include "user/extra.h"
#include "user/sh/sh.h"
#include "kernel/param.h"
#include "kernel/procinfo.h"

struct job {
    int pid, group;
};

static struct {
    struct job *all;
    int n, size;
} jobs;

void jobs_add(int pid, int group)
{
    if (jobs.n == jobs.size) {
        int size = jobs.size > 0 ? 2 * jobs.size : 16;
        struct job *larger = realloc(jobs.all, size * sizeof(*larger));
        if (larger == 0)
            return; /* it will be waited for all the same, but nothing told of it */
        jobs.all = larger;
        jobs.size = size;
    }
    jobs.all[jobs.n++] = (struct job){pid, group};
    if (run_interactive)
        fprintf(2, "[%d]\n", pid);
}

static int job_index(int pid)
{
    for (int i = 0; i < jobs.n; i++)
        if (jobs.all[i].pid == pid)
            return i;
    return -1;
}

/* A child has ended that was not in the foreground. */
static void job_ended(int pid, int status)
{
    int i = job_index(pid);

    if (i < 0)
        return;
    jobs.all[i] = jobs.all[--jobs.n];
    if (!run_interactive)
        return;
    if (status == 0)
        fprintf(2, "[%d] done\n", pid);
    else
        fprintf(2, "[%d] ended with status %d\n", pid, status);
}

int jobs_wait_for(struct member *members, int n)
{
    int left = 0, status, pid;

    for (int i = 0; i < n; i++)
        left += members[i].pid != 0;
    while (left > 0 && (pid = wait(&status)) >= 0) {
        int i = 0;
        while (i < n && members[i].pid != pid)
            i++;
        if (i == n) {
            job_ended(pid, status);
            continue;
        }
        members[i] = (struct member){0, status};
        left--;
    }
    return n > 0 ? members[n - 1].status : 0;
}

int jobs_wait(int pid, int *status)
{
    int i = pid != 0 ? job_index(pid) : 0;

    if (i < 0)
        return -1;
    *status = 0;
    for (; i >= 0 && jobs.n > 0; i = pid != 0 ? job_index(pid) : 0) {
        int ended;
        start_foreground(jobs.all[i].group);
        int who = wait(&ended);
        if (who < 0)
            break;
        job_ended(who, ended);
        if (who == pid)
            *status = ended;
    }
    start_foreground(0);
    return 0;
}

void jobs_report(void)
{
    int zombies = 0, status, self = getpid();

    if (jobs.n == 0)
        return;
    struct procinfo *list = malloc(NPROC * sizeof(*list));
    int n = list != 0 ? procinfo(list, NPROC) : 0;
    for (int i = 0; i < n; i++)
        zombies += list[i].ppid == self && list[i].state == PROC_ZOMBIE;
    free(list);
    while (zombies-- > 0) {
        int pid = wait(&status);
        if (pid >= 0)
            job_ended(pid, status);
    }
}
