/*
 * Random work in rounds.  Each round starts fresh processes from the same seed, and when all have
 * ended the kernel must hold what it held before: so a fault is found in the round that made it,
 * and the seed repeats that.
 */
#include "user/testlib/load.h"
#include "kernel/riscv.h"
#include "user/extra.h"
#include "user/lib/prog.h"
#include "user/testlib/run.h"

#define MOST_PROCESSES 100

void load_options(struct load *load, int argc, char **argv, const char *usage)
{
    load->seed = (int)(r_time() & 0x7fffffff);
    for (int i = 1; i < argc; i += 2) {
        int *to = strcmp(argv[i], "-s") == 0   ? &load->seed
                  : strcmp(argv[i], "-n") == 0 ? &load->amount
                  : strcmp(argv[i], "-p") == 0 ? &load->processes
                                               : 0;
        if (!to || i + 1 == argc || !prog_number(argv[i + 1], to) || *to < (to != &load->seed))
            prog_usage(usage);
    }
    if (load->processes > MOST_PROCESSES)
        prog_usage(usage);
}

uint64 load_random(const struct load *load, int round, int index)
{
    uint64 number = (uint64)load->seed << 32 | (uint)(round * (MOST_PROCESSES + 28) + index);
    return number * 0x9e3779b97f4a7c15 | 1;
}

int load_round(const struct load *load, int round, void (*work)(int round, int index))
{
    int failed = 0, started = 0, status;
    for (; started < load->processes; started++) {
        int pid = fork();
        if (pid < 0)
            break;
        if (pid == 0)
            work(round, started);
    }
    if (started == 0)
        return prog_fail("cannot start a worker");
    for (int i = 0; i < started; i++)
        if (wait(&status) < 0 || status != 0)
            failed++;
    return failed;
}

void load_remove(char *const paths[])
{
    char *argv[LOAD_PATHS + 3] = {"rm", "-rf"};
    for (int i = 0; i < LOAD_PATHS && paths[i]; i++)
        argv[i + 2] = paths[i];
    int pid = fork();
    if (pid == 0) {
        exec("/rm", argv);
        exit(prog_fail("/rm"));
    }
    if (pid > 0)
        wait(0);
}

int load_check(const struct kstat *before)
{
    char leaked[160];
    if (leak_found(before, LEAK_PIECES, leaked, sizeof leaked)) {
        prog_warn("%s", leaked);
        return 1;
    }
    int broken = vmcheck();
    if (broken > 0)
        prog_warn("the kernel breaks %d of its rules", broken);
    return broken > 0;
}
