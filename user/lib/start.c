/*
 * The first and the last code of every program.  The kernel enters at _start with the argument
 * count in a0 and the argument vector in a1, which is the C calling convention.  It stands at
 * address 0, so no function that a program has a pointer to can be taken for none.
 *
 * Functions with arrays keep a copy of __stack_chk_guard between the array and the return address,
 * and check it before they return.  The guard is derived from the clock: /dev/random would cost
 * three system calls in every program, and what the guard shall catch here are accidents.  Its
 * lowest byte is zero, so that a string which runs over the end cannot put the guard back.
 */
#include "user/user.h"
#include "user/lib/start.h"
#include "kernel/riscv.h"

int main(int argc, char **argv);
void _start(int argc, char **argv) __attribute__((noreturn, section(".text.start")));
void __stack_chk_fail(void) __attribute__((noreturn));

uint64 __stack_chk_guard;
const char *start_name = "?";

/* The clock changes in its low bits; this spreads them (Stafford's mix 13, as in SplitMix64). */
static uint64 scramble(uint64 x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/* Sets the guard: neither this function nor one that it returns to may have a copy of it. */
void _start(int argc, char **argv)
{
    __stack_chk_guard = scramble(r_time() ^ (uint64)argv << 32) << 8;
    if (argc > 0)
        start_name = argv[0];
    exit(main(argc, argv));
}

void __stack_chk_fail(void)
{
    fprintf(2, "%s: stack smashing detected: an array was written beyond its end\n", start_name);
    exit(-1);
}
