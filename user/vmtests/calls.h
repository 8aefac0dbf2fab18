#ifndef VMTESTS_CALLS_H
#define VMTESTS_CALLS_H

#include "user/vmtests/vm.h"

/* A pointer of a system call that the kernel writes `bytes` bytes through. */
struct result {
    const char *name;
    long (*call)(char *to);
    int bytes;
    int part; /* with a buffer whose end is bad, it may move what comes before */
};

/* A pointer that the kernel reads through: a string, or data. */
struct argument {
    const char *name;
    long (*call)(char *from);
    const char *text; /* what is to be there, "" for data */
    int code;         /* with that the call fails for this reason; 0 if it succeeds */
    int part;
};

/* Every pointer of every system call; the tables end with a NULL name. */
extern const struct result call_results[];
extern const struct argument call_arguments[];

/* What the calls work with: file f of 4000 bytes at offset 0, symbolic link s, a pipe with data. */
void call_set_up(void);
void call_tear_down(void);
void call_check_unmoved(void); /* nothing was read or written since call_set_up() */

/* Before and after a call with memory at `at` that succeeds: what it takes, what it left behind. */
void call_before(const struct result *r);
void call_after(const struct result *r, const char *at);

#endif
