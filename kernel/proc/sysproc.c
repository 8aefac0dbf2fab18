/* System calls about processes, memory and the machine. */
#include "kernel/dev/dev.h"
#include "kernel/errno.h"
#include "kernel/fs/fs.h"
#include "kernel/kstat.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/proc/proc.h"
#include "kernel/proc/timer.h"
#include "kernel/riscv.h"
#include "kernel/spawn.h"
#include "kernel/sysinfo.h"
#include "kernel/trap/syscall.h"
#include "kernel/vm.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/usercopy.h"

int64 sys_fork(const uint64 arg[6])
{
    (void)arg;
    return proc_fork();
}

int64 sys_vfork(const uint64 arg[6])
{
    (void)arg;
    return proc_vfork();
}

int64 sys_exit(const uint64 arg[6])
{
    proc_exit((int)arg[0]);
}

int64 sys_wait(const uint64 arg[6])
{
    struct space *s = proc_self()->space;
    int status = 0;
    if (arg[0]) { /* a bad address must be found before a child is lost for it */
        struct pin pin;
        int64 n = user_pin(s, arg[0], sizeof status, PIN_WRITE, &pin);
        if (n < 0)
            return n;
        user_unpin(&pin);
        if (n < (int64)sizeof status)
            return -EFAULT;
    }
    int pid = proc_wait(&status);
    if (pid > 0 && arg[0] && copyout(s, arg[0], &status, sizeof status) < 0)
        return -EFAULT;
    return pid;
}

int64 sys_kill(const uint64 arg[6])
{
    return signal_send((int)arg[0], SIGKILL);
}

int64 sys_getpid(const uint64 arg[6])
{
    (void)arg;
    return proc_self()->pid;
}

int64 sys_sbrk(const uint64 arg[6])
{
    int mode = (int)arg[1];
    return space_sbrk(proc_self()->space, (int)arg[0], mode == SBRK_LAZY ? SBRK_LAZY : SBRK_EAGER);
}

/* What exec and spawn are told: the path, and strings one after the other in one page. */
struct arguments {
    struct frame *frame;
    uint64 used;
    char path[MAXPATH];
    char *argv[MAXARG];
    int argc;
};

static int fetch_strings(struct space *s, uint64 uargv, struct arguments *a)
{
    char *page = frame_virt(a->frame);
    a->used = 0;
    for (a->argc = 0;; a->argc++) {
        uint64 ustring;
        if (copyin(s, &ustring, uargv + (uint64)a->argc * sizeof ustring, sizeof ustring) < 0)
            return -EFAULT;
        if (!ustring)
            return 0;
        if (a->argc == MAXARG)
            return -E2BIG;
        a->argv[a->argc] = page + a->used;
        int n = copyinstr(s, page + a->used, ustring, PGSIZE - a->used);
        if (n < 0)
            return n == -ENAMETOOLONG ? -E2BIG : n;
        a->used += (uint64)n + 1;
    }
}

/* 0, and a->frame is to be given back; or -E*. */
static int fetch_arguments(uint64 upath, uint64 uargv, struct arguments *a)
{
    struct proc *p = proc_self();
    struct space *s = p->space;
    int r = copyinstr(s, a->path, upath, sizeof a->path);
    if (r < 0)
        return r;
    a->frame = frame_alloc(FRAME_WIRED, p->reserve ? FRAME_RESERVE : 0);
    if (!a->frame)
        return -ENOMEM;
    r = fetch_strings(s, uargv, a);
    if (r < 0)
        frame_put(a->frame);
    return r;
}

int64 sys_exec(const uint64 arg[6])
{
    struct arguments a;
    int r = fetch_arguments(arg[0], arg[1], &a);
    if (r < 0)
        return r;
    r = proc_exec(a.path, a.argv, a.argc);
    frame_put(a.frame);
    return r;
}

int64 sys_spawn(const uint64 arg[6])
{
    struct spawn_action action[SPAWN_MAX];
    struct arguments a;
    int n = (int)arg[3];
    if (n < 0 || n > SPAWN_MAX)
        return -EINVAL;
    if (copyin(proc_self()->space, action, arg[2], (uint64)n * sizeof action[0]) < 0)
        return -EFAULT;
    int r = fetch_arguments(arg[0], arg[1], &a);
    if (r < 0)
        return r;
    r = proc_spawn(a.path, a.argv, a.argc, action, n);
    frame_put(a.frame);
    return r;
}

int64 sys_pause(const uint64 arg[6])
{
    static struct spinlock lock = SPINLOCK_INIT("pause", RANK_PIPE);
    struct waitq nobody; /* only the deadline and a signal end the wait */
    int ticks = (int)arg[0];
    if (ticks <= 0)
        return 0;
    uint64 deadline = r_time() + (uint64)ticks * timer_tick_length();
    waitq_init(&nobody);
    spin_lock(&lock);
    int r = 0;
    while (r == 0 && r_time() < deadline)
        r = waitq_pause_until(&nobody, &lock, deadline);
    spin_unlock(&lock);
    return r;
}

int64 sys_uptime(const uint64 arg[6])
{
    (void)arg;
    return (int64)(r_time() / timer_tick_length());
}

int64 sys_yield(const uint64 arg[6])
{
    (void)arg;
    sched_yield();
    return 0;
}

int64 sys_setpgid(const uint64 arg[6])
{
    return proc_set_group(proc_self(), (int)arg[0], (int)arg[1]);
}

int64 sys_trace(const uint64 arg[6])
{
    proc_self()->trace_mask = arg[0];
    return 0;
}

int64 sys_errcode(const uint64 arg[6])
{
    (void)arg;
    return proc_self()->error;
}

static uint64 free_frames(void)
{
    return frame_free_count() + slab_idle_frames() + kstack_idle_frames();
}

int64 sys_sysinfo(const uint64 arg[6])
{
    struct sysinfo info = {.freemem = free_frames() * PGSIZE, .nproc = proc_count()};
    return copyout(proc_self()->space, arg[0], &info, sizeof info);
}

int64 sys_kstat(const uint64 arg[6])
{
    struct kstat k;
    memset(&k, 0, sizeof k);
    fs_stat(&k);
    k.frames_total = frame_managed_count();
    k.frames_free = free_frames();
    k.frames_committed = commit_total();
    k.frames_limit = commit_limit();
    k.procs = proc_count();
    k.harts = nharts;
    k.switches = sched_switches();
    k.faults = fault_count();
    k.busy = sched_busy_instret();
    return copyout(proc_self()->space, arg[0], &k, sizeof k);
}

int64 sys_procinfo(const uint64 arg[6])
{
    int max = (int)arg[1];
    if (max < 0)
        return -EINVAL;
    max = max < NPROC ? max : NPROC;
    uint64 bytes = (uint64)max * sizeof(struct procinfo);
    int order = 0;
    while ((uint64)PGSIZE << order < bytes)
        order++;
    struct frame *f = frame_alloc_order(FRAME_WIRED, order, FRAME_ZEROED);
    if (!f)
        return -ENOMEM;
    int n = proc_list(frame_virt(f), max);
    int r = copyout(proc_self()->space, arg[0], frame_virt(f), (uint64)n * sizeof(struct procinfo));
    frame_put(f);
    return r < 0 ? r : n;
}

int64 sys_halt(const uint64 arg[6])
{
    fs_sync();
    machine_off((int)arg[0] & 127);
}
