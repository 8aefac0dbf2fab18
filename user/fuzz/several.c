/* Calls that make sense only together. */
#include "user/fuzz/several.h"
#include "kernel/fcntl.h"
#include "kernel/memlayout.h"
#include "kernel/syscall.h"
#include "kernel/vm.h"

#define FOREVER 0x7fffffff

/* --- children --------------------------------------------------------------------------------- */

enum life {
    EXITS,
    WORKS,
    WORKS_ON,
    SLEEPS,
    READS,
    WRITES,
    WAITS,
    RUNS_A_PROGRAM,
    GOES_WILD,
    LIVES
};

static void wait_in_pipe(int to_write)
{
    static char page[PGSIZE];
    int ends[2];
    if (pipe(ends) < 0)
        pause(FOREVER);
    while (to_write)
        write(ends[1], page, sizeof page);
    read(ends[0], page, 1);
}

static void wait_for_child(void)
{
    if (fork() == 0) {
        pause(5); /* not longer: it may become an orphan, whom nobody kills */
        exit(0);
    }
    for (;;)
        wait(0);
}

/* Only returns if exec() fails. */
static void run_program(struct fuzzer *f)
{
    struct arguments a = {.address = 0};
    int null = open("/dev/null", O_RDWR);
    dup2(null, 1);
    dup2(null, 2);
    fuzz_argument(f, VECTOR, &a, 1);
    a.a[0] = (uint64) "/echo";
    fuzz_call(f, SYS_exec, &a);
}

/* Touches memory that there is not, or executes something that is no code. */
static void go_wild(struct fuzzer *f)
{
    struct arguments a = {.address = 0};
    fuzz_argument(f, TO, &a, 0);
    void (*code)(void) = (void (*)(void))a.address;
    switch (fuzz_below(f, 4)) {
    case 0: *(volatile char *)a.address = 1; break;
    case 1: (void)*(volatile char *)a.address; break;
    case 2:
        if (a.address >= 2 * PGSIZE) /* not into our own text */
            code();
        break;
    case 3: asm volatile("csrr t0, sstatus" ::: "t0"); break;
    }
}

static void live(struct fuzzer *f, enum life life)
{
    f->depth++;
    f->pid = getpid();
    switch (life) {
    case WORKS:
        for (int i = 0; i < 30; i++)
            fuzz_step(f);
        break;
    case WORKS_ON:
        for (;;)
            fuzz_step(f);
    case SLEEPS: pause(FOREVER); break;
    case READS: wait_in_pipe(0); break;
    case WRITES: wait_in_pipe(1); break;
    case WAITS: wait_for_child(); break;
    case RUNS_A_PROGRAM: run_program(f); break;
    case GOES_WILD: go_wild(f); break;
    default: break;
    }
}

/* Waits for the child, first with an address that may be bad: then it must not be lost. */
static int collect(struct fuzzer *f, int pid)
{
    struct arguments a = {.bytes = sizeof(int)};
    int status = 0;
    do
        fuzz_argument(f, TO, &a, 0);
    while (a.address == 0); /* which asks for no status */
    f->call = "wait";
    long r = fuzz_call(f, SYS_wait, &a);
    if (r == pid) {
        memmove(&status, (void *)a.address, sizeof status);
        return status;
    }
    if (r != -1 || wait(&status) != pid)
        fuzz_fail(f, "the child is lost", r);
    return status;
}

void several_children(struct fuzzer *f)
{
    enum life life = fuzz_below(f, LIVES);
    int stays = life >= WORKS_ON && life <= WAITS, code = (int)fuzz_below(f, 1000);
    if (stays && f->depth > 0)
        return; /* whoever should kill it may be killed before */
    f->call = "fork";
    f->calls++;
    int pid = fork();
    if (pid == 0) {
        live(f, life);
        exit(code);
    }
    if (pid < 0)
        return;
    for (uint n = fuzz_below(f, 20); stays && n > 0; n--)
        yield();
    if (stays && kill(pid) < 0)
        fuzz_fail(f, "the child cannot be killed", pid);
    int status = collect(f, pid);
    if (stays ? status != -1 : life <= WORKS ? status != code : 0)
        fuzz_fail(f, "the child's status is wrong", status);
    f->calls += 2;
}

