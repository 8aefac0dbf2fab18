/*
 * vmstat [-p PID] [SECONDS]: page faults by kind (docs/fault.md) and what they cost, of the machine
 * since boot or of one process since its fork, and the free and promised memory of the machine.
 * With SECONDS, a line for each such time until ^C: the first has the totals, the others what was
 * added.
 */
#include "kernel/kstat.h"
#include "kernel/param.h"
#include "kernel/riscv.h"
#include "user/extra.h"
#include "user/lib/faultnames.h"
#include "user/lib/prog.h"

#define USAGE       "vmstat [-p PID] [SECONDS]"
#define COUNTERS    (sizeof(struct vmstat) / sizeof(uint64))
#define HEADER_EACH 20 /* lines */

struct sample {
    union {
        struct vmstat vm;
        uint64 of[COUNTERS];
    };
    struct kstat k;
};

/* What struct vmstat counts behind the kinds of faults. */
static const struct {
    const char *name, *what;
} costs[COUNTERS - FAULT_KINDS] = {
    {"forks", "copies of an address space"},
    {"shared", "frames in those, not copied"},
    {"copied", "frames"},
    {"zeroed", "frames"},
    {"tables", "page tables made"},
    {"around", "cached pages mapped along with one that was faulted"},
    {"reads", "faults that waited for the disk"},
};

static const char *name_of(uint i)
{
    return i < FAULT_KINDS ? fault_names[i] : costs[i - FAULT_KINDS].name;
}

static void take(int pid, struct sample *s)
{
    if (vmstat(pid, &s->vm) < 0 || kstat(&s->k) < 0)
        exit(prog_fail(pid ? "process %d" : "cannot ask the kernel", pid));
}

static uint64 kib(uint64 frames)
{
    return frames * (PGSIZE / 1024);
}

static int show_list(const struct sample *s)
{
    int written = 0;

    for (uint i = 0; i < COUNTERS && written >= 0; i++)
        written = printf("%-10s %10lu %s\n", name_of(i), s->of[i],
                         i < FAULT_KINDS ? "faults" : costs[i - FAULT_KINDS].what);
    if (written >= 0)
        written = printf("%-10s %10lu KiB\n%-10s %10lu KiB\n", "free", kib(s->k.frames_free),
                         "committed", kib(s->k.frames_committed));
    return written;
}

static int show_header(void)
{
    for (uint i = 0; i < COUNTERS; i++)
        if (printf("%8s ", name_of(i)) < 0)
            return -1;
    return printf("%8s %9s\n", "free", "committed");
}

static int show_line(const struct sample *s, const struct sample *before)
{
    for (uint i = 0; i < COUNTERS; i++)
        if (printf("%8lu ", s->of[i] - before->of[i]) < 0)
            return -1;
    return printf("%8lu %9lu\n", kib(s->k.frames_free), kib(s->k.frames_committed));
}

static int repeat(int pid, int seconds)
{
    struct sample now, before;
    int written = 0;

    memset(&before, 0, sizeof(before));
    for (uint line = 0; written >= 0; line++) {
        take(pid, &now);
        if (line % HEADER_EACH == 0)
            written = show_header();
        if (written >= 0)
            written = show_line(&now, &before);
        before = now;
        if (written >= 0 && pause(seconds * TICK_HZ) < 0)
            return prog_fail("interrupted");
    }
    return written;
}

static int number(const char *text, int most, const char *what)
{
    int n;

    if (!prog_number(text, &n) || n < 1 || n > most) {
        prog_warn("%s: not a %s", text, what);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    struct sample s;
    uint of_process;
    int i = prog_flags(argc, argv, "p", USAGE, &of_process);
    int pid = VMSTAT_MACHINE;

    if (of_process && i == argc)
        prog_usage(USAGE);
    if (of_process)
        pid = number(argv[i++], 0x7fffffff, "process");
    if (argc - i > 1)
        prog_usage(USAGE);
    if (i < argc)
        return repeat(pid, number(argv[i], 0x7fffffff / TICK_HZ, "time")) < 0
                   ? prog_fail("write error")
                   : 0;
    take(pid, &s);
    return show_list(&s) < 0 ? prog_fail("write error") : 0;
}
