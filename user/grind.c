/*
 * grind [-s SEED] [-n ROUNDS] [-p PROCESSES]: random system calls, to find what nobody thought of.
 *
 * In each round PROCESSES workers do random operations at the same time, in one directory with few
 * names, so that they get into each other's way.  The workers check their results (grind/ops.c);
 * after the round all that the kernel holds has to be as before.  The seed decides everything but
 * the order in which the workers run.  Without -n it goes on until it is killed.
 */
#include "user/grind/grind.h"
#include "user/extra.h"
#include "user/lib/prog.h"
#include "user/testlib/load.h"

#define STEPS 200 /* operations of a worker in a round */

static struct load load = {.processes = 4};

static void work(int round, int index)
{
    struct worker w = {.index = index, .pid = getpid()};
    w.random = load_random(&load, round, index);
    if (chdir(GRIND_DIR) < 0)
        exit(prog_fail("%s", GRIND_DIR));
    for (int i = 0; i < STEPS; i++)
        grind_step(&w);
    exit(0);
}

/* What the workers may leave, in their directory or outside of it. */
static char *const left[] = {GRIND_DIR,  "/grind-a", "/grind-b",         "/grind-c",
                             "/grind-d", "/grind-e", "/" GRIND_CUT_NAME, 0};

/* The root directory gets room for all names, so that it does not grow in a round. */
static void warm_up(void)
{
    load_remove(left);
    for (int i = 0; left[i]; i++)
        mkdir(left[i]);
    load_remove(left);
}

/* Returns 0 if nothing was found. */
static int run_round(int round)
{
    struct kstat before;
    sync();
    kstat(&before);
    if (mkdir(GRIND_DIR) < 0)
        return prog_fail("%s", GRIND_DIR);
    int failed = load_round(&load, round, work);
    load_remove(left);
    return failed + load_check(&before);
}

int main(int argc, char **argv)
{
    load_options(&load, argc, argv, "grind [-s SEED] [-n ROUNDS] [-p PROCESSES]");
    printf("grind: seed %d, %d processes\n", load.seed, load.processes);
    warm_up();
    for (int round = 0; load.amount == 0 || round < load.amount; round++) {
        if (run_round(round)) {
            printf("grind: FAILED in round %d; repeat with -s %d\n", round, load.seed);
            return 1;
        }
        if (round % 10 == 9)
            printf("grind: %d rounds\n", round + 1);
    }
    printf("grind: OK\n");
    return 0;
}
