/*
 * trace CALL[,CALL...] COMMAND [ARGUMENT...]: runs a program of whose system calls, and of those of
 * its children, the kernel reports the ones named; `all` names every one.
 */
#include "kernel/syscall.h"
#include "user/lib/prog.h"

#define CALL(name) [SYS_##name] = #name

static const char *const names[SYS_MAX + 1] = {
    CALL(fork),     CALL(exit),     CALL(wait),    CALL(pipe),      CALL(read),      CALL(kill),
    CALL(exec),     CALL(fstat),    CALL(chdir),   CALL(dup),       CALL(getpid),    CALL(sbrk),
    CALL(pause),    CALL(uptime),   CALL(open),    CALL(write),     CALL(mknod),     CALL(unlink),
    CALL(link),     CALL(mkdir),    CALL(close),   CALL(symlink),   CALL(readlink),  CALL(sysinfo),
    CALL(trace),    CALL(sync),     CALL(fsync),   CALL(halt),      CALL(setpgid),   CALL(ioctl),
    CALL(procinfo), CALL(kstat),    CALL(yield),   CALL(errcode),   CALL(dup2),      CALL(vfork),
    CALL(spawn),    CALL(forkmode), CALL(vmctl),   CALL(vmstat),    CALL(pmap),      CALL(pagemap),
    CALL(memmap),   CALL(vmcheck),  CALL(vmplant), CALL(mmap),      CALL(munmap),    CALL(mprotect),
    CALL(msync),    CALL(madvise),  CALL(mincore), CALL(sigaction), CALL(sigreturn), CALL(sigalarm),
    CALL(sigsend),  CALL(pgaccess),
};

_Static_assert(SYS_MAX < 64, "a mask has a bit for each call");

/* The bits of the calls that are called so; 0 if there is none. */
static uint64 bits_of(const char *name)
{
    if (strcmp(name, "all") == 0)
        return -1ul;
    for (int i = 0; i <= SYS_MAX; i++)
        if (names[i] && strcmp(names[i], name) == 0)
            return 1ul << i;
    return 0;
}

static uint64 mask_of(char *list)
{
    uint64 mask = 0;

    while (list) {
        char *comma = strchr(list, ',');
        if (comma)
            *comma = '\0';
        uint64 bits = bits_of(list);
        if (!bits) {
            prog_warn("no system call is called %s", list);
            exit(2);
        }
        mask |= bits;
        list = comma ? comma + 1 : 0;
    }
    return mask;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argv[1][0] == '-')
        prog_usage("trace CALL[,CALL...] COMMAND [ARGUMENT...]");
    if (trace(mask_of(argv[1])) < 0)
        return prog_fail("cannot trace");
    prog_become(argv + 2);
}
