/*
 * Signals: words that wait for a process in one set of bits until it is about to return to user
 * mode, where it looks at them (user_trap_leave() in trap/trap.c).
 *
 * A handler is called by changing the registers that the process returns with.  What they were goes
 * into a frame on the user's stack; frames form a chain, the latest first, and sigreturn() goes
 * back to where the latest was made, whatever the stack pointer is then.  A frame is the user's
 * memory and may say anything when it comes back: only registers of user mode are taken from it, so
 * the worst that comes out is a process that jumps somewhere.
 *
 * A signal that has no handler ends the process at once, for whoever sends it sees that: it becomes
 * a kill, and everything that a kill interrupts it interrupts as well.
 *
 * Lock: ptable_lock is held to send and to change what is caught or ignored, so a sender acts on
 * what is true.  `pending` is changed atomically and may be looked at without it.
 */
#include "kernel/proc/signal.h"
#include "kernel/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/csr.h"
#include "kernel/lib/string.h"
#include "kernel/proc/proc.h"
#include "kernel/riscv.h"
#include "kernel/vm/usercopy.h"
#include <stddef.h>

/* On the user's stack.  No padding: every byte of it is written. */
struct signal_frame {
    struct siginfo info;
    uint64 pc, reg[31]; /* x1 to x31 */
    uint64 blocked;     /* as it was before */
    uint64 error;       /* what errcode() would say */
    uint64 previous;    /* the frame before this one */
};

_Static_assert(sizeof(struct signal_frame) == sizeof(struct siginfo) + 35 * sizeof(uint64),
               "a frame has no bytes that nobody writes");

void signal_post(struct proc *p, uint64 bits)
{
    atomic_or(&p->signal.pending, bits);
    full_fence(); /* against waitq.c: a sleeper marks itself asleep first and then looks */
    sched_ready(p);
    sched_poke(p);
}

/* ptable_lock held. */
static void send(struct proc *p, int sig)
{
    struct signals *s = &p->signal;
    uint64 bit = SIGNAL_BIT(sig);

    if (s->ignored & bit)
        return;
    bool ends = !(s->caught & bit) && !(load_relaxed(&s->blocked) & bit);
    signal_post(p, ends ? SIGNAL_KILL : bit);
}

int signal_send(int pid, int sig)
{
    if (sig <= 0 || sig >= NSIG || !((SIGNAL_CATCHABLE | SIGNAL_KILL) & SIGNAL_BIT(sig)))
        return -EINVAL;
    spin_lock(&ptable_lock);
    struct proc *p = pid > 0 ? proc_find(pid) : NULL;
    int r = !p || p->state == PROC_ZOMBIE ? -ESRCH : p == proc_init_process ? -EPERM : 0;
    if (r == 0)
        send(p, sig);
    spin_unlock(&ptable_lock);
    return r;
}

void signal_interrupt_group(int pgid)
{
    spin_lock(&ptable_lock);
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (p->pgid == pgid && !p->kthread && p != proc_init_process && p->state != PROC_ZOMBIE)
            send(p, SIGINT);
    spin_unlock(&ptable_lock);
}

/* psABI: the stack pointer is 16-byte aligned. */
uint64 signal_frame_at(const struct proc *p)
{
    return (p->tf->reg[TF_SP] - sizeof(struct signal_frame)) & ~15UL;
}

/* Writes the frame; p->tf is as the handler will find it only on success.  0 or -EFAULT. */
static int push_frame(struct proc *p, const struct siginfo *info)
{
    struct trapframe *tf = p->tf;
    uint64 sp = tf->reg[TF_SP], at = signal_frame_at(p);
    struct signal_frame f = {.info = *info,
                             .pc = tf->pc,
                             .blocked = p->signal.blocked,
                             .error = (uint64)p->error,
                             .previous = p->signal.frame};

    memcpy(f.reg, &tf->reg[1], sizeof f.reg);
    if (at >= sp)
        return -EFAULT;  /* there is not so much below sp */
    tf->reg[TF_SP] = at; /* the stack grows down to the stack pointer and no further */
    if (copyout(p->space, at, &f, sizeof f) == 0)
        return 0;
    tf->reg[TF_SP] = sp;
    return -EFAULT;
}

