/*
 * What goes wrong around first touches and copies: the zero frame, permissions, memory that is not
 * there to be had, bytes of the kernel that leave it, copies that may have to wait.
 */
#include "user/vmtests/vm.h"

#define PAGES 16

/* --- first touches --------------------------------------------------------------------------- */

static void add_atomically(volatile long *p)
{
    __atomic_add_fetch(p, 5, __ATOMIC_SEQ_CST);
}

/*
 * Every access, also one of two pages, ends after as many faults as there is work.  An atomic
 * operation on an untouched page is a write; QEMU with one hart makes it a read and then a write.
 */
void pitfall_10_each_fault_helps(void)
{
    char *p = heap_pages(6);
    faults_begin(getpid());
    add_atomically((long *)p);
    SAME(faults_of(KIND_LAZY) + faults_of(KIND_COW), 1);
    SAME(faults_of(KIND_ZERO), faults_of(KIND_COW));
    faults_begin(getpid());
    page_load((long)(p + PGSIZE));
    add_atomically((long *)(p + PGSIZE));
    FAULTS_WERE([KIND_ZERO] = 1, [KIND_COW] = 1);
    *(volatile long *)(p + 3 * PGSIZE - 4) = 0x0102030405060708; /* over the border */
    FAULTS_WERE([KIND_LAZY] = 2, [KIND_ZERO] = 1, [KIND_COW] = 1);
    SAME(*(volatile long *)(p + 3 * PGSIZE - 4), 0x0102030405060708);
    SAME(*(long *)p + *(long *)(p + PGSIZE), 10);
    faults_begin(VMSTAT_CHILDREN);
    KILLED(page_store, pitfall_10_each_fault_helps);
    KILLED(page_jump, p);
    SAME(faults_of(KIND_PROT), 2); /* a refused access is not tried again */
}

/* What may be done is asked of the area, whether the page is there or not, mapped or not. */
void pitfall_11_area_decides(void)
{
    char *p = heap_pages(3);
    page_load((long)p);
    page_store((long)(p + PGSIZE));
    faults_begin(VMSTAT_CHILDREN);
    for (int i = 0; i < 3; i++)
        KILLED(page_jump, p + i * PGSIZE);
    SAME(faults_of(KIND_PROT), 3);
    SAME(faults_of(KIND_ZERO), 0);
    PASSES(page_store, p);
}

static void dig(long depth)
{
    volatile char page[PGSIZE];
    page[0] = (char)depth;
    if (depth > 0)
        dig(depth - 1);
    page[1] = page[0];
}

/* Mapped more often than 16 bits can count, written through by nobody. */
void pitfall_15_zero_frame(void)
{
    enum { MANY = 66000 };
    char *p = sbrklazy((int)(MANY * PGSIZE)), *own = heap_pages(4);
    MUST(p);
    MUST(mknod("r", DEV_RANDOM, 0));
    int fd = MUST(open("r", O_RDONLY));
    p = (char *)PGROUNDUP((uint64)p);
    faults_begin(getpid());
    pages_load(p, MANY - 1);
    FAULTS_WERE([KIND_ZERO] = MANY - 1);
    SAME(faults_now().frames_zeroed, 0);
    pages_load(own, 4);
    memset(own, 0xff, 2 * PGSIZE);
    add_atomically((long *)(own + 2 * PGSIZE));
    SAME(read(fd, own + 3 * PGSIZE, PGSIZE), PGSIZE);
    PASSES(page_store, p + 1); /* a child shares the mapping, not the write */
    PASSES(dig, 12);           /* nor what it pushes on pages that the stack has just got */
    for (long i = 0; i < MANY - 1; i += 100)
        for (uint64 j = 0; j < PGSIZE; j += 64)
            SAME(*(long *)(p + i * PGSIZE + j), 0);
    SAME(close(fd), 0);
}

/* The break at its borders. */
void pitfall_17_break_borders(void)
{
    long end = (long)sbrk(0);
    SAME((long)sbrk(0), end);
    SAME((long)sbrklazy(1 << 30), end);
    SAME((long)sbrk(-(1 << 30)), end + (1 << 30)); /* over pages that were never touched */
    SAME((long)sbrk(0), end);
    REFUSED((long)sbrk(0x7fffffff), ENOMEM);
    SAME((long)sbrk(1), end);
    KILLED(page_store, PGROUNDUP(end + 1));
    SAME((long)sbrk(-1), end + 1);
    REFUSED((long)sbrk(-1), EINVAL); /* the heap is empty: below it lies the stack */
    SAME((long)sbrk(0), end);
}

