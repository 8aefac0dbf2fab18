#ifndef VM_SHM_H
#define VM_SHM_H

#include "kernel/vm/store.h"

/*
 * A store of `pages` pages of zeroed memory that belongs to no file, in *out with one reference for
 * the caller (get, put), charged in full.  `reserve`: it may use the reserves of frames and of
 * commitment.  0 or -ENOMEM.
 */
int shm_new(uint64 pages, bool reserve, struct store **out);

void shm_init(void); /* once at boot */

#endif
