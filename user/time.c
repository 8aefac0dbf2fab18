/*
 * time COMMAND [ARGUMENT...]: runs a program and tells, on descriptor 2, how long it took, which
 * page faults (docs/fault.md) it and the processes that it waited for had, and what these cost.
 * Ends with the program's status; with 127 or 126 if there is none or it is not a program.
 */
#include "kernel/riscv.h"
#include "kernel/vmstat.h"
#include "user/lib/faultnames.h"
#include "user/lib/prog.h"

#define CLOCK_HZ 10000000ul /* of r_time() */

static void report(uint64 clock, const struct vmstat *v)
{
    uint64 ms = clock / (CLOCK_HZ / 1000), faults = 0;

    for (int kind = 0; kind < FAULT_KINDS; kind++)
        faults += v->fault[kind];
    fprintf(2, "%lu.%03lu seconds, %lu fault%s%s", ms / 1000, ms % 1000, faults,
            faults == 1 ? "" : "s", faults ? ":" : "");
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        if (v->fault[kind])
            fprintf(2, " %s %lu", fault_names[kind], v->fault[kind]);
    fprintf(2, "\n%lu forks shared %lu frames; %lu frames copied, %lu zeroed, %lu page tables\n",
            v->forks, v->frames_shared, v->frames_copied, v->frames_zeroed, v->tables);
}

int main(int argc, char **argv)
{
    struct vmstat v;
    int status, first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;

    if (argc <= first || (first == 1 && argv[1][0] == '-'))
        prog_usage("time COMMAND [ARGUMENT...]");
    uint64 start = r_time();
    int pid = fork();
    if (pid < 0)
        return prog_fail("cannot start %s", argv[first]);
    if (pid == 0)
        prog_become(argv + first);
    if (wait(&status) < 0)
        return prog_fail("cannot wait for %s", argv[first]);
    uint64 clock = r_time() - start;
    if (vmstat(VMSTAT_CHILDREN, &v) < 0)
        return prog_fail("cannot ask the kernel");
    report(clock, &v);
    return status;
}
