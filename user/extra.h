#ifndef USER_EXTRA_H
#define USER_EXTRA_H

#include "user/user.h"

/* System calls and library functions that programs written for xv6 do not know. */

struct procinfo;
struct kstat;
struct vmstat;
struct spawn_action;
struct areainfo;
struct pageinfo;
struct frameinfo;

/* --- System calls ---------------------------------------------------------------------------- */
int readlink(const char *path, char *to, int n); /* bytes of the target; no NUL is added */
int dup2(int fd, int to);
int sync(void);    /* returns when everything completed is on the disk */
int fsync(int fd); /* the same for one file */
int halt(int status) __attribute__((noreturn)); /* syncs; QEMU exits with this status */
int setpgid(int pid, int pgid);                 /* pid 0: the caller; pgid 0: a group of its own */
int ioctl(int fd, int request, uint64 arg);     /* TTY_* of kernel/ioctl.h */
int procinfo(struct procinfo *to, int n);       /* entries written, n at most */
int kstat(struct kstat *to);
int yield(void);   /* lets another process run */
int errcode(void); /* why the last failed call failed: E* of kernel/errno.h */

/*
 * The child runs in the caller's memory, on its stack, and the caller waits until the child has
 * called exec() or exit().  Whatever the child changes, the caller finds changed.
 */
int vfork(void) __attribute__((returns_twice));

/*
 * Starts program `path` in a new process whose descriptors are the caller's after the n actions
 * (kernel/spawn.h).  Its pid, or -1 with no process left behind.
 */
int spawn(const char *path, char **argv, const struct spawn_action *actions, int n);
int forkmode(int mode);             /* FORK_* of kernel/vm.h; returns the mode before */
int vmctl(int setting, long value); /* VMCTL_* of kernel/vm.h; returns the value before */

int vmstat(int pid, struct vmstat *to); /* kernel/vmstat.h */

/* Entries written; pid 0: the caller.  kernel/vmview.h */
int pmap(int pid, struct areainfo *to, int n);
int pagemap(int pid, uint64 va, struct pageinfo *to, int n);
int memmap(uint64 first, struct frameinfo *to, int n);

int vmcheck(void); /* rules broken now, named on the console; -1 with ENOSYS unless DEBUG=1 */

/* Plants violation n, checks, takes it back: findings; -1 with ENOSYS unless PLANT=1. */
int vmplant(int n);

/* kernel/mman.h; -1 with nothing changed */
int mprotect(void *at, size_t len, int prot);
int msync(void *at, size_t len, int flags);
int madvise(void *at, size_t len, int advice);
int mincore(void *at, size_t len, uchar *resident); /* one byte a page, 1 if it is in memory */

/* kernel/signal.h */
struct sigaction;
int sigaction(int sig, const struct sigaction *action, struct sigaction *old); /* pointers or 0 */
int sigsend(int pid, int sig); /* kill(pid) is sigsend(pid, SIGKILL) */

/* --- Library --------------------------------------------------------------------------------- */
const char *strerror(int code);  /* in words; never 0 */
void perror(const char *prefix); /* prints `prefix: reason of the last failure` to descriptor 2 */

/* The rest has its meaning in ISO C or POSIX. */

void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n); /* on failure 0, and p stays as it was */

/* Bytes that the whole text has; `to` gets as many as fit and a NUL, unless size is 0. */
int snprintf(char *to, size_t size, const char *format, ...) USER_FORMAT(3, 4);
int vsnprintf(char *to, size_t size, const char *format, __builtin_va_list args) USER_FORMAT(3, 0);
int vfprintf(int fd, const char *format, __builtin_va_list args) USER_FORMAT(2, 0);
int vprintf(const char *format, __builtin_va_list args) USER_FORMAT(1, 0);

int strncmp(const char *a, const char *b, size_t n);
char *strrchr(const char *s, char c);
char *strstr(const char *s, const char *part);
char *strdup(const char *s); /* to be freed; 0 without memory */

/* Copies what fits into size bytes with a NUL; returns strlen(from). */
size_t strlcpy(char *to, const char *from, size_t size);

#endif
