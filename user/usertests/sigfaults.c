/* Signals that a process's own instructions cause, and what they leave of its registers. */
#include "user/usertests/signals.h"

/* --- SIGSEGV ---------------------------------------------------------------------------------- */

static void grow_heap(int sig, struct siginfo *info)
{
    signal_note(sig, info);
    MUST(sbrk(PGSIZE));
}

/* The instruction is executed again and finds what the handler has made. */
void fault_repaired(void)
{
    signal_catch(SIGSEGV, grow_heap, 0);
    volatile char *p = heap_pages(1) + PGSIZE;
    for (int i = 1; i <= 10; i++, p += PGSIZE) {
        if (i % 2)
            p[5] = (char)i;
        else
            SAME(p[5], 0);
        SAME(signal_calls, i);
        SAME(signal_last.addr, (long)p + 5);
        SAME(signal_last.access, i % 2 ? SEGV_WRITE : SEGV_READ);
        CHECK(signal_last.pc != 0 && signal_last.pc < (uint64)p);
    }
}

static uint64 wanted_addr;
static int wanted_access;

static void expect_fault(int sig, struct siginfo *info)
{
    SAME(sig, SIGSEGV);
    SAME(info->addr, wanted_addr);
    SAME(info->access, wanted_access);
    exit(77);
}

static void touch(long access)
{
    wanted_access = (int)access;
    signal_catch(SIGSEGV, expect_fault, 0);
    if (access == SEGV_READ)
        *(volatile char *)wanted_addr;
    else if (access == SEGV_WRITE)
        *(volatile char *)wanted_addr = 1;
    else
        ((void (*)(void))wanted_addr)();
}

/* What it was that was refused: text may not be written, data not executed. */
void fault_tells(void)
{
    wanted_addr = (uint64)touch;
    SAME(child_status(touch, SEGV_WRITE), 77);
    wanted_addr = (uint64)scratch & ~1ul;
    SAME(child_status(touch, SEGV_EXEC), 77);
    for (int i = 0; bad_addresses[i]; i++) {
        wanted_addr = bad_addresses[i];
        SAME(child_status(touch, SEGV_READ), 77);
        SAME(child_status(touch, SEGV_WRITE), 77);
    }
}

static void read_nothing(long unused)
{
    (void)unused;
    *(volatile char *)TRAPFRAME;
}

static void ignore_fault(long unused)
{
    signal_catch(SIGSEGV, SIG_IGN, 0);
    read_nothing(unused);
}

static void fault_again(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    read_nothing(0);
}

static void fault_in_handler(long unused)
{
    signal_catch(SIGSEGV, fault_again, 0);
    read_nothing(unused);
}

static void fault_blocked(long unused)
{
    signal_catch(SIGSEGV, signal_note, 0);
    signal_catch(SIGUSR1, fault_again, 1ul << SIGSEGV);
    sigsend(getpid(), SIGUSR1);
    (void)unused;
}

/* By another handler that does not block it. */
static void repair_in_handler(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    *(volatile char *)PGROUNDUP((uint64)sbrk(0)) = 1;
}

void fault_not_caught(void)
{
    KILLED(read_nothing, 0);
    KILLED(ignore_fault, 0);
    KILLED(fault_in_handler, 0);
    KILLED(fault_blocked, 0);
    signal_catch(SIGSEGV, grow_heap, 0);
    signal_catch(SIGUSR1, repair_in_handler, 0);
    SAME(sigsend(getpid(), SIGUSR1), 0);
    SAME(signal_calls, 1);
}

static int told;

static void tell_at_100(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    if (++signal_calls == 100)
        SAME(write(told, "x", 1), 1);
}

/* A handler that repairs nothing is called for ever, and the process can be killed. */
void fault_not_repaired(void)
{
    int ends[2];
    char c;
    MUST(pipe(ends));
    told = ends[1];
    int pid = child_fork();
    if (pid == 0) {
        signal_catch(SIGSEGV, tell_at_100, 0);
        read_nothing(0);
        exit(STATUS_FAILED);
    }
    SAME(close(ends[1]), 0); /* if the child ends before it has told, that is seen */
    SAME(read(ends[0], &c, 1), 1);
    SAME(kill(pid), 0);
    SAME(child_wait(pid), -1);
}

/* --- SIGBUS ----------------------------------------------------------------------------------- */

static int grown;

static void grow_file(int sig, struct siginfo *info)
{
    signal_note(sig, info);
    data_fill(scratch, 1, PGSIZE, 100);
    SAME(write(grown, scratch, 100), 100);
}

static void read_beyond(long p)
{
    (void)*(volatile char *)p;
}

