/*
 * trace CALL[,CALL...] COMMAND [ARGUMENT...]: runs a program of whose system calls, and of those of
 * its children, the kernel reports the ones named; `all` names every one.
 */
#include "kernel/syscall.h"
#include "user/lib/prog.h"

#define CALL(name) [SYS_##name] = #name

static const char *const names[SYS_MAX + 1] = {
    CALL(chdir),   CALL(close),     CALL(dup),      CALL(dup2),      CALL(errcode),  CALL(exec),
    CALL(exit),    CALL(fork),      CALL(forkmode), CALL(fstat),     CALL(fsync),    CALL(getpid),
    CALL(halt),    CALL(ioctl),     CALL(kill),     CALL(kstat),     CALL(link),     CALL(madvise),
    CALL(memmap),  CALL(mincore),   CALL(mkdir),    CALL(mknod),     CALL(mmap),     CALL(mprotect),
    CALL(msync),   CALL(munmap),    CALL(open),     CALL(pagemap),   CALL(pause),    CALL(pgaccess),
    CALL(pipe),    CALL(pmap),      CALL(procinfo), CALL(read),      CALL(readlink), CALL(sbrk),
    CALL(setpgid), CALL(sigaction), CALL(sigalarm), CALL(sigreturn), CALL(sigsend),  CALL(spawn),
    CALL(symlink), CALL(sync),      CALL(sysinfo),  CALL(trace),     CALL(unlink),   CALL(uptime),
    CALL(vfork),   CALL(vmcheck),   CALL(vmctl),    CALL(vmplant),   CALL(vmstat),   CALL(wait),
    CALL(write),   CALL(yield),
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
