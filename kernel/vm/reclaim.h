#ifndef VM_RECLAIM_H
#define VM_RECLAIM_H

#include "kernel/types.h"
#include <stdbool.h>

/*
 * What kernel/fs does for memory that runs short.  All of it may sleep: the caller holds no lock.
 */
struct reclaim_ops {
    /* Frees up to n frames of cached pages, mapped and dirty ones too; returns how many. */
    uint64 (*pages)(uint64 n);

    /* Waits while too much of memory is dirty pages; who has made one dirty calls it. */
    void (*throttle)(void);
};

void reclaim_set(const struct reclaim_ops *ops); /* once at boot */

/* Frees some memory if it is short; true if there is some now: it is worth to try again. */
bool reclaim_some(void);

void reclaim_throttle(void);

#endif
