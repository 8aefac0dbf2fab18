/*
 * A process that catches signals and does to its frames what a handler can do to them, until it
 * ends of that or is killed.  Whatever it jumps to, it is a process like any other.
 */
#include "kernel/signal.h"
#include "user/fuzz/several.h"

static const int signals[] = {SIGINT, SIGBUS, SIGUSR1, SIGSEGV, SIGALRM, SIGTERM};

#define ANY_SIGNAL(f) signals[fuzz_below(f, sizeof signals / sizeof signals[0])]

enum { PC = 3, RA, FRAME_WORDS = 38 };

static struct fuzzer *self;

static uint64 any_word(struct fuzzer *f)
{
    struct arguments a;
    fuzz_argument(f, fuzz_below(f, 2) ? NUMBER : TO, &a, 0);
    return a.a[0];
}

/* Nothing that is executed lies in our own text: main() there would start more of us. */
static void spoil(uint64 *frame, int i)
{
    frame[i] = any_word(self);
    if ((i == PC || i == RA) && frame[i] < 1 << 20)
        frame[i] |= 1ul << 45;
}

static void do_harm(int sig, struct siginfo *info)
{
    uint64 *frame = (uint64 *)info;
    switch (fuzz_below(self, 6)) {
    case 0: spoil(frame, (int)fuzz_below(self, FRAME_WORDS)); break;
    case 1:
        for (int i = 0; i < FRAME_WORDS; i++)
            spoil(frame, i);
        break;
    case 2: sigsend(getpid(), ANY_SIGNAL(self)); break;
    case 3: sigreturn(); break;
    case 4: sigalarm(1, (void (*)())do_harm); break;
    default: frame[0] = (uint64)sig;
    }
}

static void catch_and_send(struct fuzzer *f)
{
    struct sigaction a = {do_harm, any_word(f), 0};
    sigaction(ANY_SIGNAL(f), &a, 0);
    sigaction(SIGALRM, &a, 0);
    sigaction(SIGSEGV, &a, 0);
    sigsend(getpid(), ANY_SIGNAL(f));
    if (fuzz_below(f, 20) == 0)
        (void)*(volatile char *)any_word(f);
}

void several_signals(struct fuzzer *f)
{
    f->call = "signals";
    int pid = fork();
    if (pid == 0) {
        self = f;
        for (;;)
            catch_and_send(f);
    }
    for (uint n = fuzz_below(f, 40); pid > 0 && n > 0; n--)
        yield();
    if (pid > 0) {
        kill(pid); /* it may have ended already */
        if (wait(0) != pid)
            fuzz_fail(f, "the child that catches signals is lost", pid);
    }
    f->calls += 3;
}
