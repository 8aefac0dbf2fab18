/*
 * One number: the pages of private memory that processes may still come to need.  It never
 * exceeds what RAM can deliver, so a process that stays within what it was promised does not meet
 * the end of memory in a page fault; unless the machine is told to promise more.
 *
 *     managed frames = for the kernel | for init and the shell | for everybody
 *
 * The kernel's share pays for what is not charged page by page: slabs, the file cache's floor.
 * What a process always costs is charged with it (PROC_COST, proc.c) and with its space
 * (SPACE_COST, space.h), and each page table when it is made.
 *
 * Lock: none, the number is changed by compare-and-swap.
 */
#include "kernel/vm/commit.h"
#include "kernel/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/mem/frame.h"
#include "kernel/sync/spinlock.h"
#include "kernel/vm/space.h"

#define KERNEL_SHARE_MAX 16384UL /* frames: 64 MiB */
#define RESERVE_MAX      256UL   /* frames: 1 MiB */

static uint64 total;   /* atomic */
static uint64 other;   /* atomic: of that, what belongs to no space */
static uint64 limit;   /* constant after boot */
static uint64 reserve; /* the last of `limit`; constant after boot */
static uint64 most[2]; /* atomic: what `total` may become without and with the reserve */

static uint64 at_most(uint64 n, uint64 max)
{
    return n < max ? n : max;
}

void commit_set_limit(void)
{
    uint64 managed = frame_free_count();
    limit = managed - at_most(managed / 8, KERNEL_SHARE_MAX);
    reserve = at_most(limit / 16, RESERVE_MAX);
    commit_set_overcommit(false);
}

int commit_charge(uint64 n, bool use_reserve)
{
    uint64 bound = load_relaxed(&most[use_reserve]);
    uint64 old;

    do {
        old = load_relaxed(&total);
        if (old > bound || n > bound - old)
            return -ENOMEM;
    } while (!__atomic_compare_exchange_n(&total, &old, old + n, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED)); /* it guards nothing but itself */
    return 0;
}

void commit_uncharge(uint64 n)
{
    uint64 left = atomic_sub(&total, n);
    if (left + n < n)
        panic("commit_uncharge: more pages returned than promised");
}

int commit_charge_other(uint64 n, bool use_reserve)
{
    whole_begin();
    int r = commit_charge(n, use_reserve);
    if (r == 0)
        atomic_add(&other, n);
    whole_end();
    return r;
}

void commit_uncharge_other(uint64 n)
{
    whole_begin();
    atomic_sub(&other, n);
    commit_uncharge(n);
    whole_end();
}

uint64 commit_other(void)
{
    return load_relaxed(&other);
}

bool commit_overcommits(void)
{
    return load_relaxed(&most[true]) == ~0UL;
}

bool commit_set_overcommit(bool on)
{
    store_relaxed(&most[false], on ? ~0UL : limit - reserve);
    return atomic_swap(&most[true], on ? ~0UL : limit) == ~0UL;
}

uint64 commit_total(void)
{
    return load_relaxed(&total);
}

uint64 commit_limit(void)
{
    return limit;
}
