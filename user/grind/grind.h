#ifndef GRIND_GRIND_H
#define GRIND_GRIND_H

#include "kernel/types.h"
#include "user/extra.h"

/* A worker's state: what it may rely on whatever the others do. */
struct worker {
    uint64 random; /* never 0 */
    int index;     /* of the worker in its round */
    int pid;
    uint calls; /* operations so far, for messages */
};

/* The next random number below n. */
uint grind_below(struct worker *w, uint n);

/*
 * Does one random operation and checks its result.  Contents of files are letters only; anything
 * else that is read, an impossible result or damage to memory ends the process with status 1 and
 * a message that names the operation.
 */
void grind_step(struct worker *w);

#define GRIND_DIR      "/grind.tmp"
#define GRIND_CUT_NAME "grind-with-more-than-14"

#endif
