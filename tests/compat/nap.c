/*
 * `nap TICKS` pauses and prints how long it took, in ticks by two different clocks:
 *     $ nap 5
 *     nap: 5 ticks, clock moved
 * (the number is at least the argument).  Without a number: a usage message and status 1.
 * Exercises: sleep, pause, uptime, r_time, atoi; headers that only a kernel needs.
 */
#include "user/user.h"
#include "kernel/riscv.h"
#include "kernel/sleeplock.h"
#include "kernel/fs.h"
#include "kernel/spinlock.h"

static int nap(int ticks)
{
    return ticks % 2 ? sleep(ticks) : pause(ticks);
}

int main(int argc, char *argv[])
{
    int start = uptime(), ticks = argc == 2 ? atoi(argv[1]) : -1;
    uint64 clock = r_time();

    if (ticks < 0) {
        fprintf(2, "usage: nap TICKS\n");
        exit(1);
    }
    if (nap(ticks) < 0) {
        fprintf(2, "nap: interrupted\n");
        exit(1);
    }
    printf("nap: %d ticks, clock %s\n", uptime() - start, r_time() > clock ? "moved" : "stands");
    exit(0);
}
