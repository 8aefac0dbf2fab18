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
#include "kernel/kstat.h"
#include "kernel/riscv.h"
#include "kernel/stat.h"
#include "user/fuzz/fuzz.h"
#include "user/lib/dir.h"
#include "user/lib/prog.h"

#define ROUND 5000 /* calls of a worker in a round */

static const char usage[] = "fuzz [-s SEED] [-n CALLS] [-p PROCESSES]";

static int seed, ncalls = 100000, processes = 4;

void fuzz_fail(struct fuzzer *f, const char *what, long n)
{
    prog_warn("worker %d, call %u, %s: %s (%ld, errcode %d)", f->index, f->calls, f->call, what, n,
              errcode());
    exit(1);
}

static void parse(int argc, char **argv)
{
    seed = (int)(r_time() & 0x7fffffff);
    for (int i = 1; i < argc; i += 2) {
        int *to = strcmp(argv[i], "-s") == 0   ? &seed
                  : strcmp(argv[i], "-n") == 0 ? &ncalls
                  : strcmp(argv[i], "-p") == 0 ? &processes
                                               : 0;
        if (!to || i + 1 == argc || !prog_number(argv[i + 1], to) || *to < (to != &seed))
            prog_usage(usage);
    }
    if (processes > 100)
        prog_usage(usage);
}

/* Descriptor 0 must not read what is typed for others. */
static void work(int round, int index, int quota)
{
    static struct fuzzer f;
    f.index = index;
    f.pid = getpid();
    f.random = ((uint64)seed << 32 | (uint)(round * 128 + index)) * 0x9e3779b97f4a7c15 | 1;
    close(0);
    if (open("/dev/null", O_RDWR) != 0 || chdir(FUZZ_DIR) < 0)
        exit(prog_fail("%s", FUZZ_DIR));
    fuzz_prepare(&f);
    while (f.calls < (uint)quota)
        fuzz_step(&f);
    exit(0);
}

/* The number of workers that failed. */
static int run_round(int round, int quota)
{
    int failed = 0, started = 0, status;
    for (; started < processes; started++) {
        int pid = fork();
        if (pid < 0)
            break;
        if (pid == 0)
            work(round, started, quota);
    }
    for (int i = 0; i < started; i++)
        if (wait(&status) < 0 || status != 0)
            failed++;
    if (started < processes)
        failed += prog_fail("cannot start a worker");
    return failed;
}

static void clean_up(void)
{
    char *argv[] = {"rm", "-rf", FUZZ_DIR, 0};
    int pid = fork();
    if (pid == 0) {
        exec("/rm", argv);
        exit(prog_fail("/rm"));
    }
    if (pid > 0)
        wait(0);
}

/* --- oracles ---------------------------------------------------------------------------------- */

static int same(const struct kstat *a, const struct kstat *b)
{
    return a->procs == b->procs && a->files == b->files && a->inodes == b->inodes &&
           a->pipes == b->pipes && a->blocks_free == b->blocks_free &&
           a->inodes_free == b->inodes_free && a->frames_committed == b->frames_committed;
}

/* 1 if the kernel does not come back to `before` within three seconds. */
static int leaked(const struct kstat *before)
{
    struct kstat now;
    for (int i = 0; i < 3 * TICK_HZ; i++) {
        sync();
        kstat(&now);
        if (same(before, &now))
            return 0;
        pause(1);
    }
    prog_warn("leaked: %ld processes, %ld open files, %ld inodes, %ld pipes, %ld blocks, "
              "%ld disk inodes, %ld promised frames",
              (long)(now.procs - before->procs), (long)(now.files - before->files),
              (long)(now.inodes - before->inodes), (long)(now.pipes - before->pipes),
              (long)(before->blocks_free - now.blocks_free),
              (long)(before->inodes_free - now.inodes_free),
              (long)(now.frames_committed - before->frames_committed));
    return 1;
}

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
    struct kstat before;
    int failed = 0, made = 0;
    parse(argc, argv);
    printf("fuzz: seed %d, %d calls, %d processes\n", seed, ncalls, processes);
    clean_up();
    uint64 others = sum_of_others();
    for (int round = 0; made < ncalls && !failed; round++) {
        int quota = (ncalls - made + processes - 1) / processes;
        quota = quota < ROUND ? quota : ROUND;
        sync();
        kstat(&before);
        if (mkdir(FUZZ_DIR) < 0)
            return prog_fail("%s", FUZZ_DIR);
        failed = run_round(round, quota);
        clean_up();
        failed += leaked(&before);
        if (vmcheck() > 0)
            failed += prog_fail("the kernel breaks its rules");
        made += quota * processes;
    }
    if (sum_of_others() != others) {
        prog_warn("files outside " FUZZ_DIR " have changed");
        failed++;
    }
    printf(failed ? "fuzz: FAILED; repeat with -s %d\n" : "fuzz: OK, seed %d\n", seed);
    return failed ? 1 : 0;
}
