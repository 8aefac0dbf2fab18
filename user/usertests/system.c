/* Calls about the system itself: what it counts, the clock, the reasons of errors, tracing. */
#include "user/testlib/tests.h"

void call_unknown(void)
{
    static const long numbers[] = {0,  SYS_MAX + 1,       SYS_MAX + 2,    63, 64, 100, 1000,
                                   -1, (long)(1ul << 63), (1l << 32) + 11};
    for (uint i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        SAME(raw_call(numbers[i], 1, 2, 3), -1);
        SAME(errcode(), ENOSYS);
    }
    SAME(raw_call(SYS_getpid, -1, -1, -1), getpid());
}

void control_settings(void)
{
    int before = vmctl(VMCTL_OVERCOMMIT, -1);
    CHECK(before == 0 || before == 1);
    SAME(vmctl(VMCTL_OVERCOMMIT, before), before);
    REFUSED(vmctl(VMCTL_OVERCOMMIT, 2), EINVAL);
    REFUSED(vmctl(VMCTL_OVERCOMMIT, 1l << 32), EINVAL);
    REFUSED(vmctl(0, -1), EINVAL);
    REFUSED(vmctl(77, 0), EINVAL);
    SAME(vmctl(VMCTL_OVERCOMMIT, -(1l << 40)), before);
}

/* Arguments are ints: what stands in the upper half of a register does not count. */
void call_wide_arguments(void)
{
    int fd = MUST(dup(1));
    SAME(raw_call(SYS_close, fd | 5l << 32, 0, 0), 0);
    REFUSED(close(fd), EBADF);
    SAME(raw_call(SYS_sbrk, 0x700000000, SBRK_EAGER, 0), (long)sbrk(0));
    REFUSED(raw_call(SYS_kill, 1l << 32, 0, 0), ESRCH);
}

/*
 * registers_survive(seed, rounds): fills every register with the seed, counts the rounds down in a1
 * with a system call in every 2^20th, and returns the OR of all that differs in the end.
 */
long registers_survive(uint64 seed, long rounds);

#define SAVED   "ra, gp, tp, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11"
#define WATCHED SAVED ", t0, t1, t2, t3, t4, t5, t6, a2, a3, a4, a5, a6"

asm(".text\n"
    ".globl registers_survive\n"
    "registers_survive:\n"
    "addi sp, sp, -128\n"
    "sd a0, 0(sp)\n"
    ".set at, 8\n .irp r, " SAVED "\n sd \\r, at(sp)\n .set at, at + 8\n .endr\n"
    ".irp r, " WATCHED "\n mv \\r, a0\n .endr\n"
    "1: addi a1, a1, -1\n"
    "slli a0, a1, 44\n"
    "bnez a0, 2f\n"
    "li a7, 11\n" /* SYS_getpid */
    "ecall\n"
    "2: bgtz a1, 1b\n"
    "ld a7, 0(sp)\n"
    ".irp r, " WATCHED "\n xor a0, \\r, a7\n or a1, a1, a0\n .endr\n"
    ".set at, 8\n .irp r, " SAVED "\n ld \\r, at(sp)\n .set at, at + 8\n .endr\n"
    "mv a0, a1\n"
    "addi sp, sp, 128\n"
    "ret\n");

static void registers_differ(long i)
{
    SAME(registers_survive(0x0123456789abcdeful * (uint64)(i + 1), 30000000), 0);
}

/* Whatever interrupts and system calls come in between. */
void call_keeps_registers(void)
{
    crowd((int)kernel_now().harts + 1, registers_differ);
}

void error_codes(void)
{
    REFUSED(open("nosuch", O_RDONLY), ENOENT);
    SAME(getpid() > 0, 1);
    SAME(errcode(), ENOENT); /* success does not change it */
    SAME(errcode(), ENOENT);
    REFUSED(close(77), EBADF);
    SAME(errcode(), EBADF);
    int pid = child_fork();
    if (pid == 0) {
        REFUSED(kill(0), ESRCH);
        exit(0);
    }
    SAME(child_wait(pid), 0);
    SAME(errcode(), EBADF); /* each process has its own */
    for (int code = 1; code <= ELOOP; code++)
        CHECK(strlen(strerror(code)) > 0);
    CHECK(strerror(-1) != 0 && strerror(100000) != 0);
}

