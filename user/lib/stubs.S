/*
 * System calls: the number in a7, arguments from a0 on, the result in a0.  The names are weak, so
 * that a program may have a function of its own with the name of a call that it does not use.
 */
#include "kernel/syscall.h"

.macro stub name, number
    .section .text.\name, "ax"
    .weak \name
    .type \name, @function
\name:
    li a7, \number
    ecall
    ret
    .size \name, . - \name
.endm

#define CALL(name) stub name, SYS_##name

CALL(fork)
CALL(exit)
CALL(wait)
CALL(pipe)
CALL(read)
CALL(kill)
CALL(exec)
CALL(fstat)
CALL(chdir)
CALL(dup)
CALL(getpid)
stub sys_sbrk, SYS_sbrk
CALL(pause)
stub sleep, SYS_pause
CALL(uptime)
CALL(open)
CALL(write)
CALL(mknod)
CALL(unlink)
CALL(link)
CALL(mkdir)
CALL(close)
CALL(symlink)
CALL(readlink)
CALL(sysinfo)
CALL(trace)
CALL(sync)
CALL(fsync)
CALL(halt)
CALL(setpgid)
CALL(ioctl)
CALL(procinfo)
CALL(kstat)
CALL(yield)
CALL(errcode)
CALL(dup2)
CALL(vfork)
CALL(spawn)
CALL(forkmode)
CALL(vmctl)
CALL(vmstat)
CALL(pmap)
CALL(pagemap)
CALL(memmap)
CALL(vmcheck)
CALL(vmplant)
CALL(mmap)
CALL(munmap)
CALL(mprotect)
CALL(msync)
CALL(madvise)
CALL(mincore)
CALL(sigreturn)
stub sys_sigaction, SYS_sigaction
CALL(sigsend)
CALL(pgaccess)
stub ugetpid, SYS_getpid

/* A handler returns to signal_restorer.  If its frame is gone there is nothing to go on with. */
    .section .text.sigalarm, "ax"
    .globl signal_restorer
    .type signal_restorer, @function
signal_restorer:
    li a7, SYS_sigreturn
    ecall
    li a0, -1
    li a7, SYS_exit
    ecall
    .size signal_restorer, . - signal_restorer

    .weak sigalarm
    .type sigalarm, @function
sigalarm:
    lla a2, signal_restorer
    li a7, SYS_sigalarm
    ecall
    ret
    .size sigalarm, . - sigalarm

    .section .note.GNU-stack, "", @progbits
