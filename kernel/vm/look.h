#ifndef VM_LOOK_H
#define VM_LOOK_H

#include "kernel/vm/space.h"

/* An area as plain data; end 0: there is none. */
struct look_area {
    uint64 start, end;
    uchar prot, kind;
    uint64 file, offset; /* inode number, 0 = none; where in it `start` is */
};

/* What an address means in a space: what is promised there and around it, and what is mapped. */
struct look {
    uint64 va;
    struct look_area at, below, above; /* that hold va; the nearest ones if none does */
    uint64 heap, brk, stack_top, stack_low;
    int lowest;   /* level of the last entry of the walk; 3: va is not in the user half */
    pte_t pte[3]; /* the entries met, by level: 2 down to `lowest` */
};

/* Fills *l for any address.  Takes s->lock; may sleep. */
void look_at(struct space *s, uint64 va, struct look *l);

#endif
