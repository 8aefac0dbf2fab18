/* exec: what a program is given, what it keeps, and requests that are refused. */
#include "user/testlib/tests.h"
#include "kernel/mman.h"

static char self[] = "/usertests";

/* Runs fn(arg) in a child with its output going to a pipe; returns the bytes that fit in `to`. */
static int output_of(char *argv[], char *to, int max)
{
    int ends[2], n = 0, got;
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        SAME(dup2(ends[1], 1), 1);
        close(ends[0]);
        close(ends[1]);
        exec(argv[0], argv);
        exit(EXEC_REFUSED);
    }
    SAME(close(ends[1]), 0);
    while ((got = MUST(read(ends[0], to + n, max - n))) > 0)
        n += got;
    SAME(close(ends[0]), 0);
    SAME(child_wait(pid), 0);
    return n;
}

void exec_arguments(void)
{
    char *argv[] = {"/echo", "one", "", "two words", "3", 0};
    static const char expected[] = "one  two words 3\n";
    int n = output_of(argv, scratch, SCRATCH);
    SAME(n, sizeof expected - 1);
    SAME(memcmp(scratch, expected, n), 0);
}

/* The vector ends with 0, the stack pointer is aligned, strings do not overlap. */
int helper_count(int argc, char *argv[])
{
    if (r_sp() % 16 || argv[argc] != 0)
        return -2;
    int bytes = 0;
    for (int i = 0; i < argc; i++)
        bytes += strlen(argv[i]);
    return argc * 10000 + bytes;
}

void exec_many_arguments(void)
{
    char *argv[MAXARG + 2] = {self, "@count"};
    for (int n = 0; n <= MAXARG - 2; n++) {
        argv[2 + n] = 0;
        SAME(child_exec(self, argv), n * 10000 + n);
        argv[2 + n] = "x";
    }
    argv[MAXARG + 1] = 0; /* one more than allowed */
    SAME(child_exec(self, argv), EXEC_REFUSED);
    REFUSED(exec(self, argv), E2BIG);
}

void exec_long_arguments(void)
{
    char *argv[MAXARG + 1] = {self, "@count", scratch, 0};
    static const int lengths[] = {1, 100, 1000, 3000, 3800};
    for (uint i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memset(scratch, 'y', lengths[i]);
        scratch[lengths[i]] = 0;
        SAME(child_exec(self, argv), 10000 + lengths[i]);
    }
    memset(scratch, 'y', SCRATCH);
    scratch[PGSIZE] = 0;
    REFUSED(exec(self, argv), E2BIG);
    scratch[PGSIZE / 2] = 0;
    argv[3] = scratch;
    argv[4] = 0;
    REFUSED(exec(self, argv), E2BIG);
}

void exec_missing(void)
{
    char *argv[] = {"x", 0};
    file_make("text", 0, 100);
    file_make("empty", 0, 0);
    MUST(mkdir("dir"));
    MUST(mknod("null", DEV_NULL, 0));
    REFUSED(exec("nosuch", argv), ENOENT);
    REFUSED(exec("text/x", argv), ENOTDIR);
    REFUSED(exec("", argv), ENOENT);
    REFUSED(exec("text", argv), ENOEXEC);
    REFUSED(exec("empty", argv), ENOEXEC);
    REFUSED(exec("dir", argv), EISDIR);
    REFUSED(exec("null", argv), ENOEXEC);
}

/* A vector, or a string in it, that cannot be read. */
void exec_bad_vector(void)
{
    for (int i = 0; bad_addresses[i]; i++) {
        char *bad = (char *)bad_addresses[i];
        char *one[] = {bad, 0}, *two[] = {self, "@count", bad, 0};
        REFUSED(exec(bad, one), EFAULT);
        REFUSED(exec(self, (char **)bad), EFAULT);
        REFUSED(exec(self, one), EFAULT);
        REFUSED(exec(self, two), EFAULT);
    }
    char *end = heap_pages(1) + PGSIZE; /* strings and vectors that run out of memory */
    memset(end - 100, 'z', 100);
    char *open_ended[] = {self, end - 100, 0};
    REFUSED(exec(self, open_ended), EFAULT);
    REFUSED(exec(end - 100, open_ended), EFAULT);
    char **vector = (char **)end - 2;
    vector[0] = vector[1] = self;
    REFUSED(exec(self, vector), EFAULT);
    vector[1] = 0; /* but they may end exactly there */
    end[-100] = 0;
    REFUSED(exec("nosuch", vector), ENOENT);
}

