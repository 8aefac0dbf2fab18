/* sigaction(): the system call wants to know where handlers return to. */
#include "kernel/signal.h"
#include "user/extra.h"

void signal_restorer(void); /* stubs.S */
int sys_sigaction(int sig, const struct sigaction *action, struct sigaction *old);

int sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
    struct sigaction a;

    if (action == 0)
        return sys_sigaction(sig, 0, old);
    a = *action;
    a.restorer = signal_restorer;
    return sys_sigaction(sig, &a, old);
}
