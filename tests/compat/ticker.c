/*
 * Alarms as a course would test them.  Prints
 *     calls: ok / registers: ok / not nested: ok / stopped: ok / ticker: passed
 * or says what is wrong and exits with 1.
 * Exercises: sigalarm with handlers that end with sigreturn, from loops that make no system call;
 * a0 and the locals of the interrupted function; sigalarm(0, 0) within the handler.
 */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "kernel/riscv.h"
#include "user/user.h"

static volatile int calls, nested;

static void stop(const char *why)
{
    printf("ticker: %s\n", why);
    exit(1);
}

void tick()
{
    calls = calls + 1;
    printf("tick\n");
    sigreturn();
}

static void test_calls()
{
    sigalarm(2, tick);
    while (calls == 0)
        ;
    sigalarm(0, 0);
    printf("calls: ok\n");
}

/* One step of a sum whose locals live in registers; not inlined, so that calls come in between. */
static int __attribute__((noinline)) step(int i, int *sum)
{
    *sum += i & 7;
    return i + 1;
}

static void test_registers()
{
    int i = 0, sum = 0, check = 0;
    uint64 a0 = 0;

    calls = 0;
    sigalarm(1, tick);
    while (calls < 5)
        i = step(i, &sum);
    for (int k = 0; k < i; k++)
        check += k & 7;
    asm volatile("li a0, 0x5a; li t0, 100000000; 1: addi t0, t0, -1; bnez t0, 1b; mv %0, a0"
                 : "=r"(a0)
                 :
                 : "a0", "t0");
    sigalarm(0, 0);
    if (sum != check)
        stop("the loop has lost count");
    if (a0 != 0x5a)
        stop("a0 has changed");
    printf("registers: ok\n");
}

void slow_tick()
{
    calls = calls + 1;
    if (nested++)
        stop("the handler was called within itself");
    for (uint64 end = r_time() + 4000000; r_time() < end;)
        ;
    nested--;
    if (calls == 2)
        sigalarm(0, 0);
    sigreturn();
}

static void test_nested()
{
    calls = 0;
    sigalarm(1, slow_tick);
    while (calls < 2)
        ;
    printf("not nested: ok\n");
    for (uint64 end = r_time() + 4000000; r_time() < end;)
        ;
    if (calls != 2)
        stop("the alarm came after it was stopped");
    printf("stopped: ok\n");
}

int main(int argc, char *argv[])
{
    test_calls();
    test_registers();
    test_nested();
    printf("ticker: passed\n");
    exit(0);
}
