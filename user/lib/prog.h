#ifndef USER_LIB_PROG_H
#define USER_LIB_PROG_H

#include "user/extra.h"

/* What command-line programs share.  Messages go to descriptor 2, after the program's name. */

void prog_warn(const char *format, ...) USER_FORMAT(1, 2);

/* The same with the reason of the last failed system call.  Returns 1, to exit with. */
int prog_fail(const char *format, ...) USER_FORMAT(1, 2);

/* Prints `usage: TEXT` and exits with status 2. */
void prog_usage(const char *text) __attribute__((noreturn));

/*
 * Reads the flags (-a -b or -ab) that stand before the other arguments; `--` ends them and `-`
 * alone is not one.  Bit i of *flags is set if known[i] is among them.  Returns the index of the
 * first other argument.  An unknown flag is explained, with `usage`, and ends the program.
 */
int prog_flags(int argc, char **argv, const char *known, const char *usage, uint *flags);

/* True if all of s is a decimal number from 0 to 2^31-1, or one with `-` before it; sets *n. */
int prog_number(const char *s, int *n);

/*
 * Runs the program argv[0], found here, else in the root directory, in place of this one.  Ends
 * with 127 if there is none, with 126 if it is not a program.
 */
void prog_become(char **argv) __attribute__((noreturn));

/* True if all n bytes were written. */
int prog_write(int fd, const void *bytes, size_t n);

#endif