/* A page that its file does not have: until the handler makes the file longer. */
void fault_beyond_file(void)
{
    file_make("f", 1, PGSIZE);
    grown = MUST(open("f", O_RDWR | O_APPEND));
    char *p = mmap(0, 2 * PGSIZE, PROT_READ, MAP_PRIVATE, grown, 0);
    CHECK(p != (char *)-1);
    KILLED(read_beyond, p + PGSIZE);
    signal_catch(SIGSEGV, signal_note, 0);
    KILLED(read_beyond, p + PGSIZE);
    signal_catch(SIGBUS, grow_file, 0);
    SAME(*(volatile char *)(p + PGSIZE + 50), data_byte(1, PGSIZE + 50));
    SAME(signal_calls, 1);
    SAME(signal_last.sig, SIGBUS);
    SAME(signal_last.addr, (long)p + PGSIZE + 50);
    SAME(signal_last.access, SEGV_READ);
    SAME(munmap(p, 2 * PGSIZE) + close(grown), 0);
}

/* --- no stack --------------------------------------------------------------------------------- */

static int recurse(int n)
{
    volatile char page[PGSIZE];
    page[0] = (char)n;
    return n == 0 ? page[0] : recurse(n + 1) + page[0];
}

static int recurse_in_small_steps(int n)
{
    volatile int here = n;
    return n == 0 ? here : recurse_in_small_steps(n + 1) + here;
}

/* In steps that the guard page stops, and in steps that may put the stack pointer beyond it. */
static void overflow(long small)
{
    signal_catch(SIGSEGV, signal_note, 0);
    SAME(small ? recurse_in_small_steps(1) : recurse(1), 0);
}

static void fault_on(long sp)
{
    signal_catch(SIGSEGV, signal_note, 0);
    sigregs_bad_load(TRAPFRAME, (uint64)sp);
}

static void send_on(long sp)
{
    signal_catch(SIGUSR1, signal_note, 0);
    sigregs_call_on((uint64)sp, SYS_sigsend, getpid(), SIGUSR1);
    SAME(signal_calls, 1);
}

/* A full stack, and stack pointers at all kinds of places, the first bytes of memory among them. */
void fault_without_stack(void)
{
    char *room = heap_pages(2);
    KILLED(overflow, 0);
    KILLED(overflow, 1);
    for (long sp = 0; sp < 1000; sp += 100) {
        KILLED(fault_on, sp);
        KILLED(send_on, sp);
    }
    for (int i = 0; bad_addresses[i]; i++) {
        KILLED(fault_on, bad_addresses[i]);
        KILLED(send_on, bad_addresses[i]);
    }
    KILLED(send_on, TRAPFRAME - 2 * PGSIZE);
    KILLED(send_on, sbrk(0) + PGSIZE + 100);
    for (int odd = 0; odd < 40; odd++)
        PASSES(send_on, room + PGSIZE + odd);
}

/* The frame lies where the stack was never touched: it grows as for the program itself. */
void fault_grows_stack(void)
{
    volatile char here;
    PASSES(send_on, (uint64)&here - 20 * PGSIZE);
}

/* --- registers -------------------------------------------------------------------------------- */

static volatile long flag;
static int rounds;

static void set_flag(int sig, struct siginfo *info)
{
    (void)info;
    char bytes[300];
    memset(bytes, sig, sizeof bytes);
    if (++signal_calls == rounds)
        flag = 1;
}

static void keep_registers(long (*loop)(volatile long *))
{
    flag = 0;
    signal_calls = 0;
    SAME(loop(&flag), 0);
    CHECK(signal_calls >= rounds);
}

void alarm_registers(void)
{
    rounds = 3;
    SAME(sigalarm(1, (void (*)())set_flag), 0);
    keep_registers(sigregs_a);
    SAME(sigalarm(1, (void (*)())set_flag), 0);
    keep_registers(sigregs_b);
    SAME(sigalarm(0, 0), 0);
}

void signal_registers(void)
{
    int self_pid = getpid();
    rounds = kernel_now().harts > 1 ? 300 : 20; /* alone it has a turn between any two */
    signal_catch(SIGUSR1, set_flag, 0);
    int pid = child_fork();
    if (pid == 0) {
        while (sigsend(self_pid, SIGUSR1) == 0)
            ;
        exit(STATUS_FAILED); /* nobody is there any more */
    }
    SAME(sigregs_a(&flag), 0); /* all signals may have come already: nobody clears the flag here */
    flag = 0;
    signal_calls = 0;
    SAME(sigregs_b(&flag), 0);
    signal_catch(SIGUSR1, SIG_IGN, 0); /* else one more might interrupt the wait */
    SAME(kill(pid), 0);
    SAME(child_wait(pid), -1);
}
