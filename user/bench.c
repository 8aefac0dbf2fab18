/*
 * bench [-l] [-n WORD] [ROW...]: what operations cost, in instructions.
 *
 * Counts with rdinstret, so the numbers mean what they say only on one hart and in a QEMU that
 * runs with -icount shift=0,sleep=off; `make bench` does that.  Each number is the median of
 * several rounds.  A number above its target is marked with `!`.  Rows begin with WORD, if one is
 * given, so that who has drawn it knows them from other lines.
 */
#include "user/bench/bench.h"
#include "kernel/kstat.h"
#include "user/lib/prog.h"

#define ROUNDS 9

static void sort(uint64 *v, int n)
{
    for (int i = 1; i < n; i++) {
        uint64 x = v[i];
        int k = i;
        for (; k > 0 && v[k - 1] > x; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

uint64 bench_median(uint64 (*once)(long), long arg, int repeats)
{
    uint64 got[ROUNDS * 3];
    if (repeats > (int)(sizeof got / sizeof got[0]))
        return BENCH_FAILED;
    for (int i = 0; i < repeats; i++)
        got[i] = once(arg);
    sort(got, repeats);
    return got[repeats / 2];
}

uint64 bench_busy(void)
{
    struct kstat k;
    return kstat(&k) < 0 ? 0 : k.busy;
}

static void nothing(void)
{
    asm volatile("");
}

static uint64 loop_once(void (*volatile op)(void), int n)
{
    uint64 start = r_instret();
    for (int i = 0; i < n; i++)
        op();
    return r_instret() - start;
}

uint64 bench_loop(void (*op)(void), int n)
{
    uint64 got[ROUNDS];
    loop_once(op, 2); /* first touches are not of interest */
    for (int i = 0; i < ROUNDS; i++) {
        uint64 empty = loop_once(nothing, n), all = loop_once(op, n);
        got[i] = all > empty ? (all - empty) / n : 0;
    }
    sort(got, ROUNDS);
    return got[ROUNDS / 2];
}

char *bench_pages(int n)
{
    uint64 end = (uint64)sbrk(0);
    sbrk((int)(PGROUNDUP(end) - end));
    char *p = sbrk((int)(n * PGSIZE));
    return p == SBRK_ERROR ? 0 : p;
}

static void print_number(uint64 n)
{
    if (n == 0)
        printf(" %13s", "-");
    else
        printf(" %13lu", n);
}

static void print_row(const char *word, const struct row *r)
{
    /* In a child, so that no row meets the memory or the open files of another. */
    int ends[2];
    uint64 ours = BENCH_FAILED;
    if (pipe(ends) == 0) {
        int pid = fork();
        if (pid == 0) {
            ours = r->measure();
            exit(write(ends[1], &ours, sizeof ours) == sizeof ours ? 0 : 1);
        }
        close(ends[1]);
        if (pid > 0 && read(ends[0], &ours, sizeof ours) != sizeof ours)
            ours = BENCH_FAILED;
        wait(0);
        close(ends[0]);
    }
    printf("%s%s%-34s", word, *word ? " " : "", r->what);
    if (ours == BENCH_FAILED)
        printf(" %13s ", "failed");
    else
        printf(" %13lu%s", ours, ours > r->target && r->target ? "!" : " ");
    print_number(r->target);
    print_number(r->linux61);
    print_number(r->xv6);
    printf("\n");
}

static const struct row *find_row(const char *name)
{
    for (const struct row *r = bench_rows; r->name; r++)
        if (strcmp(r->name, name) == 0)
            return r;
    return 0;
}

int main(int argc, char **argv)
{
    static const char usage[] = "bench [-l] [-n WORD] [ROW...]";
    const char *word = "";
    uint flags;
    int first = prog_flags(argc, argv, "ln", usage, &flags);
    if (flags & 2 && first == argc)
        prog_usage(usage);
    if (flags & 2)
        word = argv[first++];
    if (flags & 1) {
        for (const struct row *r = bench_rows; r->name; r++)
            printf("%-12s %s\n", r->name, r->what);
        return 0;
    }
    for (int i = first; i < argc; i++) {
        if (!find_row(argv[i])) {
            prog_warn("no row is called %s; `bench -l` lists them", argv[i]);
            return 2;
        }
    }
    printf("%-34s %13s  %13s %13s %13s\n", "instructions per operation", "ours", "target",
           "Linux 6.1", "xv6 2022");
    for (int i = first; i < argc; i++)
        print_row(word, find_row(argv[i]));
    for (const struct row *r = bench_rows; first == argc && r->name; r++)
        print_row(word, r);
    return 0;
}
