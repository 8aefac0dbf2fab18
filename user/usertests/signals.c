/* Signals between processes: handlers, masks, and waits in the kernel that they end. */
#include "user/usertests/signals.h"

static const int catchable[] = {SIGINT, SIGBUS, SIGUSR1, SIGSEGV, SIGALRM, SIGTERM};
enum { CATCHABLE = sizeof catchable / sizeof catchable[0] };

volatile int signal_calls;
volatile struct siginfo signal_last;

void signal_catch(int sig, signal_handler *handler, uint64 mask)
{
    struct sigaction a = {handler, mask, 0};
    SAME(sigaction(sig, &a, 0), 0);
}

void signal_note(int sig, struct siginfo *info)
{
    signal_calls++;
    signal_last = *info;
    SAME(sig, info->sig);
}

void signal_arguments(void)
{
    static const int none[] = {-1, 0, 1, 3, 8, SIGKILL, 13, NSIG, NSIG + 2, 64, 0x7fffffff};
    struct sigaction a = {signal_note, 1ul << SIGTERM, 0}, old;
    for (uint i = 0; i < sizeof none / sizeof none[0]; i++) {
        REFUSED(sigaction(none[i], &a, &old), EINVAL);
        if (none[i] != SIGKILL)
            REFUSED(sigsend(getpid(), none[i]), EINVAL);
    }
    for (int i = 0; i < CATCHABLE; i++) {
        SAME(sigaction(catchable[i], &a, &old), 0);
        CHECK(old.handler == SIG_DFL && old.mask == 0);
        SAME(sigaction(catchable[i], 0, &old), 0);
        CHECK(old.handler == signal_note && old.mask == 1ul << SIGTERM);
    }
    a.handler = SIG_DFL;
    for (int i = 0; bad_addresses[i]; i++) {
        REFUSED(raw_call(SYS_sigaction, SIGINT, (long)bad_addresses[i], 0), EFAULT);
        REFUSED(raw_call(SYS_sigaction, SIGINT, (long)&a, (long)bad_addresses[i]), EFAULT);
    }
    SAME(sigaction(SIGINT, 0, &old), 0);
    CHECK(old.handler == signal_note);
    REFUSED(sigsend(0, SIGTERM), ESRCH);
    REFUSED(sigsend(-1, SIGTERM), ESRCH);
    REFUSED(sigsend(1 << 22, SIGTERM), ESRCH);
    REFUSED(sigsend(1, SIGKILL), EPERM);
    REFUSED(sigsend(1, SIGINT), EPERM);
    REFUSED(sigreturn(), EINVAL);
    REFUSED(sigalarm(-1, 0), EINVAL);
}

static void send_self(long sig)
{
    SAME(sigsend(getpid(), (int)sig), 0);
    exit(STATUS_FAILED);
}

static void ignore_and_send(long sig)
{
    signal_catch((int)sig, SIG_IGN, 0);
    SAME(sigsend(getpid(), (int)sig), 0);
    signal_catch((int)sig, SIG_DFL, 0);
}

void signal_default(void)
{
    KILLED(send_self, SIGKILL);
    for (int i = 0; i < CATCHABLE; i++) {
        KILLED(send_self, catchable[i]);
        PASSES(ignore_and_send, catchable[i]);
    }
}

/* The handler has run when the call that sent the signal returns, and nothing else has changed. */
void signal_to_self(void)
{
    REFUSED(close(50), EBADF);
    for (int i = 0; i < CATCHABLE; i++) {
        signal_catch(catchable[i], signal_note, 0);
        SAME(sigsend(getpid(), catchable[i]), 0);
        SAME(signal_calls, i + 1);
        SAME(signal_last.sig, catchable[i]);
        CHECK(signal_last.access == 0 && signal_last.addr == 0 && signal_last.pc != 0);
    }
}

static void fail_otherwise(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    REFUSED(open("nowhere", O_RDONLY), ENOENT);
}

void signal_keeps_errcode(void)
{
    signal_catch(SIGUSR1, fail_otherwise, 0);
    REFUSED(close(50), EBADF);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    SAME(errcode(), EBADF);
}

/* --- what waits ------------------------------------------------------------------------------- */

static volatile int order[8], n_order, inside;

static void outer(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    inside = 1;
    order[n_order++] = 1;
    if (n_order == 1)
        SAME(sigsend(getpid(), SIGUSR1), 0); /* its own: waits */
    SAME(sigsend(getpid(), SIGTERM), 0);
    order[n_order++] = 2;
    inside = 0;
}

static void inner(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    order[n_order++] = inside ? 3 : 4;
}

