#ifndef PROC_PROC_H
#define PROC_PROC_H

#include "kernel/lib/list.h"
#include "kernel/param.h"
#include "kernel/proc/signal.h"
#include "kernel/procinfo.h"
#include "kernel/sync/waitq.h"
#include "kernel/trap/trapframe.h"
#include "kernel/vm/space.h"

struct file;
struct inode;

/* Registers that a switch between kernel contexts must keep (RISC-V psABI: callee-saved). */
struct context {
    uint64 ra, sp, s[12];
};

/*
 * A process or kernel thread.  `ptable_lock` (proc.c) guards the family: parent, children, state
 * PROC_ZOMBIE, status, pgid.  Fields without a remark belong to the process itself.
 */
struct proc {
    int pid;
    char name[16];
    uint state;   /* enum proc_state; sched.c says who may change it */
    uint on_hart; /* 1 from being picked until its registers are saved again */
    uint hart;    /* index of the hart that runs it or ran it last */
    bool kthread;
    uint64 kstack;        /* top of the kernel stack */
    struct trapframe *tf; /* user registers, at the top of the kernel stack */
    struct context ctx;   /* kernel registers while it does not run */
    struct space *space;  /* NULL for kernel threads */
    struct vm_user vm;    /* what kernel/vm knows of this process */
    struct list run;      /* on a run queue; its lock */
    struct list wait;     /* on a wait queue; the lock given to waitq_sleep() */
    int64 turn;           /* ticks left of its turn; a hint: a waker may read it early */
    uint64 runtime;       /* ticks spent on a hart, up to the last switch */
    uint64 started;       /* r_time() of the last switch to it */

    uint64 files_open; /* bit fd is set if files[fd] is not NULL */
    struct file *files[NOFILE];
    struct inode *cwd;
    struct inode *exe; /* the program's file, for its symbols; NULL until the first exec */
    int error;         /* E* of the last failed system call */
    uint64 trace_mask; /* system calls to report, one bit each */
    int fork_mode;     /* FORK_* of kernel/vm.h, 0 as FORK_COW; inherited */
    bool reserve;      /* init and the console's shell: may use the reserves */

    struct list all;           /* all processes; ptable_lock */
    struct list hash;          /* those with the same pid hash; ptable_lock */
    struct proc *parent;       /* ptable_lock */
    struct list children;      /* ptable_lock */
    struct list sibling;       /* ptable_lock */
    struct waitq child_exited; /* or gave the space back; ptable_lock */
    struct proc *lender;       /* in whose space it runs since vfork (vfork.c); ptable_lock */
    struct proc *borrower;     /* who runs in its space meanwhile; ptable_lock */
    int pgid;                  /* ptable_lock */
    int status;                /* of exit; ptable_lock */

    struct signals signal;

    struct vmstat waited; /* of those waited for, and of theirs */

    /* The last member, and not cleared at birth: meaningful where signal.caught says so. */
    struct sigaction action[NSIG];
};

extern struct spinlock ptable_lock;

extern struct proc *proc_init_process; /* pid 1 */

/* --- proc.c: the table ---------------------------------------------------------------------- */
void proc_init(void);

/*
 * A slot, a kernel stack and an empty PROC_NEW process that nobody can see yet, in *result; 0,
 * -EAGAIN without a slot, -ENOMEM.  `reserve`: may use the slots and frames kept for init and the
 * console's shell.
 */
int proc_new(struct proc **result, const char *name, bool reserve);
void proc_free(struct proc *p); /* never published, or unpublished */

/*
 * Makes p visible: a pid (kernel threads: 0), a place in the family, and a group: p->pgid if that
 * is set, one of its own if it is PGID_OWN, else its parent's.
 */
#define PGID_OWN (-1)
void proc_publish(struct proc *p, struct proc *parent);
void proc_unpublish(struct proc *p); /* ptable_lock held */

struct proc *proc_find(int pid); /* ptable_lock held; NULL if there is none */
uint proc_count(void);           /* slots in use */

/* ptable_lock held: the published process after p, in the order of birth; NULL: the first, none. */
struct proc *proc_next(const struct proc *p);