void clock_runs(void)
{
    int start = uptime(), now = start;
    uint64 before = r_time();
    while (now < start + 3) {
        int next = uptime();
        CHECK(next >= now);
        now = next;
    }
    CHECK(r_time() > before);
    CHECK(now >= start + 3);
}

void pause_lasts(void)
{
    static const int ticks[] = {1, 2, 5};
    for (uint i = 0; i < sizeof ticks / sizeof ticks[0]; i++) {
        uint64 start = r_time();
        int at = uptime();
        SAME(i % 2 ? sleep(ticks[i]) : pause(ticks[i]), 0);
        CHECK(uptime() - at >= ticks[i]);
        CHECK(r_time() - start >= (uint64)ticks[i] * 10000000 / TICK_HZ);
        CHECK(uptime() - at < ticks[i] + 60 * TICK_HZ);
    }
}

void pause_nothing(void)
{
    int start = uptime();
    SAME(pause(0), 0);
    pause(-1);
    pause((int)1u << 31);
    CHECK(uptime() - start < 60 * TICK_HZ);
}

static void pause_for(long i)
{
    int at = uptime(), ticks = 2 + 3 * (int)i;
    SAME(pause(ticks), 0);
    CHECK(uptime() - at >= ticks);
}

/* Three go to sleep, the longest first; true if they wake the other way round. */
static int woke_in_order(void)
{
    int pids[3], good = 1;
    for (int i = 2; i >= 0; i--) {
        pids[i] = child_fork();
        if (pids[i] == 0) {
            pause(2 + 6 * i);
            exit(0);
        }
    }
    for (int i = 0; i < 3; i++)
        good &= wait(0) == pids[i];
    return good;
}

/*
 * Sleepers wake in the order of their times, not in that of their going to sleep.  The host may
 * hold up one hart for long, but not each time.
 */
void pause_order(void)
{
    int tries = 0;
    while (!woke_in_order())
        CHECK(++tries < 10);
    crowd(10, pause_for);
}

void group_set(void)
{
    struct procinfo p;
    CHECK(child_find(getpid(), &p));
    int ends[2], group = p.pgid;
    char c;
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        close(ends[1]);
        read(ends[0], &c, 1);
        exit(0);
    }
    CHECK(child_find(pid, &p));
    SAME(p.pgid, group); /* inherited */
    SAME(setpgid(pid, pid), 0);
    CHECK(child_find(pid, &p));
    SAME(p.pgid, pid);
    SAME(setpgid(pid, group), 0);
    SAME(setpgid(0, 0), 0);
    CHECK(child_find(getpid(), &p));
    SAME(p.pgid, getpid());
    SAME(setpgid(0, group), 0);
    REFUSED(setpgid(-1, 0), EINVAL);
    REFUSED(setpgid(0, -1), EINVAL);
    REFUSED(setpgid(1 << 22, 0), ESRCH);
    REFUSED(setpgid(1, 0), ESRCH); /* not a child */
    SAME(close(ends[1]), 0);
    SAME(child_wait(pid), 0);
    SAME(close(ends[0]), 0);
}

/* Traced calls give the same results; children inherit the mask. */
static void traced(long parent)
{
    CHECK(getpid() != parent);
    REFUSED(open("nosuch", O_RDONLY), ENOENT);
}

void trace_calls(void)
{
    int pid = getpid();
    SAME(trace(1 << SYS_getpid | 1 << SYS_open), 0);
    SAME(getpid(), pid);
    PASSES(traced, pid);
    SAME(trace(0), 0);
    SAME(getpid(), pid);
}

