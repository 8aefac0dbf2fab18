/*
 * The end of memory where promises are never refused (`overcommit`): some process must go, and it
 * is the one whose end gives back most, not the one that happened to ask last.
 *
 * A process whose page fault found no memory makes the largest one end, itself if need be, and
 * waits until some process has given back all that it had; then it tries again.  While somebody is
 * on the way out nobody else is killed, unless that takes too long: the victim may wait for
 * something itself.  So each round either gets memory or has one victim less, and the wait ends.
 *
 * Never chosen: init, the console's shell and what it starts until that has its program
 * (`reserve`), kernel threads.
 *
 * Lock: ptable_lock guards all that is here.
 */
#include "kernel/dev/dev.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/printf.h"
#include "kernel/mem/frame.h"
#include "kernel/proc/proc.h"
#include "kernel/proc/timer.h"
#include "kernel/riscv.h"
#include "kernel/vm/commit.h"

#define PATIENCE 20 /* ticks to wait for a process to end */
#define KIB(n)   ((n) * (PGSIZE / 1024))

static struct waitq waiting = {.sleepers = {&waiting.sleepers, &waiting.sleepers}};
static uint64 releases; /* processes that have given back their memory */

void oom_released(void)
{
    store_release(&releases, releases + 1);
    waitq_wake_all(&waiting);
}

/* It ends, and has not given back its memory yet. */
static bool is_dying(const struct proc *p)
{
    return !p->kthread && (proc_killed(p) || !p->space) && load_relaxed(&p->state) != PROC_ZOMBIE;
}

static bool may_be_killed(const struct proc *p)
{
    return p->space && !p->reserve && !proc_killed(p);
}

/*
 * Ends the largest process; of equals the youngest, which may be borrowing the other's space.
 * Writes into `line` what there is to tell of it.
 */
static bool kill_largest(char *line, uint64 n)
{
    struct proc *victim = NULL;
    uint64 most = 0;

    for (struct proc *p = proc_next(NULL); p; p = proc_next(p)) {
        uint64 size = may_be_killed(p) ? space_frames(p->space) : 0;
        if (size > 0 && size >= most) {
            victim = p;
            most = size;
        }
    }
    if (!victim)
        return false;
    snprintf(line, n,
             "out of memory: pid %d %s is the largest process with %lu KiB, %lu KiB are free; "
             "killed\n",
             victim->pid, victim->name, most / 1024, KIB(frame_free_count()));
    proc_mark_killed(victim);
    return true;
}

static bool somebody_is_dying(void)
{
    for (struct proc *p = proc_next(NULL); p; p = proc_next(p))
        if (is_dying(p))
            return true;
    return false;
}

/* Kills if nothing is about to come back since `seen`; false if nobody is left to be killed. */
static bool choose(uint64 seen, uint64 *deadline)
{
    char line[128] = "";
    bool hope = true;

    spin_lock(&ptable_lock);
    if (releases == seen && (r_time() >= *deadline || !somebody_is_dying())) {
        hope = kill_largest(line, sizeof line);
        *deadline = r_time() + PATIENCE * timer_tick_length();
    }
    spin_unlock(&ptable_lock);
    if (line[0])
        console_report(line);
    return hope;
}

/*
 * Waits until a process has given back its memory since `seen`.  If none is about to, or none has
 * done so by *deadline, makes one end and sets a new deadline.  False if there is none to hope for.
 */
static bool make_room(struct proc *self, uint64 seen, uint64 *deadline)
{
    bool hope = choose(seen, deadline);

    spin_lock(&ptable_lock);
    while (hope && releases == seen && !proc_killed(self) && r_time() < *deadline)
        waitq_sleep_until(&waiting, &ptable_lock, *deadline);
    spin_unlock(&ptable_lock);
    return hope;
}

enum fault_result oom_fault(struct proc *p, uint64 va, enum fault_access access)
{
    uint64 deadline = r_time() + PATIENCE * timer_tick_length();
    enum fault_result r = FAULT_NOMEM;
    bool hope = true;

    while (commit_overcommits() && hope && r == FAULT_NOMEM && !proc_killed(p)) {
        uint64 seen = load_acquire(&releases); /* before the look for memory */
        r = vm_fault(p->space, va, access);
        if (r == FAULT_NOMEM)
            hope = make_room(p, seen, &deadline);
    }
    return proc_killed(p) ? FAULT_OK : r;
}
