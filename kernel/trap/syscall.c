/* The system call table and its dispatcher. */
#include "kernel/syscall.h"
#include "kernel/dev/dev.h"
#include "kernel/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/proc/proc.h"
#include "kernel/trap/syscall.h"

#define CALL(name) [SYS_##name] = {sys_##name, #name}

static const struct {
    syscall_fn *fn;
    const char *name;
} calls[] = {
    CALL(fork),      CALL(exit),     CALL(wait),     CALL(pipe),    CALL(read),
    CALL(kill),      CALL(exec),     CALL(fstat),    CALL(chdir),   CALL(dup),
    CALL(getpid),    CALL(sbrk),     CALL(pause),    CALL(uptime),  CALL(open),
    CALL(write),     CALL(mknod),    CALL(unlink),   CALL(link),    CALL(mkdir),
    CALL(close),     CALL(symlink),  CALL(readlink), CALL(trace),   CALL(sync),
    CALL(fsync),     CALL(halt),     CALL(setpgid),  CALL(ioctl),   CALL(procinfo),
    CALL(kstat),     CALL(yield),    CALL(errcode),  CALL(dup2),    CALL(vmstat),
    CALL(vfork),     CALL(spawn),    CALL(forkmode), CALL(vmcheck), CALL(pmap),
    CALL(pagemap),   CALL(memmap),   CALL(vmctl),    CALL(vmplant), CALL(sigaction),
    CALL(sigreturn), CALL(sigalarm), CALL(sigsend),  CALL(mmap),    CALL(munmap),
    CALL(mprotect),  CALL(msync),    CALL(madvise),  CALL(mincore), CALL(pgaccess),
    CALL(sysinfo),
};

static bool is_call(uint64 number)
{
    return number < sizeof calls / sizeof calls[0] && calls[number].fn;
}

/* Apart: their lines would make the stack frame of each system call larger. */
static void __attribute__((noinline)) report_unknown(struct proc *p, uint64 number)
{
    char line[96];
    snprintf(line, sizeof line, "pid %d %s: unknown system call %lu\n", p->pid, p->name, number);
    console_report(line);
}

static void __attribute__((noinline)) report_traced(struct proc *p, uint64 number, int64 result)
{
    char line[96];
    if (!is_call(number) || !(p->trace_mask >> number & 1))
        return;
    snprintf(line, sizeof line, "%d: syscall %s -> %ld\n", p->pid, calls[number].name, result);
    console_report(line);
}

void syscall_dispatch(struct proc *p, struct trapframe *tf)
{
    uint64 number = tf->reg[TF_A7];
    int64 result = -ENOSYS;
    if (is_call(number))
        result = calls[number].fn(&tf->reg[TF_A0]);
    else
        report_unknown(p, number);
    if (result < 0) {
        p->error = (int)-result;
        result = -1;
    }
    tf->reg[TF_A0] = (uint64)result;
    if (p->trace_mask)
        report_traced(p, number, result);
}
