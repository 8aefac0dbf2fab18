#ifndef SYNC_SPINLOCK_H
#define SYNC_SPINLOCK_H

#include "kernel/sync/hart.h"

/*
 * A spin lock keeps interrupts off on the hart that holds it and must not be held across anything
 * that sleeps or faults.  Locks are taken in the order of their ranks, lowest first; two of the
 * same rank are never held together, except where the comment beside the rank says how.  DEBUG
 * builds panic on a violation.  docs/locking.md has the same list with what each guards.
 */
enum lock_rank {
    RANK_NONE,
    RANK_PIPE,    /* one pipe; also sleepers in pause() and the thread of the console's keys */
    RANK_CONSOLE, /* line discipline, its readers */
    RANK_JOURNAL, /* the running transaction */
    RANK_ICACHE,  /* table of inodes in memory */
    RANK_CACHE,   /* (store, index) -> page, page state */
    RANK_ALLOC,   /* block and inode allocator hints */
    RANK_DISK,    /* rings of a virtio queue */
    RANK_RMAP,    /* areas of each store */
    RANK_PTABLE,  /* process table, parents and children */
    RANK_MUTEX,   /* inside a mutex: holder and waiters */
    RANK_TIMER,   /* timers of one hart */
    RANK_RUNQ,    /* run queue of one hart */
    RANK_SLAB,    /* one cache of small objects */
    RANK_BUDDY,   /* free blocks of one zone */
    RANK_KPMAP,   /* slots of kernel stacks */
    RANK_TLB,     /* address-space numbers */
    RANK_RANDOM,  /* key of the random number generator */
    RANK_PRINTF,  /* one printf() at a time */
    RANK_UART,    /* queue of bytes to be sent */
};

struct spinlock {
    uint locked;
    uchar rank; /* enum lock_rank */
    const char *name;
    struct hart *holder; /* DEBUG: valid while locked */
};

#define SPINLOCK_INIT(name_, rank_)                                                                \
    {                                                                                              \
        0, rank_, name_, 0                                                                         \
    }

void spin_init(struct spinlock *lk, const char *name, enum lock_rank rank);
void spin_lock(struct spinlock *lk);
void spin_unlock(struct spinlock *lk);
bool spin_trylock(struct spinlock *lk);    /* no rank check: it cannot wait */
bool spin_held(const struct spinlock *lk); /* by this hart; only in DEBUG builds */

/* Nestable: interrupts are off from the first push to the last pop. */
void irq_push(void);
void irq_pop(void);

/*
 * Around the steps that move a frame or a charge from one account to another: vm/check.c stops the
 * other harts by an interrupt, and must see all of the steps or none.  Nothing in release builds.
 */
#ifdef DEBUG
#define whole_begin() irq_push()
#define whole_end()   irq_pop()
#else
#define whole_begin() ((void)0)
#define whole_end()   ((void)0)
#endif

/* The caller holds no spin lock, has interrupts on and handles none: it may wait. */
bool may_sleep(void);

/*
 * For who may sleep: DEBUG builds panic if a spin lock is held or an interrupt is handled here.
 * The second is for one that sleeps on a condition under lk: lk and nothing else is held.
 */
#if defined(DEBUG) || defined(HOST_TEST)
void assert_may_sleep(const char *who);
void assert_may_sleep_holding(const struct spinlock *lk);
#else
#define assert_may_sleep(who)        ((void)(who))
#define assert_may_sleep_holding(lk) ((void)(lk))
#endif

#endif
