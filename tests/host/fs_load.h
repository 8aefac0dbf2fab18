#ifndef HOST_FS_LOAD_H
#define HOST_FS_LOAD_H

#include "tests/host/fs_shim.h"

/* A random load of operations on files (fs_load.c), to be interrupted by crashes and errors. */

void load_start(unsigned long seed);

/*
 * Does one thing that is one operation of the journal, or none.  Returns 0 or what the call
 * returned; -ENOENT and the like are part of the load.
 */
int load_step(void);

/* Makes the next of LOAD_DIRS directories, and when all are there removes one after the other. */
#define LOAD_DIRS 400
int load_dirs(void);

/* If set, it is told of every write: n bytes at `off` of a file that had `size` before. */
extern void (*load_wrote)(uint inum, uint64 size, uint64 off, const void *bytes, uint64 n);

/* Closes what the load keeps open; some of it may be unlinked. */
void load_close(void);

/* Unlinks all that the load makes. */
void load_clean(void);

#endif
