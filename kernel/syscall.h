#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

/* System call numbers, handed over in a7.  1 to 21 are those of xv6. */
#define SYS_fork      1
#define SYS_exit      2
#define SYS_wait      3
#define SYS_pipe      4
#define SYS_read      5
#define SYS_kill      6
#define SYS_exec      7
#define SYS_fstat     8
#define SYS_chdir     9
#define SYS_dup       10
#define SYS_getpid    11
#define SYS_sbrk      12
#define SYS_pause     13
#define SYS_sleep     SYS_pause
#define SYS_uptime    14
#define SYS_open      15
#define SYS_write     16
#define SYS_mknod     17
#define SYS_unlink    18
#define SYS_link      19
#define SYS_mkdir     20
#define SYS_close     21

#define SYS_symlink   22 /* symlink(target, path) */
#define SYS_readlink  23 /* readlink(path, buf, n): bytes, no NUL */
#define SYS_sysinfo   24 /* sysinfo(struct sysinfo *) */
#define SYS_trace     25 /* trace(mask): report calls of this process and its children */
#define SYS_sync      26 /* sync(): everything that completed is on the disk */
#define SYS_fsync     27 /* fsync(fd) */
#define SYS_halt      28 /* halt(status): sync, stop the machine */
#define SYS_setpgid   29 /* setpgid(pid, pgid): 0 means the caller, its own pid */
#define SYS_ioctl     30 /* ioctl(fd, request, arg) */
#define SYS_procinfo  31 /* procinfo(struct procinfo *, n): live processes */
#define SYS_kstat     32 /* kstat(struct kstat *): what the kernel holds */
#define SYS_yield     33 /* yield(): let another process run */
#define SYS_errcode   34 /* errcode(): why the last failed call failed, E* of kernel/errno.h */
#define SYS_dup2      35 /* dup2(fd, to) */

#define SYS_vfork     36 /* vfork(): a child that borrows this address space until exec or exit */
#define SYS_spawn     37 /* spawn(path, argv, actions, n): a new process with a new program */
#define SYS_forkmode  38 /* forkmode(FORK_*): how fork copies, here and in children; the old one */
#define SYS_vmctl     39 /* vmctl(VMCTL_*, value): a setting of the whole machine; the old one */
#define SYS_vmstat    40 /* vmstat(pid, struct vmstat *) */
#define SYS_pmap      41 /* pmap(pid, struct areainfo *, n): areas of a process */
#define SYS_pagemap   42 /* pagemap(pid, va, struct pageinfo *, n): its pages from va on */
#define SYS_memmap    43 /* memmap(first, struct frameinfo *, n): frames of RAM */
#define SYS_vmcheck   44 /* vmcheck(): broken rules of docs/invariants.md; DEBUG builds */
#define SYS_vmplant   45 /* vmplant(n): plants violation n of them, checks; PLANT builds */

#define SYS_mmap      46 /* mmap(addr, len, prot, flags, fd, offset) */
#define SYS_munmap    47 /* munmap(addr, len) */
#define SYS_mprotect  48 /* mprotect(addr, len, prot) */
#define SYS_msync     49 /* msync(addr, len, flags) */
#define SYS_madvise   50 /* madvise(addr, len, advice) */
#define SYS_mincore   51 /* mincore(addr, len, uchar *vec): bit 0 of a byte a page: in memory */
#define SYS_sigaction 52 /* sigaction(sig, const struct sigaction *, struct sigaction *old) */
#define SYS_sigreturn 53 /* sigreturn(): goes on where the latest signal came */
#define SYS_sigalarm  54 /* sigalarm(ticks, handler): SIGALRM to handler every so many ticks */
#define SYS_sigsend   55 /* sigsend(pid, sig) */

#define SYS_pgaccess  56 /* pgaccess(addr, pages, mask): which were used since the last call */

#define SYS_MAX       56

#endif
