#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "kernel/riscv.h"
#include "kernel/types.h"
#include "user/extra.h"

/*
 * One line of the table.  measure() returns instructions for one operation of the whole machine,
 * without the loop around it; ~0 if it could not be measured.  The other columns are what the same
 * operation costs elsewhere, 0 for unknown.
 */
struct row {
    const char *name;
    const char *what;
    uint64 (*measure)(void);
    uint64 target;
    uint64 linux61;
    uint64 xv6;
};

#define BENCH_FAILED (~0ul)

extern const struct row bench_rows[]; /* table.c; ends with a NULL name */

/* The median of `repeats` results of once(arg). */
uint64 bench_median(uint64 (*once)(long), long arg, int repeats);

/* Instructions of one op(), by the median of several rounds of n calls, less the loop's own. */
uint64 bench_loop(void (*op)(void), int n);

/*
 * Instructions of this hart so far, but for those of its idle time: what waits for the disk idles,
 * and under icount the instruction counter runs on meanwhile.
 */
uint64 bench_busy(void);

/* n pages of fresh heap, never touched; 0 without memory. */
char *bench_pages(int n);

#endif
