/*
 * faults [-f] [PID]: the page faults that the kernel remembers, of all processes or of one, in the
 * order of time; with -f also those that come, until ^C.  The kernel keeps the latest ones of each
 * hart; how many were lost before they could be shown is told where they would stand.
 *
 * A line has: time in seconds, hart, pid, kind (docs/fault.md), the right that was needed, address,
 * pc, page-table entry before and after, frame and its holders.
 */
#include "kernel/faultlog.h"
#include "kernel/fcntl.h"
#include "kernel/riscv.h"
#include "user/lib/faultnames.h"
#include "user/lib/prog.h"

#define CLOCK_HZ 10000000ul /* of the events' time */
#define USAGE    "faults [-f] [PID]"
#define EVENTS   64

/* An entry as the letters of its bits, `-` for each that is clear, or "empty". */
static const char *decode(uint64 pte, char text[8])
{
    static const char letters[] = "rwxuad";
    static const uint64 bits[] = {PTE_R, PTE_W, PTE_X, PTE_U, PTE_A, PTE_D};

    if (pte == 0)
        return "empty";
    for (int i = 0; i < 6; i++)
        text[i] = pte & bits[i] ? letters[i] : '-';
    text[6] = 0;
    return text;
}

static char access_letter(int access)
{
    return access == 1 ? 'r' : access == 2 ? 'w' : 'x';
}

static int show(const struct fault_event *e)
{
    static const char *const results[] = {
        [FAULT_OK] = "",
        [FAULT_BAD] = " refused",
        [FAULT_PROT] = " refused",
        [FAULT_EOF] = " beyond the end of the file",
        [FAULT_NOMEM] = " no memory",
        [FAULT_IO] = " not readable",
        [FAULT_STUCK] = " no progress",
    };
    uint64 us = e->time / (CLOCK_HZ / 1000000);
    char before[8], after[8];

    if (e->kind == FAULT_LOST)
        return printf("%4lu.%06lu %4d %5s LOST %lu events\n", us / 1000000, us % 1000000, e->hart,
                      "-", e->lost);
    return printf("%4lu.%06lu %4d %5d %-8s %c 0x%010lx 0x%08lx %6s -> %-6s %6u %4u%s\n",
                  us / 1000000, us % 1000000, e->hart, e->pid, fault_names[e->kind],
                  access_letter(e->access), e->va, e->pc, decode(e->before, before),
                  decode(e->after, after), e->frame, e->refs, results[e->result]);
}

/* Shows what is there, but without `follow` nothing that came after the start; bytes, 0 or -1. */
static int show_some(int fd, int pid, int follow, uint64 start)
{
    static struct fault_event e[EVENTS];
    int n = read(fd, e, sizeof(e));

    if (n < 0)
        return -prog_fail("cannot read /dev/faults");
    for (uint i = 0; i < n / sizeof(e[0]); i++) {
        if (!follow && e[i].time > start)
            return 0;
        if ((pid == 0 || e[i].pid == pid || e[i].kind == FAULT_LOST) && show(&e[i]) < 0)
            return -prog_fail("write error");
    }
    return n;
}

int main(int argc, char **argv)
{
    uint64 start = r_time();
    uint follow;
    int pid = 0, n;
    int i = prog_flags(argc, argv, "f", USAGE, &follow);

    if (argc - i > 1)
        prog_usage(USAGE);
    if (i < argc && (!prog_number(argv[i], &pid) || pid < 1)) {
        prog_warn("%s: not a process", argv[i]);
        return 2;
    }
    int fd = open("/dev/faults", O_RDONLY);
    if (fd < 0)
        return prog_fail("/dev/faults");
    printf(
        "       time hart   pid kind     a address      pc         before    after   frame refs\n");
    while ((n = show_some(fd, pid, follow, start)) > 0 || (n == 0 && follow))
        if (n == 0 && pause(1) < 0)
            return prog_fail("interrupted");
    return n < 0;
}
