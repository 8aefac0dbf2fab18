/* Single calls: which there are, what arguments they take and what they may return. */
#include "kernel/fcntl.h"
#include "kernel/kstat.h"
#include "kernel/procinfo.h"
#include "kernel/riscv.h"
#include "kernel/signal.h"
#include "kernel/stat.h"
#include "kernel/syscall.h"
#include "kernel/sysinfo.h"
#include "kernel/vmview.h"
#include "user/fuzz/fuzz.h"
#include "user/fuzz/several.h"

enum result {
    ZERO,       /* 0 or -1 */
    ANY,        /* 0 or more, or -1 */
    COUNT,      /* the bytes that were asked for at most, or -1 */
    DESCRIPTOR, /* a new one, or -1 */
    NEVER,      /* it cannot succeed */
};

struct call {
    ushort number;
    const char *name;
    uchar kinds[6];
    uchar result;
    ushort weight;
    ushort unit; /* bytes that it changes at its address: for each of COUNT, or at all */
};

static const struct call calls[] = {
    {SYS_open, "open", {PATH, FLAGS}, DESCRIPTOR, 12, 0},
    {SYS_close, "close", {FD}, ZERO, 8, 0},
    {SYS_read, "read", {FD, TO, SIZE}, COUNT, 10, 1},
    {SYS_write, "write", {FD, FROM, SIZE}, COUNT, 8, 0},
    {SYS_fstat, "fstat", {FD, TO}, ZERO, 4, sizeof(struct stat)},
    {SYS_dup, "dup", {FD}, DESCRIPTOR, 3, 0},
    {SYS_dup2, "dup2", {FD, FD}, DESCRIPTOR, 3, 0},
    {SYS_mknod, "mknod", {PATH, DEVICE, NUMBER}, ZERO, 2, 0},
    {SYS_unlink, "unlink", {PATH}, ZERO, 10, 0},
    {SYS_link, "link", {PATH, PATH}, ZERO, 4, 0},
    {SYS_symlink, "symlink", {TARGET, PATH}, ZERO, 3, 0},
    {SYS_readlink, "readlink", {PATH, TO, SIZE}, COUNT, 4, 1},
    {SYS_mkdir, "mkdir", {PATH}, ZERO, 4, 0},
    {SYS_chdir, "chdir", {DIRECTORY}, ZERO, 4, 0},
    {SYS_kill, "kill", {PID}, NEVER, 2, 0},
    {SYS_exec, "exec", {PATH, VECTOR}, NEVER, 3, 0},
    {SYS_spawn, "spawn", {PATH, VECTOR, FROM, NUMBER}, NEVER, 3, 0},
    {SYS_forkmode, "forkmode", {NUMBER}, ANY, 1, 0},
    {SYS_setpgid, "setpgid", {PID, NUMBER}, ZERO, 2, 0},
    {SYS_ioctl, "ioctl", {FD, NUMBER, NUMBER}, NEVER, 2, 0},
    {SYS_sysinfo, "sysinfo", {TO}, ZERO, 2, sizeof(struct sysinfo)},
    {SYS_kstat, "kstat", {TO}, ZERO, 2, sizeof(struct kstat)},
    {SYS_procinfo, "procinfo", {TO, SIZE}, COUNT, 2, sizeof(struct procinfo)},
    {SYS_pmap, "pmap", {NUMBER, TO, SIZE}, COUNT, 2, sizeof(struct areainfo)},
    {SYS_pagemap, "pagemap", {NUMBER, NUMBER, TO, SIZE}, COUNT, 2, sizeof(struct pageinfo)},
    {SYS_memmap, "memmap", {NUMBER, TO, SIZE}, COUNT, 2, sizeof(struct frameinfo)},
    {SYS_sigaction, "sigaction", {NUMBER, FROM, TO}, ZERO, 3, sizeof(struct sigaction)},
    {SYS_sigsend, "sigsend", {PID, NUMBER}, NEVER, 2, 0},
    {SYS_sigreturn, "sigreturn", {NUMBER}, NEVER, 1, 0},
    {SYS_fsync, "fsync", {FD}, ZERO, 1, 0},
    {SYS_getpid, "getpid", {NUMBER}, ANY, 1, 0},
    {SYS_uptime, "uptime", {NUMBER}, ANY, 1, 0},
    {SYS_yield, "yield", {NUMBER}, ZERO, 1, 0},
    {SYS_errcode, "errcode", {NUMBER}, ANY, 1, 0},
};

