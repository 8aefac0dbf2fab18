#ifndef KERNEL_KSTAT_H
#define KERNEL_KSTAT_H

#include "kernel/types.h"

/*
 * What the kernel holds at this moment; a test that leaves a larger count behind leaks.
 * Memory is counted in frames of 4 KiB, everything else in pieces.
 */
struct kstat {
    uint64 frames_total;     /* frames of RAM that the kernel manages */
    uint64 frames_free;      /* free now, or freed at once when asked for (caches of free things) */
    uint64 frames_cache;     /* hold file and disk pages that could be dropped or written back,
                                and indexes of directories */
    uint64 frames_dirty;     /* those of them with data of files that is not on the disk yet */
    uint64 frames_committed; /* promised to user processes */
    uint64 frames_limit;     /* most that may be promised */
    uint64 procs;            /* live processes */
    uint64 files;            /* open files */
    uint64 inodes;           /* inodes in memory that somebody uses */
    uint64 pipes;
    uint64 blocks_total; /* of the root file system */
    uint64 blocks_free;
    uint64 inodes_total; /* of the root file system */
    uint64 inodes_free;
    uint64 harts;
    uint64 switches; /* context switches since boot */
    uint64 faults;   /* page faults resolved since boot */
    uint64 busy;     /* instructions of the caller's hart since power-on, but for its idle time */
};

#endif
