/* Who runs when: nobody is starved, and waking up is quick. */
#include "user/testlib/tests.h"

/* What one of several competing processes has got: turns of a loop, and time on a hart. */
struct share {
    long turns, runtime;
};

static void compete_until(int end, int to)
{
    struct share got = {0, 0};
    struct procinfo p;
    while (uptime() < end)
        for (volatile int i = 0; i < 1000; i++)
            got.turns++;
    CHECK(child_find(getpid(), &p));
    got.runtime = (long)p.runtime;
    SAME(write(to, &got, sizeof got), sizeof got);
}

/* Lets n processes compute for `ticks`; the least of both figures, and the most. */
static void race(int n, int ticks, struct share *least, struct share *most)
{
    int ends[2], end = uptime() + 2 + ticks;
    struct share got;
    MUST(pipe(ends));
    for (int i = 0; i < n; i++) {
        if (child_fork() == 0) {
            compete_until(end, ends[1]);
            exit(0);
        }
    }
    *least = (struct share){1l << 62, 1l << 62};
    *most = (struct share){0, 0};
    for (int i = 0; i < n; i++) {
        SAME(read(ends[0], &got, sizeof got), sizeof got);
        least->turns = got.turns < least->turns ? got.turns : least->turns;
        least->runtime = got.runtime < least->runtime ? got.runtime : least->runtime;
        most->turns = got.turns > most->turns ? got.turns : most->turns;
        most->runtime = got.runtime > most->runtime ? got.runtime : most->runtime;
        MUST(wait(0));
    }
    SAME(close(ends[0]) + close(ends[1]), 0);
}

/* n children that never give their harts up; each writes one byte to `to` when it first runs. */
static void spin_start(int pids[], int n, int to)
{
    for (int i = 0; i < n; i++) {
        pids[i] = child_fork();
        if (pids[i] == 0) {
            write(to, "", 1);
            for (;;)
                ;
        }
    }
}

static void spin_end(const int pids[], int n)
{
    for (int i = 0; i < n; i++)
        SAME(kill(pids[i]), 0);
    for (int i = 0; i < n; i++) {
        int status;
        MUST(wait(&status));
        SAME(status, -1);
    }
}

/* Twice as many as there are harts: all of them come to run, and so does this process. */
void sched_preempts(void)
{
    int pids[2 * NCPU], n = 2 * (int)kernel_now().harts, ends[2];
    char c;
    MUST(pipe(ends));
    spin_start(pids, n, ends[1]);
    for (int i = 0; i < n; i++)
        SAME(read(ends[0], &c, 1), 1);
    spin_end(pids, n);
    SAME(close(ends[0]) + close(ends[1]), 0);
}

/*
 * Three for each hart: in two seconds nobody gets less than a third of what another gets.  Time is
 * compared, not turns; but the host may be so unfair to the harts themselves, if not each time.
 */
void sched_fair(void)
{
    struct share least, most;
    for (int tries = 0; tries < 5; tries++) {
        race(3 * (int)kernel_now().harts, 20, &least, &most);
        if (least.turns > 0 && least.runtime * 3 > most.runtime)
            return;
    }
    CHECK(least.turns > 0);
    CHECK(least.runtime * 3 > most.runtime);
}

/* Busy processes on all harts do not keep a sleeper from its turn for two seconds each time. */
void sched_wakes_soon(void)
{
    int pids[2 * NCPU], n = 2 * (int)kernel_now().harts, ends[2], soon = 0;
    MUST(pipe(ends));
    spin_start(pids, n, ends[1]);
    for (int i = 0; i < 5; i++) {
        int start = uptime();
        SAME(pause(1), 0);
        soon += uptime() - start < 20;
    }
    CHECK(soon > 0);
    spin_end(pids, n);
    SAME(close(ends[0]) + close(ends[1]), 0);
}

static void yield_often(long n)
{
    for (long i = 0; i < n; i++)
        SAME(yield(), 0);
}

static void yield_much(long i)
{
    yield_often(500 + i);
}

void sched_yields(void)
{
    struct kstat before, after;
    SAME(kstat(&before), 0);
    PASSES(yield_often, 1000);
    crowd(6, yield_much);
    SAME(kstat(&after), 0);
    CHECK(after.switches > before.switches);
}

/* Work of all kinds at once: sleeping, waking, ending, computing. */
static void mixed_work(long i)
{
    int ends[2];
    char c = 'x';
    for (int round = 0; round < 30; round++) {
        MUST(pipe(ends));
        int pid = child_fork();
        if (pid == 0) {
            if (round % 3 == i % 3)
                yield();
            for (volatile int k = 0; k < 2000; k++)
                ;
            SAME(write(ends[1], &c, 1), 1);
            exit(0);
        }
        SAME(read(ends[0], &c, 1), 1);
        SAME(close(ends[0]) + close(ends[1]), 0);
        SAME(child_wait(pid), 0);
    }
}

void sched_mixed(void)
{
    crowd(10, mixed_work);
}

/* A wake-up between the look and the sleep must not be lost: two processes in lock-step. */
void sched_no_lost_wakeup(void)
{
    int to[2], back[2];
    char c = 0;
    MUST(pipe(to));
    MUST(pipe(back));
    int pid = child_fork();
    if (pid == 0) {
        close(to[1]);
        while (read(to[0], &c, 1) == 1)
            SAME(write(back[1], &c, 1), 1);
        exit(0);
    }
    for (int i = 0; i < 3000; i++) {
        char sent = (char)i;
        SAME(write(to[1], &sent, 1), 1);
        SAME(read(back[0], &c, 1), 1);
        SAME(c, sent);
    }
    SAME(close(to[1]), 0);
    SAME(child_wait(pid), 0);
    SAME(close(to[0]) + close(back[0]) + close(back[1]), 0);
}
