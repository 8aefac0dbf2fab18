/*
 * One test for each row of docs/fault.md, by the row's name: what makes such a fault, how many
 * there are of it and that there are no others, from a program's own access and from the kernel's.
 */
#include "user/vmtests/vm.h"

#define PAGES 10

static int zeros; /* a device that gives zero bytes */

static void open_zeros(void)
{
    MUST(mknod("z", DEV_ZERO, 0));
    zeros = MUST(open("z", O_RDWR));
}

static void close_zeros(void)
{
    SAME(close(zeros), 0);
}

/* Nothing is promised there: the process dies, a system call fails. */
void fault_bad(void)
{
    extern char end[];
    char *beyond = heap_pages(1) + PGSIZE, *guard = (char *)PGROUNDUP((uint64)end);
    open_zeros();
    faults_begin(VMSTAT_CHILDREN);
    KILLED(page_load, beyond);
    KILLED(page_store, beyond);
    KILLED(page_jump, beyond);
    KILLED(page_store, guard);
    SAME(faults_of(KIND_BAD), 4);
    SAME(faults_of(KIND_PROT), 0);
    faults_begin(getpid());
    REFUSED(read(zeros, beyond, 1), EFAULT);
    REFUSED(write(zeros, beyond, 1), EFAULT);
    REFUSED(read(zeros, guard, 1), EFAULT);
    REFUSED(unlink(beyond), EFAULT);
    FAULTS_WERE([KIND_BAD] = 4);
    close_zeros();
}

/* The area forbids it, whether a page is there (text) or not (heap never touched). */
void fault_prot(void)
{
    static const char constant[] = "read only";
    char *heap = heap_pages(2);
    *heap = 1;
    open_zeros();
    faults_begin(VMSTAT_CHILDREN);
    KILLED(page_store, fault_prot);
    KILLED(page_store, constant);
    KILLED(page_jump, heap);
    KILLED(page_jump, heap + PGSIZE);
    SAME(faults_of(KIND_PROT), 4);
    SAME(faults_of(KIND_BAD), 0);
    faults_begin(getpid());
    REFUSED(read(zeros, (char *)fault_prot, 1), EFAULT);
    REFUSED(read(zeros, (char *)constant, 1), EFAULT);
    FAULTS_WERE([KIND_PROT] = 2);
    close_zeros();
}

/* Growth is one fault, however far; what lies in between has been promised by it. */
static void grow(long store)
{
    faults_begin(getpid());
    stack_reach(8 * PGSIZE, store);
    FAULTS_WERE([KIND_STACK] = 1);
    stack_reach(6 * PGSIZE, 1);
    FAULTS_WERE([KIND_STACK] = 1, [KIND_LAZY] = 1);
    stack_reach(9 * PGSIZE, store);
    stack_reach(8 * PGSIZE, 1);
    FAULTS_WERE([KIND_STACK] = 2, [KIND_LAZY] = 1, [KIND_COW] = !store);
}

/* What was pushed is in the process's own pages: in others zeros are still zeros. */
void fault_stack(void)
{
    char *p = heap_pages(1);
    PASSES(grow, 1);
    PASSES(grow, 0);
    for (uint64 i = 0; i < PGSIZE; i++)
        SAME(p[i], 0);
}

/* Reads of untouched pages cost no frames. */
void fault_zero(void)
{
    char *p = heap_pages(2 * PAGES);
    open_zeros();
    faults_begin(getpid());
    pages_load(p, PAGES);
    FAULTS_WERE([KIND_ZERO] = PAGES);
    pages_load(p, PAGES);
    SAME(write(zeros, p + PAGES * PGSIZE, PGSIZE), PGSIZE);
    SAME(write(zeros, p + PAGES * PGSIZE, PGSIZE), PGSIZE);
    FAULTS_WERE([KIND_ZERO] = PAGES + 1);
    SAME(faults_now().frames_zeroed, 0);
    close_zeros();
}

/* Writes to untouched pages cost a frame each, which is zero. */
void fault_lazy(void)
{
    char *p = heap_pages(2 * PAGES);
    open_zeros();
    faults_begin(getpid());
    pages_store(p, PAGES, 1);
    FAULTS_WERE([KIND_LAZY] = PAGES);
    pages_store(p, PAGES, 2);
    pages_load(p, PAGES);
    SAME(read(zeros, p + PAGES * PGSIZE + 1, 2), 2);
    FAULTS_WERE([KIND_LAZY] = PAGES + 1);
    SAME(faults_now().frames_zeroed, PAGES + 1);
    for (int i = 0; i < PAGES; i++)
        for (uint64 j = 1; j < PGSIZE; j++)
            SAME(p[i * PGSIZE + j], 0);
    close_zeros();
}

/* Writes to what others hold too are copies; reads are no faults at all. */
void fault_cow(void)
{
    char *p = pages_filled(PAGES, 1);
    open_zeros();
    holder_start();
    faults_begin(getpid());
    pages_load(p, PAGES);
    FAULTS_WERE([KIND_COW] = 0);
    pages_store(p, PAGES - 1, 1);
    pages_store(p, PAGES - 1, 2);
    SAME(read(zeros, p + (PAGES - 1) * PGSIZE, 1), 1);
    FAULTS_WERE([KIND_COW] = PAGES);
    SAME(faults_now().frames_copied, PAGES);
    holder_end();
    for (int i = 0; i < PAGES; i++)
        CHECK(data_good(p + i * PGSIZE + 1, 1, i * PGSIZE + 1, PGSIZE - 1));
    close_zeros();
}

/* The last owner of a frame writes in place. */
void fault_reuse(void)
{
    char *p = pages_filled(PAGES, 1);
    open_zeros();
    holder_start();
    holder_end();
    faults_begin(getpid());
    pages_load(p, PAGES);
    pages_store(p, PAGES - 1, 1);
    pages_store(p, PAGES - 1, 2);
    SAME(read(zeros, p + (PAGES - 1) * PGSIZE, 1), 1);
    FAULTS_WERE([KIND_REUSE] = PAGES);
    SAME(faults_now().frames_copied, 0);
    close_zeros();
}

/*
 * A hart that had seen a page read-only is not told when the page becomes writable on another: when
 * the process is back, its write there faults and finds nothing to do.  Whether a process wanders
 * like that, and whether the hart remembers so long, is not in a program's hands: it tries.
 */
void fault_spurious(void)
{
    char *p = pages_filled(1, 1);
    faults_begin(getpid());
    for (int i = 0; i < 300 && faults_of(KIND_SPURIOUS) == 0; i++) {
        holder_start();
        holder_end();
        for (int turn = 0; turn < 10; turn++) {
            *(volatile char *)(p + turn) = (char)i;
            yield();
            page_load((long)p);
        }
    }
    for (int i = 10; i < PGSIZE; i++)
        SAME(p[i], data_byte(1, i));
    if (faults_of(KIND_SPURIOUS) == 0)
        SKIP("no hart kept a stale translation; boot with `spurious` for that");
}
