/* What a child and a new program have of the signals of whoever made them. */
#include "user/usertests/signals.h"

static char self[] = "/usertests";

enum { IS_DEFAULT = 20, IS_IGNORED, IS_CAUGHT };

/* How signal number argv[0] is treated in a new program. */
int helper_signal(int argc, char *argv[])
{
    struct sigaction old;
    if (argc != 1 || sigaction(atoi(argv[0]), 0, &old) < 0 || sigreturn() != -1)
        return 1;
    return old.handler == SIG_DFL ? IS_DEFAULT : old.handler == SIG_IGN ? IS_IGNORED : IS_CAUGHT;
}

static int in_new_program(int sig, int by_spawn)
{
    char number[12], *argv[] = {self, "@signal", number, 0};
    file_name(number, "", sig);
    return by_spawn ? child_wait(MUST(spawn(self, argv, 0, 0))) : child_exec(self, argv);
}

void signal_new_program(void)
{
    signal_catch(SIGUSR1, signal_note, 0);
    signal_catch(SIGTERM, SIG_IGN, 0);
    for (int by_spawn = 0; by_spawn < 2; by_spawn++) {
        SAME(in_new_program(SIGUSR1, by_spawn), IS_DEFAULT);
        SAME(in_new_program(SIGTERM, by_spawn), IS_IGNORED);
        SAME(in_new_program(SIGINT, by_spawn), IS_DEFAULT);
    }
}

void signal_fork(void)
{
    signal_catch(SIGUSR1, signal_note, 0);
    int pid = child_fork();
    if (pid == 0) {
        SAME(sigsend(getpid(), SIGUSR1), 0);
        SAME(signal_calls, 1);
        signal_catch(SIGUSR1, SIG_DFL, 0);
        exit(STATUS_PASSED);
    }
    SAME(child_wait(pid), STATUS_PASSED);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    SAME(signal_calls, 1);
}

/* A child that runs in our memory has handlers of its own. */
void signal_vfork(void)
{
    struct sigaction a = {SIG_IGN, 0, 0}, old;
    signal_catch(SIGUSR1, signal_note, 0);
    int pid = MUST(vfork());
    if (pid == 0) {
        int bad = sigsend(getpid(), SIGUSR1) + sigaction(SIGUSR1, &a, 0);
        exit(bad + sigsend(getpid(), SIGUSR1));
    }
    SAME(signal_calls, 1);
    SAME(child_wait(pid), 0);
    SAME(sigaction(SIGUSR1, 0, &old), 0);
    CHECK(old.handler == signal_note);
}

/*
 * For the tests of the console: `usertests @catch` wants ^C in a read of the console, in a pause
 * and in a loop, and ends with the number of answers that it found right.
 */
int helper_catch(int argc, char *argv[])
{
    int right = 0;
    char line[10];
    (void)argc, (void)argv;
    signal_catch(SIGINT, signal_note, 0);
    printf("reads\n");
    right += read(0, line, sizeof line) == -1 && errcode() == EINTR;
    printf("pauses\n");
    right += pause(1000000) == -1 && errcode() == EINTR;
    signal_calls = 0;
    printf("loops\n");
    while (signal_calls == 0)
        ;
    signal_catch(SIGINT, SIG_IGN, 0);
    printf("ignores\n");
    right += read(0, line, sizeof line) == 2 && line[0] == 'x';
    return right;
}

/* Sent to a parent that waits for its memory: the handler runs when it has it back. */
void signal_vfork_parent(void)
{
    signal_catch(SIGUSR1, signal_note, 0);
    int parent = getpid(), pid = MUST(vfork());
    if (pid == 0) {
        sigsend(parent, SIGUSR1);
        pause(2);
        exit(signal_calls);
    }
    SAME(signal_calls, 1);
    SAME(child_wait(pid), 0);
}

static volatile int forked;

static void in_handler(int what, struct siginfo *info)
{
    char *argv[] = {self, "@signal", "15", 0};
    (void)info;
    signal_calls++;
    if (what == SIGUSR1)
        forked = child_fork();
    else if (what == SIGTERM)
        exit(33);
    else
        exec(self, argv);
}

/* Both who return from a fork in a handler go on where it came; exit and exec do not return. */
void signal_handler_forks(void)
{
    signal_catch(SIGUSR1, in_handler, 0);
    signal_catch(SIGTERM, in_handler, 0);
    signal_catch(SIGINT, in_handler, 0);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    SAME(signal_calls, 1);
    REFUSED(sigreturn(), EINVAL);
    if (forked == 0)
        exit(44);
    SAME(child_wait(forked), 44);
    for (int sig = SIGTERM; sig; sig = sig == SIGTERM ? SIGINT : 0) {
        int pid = child_fork();
        if (pid == 0)
            exit(sigsend(getpid(), sig));
        SAME(child_wait(pid), sig == SIGTERM ? 33 : IS_DEFAULT);
    }
}
