/*
 * The file system's kernel threads.  One sees to it that what operations leave in memory is on the
 * disk a second later, or sooner if it grows large; the other that some memory is free although the
 * cache takes all it can get.  Both sleep while there is nothing to do.
 *
 * Lock: wake_lock, a spin lock, for who wakes the second.
 */
#include "kernel/dev/machine.h"
#include "kernel/fs/evict.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "kernel/lib/atomic.h"
#include "kernel/riscv.h"

#define NEVER (~0UL)

void fs_daemon(void *unused)
{
    (void)unused;
    for (;;) {
        if (!journal_wait_work(r_time() + machine.timebase)) {
            journal_rest();
            while (!journal_wait_work(NEVER))
                ;
        }
        journal_wait_large(r_time() + machine.timebase / 2); /* the commit takes the other half */
        inode_retry();
        journal_sync(); /* an error has been reported, and ends the work */
    }
}

/* --- memory ----------------------------------------------------------------------------------- */

#define BATCH 64 /* pages evicted at a time */

static struct spinlock wake_lock = SPINLOCK_INIT("evict", RANK_PIPE);
static struct waitq sleeper = {.sleepers = {&sleeper.sleepers, &sleeper.sleepers}};
static struct waitq nobody = {.sleepers = {&nobody.sleepers, &nobody.sleepers}};
static bool wanted;

static bool is_short(void)
{
    return frame_free_count() < frame_managed_count() / 16;
}

void evict_wake(void)
{
    if (load_relaxed(&wanted) || !may_sleep())
        return;
    spin_lock(&wake_lock);
    store_relaxed(&wanted, true);
    waitq_wake_all(&sleeper);
    spin_unlock(&wake_lock);
}

/* Until somebody asks; if nothing could be done, not again at once. */
static void wait_for_work(bool in_vain)
{
    uint64 deadline = r_time() + machine.timebase / 10;
    spin_lock(&wake_lock);
    while (in_vain && r_time() < deadline)
        waitq_sleep_until(&nobody, &wake_lock, deadline);
    store_relaxed(&wanted, false);
    while (!wanted)
        waitq_sleep(&sleeper, &wake_lock);
    spin_unlock(&wake_lock);
}

void fs_evictor(void *unused)
{
    (void)unused;
    for (;;) {
        while (is_short() && evict_pages(BATCH) > 0)
            ;
        wait_for_work(is_short());
    }
}
