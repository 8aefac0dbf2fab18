#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "kernel/param.h"
#include "user/extra.h"

#define FUZZ_DIR "/fuzz.tmp"

/* Where mappings come and go. */
#define FUZZ_ZONE       0x2000000000ul
#define FUZZ_ZONE_PAGES 32
#define FUZZ_ZONE_END   (FUZZ_ZONE + (FUZZ_ZONE_PAGES + 40) * PGSIZE)

struct fuzzer {
    uint64 random; /* never 0 */
    int index;     /* of the worker in its round */
    int pid;
    int depth;            /* forks between the worker and this process */
    uint calls;           /* system calls made */
    uint strings;         /* placed in the arena so far */
    char is_pipe[NOFILE]; /* of each descriptor: a pipe's end might make read() wait for ever */
    const char *call;     /* the one under way, for messages */
};

/* Arguments of a call that belong together: sizes count bytes at the address before them. */
struct arguments {
    uint64 a[6];
    uint64 address; /* of memory that the call may change, 0 if there is none */
    uint64 bytes;   /* how much at most */
};

enum kind {
    END,       /* no more arguments */
    FD,        /* descriptor */
    PATH,      /* of something in FUZZ_DIR */
    DIRECTORY, /* a path that chdir() may take */
    TARGET,    /* of a symbolic link: nothing outside FUZZ_DIR */
    FROM,      /* address to read from */
    TO,        /* address to write to */
    SIZE,
    NUMBER, /* anything */
    FLAGS,  /* of open() */
    DEVICE, /* major number: any but the console's, where others type */
    PID,    /* nobody that must live */
    VECTOR, /* array of pointers to strings */
};

/* A random number below n. */
uint fuzz_below(struct fuzzer *f, uint n);

/* Makes the process's arena and opens what it needs; once in each worker. */
void fuzz_prepare(struct fuzzer *f);

/* A random argument of that kind, as the i-th of *to. */
void fuzz_argument(struct fuzzer *f, enum kind kind, struct arguments *to, int i);

/*
 * The oracle of memory: remembers what surrounds the bytes that a call may change, and finds out
 * whether that, and the text of the program, are still the same.  A difference ends the process.
 */
void fuzz_guard(struct fuzzer *f, const struct arguments *a);
void fuzz_check_guard(struct fuzzer *f, const struct arguments *a);

/* Makes one call, or a few that belong together, and checks the results. */
void fuzz_step(struct fuzzer *f);

/*
 * A system call, with the other registers and the memory around a->address checked to keep their
 * values.  Its result, of which is sure that a failure has a reason.
 */
long fuzz_call(struct fuzzer *f, uint64 number, const struct arguments *a);

/* Ends the process with status 1 and a message. */
void fuzz_fail(struct fuzzer *f, const char *what, long n) __attribute__((noreturn));

#endif
