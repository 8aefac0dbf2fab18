/*
 * System calls about signals.  The kernel believes nothing that it is told of a handler: an address
 * where no code is ends the process when the signal comes, as a jump there would.
 */
#include "kernel/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/proc/proc.h"
#include "kernel/proc/timer.h"
#include "kernel/trap/syscall.h"
#include "kernel/vm/usercopy.h"

static struct sigaction action_of(const struct proc *p, int sig)
{
    if (p->signal.caught & SIGNAL_BIT(sig))
        return p->action[sig];
    return (struct sigaction){.handler = p->signal.ignored & SIGNAL_BIT(sig) ? SIG_IGN : SIG_DFL};
}

int64 sys_sigaction(const uint64 arg[6])
{
    struct proc *p = proc_self();
    int sig = (int)arg[0];
    struct sigaction new, old;

    if (sig <= 0 || sig >= NSIG || !(SIGNAL_CATCHABLE & SIGNAL_BIT(sig)))
        return -EINVAL;
    if (arg[1] && copyin(p->space, &new, arg[1], sizeof new) < 0)
        return -EFAULT;
    old = action_of(p, sig);
    if (arg[2] && copyout(p->space, arg[2], &old, sizeof old) < 0)
        return -EFAULT;
    if (arg[1])
        signal_set_action(p, sig, &new,
                          new.handler == SIG_DFL   ? SIGNAL_DEFAULT
                          : new.handler == SIG_IGN ? SIGNAL_IGNORED
                                                   : SIGNAL_CAUGHT);
    return 0;
}

int64 sys_sigreturn(const uint64 arg[6])
{
    struct signals *s = &proc_self()->signal;
    (void)arg;
    if (s->frame == 0)
        return -EINVAL;
    atomic_or(&s->pending, SIGNAL_RETURN);
    return 0;
}

/* user/lib adds the third argument: where a handler returns to that does not call sigreturn(). */
int64 sys_sigalarm(const uint64 arg[6])
{
    struct proc *p = proc_self();
    int64 ticks = (int)arg[0];
    struct sigaction a = {(void (*)(int, struct siginfo *))arg[1], 0, (void (*)(void))arg[2]};

    if (ticks < 0)
        return -EINVAL;
    signal_alarm(p, 0);
    atomic_and(&p->signal.pending, ~SIGNAL_BIT(SIGALRM)); /* that of the old alarm */
    signal_set_action(p, SIGALRM, &a, ticks ? SIGNAL_CAUGHT : SIGNAL_DEFAULT);
    signal_alarm(p, (uint64)ticks * timer_tick_length());
    return 0;
}

int64 sys_sigsend(const uint64 arg[6])
{
    return signal_send((int)arg[0], (int)arg[1]);
}