/* It ends before it next returns to user mode.  To kill by pid: signal_send(). */
void proc_mark_killed(struct proc *p); /* ptable_lock held; p is not a zombie */

/* Moves `pid` (0: self; or a child of self) to group pgid (0: its own pid); 0, -ESRCH, -EINVAL. */
int proc_set_group(struct proc *self, int pid, int pgid);

void proc_set_name(struct proc *p, const char *path); /* the last part of path */

int proc_list(struct procinfo *out, int max); /* returns the entries written */

static inline bool proc_killed(const struct proc *p)
{
    return __atomic_load_n(&p->signal.pending, __ATOMIC_RELAXED) & SIGNAL_KILL;
}

/* A kernel thread that runs fn(arg), which must not return.  At boot: panics without memory. */
void kthread_start(const char *name, void (*fn)(void *), void *arg);

/* --- fork.c, vfork.c, exec.c, spawn.c, exit.c ------------------------------------------------- */
int proc_fork(void); /* the child's pid, -EAGAIN or -ENOMEM with nothing left behind */

/* What every child gets of its parent; memory, program and registers apart.  Not visible yet. */
void proc_inherit(struct proc *child, struct proc *parent);

/*
 * The child's pid, once the child has called exec or has ended; it runs in the caller's space until
 * then.  -EAGAIN or -ENOMEM with nothing left behind.  A killed caller returns at once.
 */
int proc_vfork(void);

/*
 * p, the running process, uses `space` from now on (NULL: none) and lets go of the one it had,
 * which it gives back if it was borrowed.  The reference becomes that of p.  May sleep.
 */
void proc_set_space(struct proc *p, struct space *space);

/*
 * Replaces the running program.  argv[0..argc-1] are strings in kernel memory.  Returns argc, or
 * -E* with the old image intact.
 */
int proc_exec(const char *path, char *const argv[], int argc);

/*
 * A new process with a new program (kernel/spawn.h); argv as above.  action[i].path is an address
 * in the caller's space, all else is in kernel memory.  Its pid, or -E* with no process and no open
 * file left behind; only a file that SPAWN_OPEN created or cut off stays so.
 */
struct spawn_action;
int proc_spawn(const char *path, char *const argv[], int argc, const struct spawn_action *action,
               int n);

void proc_exit(int status) __attribute__((noreturn));
int proc_wait(int *status); /* the pid of a child that ended, -ECHILD, -EINTR */
void proc_start_init(void); /* makes pid 1 and lets it run /init */

/* --- oom.c ------------------------------------------------------------------------------------ */

/*
 * Tries a page fault of the running process p, which has led to FAULT_NOMEM, again.  If the machine
 * overcommits, processes are killed for it, the largest first, and FAULT_OK means that it is done
 * or that p itself has been killed; otherwise the result is FAULT_NOMEM.  Sleeps.
 */
enum fault_result oom_fault(struct proc *p, uint64 va, enum fault_access access);

/* ptable_lock held: a process has become a zombie, its memory is free. */
void oom_released(void);

/* --- keys.c ----------------------------------------------------------------------------------- */
enum console_show;
void keys_init(void);                   /* once at boot, after proc_init() */
void keys_show(enum console_show what); /* has it printed on the console soon; any context */

/* --- sched.c ---------------------------------------------------------------------------------- */
void sched_init(void);                           /* once */
void sched_idle(void) __attribute__((noreturn)); /* the body of that process */

/*
 * Makes a new or sleeping process runnable; true if it did, false if it was not asleep.  Any
 * context.  A process may wake although its condition does not hold: sleepers look again.
 */
bool sched_ready(struct proc *p);
void sched_poke(struct proc *p); /* if it runs elsewhere, brings it into the kernel */
void sched_yield(void);
void sched_tick(void); /* after an interrupt: preempts at the end of the quantum */

/* Gives the hart away.  Interrupts are off by exactly one irq_push(), no lock is held; the caller
   has set its state to sleeping, or to zombie and then does not come back. */
void sched_switch(void);
uint64 sched_switches(void);

/* This hart's instructions since power-on.  QEMU's -icount adds idle time to instret: not here. */
uint64 sched_busy_instret(void);
#endif
