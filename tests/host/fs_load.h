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

/*
 * Writes the next 7 blocks of one file of OVERWRITE_BLOCKS blocks, which is made by the first round
 * and overwritten by those after it.
 */
#define OVERWRITE_BLOCKS 630
int load_overwrite(void);

/* Closes what the load keeps open; some of it may be unlinked. */
void load_close(void);

/* Unlinks all that the load makes. */
void load_clean(void);

#endif
