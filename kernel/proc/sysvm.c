/*
 * System calls that tell about the memory of processes and of the machine, and that change its
 * ways.  What the kernel counts and how it lays out memory is in kernel/vm; here is only who may
 * ask for it and how it reaches the caller.
 *
 * Lock: ptable_lock keeps another process in place while it is looked at; nothing that may sleep,
 * such as a copy to the caller, is done under it.
 */
#include "kernel/errno.h"
#include "kernel/fs/fs.h"
#include "kernel/proc/proc.h"
#include "kernel/trace/trace.h"
#include "kernel/trap/syscall.h"
#include "kernel/vm.h"
#include "kernel/vm/check.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/plant.h"
#include "kernel/vm/stat.h"
#include "kernel/vm/usercopy.h"

static int stat_of_process(int pid, struct vmstat *to)
{
    spin_lock(&ptable_lock);
    struct proc *p = pid > 0 ? proc_find(pid) : NULL;
    if (p)
        *to = p->vm.stat;
    spin_unlock(&ptable_lock);
    return p ? 0 : -ESRCH;
}

int64 sys_vmstat(const uint64 arg[6])
{
    struct proc *self = proc_self();
    int pid = (int)arg[0];
    struct vmstat stat;
    int r = 0;

    if (pid == VMSTAT_MACHINE)
        vm_stat_machine(&stat);
    else if (pid == VMSTAT_CHILDREN)
        stat = self->waited;
    else
        r = stat_of_process(pid, &stat);
    return r < 0 ? r : copyout(self->space, arg[1], &stat, sizeof stat);
}

int64 sys_forkmode(const uint64 arg[6])
{
    struct proc *p = proc_self();
    int mode = (int)arg[0], old = p->fork_mode == FORK_EAGER ? FORK_EAGER : FORK_COW;
    if (mode != FORK_ASK && mode != FORK_COW && mode != FORK_EAGER)
        return -EINVAL;
    if (mode != FORK_ASK)
        p->fork_mode = mode;
    return old;
}

/* The number of broken rules, which are named on the console. */
int64 sys_vmcheck(const uint64 arg[6])
{
    (void)arg;
#ifdef DEBUG
    return check_machine();
#else
    return -ENOSYS;
#endif
}

/* Pages in the cache before; not a setting, but as useful to those who measure. */
static int64 drop_caches(int64 value)
{
    uint64 before = fs_cached();
    if (value > 0)
        fs_shrink(before);
    return (int64)before;
}

int64 sys_vmctl(const uint64 arg[6])
{
    int64 value = (int64)arg[1];

    if (value > 1)
        return -EINVAL;
    if ((int)arg[0] == VMCTL_TRACE)
        return trace_switch(value < 0 ? -1 : (int)value);
    if ((int)arg[0] == VMCTL_DROPCACHES)
        return drop_caches(value);
    if ((int)arg[0] != VMCTL_OVERCOMMIT)
        return -EINVAL;
    return value < 0 ? commit_overcommits() : commit_set_overcommit(value);
}

int64 sys_vmplant(const uint64 arg[6])
{
#ifdef PLANT
    return plant_and_check(proc_self()->space, (uint)arg[0]);
#else
    (void)arg;
    return -ENOSYS;
#endif
}