void info_processes(void)
{
    struct procinfo list[3], me;
    SAME(procinfo(list, 1), 1);
    CHECK(procinfo(list, 3) == 3);
    CHECK(child_find(getpid(), &me));
    SAME(strcmp(me.name, "usertests"), 0);
    SAME(me.state, PROC_RUNNING);
    SAME(me.kthread, 0);
    CHECK(me.hart >= 0 && me.hart < NCPU);
    CHECK(me.size >= me.resident && me.resident > 0);
    CHECK(child_find(1, &me));
    SAME(strcmp(me.name, "init"), 0);
    SAME(me.ppid, 0);
    CHECK(!child_find(1 << 22, &me));
    int pid = child_fork();
    if (pid == 0) {
        CHECK(child_find(getpid(), &me));
        uint64 size = me.size, resident = me.resident, runtime = me.runtime;
        char *p = heap_pages(50);
        for (int i = 0; i < 20; i++)
            p[i * PGSIZE] = 1;
        CHECK(child_find(getpid(), &me));
        SAME(me.size - size, 50 * PGSIZE);
        SAME(me.resident - resident, 20 * PGSIZE);
        CHECK(me.runtime > runtime);
        exit(0);
    }
    SAME(child_wait(pid), 0);
}

/* Others take memory and give it back all the time, but not in each of so many moments. */
static void free_memory_agrees(void)
{
    struct sysinfo s;
    struct kstat k;
    for (int tries = 0; tries < 1000; tries++) {
        SAME(sysinfo(&s), 0);
        SAME(kstat(&k), 0);
        if (s.freemem == k.frames_free * PGSIZE)
            return;
    }
    SAME(s.freemem / PGSIZE, k.frames_free);
}

void info_sysinfo(void)
{
    struct sysinfo a, b;
    struct kstat k;
    int ends[2];
    char c;
    MUST(pipe(ends));
    SAME(sysinfo(&a), 0);
    SAME(kstat(&k), 0);
    SAME(a.nproc, k.procs);
    CHECK(a.freemem % PGSIZE == 0 && a.freemem / PGSIZE <= k.frames_total);
    free_memory_agrees();
    int pid = child_fork();
    if (pid == 0) {
        char *p = heap_pages(100);
        memset(p, 1, 100 * PGSIZE);
        read(ends[0], &c, 1);
        exit(0);
    }
    CHECK(child_asleep(pid));
    SAME(sysinfo(&b), 0);
    SAME(b.nproc, a.nproc + 1);
    CHECK(a.freemem - b.freemem >= 100 * PGSIZE);
    CHECK(a.freemem - b.freemem < 400 * PGSIZE);
    SAME(write(ends[1], "x", 1), 1);
    SAME(child_wait(pid), 0);
    free_memory_agrees(); /* what the kernel keeps of the child is free, too */
    SAME(close(ends[0]) + close(ends[1]), 0);
}

void info_kstat(void)
{
    struct kstat a = kernel_now(), b;
    int ends[2];
    CHECK(a.frames_free + a.frames_cache < a.frames_total);
    CHECK(a.frames_committed <= a.frames_limit && a.frames_limit < a.frames_total);
    CHECK(a.blocks_free < a.blocks_total && a.inodes_free < a.inodes_total);
    CHECK(a.harts >= 1 && a.harts <= NCPU);
    MUST(pipe(ends));
    file_make("f", 1, 10 * BSIZE);
    int fd = MUST(open("f", O_RDONLY));
    char *p = heap_pages(30);
    b = kernel_now();
    SAME(b.pipes - a.pipes, 1);
    SAME(b.files - a.files, 3);
    SAME(b.inodes - a.inodes, 1);
    SAME(a.inodes_free - b.inodes_free, 1);
    SAME(a.blocks_free - b.blocks_free, 10);
    CHECK(b.frames_committed - a.frames_committed >= 30);
    CHECK(b.frames_committed - a.frames_committed <= 31);
    memset(p, 1, 30 * PGSIZE);
    SAME(kstat(&a), 0);
    CHECK(a.faults - b.faults >= 30);
    pause(1);
    SAME(kstat(&b), 0);
    CHECK(b.switches > a.switches);
    SAME(close(fd) + close(ends[0]) + close(ends[1]), 0);
}
