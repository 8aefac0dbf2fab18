/* Lab `syscall`: what students write (docs/labs.md). */

// without CALL(sysinfo), in kernel/trap/syscall.c
// drop sys_sysinfo in kernel/proc/sysproc.c
// without uint64 trace_mask; /* system calls to report, one bit each */ in kernel/proc/proc.h
// without child->trace_mask = parent->trace_mask; in kernel/proc/fork.c

// in kernel/trap/syscall.c
/*
 * To be completed: reports the calls that p wants to have traced (sys_trace()).  A report is a line
 *     PID: syscall NAME -> RESULT
 * for the console in one piece, written when the call has ended; RESULT is what the program gets.
 * A number that no call has is not reported so, whatever p asked for.  Whoever traces nothing pays
 * one comparison.
 */
void syscall_dispatch(struct proc *p, struct trapframe *tf)
{
    uint64 number = tf->reg[TF_A7];
    int64 result = -ENOSYS;
    if (is_call(number))
        result = calls[number].fn(&tf->reg[TF_A0]);
    else
        report_unknown(p, number);
    if (result < 0) {
        p->error = (int)-result;
        result = -1;
    }
    tf->reg[TF_A0] = (uint64)result;
}

// in kernel/proc/sysproc.c
/*
 * trace(calls): from now on each system call of this process whose number n has its bit, 1 << n, in
 * `calls` is reported (kernel/trap/syscall.c), this call of trace() itself being the first, in
 * whatever program it runs by then; so are those of all children that it makes from now on, by
 * fork, vfork or spawn.  0: nothing is.  Cannot fail.
 */
int64 sys_trace(const uint64 arg[6])
{
    (void)arg;
    return -ENOSYS;
}

// in kernel/proc/signal.c
/*
 * Writes all that p needs to go on where it is now, as a struct signal_frame, to its stack at
 * signal_frame_at(p), and sets its stack pointer to there.  0; or -EFAULT with p->tf as it
 * was, if that place cannot be written, or if there is none because so few addresses are below the
 * stack pointer.  Memory for it that is promised but not there yet is no failure.
 */
static int push_frame(struct proc *p, const struct siginfo *info)
{
    (void)p;
    (void)info;
    return -EFAULT;
}

/*
 * Changes the registers that p returns to user mode with so that it begins the handler of
 * info->sig, which has one: handler(sig, info), which returns to the action's restorer.  What info
 * points to is in the frame.  Until p leaves the handler, the signal waits, and with it those of
 * the action's mask that are in SIGNAL_CATCHABLE.  0; or -EFAULT with nothing changed.
 */
static int enter_handler(struct proc *p, const struct siginfo *info)
{
    return push_frame(p, info);
}

/*
 * p called sigreturn(), and that call has ended: p goes on where its latest frame was made, with
 * all registers, the signals that wait and errcode() as they were, and the frame before that one is
 * the latest again.  The frame is memory of the program and may say anything: nothing that it says
 * makes SIGKILL wait.  If it cannot be read, sigreturn() has failed with EFAULT instead.
 */
static void leave_handler(struct proc *p)
{
    (void)p;
}

/*
 * Makes SIGALRM pending each time p has run for `interval` since the last time, as `due` of struct
 * signals says.  While SIGALRM waits because a handler runs, the clock stands: the next one comes a
 * whole interval after that.  A signal that p ignores is not made pending.
 */
void signal_tick(struct proc *p)
{
    (void)p;
}

// in kernel/proc/syssignal.c
/*
 * sigalarm(ticks, handler), and as a third argument, which user/lib adds, where the handler returns
 * to.  From now on SIGALRM has this handler, with an empty mask, and comes after every `ticks`
 * ticks of run time (timer_tick_length()).  The handler is an address, 0 and 1 like any other: a
 * program may begin with it.  The alarm before is forgotten, and with it a SIGALRM that is pending,
 * whoever made it so.  With 0 ticks there is no alarm, and SIGALRM is treated by default, whatever
 * the handler.  0, or -EINVAL with nothing changed if `ticks`, an int, is negative.
 */
int64 sys_sigalarm(const uint64 arg[6])
{
    (void)arg;
    return -ENOSYS;
}
