#ifndef TESTLIB_TESTS_H
#define TESTLIB_TESTS_H

#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/ioctl.h"
#include "kernel/kstat.h"
#include "kernel/memlayout.h"
#include "kernel/param.h"
#include "kernel/procinfo.h"
#include "kernel/stat.h"
#include "kernel/syscall.h"
#include "kernel/sysinfo.h"
#include "kernel/types.h"
#include "kernel/vm.h"
#include "user/extra.h"

/*
 * A test is a function without arguments.  It runs in a process of its own, in an empty directory
 * of its own, with descriptors 0 to 2 and REPORT_FD open and nothing else.  It passes by returning;
 * it fails through one of the checks below, in itself or in a child that it made with
 * child_status() or crowd().  What it leaves in its directory is removed; anything else left
 * behind (processes, memory, open files, blocks, inodes) is a failure found by the driver.
 */
struct test {
    const char *name;
    void (*body)(void);
    int slow; /* left out by -q */
};

extern const struct test all_tests[]; /* table.c; ends with a NULL name */

/* Programs that a test starts by exec of itself with the argument "@NAME". */
struct helper {
    const char *name;
    int (*main)(int argc, char *argv[]);
};

extern const struct helper all_helpers[]; /* table.c; ends with a NULL name */

#define REPORT_FD (NOFILE - 1) /* reasons of failure go here, to the driver */
#define TEST_DIR  "/test.tmp"  /* made for each test, removed after it */

enum { STATUS_PASSED, STATUS_FAILED, STATUS_SKIPPED };

/*
 * Checks.  Each ends the process with STATUS_FAILED and a reason that quotes the expression.
 * MUST gives the value of a call that has to succeed (>= 0); REFUSED wants -1 with errcode() ==
 * code; REFUSED_ANY wants -1 for whatever reason; SAME compares two integers.
 */
#define CHECK(cond)         ((cond) ? (void)0 : check_failed(__func__, __LINE__, #cond))
#define SAME(got, want)     check_same(__func__, __LINE__, #got, (long)(got), (long)(want))
#define MUST(call)          check_must(__func__, __LINE__, #call, (long)(call))
#define REFUSED(call, code) check_refused(__func__, __LINE__, #call, (long)(call), code)
#define REFUSED_ANY(call)   check_refused(__func__, __LINE__, #call, (long)(call), 0)

/* Ends the test as not applicable on this machine; only in the test's own process. */
#define SKIP(...) (fprintf(REPORT_FD, __VA_ARGS__), exit(STATUS_SKIPPED))

void check_failed(const char *where, int line, const char *what) __attribute__((noreturn));
void check_same(const char *where, int line, const char *what, long got, long want);
long check_must(const char *where, int line, const char *what, long got);
void check_refused(const char *where, int line, const char *what, long got, int code);

/* --- children.c: processes ------------------------------------------------------------------- */

/* fork() that has to succeed. */
int child_fork(void);

/* Runs fn(arg) in a child that then exits with 0; returns what wait() says. */
int child_status(void (*fn)(long), long arg);

/* Runs fn(arg) in a child which the kernel has to kill. */
#define KILLED(fn, arg) SAME(child_status(fn, (long)(arg)), -1)

/* Runs fn(arg) in a child which has to pass its own checks. */
#define PASSES(fn, arg) SAME(child_status(fn, (long)(arg)), STATUS_PASSED)

/* Runs fn(0) .. fn(n - 1) at the same time in n children, all of which have to pass. */
void crowd(int n, void (*fn)(long));

/* Waits for the child `pid`, the only one that can end now; returns its status. */
int child_wait(int pid);

/* Runs exec(path, argv) in a child; EXEC_REFUSED if exec returned, else the exit status. */
#define EXEC_REFUSED 0x0ec0
int child_exec(const char *path, char *argv[]);

/* True and *out filled if `pid` is alive. */
int child_find(int pid, struct procinfo *out);

/* Waits until `pid` sleeps in the kernel and goes on sleeping; false if it ends, or never does. */
int child_asleep(int pid);

/* A system call by number, for numbers and arguments that user.h cannot express. */
long raw_call(long number, long a0, long a1, long a2);

/* --- data.c: contents, files, memory ---------------------------------------------------------*/
#define SCRATCH 8192
extern char scratch[SCRATCH]; /* for whatever a test likes */

/* Byte `at` of the endless pattern number `seed`. */
static inline char data_byte(int seed, uint at)
{
    return (char)(at * 7 + (at >> 8) * 13 + (at >> 16) + seed * 31);
}

void data_fill(void *p, int seed, uint at, int n); /* bytes at .. at+n of the pattern */
int data_good(const void *p, int seed, uint at, int n);
uint64 data_random(void); /* xorshift; the same sequence in every run of a test */

void file_make(const char *path, int seed, int n);  /* creates or truncates, n pattern bytes */
void file_check(const char *path, int seed, int n); /* has exactly these bytes */
void file_touch(const char *path);                  /* creates it if it does not exist */
int file_exists(const char *path);
char *file_name(char *out, const char *prefix, int n); /* "prefix" and n in decimal */

/* Number of used entries of a directory, "." and ".." included. */
int dir_count(const char *path);

/* Removes everything below the current directory. */
void dir_clear(void);

struct kstat kernel_now(void); /* after sync() */
char *heap_pages(int n);       /* n fresh page-aligned pages at the end of the heap */
#define MIB_FRAMES (1024 * 1024 / PGSIZE)

/* An address that no program may touch, of several kinds; 0 ends the list. */
extern const uint64 bad_addresses[];

#endif