/* --- pipes ------------------------------------------------------------------------------------ */

/* Writes what fits into the pipe and reads it back, both at addresses that may be bad. */
static void use_pipe(struct fuzzer *f, const int ends[2])
{
    static char sink[PGSIZE];
    struct arguments a = {.address = 0};
    uint n = 1 + fuzz_below(f, 3 * PGSIZE);
    fuzz_argument(f, FROM, &a, 1);
    a.a[0] = (uint64)ends[1];
    a.a[2] = n;
    f->call = "write to a pipe";
    long left = fuzz_call(f, SYS_write, &a);
    if (left < -1 || left > n)
        fuzz_fail(f, "an impossible result", left);
    if (left <= 0)
        return; /* a part may have been written: the pipe is not used any more */
    fuzz_argument(f, TO, &a, 1);
    a.a[0] = (uint64)ends[0];
    a.a[2] = a.bytes = 1 + fuzz_below(f, 2 * PGSIZE);
    f->call = "read from a pipe";
    long got = fuzz_call(f, SYS_read, &a);
    if (got == 0 || got < -1 || got > left || got > (long)a.bytes)
        fuzz_fail(f, "an impossible result", got);
    close(ends[1]);
    while ((got = read(ends[0], sink, sizeof sink)) > 0)
        left -= got;
    if (got < 0 || left < 0)
        fuzz_fail(f, "the pipe gave more than it got", left);
}

void several_pipe(struct fuzzer *f)
{
    struct arguments a = {.bytes = 2 * sizeof(int)};
    int ends[2];
    f->call = "pipe";
    fuzz_argument(f, TO, &a, 0);
    if (fuzz_call(f, SYS_pipe, &a) < 0)
        return;
    memmove(ends, (void *)a.address, sizeof ends);
    if (ends[0] < 0 || ends[0] >= NOFILE || ends[1] < 0 || ends[1] >= NOFILE || ends[0] == ends[1])
        fuzz_fail(f, "impossible descriptors", ends[0]);
    int stays = fuzz_below(f, 3) == 0 && ends[0] < 15 && ends[1] < 15;
    if (stays) {
        f->is_pipe[ends[0]] = f->is_pipe[ends[1]] = 1;
        return;
    }
    use_pipe(f, ends);
    close(ends[0]);
    close(ends[1]);
}

/* --- memory and files outside ----------------------------------------------------------------- */

void several_memory(struct fuzzer *f)
{
    struct arguments a = {.address = 0};
    char *end = sbrk(0);
    f->call = "sbrk";
    fuzz_argument(f, fuzz_below(f, 2) ? NUMBER : SIZE, &a, 0);
    a.a[1] = fuzz_below(f, 2) ? SBRK_LAZY : SBRK_EAGER;
    char *was = (char *)fuzz_call(f, SYS_sbrk, &a);
    if (was != SBRK_ERROR && was != end)
        fuzz_fail(f, "not the old break", (long)was);
    long grown = sbrk(0) - end, asked = (int)a.a[0];
    if (grown != (was == SBRK_ERROR ? 0 : asked) && !(grown == 0 && asked < 0))
        fuzz_fail(f, "the break has moved wrongly", grown);
    for (long i = 0; i < grown && i < 40 * PGSIZE; i += PGSIZE)
        end[i] = 1;
    if (grown != 0 && sbrk((int)-grown) != end + grown)
        fuzz_fail(f, "the break cannot be moved back", grown);
}

void several_open_outside(struct fuzzer *f)
{
    static const char *const names[] = {"/README",   "/dev/zero", "/dev/random",
                                        "/dev/null", "/",         "/dev"};
    struct arguments a = {.a = {(uint64)names[fuzz_below(f, 6)], O_RDONLY}};
    f->call = "open";
    long fd = fuzz_call(f, SYS_open, &a);
    if (fd < -1 || fd >= NOFILE)
        fuzz_fail(f, "an impossible result", fd);
    if (fd >= 0)
        f->is_pipe[fd] = 0;
    if (fd > 14)
        close((int)fd);
}
