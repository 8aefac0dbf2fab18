/*
 * vfork: a process lends its address space to a new child and waits until it has it back, because
 * the child got one of its own by exec, or ended.
 *
 * Those that use one space are a chain: a lender, its borrower, the borrower's own borrower, and so
 * on.  Only the last runs in user mode; it is space->user.  All others sleep in proc_vfork(), or
 * were killed there and are ending.  Whoever goes, from whichever place, links its neighbours; only
 * when the last one goes does the one before it go on.  So a killed lender does not wait, and the
 * space lives as long as anybody runs in it.
 *
 * Lock: ptable_lock for the chain and for space->user.
 */
#include "kernel/errno.h"
#include "kernel/proc/image.h"
#include "kernel/proc/proc.h"
#include "kernel/vm/space.h"

/* Until nobody has the space of p any more, or p is killed. */
static void await_space(struct proc *p)
{
    spin_lock(&ptable_lock);
    while (p->borrower && waitq_sleep_killable(&p->child_exited, &ptable_lock) == 0)
        ;
    /* A borrower may have mapped code from another hart, and be gone before we had to sleep. */
    space_activate(p->space);
    spin_unlock(&ptable_lock);
}

int proc_vfork(void)
{
    struct proc *p = proc_self();
    struct proc *child;
    int r = proc_new(&child, p->name, p->reserve);
    if (r < 0)
        return r;
    space_get(p->space);
    *child->tf = *p->tf;
    child->tf->reg[TF_A0] = 0;
    child->exe = image_share(p->exe);
    proc_inherit(child, p);
    signal_fork(child, p);
    child->space = p->space;
    /* No lock yet: p is the last of its chain.  And a kill may start a child that is visible. */
    child->space->user = &child->vm;
    child->lender = p;
    p->borrower = child;
    proc_publish(child, p);
    int pid = child->pid;
    sched_ready(child);
    await_space(p);
    return pid;
}

/* ptable_lock held: p uses `s` no more. */
static void leave_chain(struct proc *p, struct space *s)
{
    if (p->lender)
        p->lender->borrower = p->borrower;
    if (p->borrower)
        p->borrower->lender = p->lender;
    else
        s->user = p->lender ? &p->lender->vm : NULL;
    if (p->lender && !p->borrower)
        waitq_wake_all(&p->lender->child_exited);
    p->lender = p->borrower = NULL;
}

void proc_set_space(struct proc *p, struct space *space)
{
    struct space *old = p->space;
    spin_lock(&ptable_lock);
    p->space = space;
    if (space)
        space->user = &p->vm;
    space_activate(space); /* before the lender of the old one goes on in it */
    if (old)
        leave_chain(p, old);
    spin_unlock(&ptable_lock);
    if (old)
        space_put(old);
}
