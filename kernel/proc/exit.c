/*
 * exit and wait.  A process that ends gives back everything but its slot and kernel stack, becomes
 * a zombie and is freed by its parent; children that it leaves behind go to init, which waits for
 * ever.
 */
#include "kernel/dev/dev.h"
#include "kernel/errno.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printf.h"
#include "kernel/proc/fd.h"
#include "kernel/proc/image.h"
#include "kernel/proc/proc.h"
#include "kernel/vm/stat.h"

static void release_resources(struct proc *p)
{
    fd_close_all(p);
    inode_put(p->cwd);
    image_release(p->exe);
    p->cwd = p->exe = NULL;
    proc_set_space(p, NULL);
}

/* ptable_lock held. */
static void give_children_to_init(struct proc *p)
{
    list_each_safe (l, &p->children) {
        struct proc *child = container_of(l, struct proc, sibling);
        list_del(l);
        child->parent = proc_init_process;
        list_add_tail(&proc_init_process->children, l);
    }
    waitq_wake_all(&proc_init_process->child_exited); /* some may be zombies */
}

void proc_exit(int status)
{
    struct proc *p = proc_self();
    if (p == proc_init_process) {
        printf("init ended with status %d: nothing is left to run\n", status);
        fs_sync();
        machine_off(1);
    }
    release_resources(p);
    spin_lock(&ptable_lock);
    give_children_to_init(p);
    p->status = status;
    store_release(&p->state, PROC_ZOMBIE);
    waitq_wake_all(&p->parent->child_exited);
    oom_released();
    irq_push();
    spin_unlock(&ptable_lock);
    sched_switch();
    panic("proc_exit: a zombie must not run");
}

/* ptable_lock held. */
static struct proc *find_zombie(struct proc *parent)
{
    list_each (l, &parent->children) {
        struct proc *child = container_of(l, struct proc, sibling);
        if (load_acquire(&child->state) == PROC_ZOMBIE)
            return child;
    }
    return NULL;
}

int proc_wait(int *status)
{
    struct proc *p = proc_self(), *child = NULL;
    int r = 0;
    spin_lock(&ptable_lock);
    while (r == 0 && !(child = find_zombie(p)))
        r = list_empty(&p->children) ? -ECHILD
                                     : waitq_sleep_interruptible(&p->child_exited, &ptable_lock);
    if (child)
        proc_unpublish(child);
    spin_unlock(&ptable_lock);
    if (!child)
        return r;
    while (load_acquire(&child->on_hart))
        ; /* it is in its last switch, with interrupts off */
    *status = child->status;
    vm_stat_add(&p->waited, &child->vm.stat);
    vm_stat_add(&p->waited, &child->waited);
    int pid = child->pid;
    proc_free(child);
    return pid;
}