/* After a refused exec everything is as it was. */
void exec_refused_harmless(void)
{
    char *argv[] = {"x", 0};
    char *heap = heap_pages(3);
    int fd = MUST(open("x", O_CREATE | O_RDWR));
    SAME(write(fd,
               "\x7f"
               "ELF garbage",
               12),
         12);
    SAME(close(fd), 0);
    fd = MUST(open("x", O_RDONLY));
    data_fill(heap, 1, 0, 3 * PGSIZE);
    data_fill(scratch, 2, 0, SCRATCH);
    for (int i = 0; i < 20; i++)
        REFUSED(exec("x", argv), ENOEXEC);
    CHECK(data_good(heap, 1, 0, 3 * PGSIZE));
    CHECK(data_good(scratch, 2, 0, SCRATCH));
    SAME((long)sbrk(0), (long)heap + 3 * PGSIZE);
    SAME(read(fd, scratch, 4), 4);
    SAME(close(fd), 0);
}

static void copy_file(const char *from, const char *to)
{
    int n, in = MUST(open(from, O_RDONLY)), out = MUST(open(to, O_CREATE | O_WRONLY));
    while ((n = MUST(read(in, scratch, SCRATCH))) > 0)
        SAME(write(out, scratch, n), n);
    SAME(close(in), 0);
    SAME(close(out), 0);
}

static void refuse_to_write(const char *path)
{
    REFUSED(open(path, O_WRONLY), ETXTBSY);
    REFUSED(open(path, O_RDWR), ETXTBSY);
    REFUSED(open(path, O_CREATE | O_RDWR), ETXTBSY);
    REFUSED(open(path, O_RDONLY | O_TRUNC), ETXTBSY);
    REFUSED(open(path, O_WRONLY | O_TRUNC), ETXTBSY);
}

static void leave(long unused)
{
    (void)unused;
}

/* Nobody writes a program while somebody runs it, whichever way he came to do so. */
void exec_keeps_writers_out(void)
{
    char *argv[] = {self, "@count", 0};
    struct stat before, after;
    SAME(stat(self, &before), 0);
    refuse_to_write(self);
    SAME(child_status(leave, 0), 0); /* fork is one process more */
    refuse_to_write(self);
    int pid = vfork();
    if (pid == 0)
        exit(0);
    SAME(child_wait(pid), 0);
    refuse_to_write(self);
    SAME(child_exec(self, argv), 0);
    SAME(child_wait(MUST(spawn(self, argv, 0, 0))), 0);
    refuse_to_write(self);
    SAME(stat(self, &after), 0);
    SAME(after.size, before.size);
    SAME(close(MUST(open(self, O_RDONLY))), 0);
}

/* In a child first: an exec that succeeds would end the test with the program's status. */
static void refuse_to_run(char *argv[])
{
    SAME(child_exec("prog", argv), EXEC_REFUSED);
    REFUSED(exec("prog", argv), ETXTBSY);
}

/* Nobody runs a file while somebody may write it. */
void exec_of_open_file(void)
{
    char *argv[] = {"prog", 0};
    copy_file("/echo", "prog");
    int one = MUST(open("prog", O_RDONLY)), two = MUST(open("prog", O_RDWR));
    int three = MUST(open("prog", O_WRONLY));
    refuse_to_run(argv);
    REFUSED(spawn("prog", argv, 0, 0), ETXTBSY);
    SAME(close(two), 0);
    refuse_to_run(argv);
    SAME(close(three), 0);
    SAME(child_exec("prog", argv), 0);
    SAME(close(one), 0);
    SAME(close(MUST(open("prog", O_RDWR | O_TRUNC))), 0); /* the program has ended */
    REFUSED(exec("prog", argv), ENOEXEC);
    SAME(close(MUST(open("prog", O_RDWR))), 0); /* a refused exec denies nothing */
}

static void run_while_mapped(long argv)
{
    refuse_to_run((char **)argv);
}

