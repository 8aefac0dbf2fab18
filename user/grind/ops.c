/* The operations of grind and what must be true after each, whatever others do meanwhile. */
#include "user/grind/grind.h"
#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/ioctl.h"
#include "kernel/kstat.h"
#include "kernel/param.h"
#include "kernel/procinfo.h"
#include "kernel/riscv.h"
#include "kernel/spawn.h"
#include "kernel/stat.h"
#include "kernel/sysinfo.h"
#include "kernel/vm.h"
#include "user/lib/prog.h"

#define BYTES 6000

static char data[BYTES];
static long canary[8];
static const char *operation;

static void give_up(struct worker *w, const char *what, long n)
{
    prog_warn("worker %d, step %u, %s: %s (%ld)", w->index, w->calls, operation, what, n);
    exit(1);
}

uint grind_below(struct worker *w, uint n)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (uint)(w->random >> 20) % n;
}

/*
 * One of few names, some of them in directories that may or may not exist.  By ".." a worker may
 * come out of its directory, so the names are such as nobody else uses (grind.c removes them).
 */
static const char *name(struct worker *w)
{
    static const char *const names[] = {
        "grind-a",
        "grind-b",
        "grind-c",
        "grind-d",
        "grind-d/grind-a",
        "grind-d/grind-b",
        "grind-d/../grind-a",
        "./grind-c",
        "grind-e",
        "grind-e/" GRIND_CUT_NAME,
        "grind-e/grind-d/grind-a",
        "..",
        ".",
        "",
        GRIND_DIR "/grind-a",
        "grind-a/grind-b/grind-c",
        "grind-d/grind-e",
    };
    return names[grind_below(w, sizeof names / sizeof names[0])];
}

static int fd(struct worker *w)
{
    return 3 + (int)grind_below(w, 8);
}

/* A failed call has a reason, and a device does not fail here. */
static void check(struct worker *w, long result, long max)
{
    if (result < -1 || result > max)
        give_up(w, "an impossible result", result);
    if (result == -1 && (errcode() <= 0 || errcode() > ELOOP || errcode() == EIO))
        give_up(w, "an impossible errcode()", errcode());
}

static void do_open(struct worker *w)
{
    static const int flags[] = {O_RDONLY, O_RDWR, O_WRONLY, O_TRUNC, O_APPEND, O_NOFOLLOW};
    int f = flags[grind_below(w, 6)] | (grind_below(w, 2) ? O_CREATE | O_RDWR : 0);
    int got = open(name(w), f);
    check(w, got, NOFILE - 1);
    if (got > 10)
        close(got);
}

static void do_close(struct worker *w)
{
    check(w, close(fd(w)), 0);
}

/* Everything in a file is a letter; entries of directories and targets of links are left out. */
static void do_read(struct worker *w)
{
    struct stat st;
    int from = fd(w), n = (int)grind_below(w, BYTES);
    memset(data, 'z', sizeof data);
    int got = read(from, data, n);
    check(w, got, n);
    if (got <= 0 || fstat(from, &st) < 0 || st.type != T_FILE)
        return;
    for (int i = 0; i < BYTES; i++)
        if (data[i] < 'a' || data[i] > 'z' || (i >= got && data[i] != 'z'))
            give_up(w, "a byte that nobody wrote, at", i);
}

static void do_write(struct worker *w)
{
    int n = (int)grind_below(w, BYTES);
    memset(data, 'a' + (int)grind_below(w, 25), n);
    check(w, write(fd(w), data, n), n);
}

static void do_names(struct worker *w)
{
    switch (grind_below(w, 6)) {
    case 0: check(w, mkdir(name(w)), 0); break;
    case 1: check(w, link(name(w), name(w)), 0); break;
    case 2: check(w, symlink(name(w), name(w)), 0); break;
    case 3: check(w, mknod(name(w), DEV_NULL, 0), 0); break;
    case 4: check(w, chdir(grind_below(w, 2) ? name(w) : GRIND_DIR), 0); break;
    case 5: check(w, readlink(name(w), data, 20), 20); break;
    }
}

