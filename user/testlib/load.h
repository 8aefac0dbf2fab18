#ifndef TESTLIB_LOAD_H
#define TESTLIB_LOAD_H

#include "kernel/kstat.h"
#include "kernel/types.h"

/* What programs of random work, which comes in rounds of several processes, share. */

struct load {
    int seed;      /* decides everything but the order in which the processes run */
    int amount;    /* -n: of what, and 0, is for the program to say */
    int processes; /* 1 to 100 */
};

/*
 * Reads [-s SEED] [-n AMOUNT] [-p PROCESSES] into *load, which holds what goes for those not given;
 * the seed comes from the clock then.  Ends the program with `usage` if they make no sense.
 */
void load_options(struct load *load, int argc, char **argv, const char *usage);

/* Where the sequence of random numbers of a worker begins; never 0. */
uint64 load_random(const struct load *load, int round, int index);

/*
 * Runs work(round, index), which exits with 0 if all is well, in all processes at the same time.
 * How many failed; a machine that has no room for some does with fewer, but for none with failure.
 */
int load_round(const struct load *load, int round, void (*work)(int round, int index));

/* Runs rm -rf with these paths, at most LOAD_PATHS and a 0 behind them. */
#define LOAD_PATHS 8
void load_remove(char *const paths[]);

/*
 * After a round, and after its files are removed: what is said to be wrong with the kernel.  0 if
 * it holds what it held `before` (taken after sync()), and breaks no rule.
 */
int load_check(const struct kstat *before);

#endif
