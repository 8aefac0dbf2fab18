/*
 * plant: has a kernel made with PLANT=1 break each of its rules once, on purpose, and look whether
 * it notices.  What was planted, what was found and what should have been found is on the console.
 */
#include "kernel/errno.h"
#include "kernel/riscv.h"
#include "kernel/vm.h"
#include "user/extra.h"
#include "user/lib/prog.h"

static const char constant[PGSIZE] = {1};
static volatile char data[2 * PGSIZE] = {1}; /* a page of it is nothing else's */

/* The heap becomes what kernel/vm.h asks for; returns the child that shares a page of it. */
static int prepare(void)
{
    volatile char *heap = sbrk(PLANT_PAGES * PGSIZE);

    if (heap == (char *)SBRK_ERROR)
        return -1;
    heap[PLANT_OWN * PGSIZE] = 1;
    heap[PLANT_SHARED * PGSIZE] = 1;
    int pid = fork();
    while (pid == 0)
        pause(1000);
    heap[PLANT_OWN * PGSIZE] = 2;
    (void)heap[PLANT_ZERO * PGSIZE];
    (void)*(volatile const char *)constant;
    (void)data[PGROUNDUP((uint64)data) - (uint64)data]; /* only read */
    return pid;
}

int main(int argc, char **argv)
{
    int n = 0, missed = 0, child, found;

    if (argc > 1)
        prog_usage("plant");
    if ((child = prepare()) < 0)
        return prog_fail("%s", argv[0]);
    while ((found = vmplant(n)) >= 0) {
        missed += found != 1;
        n++;
    }
    int why = errcode();
    kill(child);
    wait(0);
    if (why == ENOSYS) {
        prog_warn("only a kernel made with PLANT=1 breaks its rules");
        return 2;
    }
    printf("planted %d violations, %d not found exactly once\n", n, missed);
    return n == 0 || missed > 0;
}