static void do_unlink(struct worker *w)
{
    check(w, unlink(name(w)), 0);
}

static void do_stat(struct worker *w)
{
    struct stat st;
    int r = fstat(fd(w), &st);
    check(w, r, 0);
    if (r == 0 && (st.type < T_DIR || st.type > T_SYMLINK || st.nlink < 0) && st.type != 0)
        give_up(w, "an impossible type", st.type);
    if (r == 0 && st.size > MAXFILE * BSIZE)
        give_up(w, "an impossible size", (long)st.size);
}

static void do_dup(struct worker *w)
{
    int got = grind_below(w, 2) ? dup(fd(w)) : dup2(fd(w), fd(w));
    check(w, got, NOFILE - 1);
    if (got > 10)
        close(got);
}

static void do_pipe(struct worker *w)
{
    int ends[2], n = 1 + (int)grind_below(w, 2000);
    if (pipe(ends) < 0)
        return check(w, -1, 0);
    char first = (char)('a' + grind_below(w, 26));
    memset(data, first, n);
    if (write(ends[1], data, n) != n)
        give_up(w, "a pipe does not take", n);
    memset(data, 'A', n);
    if (read(ends[0], data, n) != n || data[0] != first || data[n - 1] != first)
        give_up(w, "a pipe does not give back", n);
    close(ends[0]);
    close(ends[1]);
}

static void do_memory(struct worker *w)
{
    int n = (int)grind_below(w, 40000);
    char *p = grind_below(w, 2) ? sbrk(n) : sbrklazy(n);
    if (p == SBRK_ERROR)
        return check(w, -1, 0);
    int fresh = (int)(PGROUNDUP((uint64)p) - (uint64)p); /* the page before was in use already */
    for (int i = fresh; i < n; i += 1 + (int)grind_below(w, 5000)) {
        if (p[i] != 0)
            give_up(w, "new memory is not zero at", i);
        p[i] = 1;
    }
    if (sbrk(-n) != p + n)
        give_up(w, "the break has moved", n);
}

/* A child that ends, is killed, or runs a program that may not exist. */
static void do_child(struct worker *w)
{
    char *argv[] = {"echo", 0};
    int status, how = (int)grind_below(w, 4), pid = fork();
    if (pid < 0)
        return check(w, -1, 0);
    if (pid == 0) {
        canary[0] = -1;
        close(1);
        close(2);
        if (how == 1)
            exec(grind_below(w, 2) ? "/echo" : name(w), argv);
        for (int i = 0; how == 2 && i < 100; i++)
            yield();
        if (how == 3 && fork() == 0)
            exit(0);
        exit(canary[1] == w->pid ? 77 : 78);
    }
    if (how == 2)
        kill(pid);
    if (wait(&status) != pid)
        give_up(w, "wait() found another child than", pid);
    if (status != 77 && !(how == 2 && status == -1) && !(how == 1 && (status == 0 || status == 1)))
        give_up(w, "the child's status is", status);
}

/* A child in this memory, that ends, gives way before it does, or runs a program. */
static void do_vfork(struct worker *w)
{
    char *argv[] = {"echo", 0};
    const char *path = grind_below(w, 2) ? "/echo" : name(w);
    int status, how = (int)grind_below(w, 3), pid;
    canary[0] = 0;
    pid = vfork();
    if (pid == 0) {
        close(1);
        close(2);
        canary[0] = getpid();
        if (how == 1)
            exec(path, argv);
        if (how == 2)
            yield();
        exit(77);
    }
    if (pid < 0)
        return check(w, -1, 0);
    if (canary[0] != pid)
        give_up(w, "back before the child is gone", canary[0]);
    if (wait(&status) != pid)
        give_up(w, "wait() found another child than", pid);
    if (status != 77 && !(how == 1 && (status == 0 || status == 1)))
        give_up(w, "the child's status is", status);
}