/* Down to the last page of its room, but into the guard neither by recursion nor by a pointer. */
void pitfall_18_stack_room(void)
{
    extern char end[];
    uint64 low = PGROUNDUP((uint64)end) + PGSIZE; /* the room's lowest page */
    PASSES(dig, USERSTACK - 5);
    faults_begin(VMSTAT_CHILDREN);
    KILLED(dig, USERSTACK + 5);
    KILLED(page_store, low);
    KILLED(stack_store, low - 16);
    KILLED(stack_store, low - PGSIZE);
    SAME(faults_of(KIND_BAD), 4);
    PASSES(stack_store, low + PGSIZE);
    REFUSED(fstat(1, (struct stat *)low), EFAULT);
    REFUSED(fstat(1, (struct stat *)(low - 1)), EFAULT);
}

/* --- memory runs out ------------------------------------------------------------------------- */

/* Reads zeros into fresh memory until that fails; the process goes on, and so does the page. */
static void fill_by_reading(long fd)
{
    int step = 1 << 20;
    long n = 0, got;
    for (;; n += got) {
        char *p = sbrklazy(step);
        MUST(p);
        if ((got = read((int)fd, p, step)) < 0)
            break;
        CHECK(n < 1l << 31);
    }
    SAME(errcode(), EFAULT);
    char *last = sbrklazy(PGSIZE);
    for (int i = 0; i < 3; i++)
        REFUSED(read((int)fd, (char *)PGROUNDUP((uint64)last), 8), EFAULT);
    SAME(getpid() > 0, 1);
    CHECK(n > MIB_FRAMES);
}

void pitfall_19_no_memory_in_call(void)
{
    if (kernel_now().frames_total > 300 * MIB_FRAMES)
        SKIP("would touch more than 300 MiB");
    MUST(mknod("z", DEV_ZERO, 0));
    int fd = MUST(open("z", O_RDONLY));
    PASSES(fill_by_reading, fd);
    SAME(close(fd), 0);
}

/* A lazy heap goes through fork, exec and exit untouched, and each process touches its own. */
static void touch_child(long p)
{
    faults_begin(getpid());
    pages_store((char *)p, PAGES, 1);
    FAULTS_WERE([KIND_LAZY] = PAGES);
}

static void exec_untouched(long unused)
{
    static char *argv[] = {"/sleep", "0", 0};
    (void)unused;
    exec("/sleep", argv);
    exit(STATUS_FAILED);
}

void pitfall_21_untouched(void)
{
    char *p = sbrklazy(1 << 30);
    MUST(p);
    p = (char *)PGROUNDUP((uint64)p);
    PASSES(touch_child, p);
    PASSES(exec_untouched, 0);
    faults_begin(getpid());
    pages_load(p, PAGES);
    FAULTS_WERE([KIND_ZERO] = PAGES);
    for (uint64 i = 0; i < PAGES * PGSIZE; i++)
        SAME(p[i], 0);
}

/* --- bytes of the kernel --------------------------------------------------------------------- */

/* Leaves bytes on the kernel's stack and in its memory that are easily recognised. */
static void dirty_kernel(int byte)
{
    static char path[MAXPATH];
    memset(path, byte, sizeof path - 1);
    open(path, O_RDONLY);
    symlink(path, path);
    unlink(path);
}

/* What call `which` writes, and how many bytes. */
static int fill_struct(int which, char *to)
{
    switch (which) {
    case 0: SAME(sysinfo((void *)to), 0); return sizeof(struct sysinfo);
    case 1: SAME(kstat((void *)to), 0); return sizeof(struct kstat);
    case 2: CHECK(procinfo((void *)to, 4) > 0); return 4 * sizeof(struct procinfo);
    case 3: SAME(vmstat(0, (void *)to), 0); return sizeof(struct vmstat);
    case 4: CHECK(pmap(0, (void *)to, 3) > 0); return 3 * sizeof(struct areainfo);
    case 5: CHECK(pagemap(0, 0, (void *)to, 8) > 0); return 8 * sizeof(struct pageinfo);
    case 6: CHECK(memmap(0, (void *)to, 8) > 0); return 8 * sizeof(struct frameinfo);
    case 7: SAME(fstat(0, (void *)to), 0); return sizeof(struct stat);
    }
    return 0;
}

