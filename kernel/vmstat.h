#ifndef KERNEL_VMSTAT_H
#define KERNEL_VMSTAT_H

#include "kernel/types.h"

/* Every row of docs/fault.md is one value here, one counter, one test. */
enum fault_kind {
    KIND_BAD,      /* no area: refuse */
    KIND_PROT,     /* the area forbids it: refuse */
    KIND_EOF,      /* a page of a mapping that the file does not have: refuse */
    KIND_STACK,    /* the stack area grows first */
    KIND_ZERO,     /* read of an empty page: the zero frame */
    KIND_LAZY,     /* write to an empty page: a zeroed frame */
    KIND_FILE,     /* an empty page of a store: its frame */
    KIND_FILE_COW, /* the same, then a copy: a private write */
    KIND_COW,      /* write to a frame that others hold too: copy */
    KIND_REUSE,    /* write to a frame that is ours alone: grant */
    KIND_DIRTY,    /* write to a clean frame of a shared store: mark it, grant */
    KIND_SPURIOUS, /* permitted already: stale translation, or A/D to be set */
    FAULT_KINDS
};

/* What comes of a fault. */
enum fault_result {
    FAULT_OK,    /* the access succeeds when retried */
    FAULT_BAD,   /* nothing is promised there */
    FAULT_PROT,  /* what is there does not allow it */
    FAULT_EOF,   /* the file ends before this page */
    FAULT_NOMEM, /* promised without charge, and memory is short */
    FAULT_IO,    /* the page could not be read */
    FAULT_STUCK, /* the same fault again and again: an error of the kernel or the hardware */
};

/* Pages of the aligned window that a read of one page of a store maps, as far as they are there. */
#define AROUND_PAGES 16

/* Counts that only grow: of a process since its fork, or of the machine since boot. */
struct vmstat {
    uint64 fault[FAULT_KINDS]; /* page faults, refused ones included */
    uint64 forks;              /* copies made of an address space */
    uint64 frames_shared;      /* mappings that those made of frames of the parent */
    uint64 frames_copied;      /* frames copied, at fork or in a fault */
    uint64 frames_zeroed;      /* zeroed frames handed out in faults */
    uint64 tables;             /* page-table frames made */
    uint64 around;             /* pages of stores mapped along with one that was faulted */
    uint64 reads;              /* faults that had to wait for the disk */
};

/* Whom sys_vmstat() speaks of, besides a pid. */
#define VMSTAT_MACHINE  0
#define VMSTAT_CHILDREN (-1) /* of the caller: those that it has waited for, and theirs */

#endif
