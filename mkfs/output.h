#ifndef MKFS_OUTPUT_H
#define MKFS_OUTPUT_H

#include "kernel/types.h"

/*
 * Makes `path` a file of `size` bytes that starts with the first `used` of `bytes` and is zero from
 * there on; both are multiples of `unit`, and units that are all zero become holes.  The file
 * appears complete or not at all: on failure, and on a signal, what `path` named before is still
 * there.  To be called once in a process.  Returns NULL or why not.
 */
const char *output_replace(const char *path, const uchar *bytes, uint64 used, uint64 size,
                           uint64 unit);

#endif