/* No two neighbouring bytes are what was left in the kernel just before. */
void pitfall_42_structs(void)
{
    static char buffer[2048];
    int n = 1;
    for (int which = 0; n > 0; which++) {
        for (int mark = 0xa1; mark < 0xa9; mark++) {
            memset(buffer, 0, sizeof buffer);
            dirty_kernel(mark);
            n = fill_struct(which, buffer);
            for (int i = 0; i + 1 < n; i++)
                CHECK((uchar)buffer[i] != mark || (uchar)buffer[i + 1] != mark);
        }
    }
}

/* Sets registers that a call may clobber, makes it, and tells which of them have changed. */
static long registers_changed(long number)
{
    register long a0 asm("a0") = 0;
    register long a7 asm("a7") = number;
    register long t0 asm("t0") = 1, t1 asm("t1") = 2, t3 asm("t3") = 3, t6 asm("t6") = 4;
    register long a3 asm("a3") = 5, a4 asm("a4") = 6, a5 asm("a5") = 7, a6 asm("a6") = 8;
    asm volatile("ecall"
                 : "+r"(a0), "+r"(t0), "+r"(t1), "+r"(t3), "+r"(t6), "+r"(a3), "+r"(a4), "+r"(a5),
                   "+r"(a6)
                 : "r"(a7)
                 : "memory");
    int same = t0 == 1 && t1 == 2 && t3 == 3 && t6 == 4 && a3 == 5 && a4 == 6 && a5 == 7 && a6 == 8;
    return same ? a0 : -2;
}

/* A call changes a0 alone, also in the child of a fork. */
void pitfall_42_registers(void)
{
    SAME(registers_changed(SYS_getpid), getpid());
    CHECK(registers_changed(SYS_uptime) >= 0);
    long pid = registers_changed(SYS_fork);
    if (pid == 0)
        exit(STATUS_PASSED);
    CHECK(pid > 0);
    SAME(child_wait((int)pid), STATUS_PASSED);
}

/* --- copies that may wait -------------------------------------------------------------------- */

/* A reader sleeps in each of these while its buffer is untouched: the copy faults on waking. */
static void read_late(long fd)
{
    char *p = heap_pages(3);
    int n = 0;
    while (n < 2000)
        n += MUST(read((int)fd, p + PGSIZE - 1000 + n, 2000 - n));
    CHECK(data_good(p + PGSIZE - 1000, 6, 0, 2000));
}

static void write_untouched(long fd)
{
    char *p = heap_pages(5);
    SAME(write((int)fd, p, 5 * PGSIZE), 5 * PGSIZE);
}

void pitfall_48_pipe(void)
{
    int ends[2];
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        read_late(ends[0]);
        exit(STATUS_PASSED);
    }
    CHECK(child_asleep(pid));
    data_fill(scratch, 6, 0, 2000);
    SAME(write(ends[1], scratch, 2000), 2000);
    SAME(child_wait(pid), STATUS_PASSED);
    pid = child_fork();
    if (pid == 0) {
        write_untouched(ends[1]);
        exit(STATUS_PASSED);
    }
    for (int at = 0, n; at < 5 * PGSIZE; at += n) {
        n = MUST(read(ends[0], scratch, SCRATCH));
        for (int i = 0; i < n; i++)
            SAME(scratch[i], 0);
    }
    SAME(child_wait(pid), STATUS_PASSED);
    SAME(close(ends[0]) + close(ends[1]), 0);
}

/* The status comes to an untouched page, and to a shared one, after the parent has slept. */
void pitfall_48_wait(void)
{
    char *absent = heap_pages(2), *shared = pages_filled(1, 1);
    for (int i = 0; i < 2; i++) {
        char *to = i ? shared : absent + PGSIZE - 2;
        int pid = child_fork(), status;
        if (pid == 0) {
            pause(2);
            exit(0x1234567);
        }
        SAME(wait((int *)to), pid);
        memmove(&status, to, sizeof status);
        SAME(status, 0x1234567);
    }
}

/* The console takes what lies in untouched pages: NUL bytes, which a terminal ignores. */
void pitfall_48_console_write(void)
{
    char *p = heap_pages(2);
    faults_begin(getpid());
    SAME(write(1, p + PGSIZE - 2, 4), 4);
    FAULTS_WERE([KIND_ZERO] = 2);
}

/* "@console N": reads a line into untouched pages, across a border; tests/ types it. */
int helper_console(int argc, char *argv[])
{
    char *p = heap_pages(2) + PGSIZE - 3;
    int n = read(0, p, 100);
    printf("console gave %d bytes: %s", n, p);
    return argc == 1 && atoi(argv[0]) == n ? 0 : 1;
}
