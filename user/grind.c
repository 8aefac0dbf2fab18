/*
 * grind [-s SEED] [-n ROUNDS] [-p PROCESSES]: random system calls, to find what nobody thought of.
 *
 * In each round PROCESSES workers do random operations at the same time, in one directory with few
 * names, so that they get into each other's way.  The workers check their results (grind/ops.c);
 * after the round all that the kernel holds has to be as before.  The seed decides everything but
 * the order in which the workers run.  Without -n it goes on until it is killed.
 */
#include "user/grind/grind.h"
#include "kernel/kstat.h"
#include "kernel/param.h"
#include "kernel/riscv.h"
#include "user/extra.h"
#include "user/lib/prog.h"

#define STEPS 200 /* operations of a worker in a round */

static const char usage[] = "grind [-s SEED] [-n ROUNDS] [-p PROCESSES]";

static int seed, rounds, processes = 4;

static void parse(int argc, char **argv)
{
    seed = (int)(r_time() & 0x7fffffff);
    for (int i = 1; i < argc; i += 2) {
        int *to = strcmp(argv[i], "-s") == 0   ? &seed
                  : strcmp(argv[i], "-n") == 0 ? &rounds
                  : strcmp(argv[i], "-p") == 0 ? &processes
                                               : 0;
        if (!to || i + 1 == argc || !prog_number(argv[i + 1], to) || *to < (to != &seed))
            prog_usage(usage);
    }
    if (processes > 100)
        prog_usage(usage);
}

static void work(int round, int index)
{
    struct worker w = {.index = index, .pid = getpid()};
    w.random = ((uint64)seed << 32 | (uint)(round * 128 + index)) * 0x9e3779b97f4a7c15 | 1;
    if (chdir(GRIND_DIR) < 0)
        exit(prog_fail("%s", GRIND_DIR));
    for (int i = 0; i < STEPS; i++)
        grind_step(&w);
    exit(0);
}

/* Runs a round; the number of workers that failed. */
static int run_round(int round)
{
    int failed = 0, started = 0, status;
    for (; started < processes; started++) {
        int pid = fork();
        if (pid < 0)
            break;
        if (pid == 0)
            work(round, started);
    }
    for (int i = 0; i < started; i++)
        if (wait(&status) < 0 || status != 0)
            failed++;
    if (started == 0)
        failed += prog_fail("cannot start a worker");
    return failed;
}

/* What the workers may leave, in their directory or outside of it. */
static char *const left[] = {GRIND_DIR,  "/grind-a", "/grind-b",         "/grind-c",
                             "/grind-d", "/grind-e", "/" GRIND_CUT_NAME, 0};

/* Removes it, by the program that knows how. */
static void clean_up(void)
{
    char *argv[12] = {"rm", "-rf"};
    for (int i = 0; left[i]; i++)
        argv[i + 2] = left[i];
    int pid = fork();
    if (pid == 0) {
        exec("/rm", argv);
        exit(prog_fail("/rm"));
    }
    if (pid > 0)
        wait(0);
}

/* The root directory gets room for all names, so that it does not grow in a round. */
static void warm_up(void)
{
    clean_up();
    for (int i = 0; left[i]; i++)
        mkdir(left[i]);
    clean_up();
}

static int same(const struct kstat *a, const struct kstat *b)
{
    return a->procs == b->procs && a->files == b->files && a->inodes == b->inodes &&
           a->pipes == b->pipes && a->blocks_free == b->blocks_free &&
           a->inodes_free == b->inodes_free && a->frames_committed == b->frames_committed;
}

/* 1 if the kernel does not come back to `before` within three seconds. */
static int leaked(const struct kstat *before)
{
    struct kstat now;
    for (int i = 0; i < 3 * TICK_HZ; i++) {
        sync();
        kstat(&now);
        if (same(before, &now))
            return 0;
        pause(1);
    }
    prog_warn("leaked: %ld processes, %ld open files, %ld inodes, %ld pipes, %ld blocks, "
              "%ld disk inodes, %ld promised frames",
              (long)(now.procs - before->procs), (long)(now.files - before->files),
              (long)(now.inodes - before->inodes), (long)(now.pipes - before->pipes),
              (long)(before->blocks_free - now.blocks_free),
              (long)(before->inodes_free - now.inodes_free),
              (long)(now.frames_committed - before->frames_committed));
    return 1;
}

int main(int argc, char **argv)
{
    struct kstat before;
    parse(argc, argv);
    printf("grind: seed %d, %d processes\n", seed, processes);
    warm_up();
    for (int round = 0; rounds == 0 || round < rounds; round++) {
        sync();
        kstat(&before);
        if (mkdir(GRIND_DIR) < 0)
            return prog_fail("%s", GRIND_DIR);
        int failed = run_round(round);
        clean_up();
        failed += leaked(&before);
        if (vmcheck() > 0)
            failed += prog_fail("the kernel breaks its rules");
        if (failed) {
            printf("grind: FAILED in round %d; repeat with -s %d\n", round, seed);
            return 1;
        }
        if (round % 10 == 9)
            printf("grind: %d rounds\n", round + 1);
    }
    printf("grind: OK\n");
    return 0;
}
