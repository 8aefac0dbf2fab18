/*
 * forkcmp [-h] [SIZE...]: what it costs to start a program, by strategy and size of the parent.
 *
 * For each size in MiB (0 1 4 16 64 if none is named) a process writes to that much heap, then
 * starts the smallest program in each way and waits for it: by a fork that copies frames, by one
 * that shares them until somebody writes, by vfork and by spawn.  The columns after the
 * instructions count frames copied and shared, and page tables made.
 *
 * Instructions are those of the whole machine from the call to the end of wait(), so they mean
 * what they say only on one hart of a QEMU with -icount shift=0,sleep=off: elsewhere the counter
 * counts time.  The bars are logarithmic: each # is a quarter more than the one before it.
 */
#include "kernel/riscv.h"
#include "kernel/vm.h"
#include "kernel/vmstat.h"
#include "user/lib/prog.h"
#include "user/lib/tiny.h"

#define ROUNDS    5 /* of which the cheapest counts */
#define SIZES_MAX 16
#define MIB_MAX   1024

static const char usage[] = "forkcmp [-h] [SIZE...]     (sizes of the parent in MiB)";
static const char program[] = "/forkcmp.tmp";

static const struct way {
    const char *name;
    int mode;
    enum tiny_way way;
} ways[] = {
    {"eager", FORK_EAGER, TINY_FORK},
    {"cow", FORK_COW, TINY_FORK},
    {"vfork", FORK_COW, TINY_VFORK},
    {"spawn", FORK_COW, TINY_SPAWN},
};
#define WAYS ((int)(sizeof(ways) / sizeof(ways[0])))

struct cost {
    int known;
    uint64 instructions, copied, shared, tables;
};

static int touch(int mib)
{
    int n = mib * 1024 * 1024;
    char *p = sbrk(n);

    if (p == SBRK_ERROR)
        return 0;
    for (int i = 0; i < n; i += PGSIZE)
        p[i] = 1;
    return 1;
}

/* One start of the program, if it is the cheapest so far. */
static int measure_once(const struct way *w, struct cost *best)
{
    struct vmstat before, after;

    if (vmstat(VMSTAT_MACHINE, &before) < 0)
        return 0;
    uint64 start = r_instret();
    if (tiny_run(program, w->way) < 0)
        return 0;
    uint64 n = r_instret() - start;
    if (vmstat(VMSTAT_MACHINE, &after) < 0)
        return 0;
    if (!best->known || n < best->instructions)
        *best =
            (struct cost){1, n, after.frames_copied - before.frames_copied,
                          after.frames_shared - before.frames_shared, after.tables - before.tables};
    return 1;
}

/* In a process of its own. */
static struct cost measure(const struct way *w, int mib)
{
    struct cost best = {0};
    int ok = touch(mib) && forkmode(w->mode) >= 0;

    for (int i = 0; ok && i < ROUNDS; i++)
        ok = measure_once(w, &best);
    best.known = ok;
    return best;
}

static struct cost measure_apart(const struct way *w, int mib)
{
    struct cost c = {0};
    int ends[2];

    if (pipe(ends) < 0)
        exit(prog_fail("cannot make a pipe"));
    int pid = fork();
    if (pid == 0) {
        c = measure(w, mib);
        exit(write(ends[1], &c, sizeof(c)) == sizeof(c) ? 0 : 1);
    }
    close(ends[1]);
    if (pid < 0 || read(ends[0], &c, sizeof(c)) != sizeof(c))
        c.known = 0;
    close(ends[0]);
    if (pid > 0)
        wait(0);
    return c;
}

static struct cost costs[SIZES_MAX][WAYS];

static uint64 cheapest(int sizes)
{
    uint64 least = 0;

    for (int i = 0; i < sizes; i++)
        for (int w = 0; w < WAYS; w++)
            if (costs[i][w].known && (least == 0 || costs[i][w].instructions < least))
                least = costs[i][w].instructions;
    return least;
}

static void print_cost(int mib, const struct way *w, const struct cost *c, uint64 least)
{
    char bar[64];
    uint n = 0;

    printf("%5d %-6s", mib, w->name);
    if (!c->known) {
        printf(" %13s\n", "no memory");
        return;
    }
    for (uint64 left = c->instructions; n == 0 || (left > least && n < sizeof(bar) - 1); n++) {
        bar[n] = '#';
        left = left * 4 / 5;
    }
    bar[n] = 0;
    printf(" %13lu %8lu %8lu %7lu  %s\n", c->instructions, c->copied, c->shared, c->tables, bar);
}

static int parse(int argc, char **argv, int sizes[SIZES_MAX])
{
    static const int usual[] = {0, 1, 4, 16, 64};
    uint help;
    int first = prog_flags(argc, argv, "h", usage, &help), n = argc - first;

    if (help) {
        printf("usage: %s\n", usage);
        exit(0);
    }
    if (n == 0) {
        memcpy(sizes, usual, sizeof(usual));
        return sizeof(usual) / sizeof(usual[0]);
    }
    if (n > SIZES_MAX)
        prog_usage(usage);
    for (int i = 0; i < n; i++) {
        if (!prog_number(argv[first + i], &sizes[i]) || sizes[i] < 0 || sizes[i] > MIB_MAX) {
            prog_warn("%s: not a size from 0 to %d", argv[first + i], MIB_MAX);
            exit(2);
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    int sizes[SIZES_MAX], n = parse(argc, argv, sizes);

    if (tiny_write(program, 1) < 0)
        return prog_fail("%s", program);
    for (int i = 0; i < n; i++)
        for (int w = 0; w < WAYS; w++)
            costs[i][w] = measure_apart(&ways[w], sizes[i]);
    unlink(program);

    uint64 least = cheapest(n);
    printf("%5s %-6s %13s %8s %8s %7s\n", "MiB", "way", "instructions", "copied", "shared",
           "tables");
    for (int i = 0; i < n; i++)
        for (int w = 0; w < WAYS; w++)
            print_cost(sizes[i], &ways[w], &costs[i][w], least);
    return 0;
}
