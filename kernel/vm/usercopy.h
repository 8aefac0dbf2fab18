#ifndef VM_USERCOPY_H
#define VM_USERCOPY_H

#include "kernel/lib/iov.h"
#include "kernel/vm/space.h"

/*
 * The one gate to user memory.  Everything is faulted in through vm_fault() and then touched
 * through the direct map, never through the user mapping: no SUM, and no fault under a lock.
 * All functions may sleep.  Any range is allowed as input; a bad one is an error, never a panic.
 */

/* 0 or -EFAULT; on failure a part may have been copied. */
int copyin(struct space *s, void *dst, uint64 uva, uint64 n);
int copyout(struct space *s, uint64 uva, const void *src, uint64 n);

/* Copies a string and its NUL; returns its length, -EFAULT, or -ENAMETOOLONG if no NUL in max. */
int copyinstr(struct space *s, char *dst, uint64 uva, uint64 max);

enum pin_access {
    PIN_READ = ACCESS_READ,   /* the kernel reads user memory */
    PIN_WRITE = ACCESS_WRITE, /* the kernel writes it on the user's behalf */
};

/* User pages held in place, and the same bytes as the kernel sees them. */
struct pin {
    struct iov iov;
    struct space *space; /* that they are of, if PIN_WRITE; else NULL */
    uint64 va;           /* where they begin */
    struct frame *frame[IOV_PIECES];
};

/*
 * Pins the first pages of uva .. uva+n, at most IOV_PIECES; returns the number of bytes pinned
 * (> 0 if n > 0, possibly less than n: call again for the rest) or -EFAULT with nothing pinned.
 * If a page after the first is bad, pins what is before it.
 */
int64 user_pin(struct space *s, uint64 uva, uint64 n, enum pin_access access, struct pin *p);

/* Lets go of them, and tells the stores of shared ones that they have been written.  May sleep. */
void user_unpin(struct pin *p);

#endif
