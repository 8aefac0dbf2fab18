#ifndef USER_USER_H
#define USER_USER_H

#include "kernel/types.h"

/*
 * What programs written for xv6 expect, and nothing else: such a program may well define a function
 * of its own called, say, strncmp or yield.  What there is beyond it is in user/extra.h.
 *
 * Unless told otherwise a system call returns -1 on failure; errcode() of user/extra.h says why.
 */

typedef unsigned long size_t;
typedef long off_t;

struct stat;
struct sysinfo;

/*
 * Formats are checked, but even under -Werror a wrong one is only a warning: many programs that
 * were written for a printf without that check pass a long to %d.
 */
#define USER_FORMAT(at, args) __attribute__((format(__printf__, at, args)))
#pragma GCC diagnostic warning "-Wformat"
#pragma GCC diagnostic warning "-Wformat-extra-args"
#pragma GCC diagnostic warning "-Wformat-zero-length"

/* --- System calls ---------------------------------------------------------------------------- */
int fork(void); /* the child's pid to the parent, 0 to the child */
int exit(int status) __attribute__((noreturn));
int wait(int *status); /* pid of an ended child; *status, unless 0, is -1 if it was killed */
int pipe(int *ends);   /* two descriptors: ends[0] to read, ends[1] to write */
int read(int fd, void *to, int n); /* bytes, 0 at the end of the file */
int write(int fd, const void *from, int n);
int close(int fd);
int kill(int pid);
int exec(const char *path, char **argv); /* returns only on failure */
int open(const char *path, int flags);   /* O_* of kernel/fcntl.h */
int mknod(const char *path, short major, short minor);
int unlink(const char *path); /* a directory only if it is empty */
int fstat(int fd, struct stat *st);
int link(const char *old, const char *path);
int mkdir(const char *path);
int chdir(const char *path);
int dup(int fd);
int getpid(void);
int uptime(void);     /* ticks since boot: 10 a second */
int pause(int ticks); /* sleeps for that long */
int sleep(int ticks); /* the same */
int symlink(const char *target, const char *path);
int sysinfo(struct sysinfo *info);
int trace(uint64 calls); /* a bit each: they are reported, here and in children */

/*
 * Moves the end of the heap by n bytes and returns where it was, SBRK_ERROR on failure.  sbrk() is
 * refused if memory could not be delivered; sbrklazy() may promise more than there is.
 */
#define SBRK_ERROR ((char *)-1)
char *sbrk(int n);
char *sbrklazy(int n);
char *sys_sbrk(int n, int mode); /* SBRK_EAGER or SBRK_LAZY of kernel/vm.h */

/*
 * Memory that is a file, or that children share (kernel/fcntl.h); (char *)-1 on failure.  The
 * mapping lives on when fd is closed.  `at` is a wish, with MAP_FIXED a command.
 */
void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
int munmap(void *at, size_t len);

/* Calls `handler` every so many ticks, until 0; it ends with sigreturn(). */
int sigalarm(int ticks, void (*handler)());
int sigreturn(void);

/* Bit i of the mask at `to`: page i of the n from `at` on was used since the last such call. */
int pgaccess(void *at, int n, void *to);

/* --- Library --------------------------------------------------------------------------------- */
int ugetpid(void);                           /* getpid() */
int stat(const char *path, struct stat *st); /* follows symbolic links */

/*
 * Formatted output: %d %i %u %x %X %p %s %c %%, with l or ll, flags `-0+ #`, width and precision.
 * A call is one write() unless it is long.  Returns the bytes formatted, -1 if a write failed.
 */
int printf(const char *format, ...) USER_FORMAT(1, 2);
int fprintf(int fd, const char *format, ...) USER_FORMAT(2, 3);

/*
 * Reads a line of at most max - 1 bytes from descriptor 0, its newline included, and ends it with
 * a NUL.  Returns `to`; an empty string means the end of the input.
 */
char *gets(char *to, int max);

char *strcpy(char *to, const char *from);
int strcmp(const char *a, const char *b);
char *strchr(const char *s, char c); /* 0 if c is not there; the NUL counts */
uint strlen(const char *s);
void *memset(void *to, int byte, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
int atoi(const char *s); /* decimal, with spaces and a sign before it; 0 if there is none */

/* Memory is aligned to 16 bytes and not cleared; 0 if there is none.  See user/lib/malloc.c. */
void *malloc(size_t n);
void free(void *p);

#endif
