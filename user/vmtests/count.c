/*
 * Page faults by kind, as the kernel counts them for each process (kernel/vmstat.h).  Counting must
 * not fault itself, nor what a test calls for the first time: so faults_begin() reads every page of
 * text and constants, writes to every page of data and of the stack, and the first count is thrown
 * away.
 */
#include "user/lib/faultnames.h"
#include "user/vmtests/vm.h"

extern char end[]; /* user.ld: the end of data */
static char first_data[1] = {
    1}; /* in the first page of data: there is no more than one before bss */
static struct vmstat before, after;
static int whose;

static void fetch(uint64 from, uint64 to)
{
    for (uint64 va = from; va < to; va += PGSIZE)
        (void)*(volatile char *)va;
}

static void touch(uint64 from, uint64 to)
{
    for (uint64 va = PGROUNDDOWN(from); va < to; va += PGSIZE) {
        volatile char *p = (volatile char *)va;
        *p = *p;
    }
}

/* Two pages more than the stack has now: what the tests call needs no more. */
static void touch_stack(void)
{
    volatile char below[2 * PGSIZE];
    uint64 top = PGROUNDUP((uint64)end) + (1 + USERSTACK) * PGSIZE; /* docs/vm.md, The picture */
    below[0] = below[PGSIZE] = 0;
    touch((uint64)below, top);
}

void faults_begin(int who)
{
    uint64 text = 0;               /* user.ld: it begins there */
    asm volatile("" : "+r"(text)); /* so for the compiler it is no null pointer */
    whose = who;
    fetch(text, PGROUNDDOWN((uint64)first_data));
    touch((uint64)first_data, (uint64)end);
    touch_stack();
    SAME(vmstat(whose, &before), 0);
}

struct vmstat faults_now(void)
{
    SAME(vmstat(whose, &after), 0);
    struct vmstat d = after;
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        d.fault[kind] -= before.fault[kind];
    d.forks -= before.forks;
    d.frames_shared -= before.frames_shared;
    d.frames_copied -= before.frames_copied;
    d.frames_zeroed -= before.frames_zeroed;
    d.tables -= before.tables;
    d.around -= before.around;
    d.reads -= before.reads;
    return d;
}

uint64 faults_of(enum fault_kind kind)
{
    return faults_now().fault[kind];
}

void faults_check(const char *where, int line, const uint64 want[FAULT_KINDS])
{
    struct vmstat now = faults_now();
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        if (kind != KIND_SPURIOUS || want[kind])
            check_same(where, line, fault_names[kind], (long)now.fault[kind], (long)want[kind]);
}
