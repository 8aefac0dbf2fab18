/* sigalarm(): a handler that a timer calls, between any two instructions. */
#include "kernel/riscv.h"
#include "user/usertests/signals.h"

static char self[] = "/usertests";
static volatile int depth;

enum { TICK = 10000000 / TICK_HZ }; /* of r_time(), at 10 MHz */

/* The clock is read seldom, for that is slow on a machine that counts instructions. */
static void spin(void)
{
    for (int i = 0; i < 10000; i++)
        asm volatile("");
}

void signal_use_time(uint64 ticks)
{
    for (uint64 end = r_time() + ticks * TICK; r_time() < end;)
        spin();
}

/* Until the handler has been called n times in all; ten ticks are enough for each. */
static void await_calls(int n)
{
    uint64 end = r_time() + 10 * TICK;
    for (int seen = signal_calls; signal_calls < n;) {
        spin();
        int late = r_time() > end; /* asked before the look at what a late interrupt has done */
        if (signal_calls == seen && late)
            SAME(signal_calls, n);
        if (signal_calls != seen)
            end = r_time() + 10 * TICK;
        seen = signal_calls;
    }
}

static void count_alarm(int sig, struct siginfo *info)
{
    signal_note(sig, info);
    sigreturn();
    exit(STATUS_FAILED);
}

/* In a loop without system calls, until told to stop. */
void alarm_periodic(void)
{
    SAME(sigalarm(1, (void (*)())count_alarm), 0);
    await_calls(3);
    SAME(signal_last.sig, SIGALRM);
    SAME(sigalarm(0, 0), 0);
    int seen = signal_calls;
    signal_use_time(5);
    SAME(signal_calls, seen);
}

static volatile uint64 left; /* when the handler last ended */
static int early;            /* alarms in a row that came sooner than half a tick after that */

/*
 * While it runs three more would be due; the next is due a tick after it, less a time slice, which
 * is long where the host is busy.
 */
static void linger(int sig, struct siginfo *info)
{
    SAME(++depth, 1);
    early = r_time() - left < TICK / 2 ? early + 1 : 0;
    CHECK(early < 3);
    signal_note(sig, info);
    signal_use_time(3);
    depth--;
    left = r_time();
}

void alarm_not_reentered(void)
{
    SAME(sigalarm(1, (void (*)())linger), 0);
    await_calls(5);
    SAME(sigalarm(0, 0), 0);
}

static uint64 own_run_time(void)
{
    struct procinfo me;
    CHECK(child_find(getpid(), &me));
    return me.runtime;
}

/* Two ticks of its own run time: what it sleeps does not count, nor what comes before. */
void alarm_counts_run_time(void)
{
    signal_use_time(1);
    uint64 start = own_run_time();
    SAME(sigalarm(2, (void (*)())signal_note), 0);
    SAME(pause(6), 0);
    SAME(signal_calls, 0);
    await_calls(1);
    uint64 used = own_run_time() - start;
    CHECK(used >= 2 * TICK);
    CHECK(used < 10 * TICK); /* the host may be busy */
    SAME(sigalarm(0, 0), 0);
}

/* An alarm that the program ignores does nothing to it, and goes on. */
void alarm_ignored(void)
{
    SAME(sigalarm(1, (void (*)())signal_note), 0);
    signal_catch(SIGALRM, SIG_IGN, 0);
    int seen = signal_calls;
    signal_use_time(3);
    SAME(signal_calls, seen);
    signal_catch(SIGALRM, signal_note, 0);
    await_calls(seen + 1);
    SAME(sigalarm(0, 0), 0);
}

static void alarm_action_is(signal_handler *handler)
{
    struct sigaction now;
    SAME(sigaction(SIGALRM, 0, &now), 0);
    CHECK(now.handler == handler);
    CHECK(now.mask == 0);
}

static int next_alarm; /* in ticks */

/* SIGALRM waits while this runs, and is pending when sigalarm() is called. */
static void replace_alarm(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    SAME(sigsend(getpid(), SIGALRM), 0);
    SAME(sigalarm(next_alarm, (void (*)())signal_note), 0);
}

/* Neither what was pending of the alarm before nor its action is left. */
void alarm_replaced(void)
{
    signal_catch(SIGALRM, signal_note, 1ul << SIGINT);
    SAME(sigalarm(1000, (void (*)())linger), 0);
    alarm_action_is(linger);
    REFUSED(sigalarm(-1, (void (*)())signal_note), EINVAL);
    alarm_action_is(linger);
    SAME(sigalarm(0, (void (*)())signal_note), 0);
    alarm_action_is(SIG_DFL);
    signal_catch(SIGUSR1, replace_alarm, 1ul << SIGALRM);
    for (next_alarm = 1000; next_alarm >= 0; next_alarm -= 1000) {
        signal_catch(SIGALRM, signal_note, 0);
        SAME(sigsend(getpid(), SIGUSR1), 0);
        SAME(signal_calls, 0);
    }
}

/* Does not end of an alarm that the program before had set. */
int helper_alarm(int argc, char *argv[])
{
    (void)argc, (void)argv;
    signal_use_time(5);
    return 55;
}

void alarm_not_inherited(void)
{
    char *argv[] = {self, "@alarm", 0};
    SAME(sigalarm(1, (void (*)())signal_note), 0);
    int pid = child_fork();
    if (pid == 0) {
        signal_calls = 0;
        signal_use_time(5);
        exit(signal_calls);
    }
    int status = 0;
    while (wait(&status) != pid) /* the alarm may interrupt it */
        ;
    SAME(status, 0);
    pid = child_fork();
    if (pid == 0) {
        sigalarm(1, (void (*)())signal_note);
        exec(self, argv);
        exit(EXEC_REFUSED);
    }
    while (wait(&status) != pid)
        ;
    SAME(status, 55);
    await_calls(1);
}
