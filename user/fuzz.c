/*
 * fuzz [-s SEED] [-n CALLS] [-p PROCESSES]: random system calls with random arguments.
 *
 * Unlike grind, whose calls make sense, most of these are to be refused: addresses of nothing, of
 * text and of the kernel, descriptors, sizes and paths at and beyond their bounds (fuzz/args.c).
 * The processes work in FUZZ_DIR, in rounds of some thousand calls.  After each call its result,
 * all registers and the memory around its buffers are checked, after each round what the kernel
 * holds, in the end the contents of all files outside FUZZ_DIR.  halt is not among the calls.
 */
#include "kernel/fcntl.h"
#include "kernel/stat.h"
#include "user/fuzz/fuzz.h"
#include "user/lib/dir.h"
#include "user/lib/prog.h"
#include "user/testlib/load.h"

#define ROUND 5000 /* calls of a worker in a round */

static struct load load = {.amount = 100000, .processes = 4};
static char *const directory[] = {FUZZ_DIR, 0};
static int quota; /* calls of a worker in this round */

void fuzz_fail(struct fuzzer *f, const char *what, long n)
{
    prog_warn("worker %d, call %u, %s: %s (%ld, errcode %d)", f->index, f->calls, f->call, what, n,
              errcode());
    exit(1);
}

/* Descriptor 0 must not read what is typed for others. */
static void work(int round, int index)
{
    static struct fuzzer f;
    f.index = index;
    f.pid = getpid();
    f.random = load_random(&load, round, index);
    close(0);
    if (open("/dev/null", O_RDWR) != 0 || chdir(FUZZ_DIR) < 0)
        exit(prog_fail("%s", FUZZ_DIR));
    fuzz_prepare(&f);
    while (f.calls < (uint)quota)
        fuzz_step(&f);
    exit(0);
}

/* Returns 0 if nothing was found. */
static int run_round(int round)
{
    struct kstat before;
    sync();
    kstat(&before);
    if (mkdir(FUZZ_DIR) < 0)
        return prog_fail("%s", FUZZ_DIR);
    int failed = load_round(&load, round, work);
    load_remove(directory);
    return failed + load_check(&before);
}

/* --- the oracle of files --------------------------------------------------------------------- */

static uint64 sum_of_file(const char *path, uint64 sum)
{
    static uint64 words[1024];
    struct stat st;
    int fd = open(path, O_NOFOLLOW), n;
    if (fd < 0 || fstat(fd, &st) < 0)
        return prog_fail("%s", path);
    for (sum += st.type; st.type == T_FILE && (n = read(fd, words, sizeof words)) > 0;)
        for (int i = 0; i < n / 8; i++)
            sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15;
    close(fd);
    return sum;
}

/* Over names and contents of what is in the root and in /dev. */
static uint64 sum_of_others(void)
{
    static const char *const directories[] = {"/", "/dev"};
    struct dir_entry *list;
    char path[MAXPATH];
    uint64 sum = 1;
    for (int d = 0; d < 2; d++) {
        int n = dir_read(directories[d], &list);
        if (n < 0)
            exit(prog_fail("%s", directories[d]));
        for (int i = 0; i < n; i++)
            if (dir_join(path, directories[d], list[i].name))
                sum = sum_of_file(path, sum * 31 + list[i].ino);
        free(list);
    }
    return sum;
}

int main(int argc, char **argv)
{
    int failed = 0, made = 0;
    load_options(&load, argc, argv, "fuzz [-s SEED] [-n CALLS] [-p PROCESSES]");
    printf("fuzz: seed %d, %d calls, %d processes\n", load.seed, load.amount, load.processes);
    load_remove(directory);
    uint64 others = sum_of_others();
    for (int round = 0; made < load.amount && !failed; round++) {
        quota = (load.amount - made + load.processes - 1) / load.processes;
        quota = quota < ROUND ? quota : ROUND;
        failed = run_round(round);
        made += quota * load.processes;
    }
    if (sum_of_others() != others) {
        prog_warn("files outside " FUZZ_DIR " have changed");
        failed++;
    }
    printf(failed ? "fuzz: FAILED; repeat with -s %d\n" : "fuzz: OK, seed %d\n", load.seed);
    return failed ? 1 : 0;
}