static void do_spawn(struct worker *w)
{
    char *argv[] = {"echo", 0};
    struct spawn_action actions[6] = {{SPAWN_CLOSE, 1, 0, 0}, {SPAWN_CLOSE, 2, 0, 0}};
    int n = 2 + (int)grind_below(w, 5), status = 1;
    for (int i = 2; i < n; i++) {
        int what = (int)grind_below(w, 10) ? SPAWN_OPEN + (int)grind_below(w, 3) : 0;
        int arg = what == SPAWN_OPEN ? O_CREATE | O_RDWR : fd(w);
        actions[i] = (struct spawn_action){what, fd(w), arg, name(w)};
    }
    int pid = spawn(grind_below(w, 4) ? "/echo" : name(w), argv, actions, n);
    if (pid < 0)
        return check(w, -1, 0);
    if (wait(&status) != pid || status != 1)
        give_up(w, "the program could write where nothing is open", status);
}

/* Addresses that must be refused. */
static void do_bad_address(struct worker *w)
{
    static const uint64 places[] = {MAXVA, 1ul << 63, 0xffffffc000000000, -8ul, 0, 0x10000000};
    char *bad = (char *)places[grind_below(w, sizeof places / sizeof places[0])];
    long r = 0;
    switch (grind_below(w, 5)) {
    case 0: r = read(fd(w), bad, 100); break;
    case 1: r = open(bad, O_RDONLY); break;
    case 2: r = pipe((int *)bad); break;
    case 3: r = kstat((struct kstat *)bad); break;
    case 4: r = sysinfo((struct sysinfo *)bad); break;
    }
    check(w, r, 0); /* at 0 stands the program's text: never written, and no path of a file */
}

static void do_other(struct worker *w)
{
    struct procinfo list[2];
    struct sysinfo info;
    switch (grind_below(w, 9)) {
    case 0: check(w, yield(), 0); break;
    case 1: check(w, grind_below(w, 10) ? 0 : sync(), 0); break;
    case 2: check(w, fsync(fd(w)), 0); break;
    case 3: check(w, procinfo(list, 2), 2); break;
    case 4: check(w, sysinfo(&info), 0); break;
    case 5: check(w, ioctl(fd(w), TTY_GETFG, 0), 0x7fffffff); break;
    case 6: check(w, kill(grind_below(w, 2) ? 0 : -1), -1); break;
    case 7: check(w, grind_below(w, 20) ? 0 : pause(1), 0); break;
    case 8: check(w, forkmode((int)grind_below(w, 3)), FORK_EAGER); break;
    }
}

static const struct {
    void (*fn)(struct worker *w);
    const char *name;
} ops[] = {
    {do_open, "open"},    {do_open, "open"},
    {do_close, "close"},  {do_read, "read"},
    {do_write, "write"},  {do_write, "write"},
    {do_names, "names"},  {do_unlink, "unlink"},
    {do_stat, "fstat"},   {do_dup, "dup"},
    {do_pipe, "pipe"},    {do_memory, "sbrk"},
    {do_child, "child"},  {do_bad_address, "bad address"},
    {do_vfork, "vfork"},  {do_spawn, "spawn"},
    {do_other, "others"},
};

void grind_step(struct worker *w)
{
    uint which = grind_below(w, sizeof ops / sizeof ops[0]);
    for (int i = 1; i < 8; i++)
        canary[i] = w->pid;
    operation = ops[which].name;
    w->calls++;
    ops[which].fn(w);
    for (int i = 1; i < 8; i++)
        if (canary[i] != w->pid)
            give_up(w, "memory has changed by itself", canary[i]);
    if (getpid() != w->pid)
        give_up(w, "getpid() has changed", getpid());
}
