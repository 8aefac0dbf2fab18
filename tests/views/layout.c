/*
 * layout N: a process whose address space is known, and N children that share it, all asleep until
 * they are killed.  Eight pages of heap are written before the fork, three of them by the first
 * child again.  Then comes a GiB of lazy heap, of which nobody touches anything.
 */
#include "kernel/riscv.h"
#include "user/extra.h"

#define PAGES 8
#define STACK 10
#define LAZY  (1 << 30)

static int deep(int pages)
{
    volatile char here[PGSIZE];

    here[0] = (char)pages;
    return pages > 0 ? deep(pages - 1) + here[0] : 0;
}

static void rewrite(char *heap, int pages, int value)
{
    for (int i = 0; i < pages; i++)
        heap[i * PGSIZE] = (char)value;
}

static void child(char *heap, int number, int done)
{
    if (number == 0)
        rewrite(heap, 3, 2);
    write(done, "", 1);
    for (;;)
        pause(1000);
}

int main(int argc, char **argv)
{
    int done[2], children = argc > 1 ? atoi(argv[1]) : 1, pid = 0;
    char *heap = sbrk(PAGES * PGSIZE), c;

    rewrite(heap, PAGES, 1);
    if (sbrklazy(LAZY) == SBRK_ERROR || deep(STACK) < 0 || pipe(done) < 0)
        return 1;
    for (int i = children - 1; i >= 0; i--) {
        pid = fork();
        if (pid == 0)
            child(heap, i, done[1]);
        read(done[0], &c, 1);
    }
    printf("layout: parent %d first child %d heap 0x%010lx\n", getpid(), pid, (uint64)heap);
    for (;;)
        pause(1000);
}
