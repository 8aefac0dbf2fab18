/* fork: a child becomes visible, and may run, only when it is complete. */
#include "kernel/errno.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/string.h"
#include "kernel/proc/fd.h"
#include "kernel/proc/image.h"
#include "kernel/proc/proc.h"
#include "kernel/vm/space.h"

void proc_inherit(struct proc *child, struct proc *parent)
{
    child->trace_mask = parent->trace_mask;
    child->fork_mode = parent->fork_mode;
    child->cwd = inode_get(parent->cwd);
    fd_copy(child, parent);
    child->reserve = parent->reserve;
    child->signal.ignored = parent->signal.ignored;
}

int proc_fork(void)
{
    struct proc *p = proc_self();
    struct proc *child;
    int r = proc_new(&child, p->name, p->reserve);
    if (r < 0)
        return r;
    r = space_fork(p->space, p->fork_mode, &child->space);
    if (r < 0) {
        proc_free(child);
        return r;
    }
    *child->tf = *p->tf;
    child->tf->reg[TF_A0] = 0;
    child->exe = image_share(p->exe);
    proc_inherit(child, p);
    signal_fork(child, p);
    child->space->user = &child->vm;
    child->space->reserve = child->reserve;
    proc_publish(child, p);
    int pid = child->pid; /* once it runs, it may be gone at any moment */
    sched_ready(child);
    return pid;
}
