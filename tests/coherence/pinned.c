/*
 * pinned FILE: a child waits in read() of an empty pipe, into a shared mapping of the file, so its
 * page is pinned.  The page is written back meanwhile; then the bytes come.  They belong to the
 * file like any others, although no entry of the page table was used to write them.
 */
#include "kernel/fcntl.h"
#include "kernel/mman.h"
#include "kernel/procinfo.h"
#include "kernel/riscv.h"
#include "user/lib/prog.h"

#define PROCESSES 64

static int sleeps(int pid)
{
    static struct procinfo list[PROCESSES];
    int n = procinfo(list, PROCESSES);
    for (int i = 0; i < n; i++)
        if (list[i].pid == pid)
            return list[i].state == PROC_SLEEPING;
    return 0;
}

int main(int argc, char *argv[])
{
    int ends[2], status = 1, fd = argc == 2 ? open(argv[1], O_CREATE | O_RDWR) : -1;
    if (fd < 0 || pipe(ends) < 0 || write(fd, "soon\n", 5) != 5)
        prog_usage("FILE");
    char *p = mmap(0, PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return prog_fail("mmap");
    int pid = fork();
    if (pid == 0)
        exit(read(ends[0], p, 5) == 5 ? 0 : 1);
    while (!sleeps(pid))
        yield();
    if (sync() < 0 || write(ends[1], "late\n", 5) != 5 || wait(&status) < 0 || status != 0)
        return prog_fail("the child");
    printf("pinned: %s", p);
    return 0;
}
