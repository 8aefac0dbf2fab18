/* Pages that are touched in a known way, and a process that shares them. */
#include "user/vmtests/vm.h"

static int gate[2], holder;

void page_load(long address)
{
    (void)*(volatile char *)address;
}

void page_store(long address)
{
    *(volatile char *)address = 0;
}

void page_jump(long address)
{
    asm volatile("fence.i" ::: "memory");
    ((void (*)(void))address)();
}

void stack_store(long sp)
{
    asm volatile("mv sp, %0\n"
                 "sd zero, 0(sp)\n" ::"r"(sp)
                 : "memory");
    exit(STATUS_PASSED);
}

uint64 stack_reach(uint64 bytes, long store)
{
    uint64 at;
    asm volatile("mv t0, sp\n"
                 "sub sp, sp, %1\n"
                 "mv %0, sp\n"
                 "beqz %2, 1f\n"
                 "sd sp, 0(sp)\n"
                 "1: ld t1, 0(sp)\n"
                 "mv sp, t0\n"
                 : "=&r"(at)
                 : "r"(bytes), "r"(store)
                 : "t0", "t1", "memory");
    return at;
}

void pages_load(char *p, int n)
{
    for (int i = 0; i < n; i++)
        page_load((long)(p + i * PGSIZE));
}

void pages_store(char *p, int n, int mark)
{
    for (int i = 0; i < n; i++)
        *(volatile char *)(p + i * PGSIZE) = (char)mark;
}

char *pages_filled(int n, int seed)
{
    char *p = heap_pages(n);
    data_fill(p, seed, 0, n * PGSIZE);
    return p;
}

void holder_start(void)
{
    char c;
    MUST(pipe(gate));
    holder = child_fork();
    if (holder == 0) {
        close(gate[1]);
        read(gate[0], &c, 1); /* until the other end is closed */
        exit(STATUS_PASSED);
    }
    SAME(close(gate[0]), 0);
}

void holder_end(void)
{
    SAME(close(gate[1]), 0);
    SAME(child_wait(holder), STATUS_PASSED);
}

struct pageinfo page_info(const void *p)
{
    struct pageinfo info;
    SAME(pagemap(0, PGROUNDDOWN((uint64)p), &info, 1), 1);
    return info;
}

long frames_left(void)
{
    struct kstat k = kernel_now();
    return (long)(k.frames_free + k.frames_cache);
}