/* p goes on in the handler of info->sig, which has one; 0 or -EFAULT with nothing changed. */
static int enter_handler(struct proc *p, const struct siginfo *info)
{
    struct signals *s = &p->signal;
    const struct sigaction *a = &p->action[info->sig];
    struct trapframe *tf = p->tf;

    if (push_frame(p, info) < 0)
        return -EFAULT;
    s->frame = tf->reg[TF_SP];
    s->blocked |= SIGNAL_BIT(info->sig) | (a->mask & SIGNAL_CATCHABLE);
    tf->pc = (uint64)a->handler;
    tf->reg[TF_RA] = (uint64)a->restorer;
    tf->reg[TF_A0] = (uint64)info->sig;
    tf->reg[TF_A0 + 1] = s->frame + offsetof(struct signal_frame, info);
    return 0;
}

/* Only after the system call has ended, for its result must not be written over the a0 found. */
static void leave_handler(struct proc *p)
{
    struct signals *s = &p->signal;
    struct signal_frame f;

    if (copyin(p->space, &f, s->frame, sizeof f) < 0) {
        p->error = EFAULT;
        p->tf->reg[TF_A0] = (uint64)-1;
        return;
    }
    memcpy(&p->tf->reg[1], f.reg, sizeof f.reg);
    p->tf->pc = f.pc;
    p->error = f.error & 0xff;
    s->blocked = f.blocked & SIGNAL_CATCHABLE;
    s->frame = f.previous;
}

int signal_deliver(struct proc *p)
{
    struct signals *s = &p->signal;
    uint64 waiting = signal_waiting(s);

    if (waiting & SIGNAL_KILL)
        proc_exit(-1);
    int sig = (int)bits_lowest(waiting);
    atomic_and(&s->pending, ~SIGNAL_BIT(sig));
    if (SIGNAL_BIT(sig) == SIGNAL_RETURN) {
        leave_handler(p);
        return 0;
    }
    if (!(s->caught & SIGNAL_BIT(sig)))
        proc_exit(-1); /* it had a handler, or was blocked, when it was sent */
    struct siginfo info = {.sig = sig, .pc = p->tf->pc};
    return enter_handler(p, &info);
}

/* The stack pointer of who has used up the stack may be anywhere below: a frame would hit data. */
static bool is_stack_full(const struct space *s, uint64 va)
{
    return va < s->stack_low && va >= s->stack_low - PGSIZE;
}

bool signal_fault(struct proc *p, const struct siginfo *info)
{
    const struct signals *s = &p->signal;
    return s->caught & ~s->blocked & SIGNAL_BIT(info->sig) &&
           !is_stack_full(p->space, info->addr) && enter_handler(p, info) == 0;
}

static uint64 run_time(const struct proc *p)
{
    return p->runtime + (r_time() - p->started);
}

void signal_alarm(struct proc *p, uint64 interval)
{
    uint64 irq = irq_save(); /* against a switch between the two numbers of run_time() */
    p->signal.interval = interval;
    p->signal.due = run_time(p) + interval;
    irq_restore(irq);
}

/* While the handler runs, time does not count: it comes again a whole interval after its end. */
void signal_tick(struct proc *p)
{
    struct signals *s = &p->signal;

    if (s->interval == 0)
        return;
    uint64 now = run_time(p);
    bool runs = s->blocked & SIGNAL_BIT(SIGALRM);
    if (!runs && now < s->due)
        return;
    s->due = now + s->interval;
    if (!runs && !(s->ignored & SIGNAL_BIT(SIGALRM)))
        atomic_or(&s->pending, SIGNAL_BIT(SIGALRM));
}

void signal_set_action(struct proc *p, int sig, const struct sigaction *a, enum signal_how how)
{
    struct signals *s = &p->signal;
    uint64 bit = SIGNAL_BIT(sig);

    spin_lock(&ptable_lock);
    p->action[sig] = *a;
    s->caught = (s->caught & ~bit) | (how == SIGNAL_CAUGHT ? bit : 0);
    s->ignored = (s->ignored & ~bit) | (how == SIGNAL_IGNORED ? bit : 0);
    if (how == SIGNAL_IGNORED)
        atomic_and(&s->pending, ~bit);
    spin_unlock(&ptable_lock);
}

void signal_fork(struct proc *child, const struct proc *p)
{
    if (p->signal.caught)
        memcpy(child->action, p->action, sizeof p->action);
    child->signal.caught = p->signal.caught;
    child->signal.blocked = p->signal.blocked;
    child->signal.frame = p->signal.frame;
}

void signal_exec(struct proc *p)
{
    struct signals *s = &p->signal;

    spin_lock(&ptable_lock);
    s->caught = 0;
    spin_unlock(&ptable_lock);
    s->blocked = 0;
    s->frame = 0;
    s->interval = 0;
    atomic_and(&s->pending, ~SIGNAL_BIT(SIGALRM));
}
