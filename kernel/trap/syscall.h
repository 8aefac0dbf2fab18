#ifndef TRAP_SYSCALL_H
#define TRAP_SYSCALL_H

#include "kernel/types.h"

/*
 * Every system call is a function of the six argument registers.  It returns a value >= 0 or -E*;
 * the dispatcher turns the latter into -1 and keeps the reason for errcode().
 */
typedef int64 syscall_fn(const uint64 arg[6]);

syscall_fn sys_fork, sys_exit, sys_wait, sys_pipe, sys_read, sys_kill, sys_exec, sys_fstat,
    sys_chdir, sys_dup, sys_getpid, sys_sbrk, sys_pause, sys_uptime, sys_open, sys_write, sys_mknod,
    sys_unlink, sys_link, sys_mkdir, sys_close, sys_symlink, sys_readlink, sys_sysinfo, sys_trace,
    sys_sync, sys_fsync, sys_halt, sys_setpgid, sys_ioctl, sys_procinfo, sys_kstat, sys_yield,
    sys_errcode, sys_dup2, sys_vmstat, sys_vfork, sys_spawn, sys_forkmode, sys_vmcheck, sys_pmap,
    sys_pagemap, sys_memmap, sys_vmctl, sys_vmplant, sys_sigaction, sys_sigreturn, sys_sigalarm,
    sys_sigsend, sys_mmap, sys_munmap, sys_mprotect, sys_msync, sys_madvise, sys_mincore,
    sys_pgaccess;

struct proc;
struct trapframe;

/* Does what the registers of tf ask for p, the running process; interrupts are on. */
void syscall_dispatch(struct proc *p, struct trapframe *tf);

#endif