/* The descriptor may be gone: who shares the file, and could write it, keeps it from being run. */
void exec_of_mapped_file(void)
{
    char *argv[] = {"prog", 0};
    copy_file("/echo", "prog");
    int fd = MUST(open("prog", O_RDWR));
    char *p = mmap(0, 2 * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *own = mmap(0, PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(p != MAP_FAILED && own != MAP_FAILED);
    SAME(close(fd), 0);
    refuse_to_run(argv);
    SAME(mprotect(p, 2 * PGSIZE, PROT_READ), 0); /* and back, if he likes */
    refuse_to_run(argv);
    SAME(munmap(p, PGSIZE), 0);
    PASSES(run_while_mapped, argv); /* a child inherits it, and lets go of its own only */
    refuse_to_run(argv);
    SAME(munmap(p + PGSIZE, PGSIZE), 0);
    own[0] = 1; /* in memory of our own */
    SAME(child_exec("prog", argv), 0);
    SAME(munmap(own, PGSIZE), 0);
}

/* argv: the descriptor and offset, the pid and the path of a file expected in the directory. */
int helper_heir(int argc, char *argv[])
{
    char c;
    if (argc != 3 || atoi(argv[1]) != getpid() || !file_exists(argv[2]))
        return 1;
    return read(atoi(argv[0]), &c, 1) == 1 && c == data_byte(3, 100) ? 0 : 2;
}

void exec_keeps(void)
{
    MUST(mkdir("d"));
    file_make("d/here", 3, 200);
    int pid = child_fork();
    if (pid == 0) {
        char fd_text[12], pid_text[12];
        SAME(chdir("d"), 0);
        int fd = MUST(open("here", O_RDONLY));
        SAME(read(fd, scratch, 100), 100);
        char *argv[] = {
            self,   "@heir", file_name(fd_text, "", fd), file_name(pid_text, "", getpid()),
            "here", 0};
        exec(self, argv);
        exit(EXEC_REFUSED);
    }
    SAME(child_wait(pid), 0);
}

static char zeroed[3 * PGSIZE];

static int all_zero(const char *p, int n)
{
    while (n > 0 && *p == 0)
        p++, n--;
    return n == 0;
}

/* A new program's bss, heap and unused stack are zero. */
int helper_fresh(int argc, char *argv[])
{
    (void)argc, (void)argv;
    char *heap = heap_pages(16);
    if (!all_zero(zeroed, sizeof zeroed) || !all_zero(heap, 16 * PGSIZE))
        return 1;
    volatile char deep[8 * PGSIZE]; /* far below what has been in use */
    return all_zero((const char *)deep, 6 * PGSIZE) ? 0 : 2;
}

static void exec_dirty(long round)
{
    char *argv[] = {self, "@fresh", 0};
    char *heap = heap_pages(64);
    volatile char stack[16 * PGSIZE];
    memset(heap, 0xa5 + (int)round, 64 * PGSIZE);
    memset((char *)stack, 0x5a, sizeof stack);
    memset(zeroed, 0x77, sizeof zeroed);
    exec(self, argv);
    exit(EXEC_REFUSED);
}

void exec_fresh_memory(void)
{
    for (int i = 0; i < 5; i++)
        SAME(child_status(exec_dirty, i), 0);
}

static void exec_often(long i)
{
    char *argv[] = {self, "@count", "abc", 0};
    for (int round = 0; round < 8 + i % 2; round++)
        SAME(child_exec(self, argv), 10003);
}

void exec_crowd(void)
{
    crowd(8, exec_often);
}

/* A program that runs itself again and again, in one process. */
int helper_again(int argc, char *argv[])
{
    int left = argc == 1 ? atoi(argv[0]) : 0;
    char text[12];
    char *next[] = {self, "@again", file_name(text, "", left - 1), 0};
    if (left == 0)
        return 5;
    exec(self, next);
    return 6;
}

void exec_again(void)
{
    char *argv[] = {self, "@again", "50", 0};
    SAME(child_exec(self, argv), 5);
}

/* The name of a process is that of its program. */
int helper_name(int argc, char *argv[])
{
    struct procinfo p;
    return argc == 1 && child_find(getpid(), &p) && strcmp(p.name, argv[0]) == 0 ? 0 : 1;
}

void exec_names(void)
{
    char *argv[] = {self, "@name", "usertests", 0}, *other[] = {self, "@name", "a-long-name-th", 0};
    SAME(child_exec("//usertests", argv), 0);
    MUST(link(self, "a-long-name-that-is-cut"));
    SAME(child_exec("./a-long-name-th", other), 0);
}

void exec_through_link(void)
{
    char *argv[] = {"anything", "@count", "ab", 0};
    MUST(symlink(self, "sym"));
    SAME(child_exec("sym", argv), 10002);
    MUST(symlink("nowhere", "dangling"));
    REFUSED(exec("dangling", argv), ENOENT);
}
