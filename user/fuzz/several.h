#ifndef FUZZ_SEVERAL_H
#define FUZZ_SEVERAL_H

#include "user/fuzz/fuzz.h"

/* Calls that make sense only together; they check their results and leave nothing behind. */

void several_children(struct fuzzer *f);
void several_signals(struct fuzzer *f);      /* fork, exit, wait, kill, exec, and wild accesses */
void several_pipe(struct fuzzer *f);         /* pipe, write, read; its ends may stay open */
void several_memory(struct fuzzer *f);       /* sbrk, and back */
void several_mappings(struct fuzzer *f);     /* mmap and its like, in FUZZ_ZONE */
void several_open_outside(struct fuzzer *f); /* what others own: only to be read */

#endif
