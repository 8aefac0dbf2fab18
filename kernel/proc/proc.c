/*
 * The process table.  ptable_lock guards the list of all processes, the pid hash and the family
 * ties; a process is on the list from proc_publish() until its parent has reaped it.
 *
 * The last slots, and some memory, are kept for init, the console's shell and what that shell
 * starts until it has its program, so that a user can always type a command that ends the others.
 */
#include "kernel/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/proc.h"
#include "kernel/riscv.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/space.h"

#define RESERVED_SLOTS 8
#define PROC_COST      4 /* pages that each is charged for until it is reaped: stack, structure */
#define PID_BUCKETS    256
#define PID_MAX        (1 << 22)

struct spinlock ptable_lock = SPINLOCK_INIT("process table", RANK_PTABLE);

static struct slab_cache procs;
static struct list all, by_pid[PID_BUCKETS];
static int last_pid;
static uint slots_used; /* atomic: published, and on their way there */

void proc_init(void)
{
    slab_init(&procs, "proc", sizeof(struct proc));
    list_init(&all);
    for (int i = 0; i < PID_BUCKETS; i++)
        list_init(&by_pid[i]);
}

static bool take_slot(bool reserve)
{
    uint limit = reserve ? NPROC : NPROC - RESERVED_SLOTS;
    if (atomic_add(&slots_used, 1) <= limit)
        return true;
    atomic_sub(&slots_used, 1);
    return false;
}

static void give_slot_back(bool charged)
{
    if (charged)
        commit_uncharge_other(PROC_COST);
    atomic_sub(&slots_used, 1);
}

int proc_new(struct proc **result, const char *name, bool reserve)
{
    if (!take_slot(reserve))
        return -EAGAIN;
    bool charged = commit_charge_other(PROC_COST, reserve) == 0;
    int flags = reserve ? FRAME_RESERVE : 0;
    struct proc *p = charged ? slab_alloc_flags(&procs, flags) : NULL;
    uint64 stack = p ? kstack_alloc(flags) : 0;
    if (!stack) {
        if (p)
            slab_free(&procs, p);
        give_slot_back(charged);
        return -ENOMEM;
    }
    memset(p, 0, offsetof(struct proc, action));
    p->state = PROC_NEW;
    p->kstack = stack;
    p->tf = (struct trapframe *)(stack - TRAPFRAME_SIZE);
    p->vm.tf = p->tf;
    p->vm.name = p->name;
    p->ctx.ra = (uint64)context_begin;
    p->ctx.sp = (uint64)p->tf;
    p->hart = hart_self()->id;
    list_init(&p->run);
    list_init(&p->wait);
    list_init(&p->all);
    list_init(&p->hash);
    list_init(&p->children);
    list_init(&p->sibling);
    waitq_init(&p->child_exited);
    strlcpy(p->name, name, sizeof p->name);
    *result = p;
    return 0;
}

void proc_free(struct proc *p)
{
    kstack_free(p->kstack);
    slab_free(&procs, p);
    give_slot_back(true);
}

struct proc *proc_find(int pid)
{
    list_each (l, &by_pid[(uint)pid % PID_BUCKETS]) {
        struct proc *p = container_of(l, struct proc, hash);
        if (p->pid == pid)
            return p;
    }
    return NULL;
}

struct proc *proc_next(const struct proc *p)
{
    struct list *next = p ? p->all.next : all.next;
    return next == &all ? NULL : container_of(next, struct proc, all);
}

static int new_pid(void)
{
    do
        last_pid = last_pid < PID_MAX ? last_pid + 1 : 2;
    while (proc_find(last_pid));
    return last_pid;
}

void proc_publish(struct proc *p, struct proc *parent)
{
    spin_lock(&ptable_lock);
    p->pid = p->vm.pid = p->kthread ? 0 : new_pid();
    p->parent = parent;
    if (p->pgid == 0)
        p->pgid = parent ? parent->pgid : p->pid;
    else if (p->pgid == PGID_OWN)
        p->pgid = p->pid;
    if (parent && proc_killed(parent))
        p->signal.pending = SIGNAL_KILL; /* a kill of the group missed only the newborn */
    list_add_tail(&all, &p->all);
    if (!p->kthread)
        list_add_tail(&by_pid[(uint)p->pid % PID_BUCKETS], &p->hash);
    if (parent)
        list_add_tail(&parent->children, &p->sibling);
    spin_unlock(&ptable_lock);
}

void proc_unpublish(struct proc *p)
{
    list_del(&p->all);
    list_del(&p->hash);
    list_del(&p->sibling);
}

uint proc_count(void)
{
    return load_relaxed(&slots_used);
}

void proc_mark_killed(struct proc *p)
{
    signal_post(p, SIGNAL_KILL);
}

int proc_set_group(struct proc *self, int pid, int pgid)
{
    if (pid < 0 || pgid < 0)
        return -EINVAL;
    spin_lock(&ptable_lock);
    struct proc *p = pid ? proc_find(pid) : self;
    int r = p && (p == self || p->parent == self) ? 0 : -ESRCH;
    if (r == 0)
        p->pgid = pgid ? pgid : p->pid;
    spin_unlock(&ptable_lock);
    return r;
}

void proc_set_name(struct proc *p, const char *path)
{
    const char *base = path;
    for (const char *c = path; *c; c++)
        if (*c == '/' && c[1] && c[1] != '/')
            base = c + 1;
    spin_lock(&ptable_lock); /* against describe() */
    strlcpy(p->name, base, sizeof p->name);
    for (char *c = p->name; *c; c++)
        if ((uchar)*c < ' ' || *c == 0x7f) /* lists and reports show names as they stand */
            *c = '?';
    spin_unlock(&ptable_lock);
}

/* ptable_lock held; the numbers are a snapshot. */
static void describe(struct proc *p, struct procinfo *out)
{
    memset(out, 0, sizeof *out);
    out->pid = p->pid;
    out->ppid = p->parent ? p->parent->pid : 0;
    out->pgid = p->pgid;
    out->state = (int)load_relaxed(&p->state);
    out->hart = (int)p->hart;
    out->kthread = p->kthread;
    out->runtime = p->runtime;
    if (out->state == PROC_RUNNING)
        out->runtime += r_time() - p->started;
    if (p->space) {
        out->size = space_size(p->space);
        out->resident = space_resident(p->space);
    }
    strlcpy(out->name, p->name, sizeof out->name);
}

int proc_list(struct procinfo *out, int max)
{
    int n = 0;
    spin_lock(&ptable_lock);
    list_each (l, &all) {
        if (n == max)
            break;
        describe(container_of(l, struct proc, all), &out[n++]);
    }
    spin_unlock(&ptable_lock);
    return n;
}

void kthread_start(const char *name, void (*fn)(void *), void *arg)
{
    struct proc *p;
    if (proc_new(&p, name, true) < 0)
        panic("kthread_start: no memory for \"%s\" at boot", name);
    p->kthread = true;
    p->ctx.s[1] = (uint64)fn;
    p->ctx.s[2] = (uint64)arg;
    proc_publish(p, NULL);
    sched_ready(p);
}
