/* ps: all processes.  SIZE is what they were promised, RSS what they have, in KiB. */
#include "kernel/param.h"
#include "kernel/procinfo.h"
#include "user/lib/prog.h"

#define CLOCK_HZ 10000000ul /* of procinfo's runtime */

static const char *state_name(int state)
{
    static const char *const names[] = {"free", "new", "ready", "run", "sleep", "zombie"};
    return state >= 0 && state <= PROC_ZOMBIE ? names[state] : "?";
}

static int show(const struct procinfo *p)
{
    uint64 hundredths = p->runtime / (CLOCK_HZ / 100);

    return printf(p->kthread ? "%5d %5d %-6s %4d %8lu %8lu %5lu.%02lu [%s]\n"
                             : "%5d %5d %-6s %4d %8lu %8lu %5lu.%02lu %s\n",
                  p->pid, p->ppid, state_name(p->state), p->hart, p->size / 1024,
                  p->resident / 1024, hundredths / 100, hundredths % 100, p->name);
}

static void sort_by_pid(struct procinfo *p, int n)
{
    for (int i = 1; i < n; i++) {
        struct procinfo moving = p[i];
        int j = i;
        for (; j > 0 && p[j - 1].pid > moving.pid; j--)
            p[j] = p[j - 1];
        p[j] = moving;
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        prog_usage("ps");
    struct procinfo *list = malloc(NPROC * sizeof(*list));
    if (list == 0)
        return prog_fail("cannot hold the list");
    int n = procinfo(list, NPROC);
    if (n < 0)
        return prog_fail("cannot read the list of processes");
    sort_by_pid(list, n);

    int written = printf("  PID  PPID STATE  HART     SIZE      RSS     TIME NAME\n");
    for (int i = 0; i < n && written >= 0; i++)
        written = show(&list[i]);
    return written < 0 ? prog_fail("write error") : 0;
}
