/*
 * walk [NAME]: causes the page faults of one of the guided walks in docs/gdb.md, and no others
 * that could be taken for them.  Without a name it lists the walks.
 *
 * What is touched has a name, so that gdb can be told to stop there: `user walk`, then
 * `break-fault va=shared_page`.
 */
#include "kernel/riscv.h"
#include "user/lib/prog.h"

#define CHILDREN 3
#define STEP     __attribute__((noinline))

char shared_page[PGSIZE] __attribute__((aligned(PGSIZE)));
volatile char *heap_page;

/* One store, in a function of its own: where gdb shows it. */
static STEP void touch(volatile char *p, char value)
{
    *p = value;
}

static STEP char look(volatile char *p)
{
    return *p;
}

/* A page of lazy heap is written, the next one is read and then written. */
static int heap(void)
{
    heap_page = sbrklazy(2 * PGSIZE);
    touch(heap_page, 1);
    char zero = look(heap_page + PGSIZE);
    touch(heap_page + PGSIZE, 2);
    return zero;
}

/* In a child: writes to what it shares when it is told to, by a byte or the end of the pipe. */
static STEP void child(int from, int by_read)
{
    static char token; /* not on the page that is watched */
    if (by_read) {
        read(from, shared_page, 1);
    } else {
        read(from, &token, 1);
        touch(shared_page, token);
    }
    exit(0);
}

/*
 * All children are there before the first of them writes; each has written and ended before the
 * next one does.
 */
static int share(int children, int by_read)
{
    int to[CHILDREN][2], status, failed = 0;

    touch(shared_page, 'p');
    for (int i = 0; i < children; i++) {
        if (pipe(to[i]) < 0)
            return prog_fail("pipe");
        int pid = fork();
        if (pid < 0)
            return prog_fail("fork");
        if (pid == 0)
            child(to[i][0], by_read);
    }
    for (int i = 0; i < children; i++) {
        prog_write(to[i][1], "c", 1);
        failed |= wait(&status) < 0 || status != 0;
    }
    touch(shared_page, 'P'); /* nobody else holds it any more */
    return failed;
}

static int cow(void)
{
    return share(CHILDREN, 0);
}

static int copyout(void)
{
    return share(1, 1);
}

/* Each call takes a page of the stack. */
static STEP int deep(int calls)
{
    volatile char room[PGSIZE];
    touch(&room[0], (char)calls);
    if (calls > 1)
        deep(calls - 1);
    return room[0];
}

static int stack(void)
{
    return deep(2) != 2;
}

static int guard(void)
{
    return deep(1 << 20);
}

static const struct {
    const char *name;
    int (*walk)(void);
    const char *what;
} walks[] = {
    {"heap", heap, "first touch of the heap: by a write, and by a read"},
    {"cow", cow, "copy-on-write after fork: three children, then the last owner"},
    {"stack", stack, "growth of the stack"},
    {"guard", guard, "growth of the stack until its guard page"},
    {"copyout", copyout, "a system call that writes to a shared page"},
};

int main(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        prog_usage("walk [NAME]");
    for (uint i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        if (argc < 2)
            printf("walk %-8s %s\n", walks[i].name, walks[i].what);
        else if (strcmp(argv[1], walks[i].name) == 0)
            return walks[i].walk();
    }
    if (argc < 2)
        return 0;
    prog_warn("%s: no such walk; walk alone lists them", argv[1]);
    return 2;
}