#define NCALLS (sizeof calls / sizeof calls[0])

static const struct call *choose(struct fuzzer *f)
{
    uint total = 0;
    for (uint i = 0; i < NCALLS; i++)
        total += calls[i].weight;
    uint n = fuzz_below(f, total);
    const struct call *c = calls;
    while (n >= c->weight)
        n -= c++->weight;
    return c;
}

/* What the last size says, as the int that the kernel takes it for. */
static long count_of(const struct call *c, const struct arguments *a)
{
    for (int i = 0; i < 6; i++)
        if (c->kinds[i] == SIZE)
            return (int)a->a[i] > 0 ? (int)a->a[i] : 0;
    return 1;
}

static void check_result(struct fuzzer *f, const struct call *c, const struct arguments *a, long r)
{
    static const long most[] = {
        [ZERO] = 0, [ANY] = 0x7fffffff, [DESCRIPTOR] = NOFILE - 1, [NEVER] = -1};
    if (r < -1 || r > (c->result == COUNT ? count_of(c, a) : most[c->result]))
        fuzz_fail(f, "an impossible result", r);
    if (c->number == SYS_getpid && r != f->pid)
        fuzz_fail(f, "not our pid", r);
}

/* Keeps track of which descriptors are pipes, and not too many open. */
static void note(struct fuzzer *f, const struct call *c, const struct arguments *a, long r)
{
    int fd = (int)a->a[0];
    if (r < 0)
        return;
    if (c->number == SYS_close)
        f->is_pipe[fd] = 0;
    if (c->result != DESCRIPTOR)
        return;
    f->is_pipe[r] = c->number == SYS_open ? 0 : f->is_pipe[fd];
    if (r > 14 && (c->number != SYS_dup2 || fd != r)) {
        close((int)r);
        f->is_pipe[r] = 0;
    }
}

static int might_wait(const struct fuzzer *f, const struct call *c, const struct arguments *a)
{
    int fd = (int)a->a[0];
    return (c->number == SYS_read || c->number == SYS_write) && fd >= 0 && fd < NOFILE &&
           f->is_pipe[fd];
}

static void single_call(struct fuzzer *f)
{
    const struct call *c = choose(f);
    struct arguments a = {.address = 0};
    f->call = c->name;
    for (int i = 0; i < 6 && c->kinds[i]; i++)
        fuzz_argument(f, c->kinds[i], &a, i);
    if (c->number == SYS_exec || c->number == SYS_spawn)
        fuzz_argument(f, PATH, &a, 0); /* once more: the vector's strings may have changed it */
    if (might_wait(f, c, &a))
        return;
    a.bytes = c->unit * (c->result == COUNT ? (uint64)count_of(c, &a) : 1);
    long r = fuzz_call(f, c->number, &a);
    check_result(f, c, &a, r);
    note(f, c, &a, r);
}

/* Numbers that no call has; the kernel reports each on the console. */
static void no_call(struct fuzzer *f)
{
    struct arguments a = {.address = 0};
    static const uint64 numbers[] = {0, SYS_MAX + 1, SYS_MAX + 28, 64, 1ul << 32 | SYS_halt, -1ul};
    f->call = "no call";
    if (fuzz_call(f, numbers[fuzz_below(f, 6)], &a) != -1)
        fuzz_fail(f, "it succeeded", 0);
}

void fuzz_step(struct fuzzer *f)
{
    uint n = fuzz_below(f, 1000);
    if (n < 8 && f->depth < 2)
        several_children(f);
    else if (n < 20)
        several_pipe(f);
    else if (n < 35)
        several_memory(f);
    else if (n >= 900)
        several_mappings(f);
    else if (n == 35 && fuzz_below(f, 20) == 0)
        no_call(f);
    else if (n == 37 && f->depth == 0)
        several_signals(f);
    else if (n == 36)
        several_open_outside(f);
    else
        single_call(f);
    if (f->calls % 16 == 0)
        chdir(FUZZ_DIR); /* out of directories that are deep or gone */
}
