#ifndef FS_EVICT_H
#define FS_EVICT_H

#include "kernel/types.h"

/* Once, when the cache is there. */
void evict_init(void);

/*
 * Frees up to n frames of the cache, of mapped and dirty pages too; returns how many.  Sleeps; no
 * lock is held.
 */
uint64 evict_pages(uint64 n);
#define EVICT_SOME 32 /* for who needs one or a few */

/* Memory is getting short: wakes the thread (daemon.c), if that may be done here. */
void evict_wake(void);

#endif