static void order_is(const char *wanted)
{
    for (int i = 0; wanted[i]; i++)
        SAME(order[i], wanted[i] - '0');
    SAME(n_order, strlen(wanted));
    n_order = 0;
}

/* Sent from within the handler of USR1: USR1 comes afterwards, TERM at once unless it is masked. */
void signal_mask(void)
{
    signal_catch(SIGTERM, inner, 0);
    signal_catch(SIGUSR1, outer, 0);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    order_is("132132");
    signal_catch(SIGUSR1, outer, 1ul << SIGTERM | 1ul << SIGKILL | ~0xfffful);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    order_is("12124"); /* USR1 is the lower number, and blocks TERM once more */
}

/* To end a handler in the middle of what it has called. */
static void leave(int depth)
{
    char bytes[100];
    memset(bytes, depth, sizeof bytes);
    if (depth > 0)
        leave(depth - 1);
    else
        sigreturn();
}

static void leave_deep(int sig, struct siginfo *info)
{
    (void)info;
    signal_calls++;
    if (sig == SIGUSR1)
        SAME(sigsend(getpid(), SIGTERM), 0);
    leave(10);
    exit(STATUS_FAILED);
}

void signal_return_explicit(void)
{
    signal_catch(SIGUSR1, leave_deep, 0);
    signal_catch(SIGTERM, leave_deep, 0);
    for (int i = 1; i <= 100; i++) {
        SAME(sigsend(getpid(), SIGUSR1), 0);
        SAME(signal_calls, 2 * i);
    }
    REFUSED(sigreturn(), EINVAL);
}

/* --- waits in the kernel ---------------------------------------------------------------------- */

enum { PAUSE, READ, WRITE, WAIT };

static long block_in(int what)
{
    int ends[2], n;
    MUST(pipe(ends));
    switch (what) {
    case PAUSE: return pause(1000000);
    case READ: return read(ends[0], scratch, 10);
    case WAIT: return wait(0);
    default:
        while ((n = write(ends[1], scratch, SCRATCH)) == SCRATCH)
            ;
        return n;
    }
}

/* A pipe has room for a whole number of buffers, so a write that waits has moved nothing. */
static void be_interrupted(long what, int ready)
{
    signal_catch(SIGUSR1, signal_note, 0);
    SAME(write(ready, "r", 1), 1);
    REFUSED(block_in((int)what), EINTR);
    CHECK(signal_calls > 0);
    signal_catch(SIGUSR1, SIG_IGN, 0); /* else one more might interrupt what follows */
}

/* A child of the waiting process that ends when its pipe has no more writers. */
static int hold_on(int ends[2])
{
    char c;
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        close(ends[1]);
        exit(read(ends[0], &c, 1));
    }
    return pid;
}

static int is_zombie(int pid)
{
    struct procinfo p;
    return child_find(pid, &p) && p.state == PROC_ZOMBIE;
}

/* The signal is sent until it has an effect: the first may come before the call that waits. */
static void interrupt_in(long what)
{
    int ready[2], hold[2], pid;
    char c;
    MUST(pipe(ready));
    pid = child_fork();
    if (pid == 0) {
        int held = what == WAIT ? hold_on(hold) : 0;
        be_interrupted(what, ready[1]);
        if (held) {
            close(hold[1]);
            SAME(child_wait(held), 0);
        }
        exit(STATUS_PASSED);
    }
    SAME(read(ready[0], &c, 1), 1);
    do {
        if (sigsend(pid, SIGUSR1) < 0)
            SAME(errcode(), ESRCH); /* it has ended since the last look */
        pause(1);
    } while (!is_zombie(pid));
    SAME(child_wait(pid), STATUS_PASSED);
    SAME(close(ready[0]) + close(ready[1]), 0);
}

void signal_interrupts_pause(void)
{
    interrupt_in(PAUSE);
}

void signal_interrupts_read(void)
{
    interrupt_in(READ);
}

void signal_interrupts_write(void)
{
    interrupt_in(WRITE);
}

void signal_interrupts_wait(void)
{
    interrupt_in(WAIT);
}

/* An ignored or blocked signal does not end a wait. */
static void send_blocked(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    int pid = child_fork();
    if (pid == 0) {
        pause(1);
        kill(getpid());
    }
    SAME(sigsend(getpid(), SIGTERM), 0);
    SAME(sigsend(getpid(), SIGINT), 0);
    SAME(child_wait(pid), -1);
    SAME(signal_calls, 0);
}

void signal_does_not_interrupt(void)
{
    signal_catch(SIGINT, SIG_IGN, 0);
    signal_catch(SIGTERM, signal_note, 0);
    signal_catch(SIGUSR1, send_blocked, 1ul << SIGTERM);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    SAME(signal_calls, 1);
}
