/* sbrk: promises kept on first page_store, taken back, refused. */
#include "user/vmtests/vm.h"

static long end_of_heap(void)
{
    return (long)sbrk(0);
}

void heap_moves(void)
{
    long end = end_of_heap();
    SAME((long)sbrk(1), end);
    SAME((long)sbrk(100000), end + 1);
    SAME((long)sbrk(-100000), end + 100001);
    SAME((long)sbrk(-1), end + 1);
    SAME(end_of_heap(), end);
    SAME((long)sbrklazy(10), end);
    SAME((long)sys_sbrk(10, SBRK_EAGER), end + 10);
    SAME((long)sys_sbrk(-20, SBRK_LAZY), end + 20);
    SAME(end_of_heap(), end);
}

/* A shrink inside a page keeps what is below; what grows again is zero. */
void heap_regrows_zero(void)
{
    char *p = heap_pages(4);
    memset(p, 0xee, 4 * PGSIZE);
    sbrk((int)(-2 * PGSIZE - 100));
    SAME(p[2 * PGSIZE - 101] & 0xff, 0xee);
    sbrk((int)(2 * PGSIZE + 100));
    for (int i = 2 * PGSIZE; i < 4 * PGSIZE; i++)
        SAME(p[i], 0);
    memset(p, 0xee, 4 * PGSIZE);
    sbrk((int)(-4 * PGSIZE));
    sbrk((int)(4 * PGSIZE));
    pages_load(p, 2);
    pages_store(p, 4, 0); /* frames now, maybe the same */
    for (int i = 0; i < 4 * PGSIZE; i++)
        SAME(p[i], 0);
}

void heap_ends_there(void)
{
    char *p = heap_pages(2);
    PASSES(page_store, p + 2 * PGSIZE - 1);
    KILLED(page_store, p + 2 * PGSIZE);
    KILLED(page_load, p + 2 * PGSIZE);
    *(volatile char *)(p + PGSIZE) = 1;
    sbrk((int)-PGSIZE);
    KILLED(page_store, p + PGSIZE);
    KILLED(page_load, p + PGSIZE);
}

/* More than is there to take: nothing happens, or the whole request is refused. */
void pitfall_17_shrink_limits(void)
{
    long end = end_of_heap();
    static char word[16] = "still here";
    SAME((long)sbrk((int)1 << 31), end);
    SAME(end_of_heap(), end);
    long old = (long)sbrk(10000);
    SAME(old, end);
    SAME((long)sbrk(-0x7fffffff), end + 10000);
    SAME(end_of_heap(), end + 10000);
    SAME(strcmp(word, "still here"), 0);
    SAME((long)sbrk(-10000), end + 10000);
    char *p = heap_pages(3);
    p[PGSIZE] = 7;
    SAME((long)sbrk((int)(100 - 2 * PGSIZE)), (long)p + 3 * PGSIZE);
    SAME(p[PGSIZE], 7); /* the break is in the middle of this page */
    SAME((long)sbrk((int)(end - (long)p - PGSIZE - 100)), (long)p + PGSIZE + 100);
    long program[] = {16, PGSIZE, (long)word, (long)PGROUNDDOWN(r_sp())};
    for (uint i = 0; i < sizeof program / sizeof program[0]; i++)
        REFUSED((long)sbrk((int)(program[i] - end)), EINVAL);
    SAME(end_of_heap(), end);
}

/* sbrk() promises only what can be delivered, sbrklazy() whatever there are addresses for. */
void heap_honest(void)
{
    struct kstat k = kernel_now();
    uint64 all = k.frames_total * PGSIZE, got = 0;
    int step = 32 * 1024 * 1024;
    while (got <= all && sbrk(step) != SBRK_ERROR)
        got += step;
    SAME(errcode(), ENOMEM);
    CHECK(got < all);
    for (int i = 0; i < 3; i++)
        REFUSED((long)sbrk(0x7fffffff), ENOMEM);
    for (uint64 lazy = 0; lazy <= all; lazy += 1 << 30)
        MUST(sbrklazy(1 << 30));
}

void heap_lazy_sparse(void)
{
    struct kstat before = kernel_now(), after;
    char *p = sbrklazy(1 << 30);
    MUST(p);
    for (int at = 0; at < 1 << 30; at += 1 << 25) {
        SAME(p[at + 77], 0);
        p[at] = (char)(at >> 25);
    }
    SAME(kstat(&after), 0);
    CHECK(before.frames_free + before.frames_cache < after.frames_free + after.frames_cache + 100);
    for (int at = 0; at < 1 << 30; at += 1 << 25)
        SAME(p[at], at >> 25);
}

/* Far above memory: what is given back is gone, what is kept stays, what comes again is zero. */
void heap_lazy_shrinks(void)
{
    enum { GIB = 1 << 30, KEPT = 2 * PGSIZE + 100 };
    char *p = heap_pages(1);
    MUST(sbrklazy(GIB));
    pages_store(p, 4, 7);
    MUST(sbrk(-(GIB + PGSIZE - KEPT)));
    SAME(end_of_heap(), (long)p + KEPT);
    SAME(p[2 * PGSIZE], 7);
    KILLED(page_load, p + 3 * PGSIZE);
    SAME((long)sbrklazy(GIB), (long)p + KEPT);
    SAME(p[2 * PGSIZE], 7);
    SAME(p[3 * PGSIZE], 0);
}

static void do_nothing(long arg)
{
    (void)arg;
}

/* Up to the last byte before TRAPFRAME - PGSIZE; then fork, shrink and exit are still quick. */
void heap_huge(void)
{
    uint64 limit = TRAPFRAME - PGSIZE, end = end_of_heap();
    int start = uptime();
    while (limit - end > 1 << 30) {
        SAME((long)sbrklazy(1 << 30), end);
        end += 1 << 30;
    }
    REFUSED((long)sbrklazy(1 << 30), ENOMEM);
    REFUSED((long)sbrklazy((int)(limit + 1 - end)), ENOMEM);
    SAME((long)sbrklazy((int)(limit - end)), end);
    REFUSED((long)sbrklazy(1), ENOMEM);
    PASSES(page_store, limit - PGSIZE - 1);
    KILLED(page_store, limit);
    PASSES(do_nothing, 0);
    for (int i = 0; i < 100; i++)
        MUST(sbrk(-(1 << 30)));
    CHECK(uptime() - start < 30 * TICK_HZ); /* page by page each takes longer */
}

/* What sbrk() granted is there when it is touched, to the last page. */
static void fill_memory(long step)
{
    char *start = sbrk(0), *end;
    while (sbrk((int)step) != SBRK_ERROR)
        ;
    end = sbrk(0);
    for (char *p = start; p < end; p += PGSIZE)
        *(long *)(p + 8) = (long)p;
    for (char *p = start; p < end; p += PGSIZE)
        SAME(*(long *)(p + 8), (long)p);
    CHECK(end - start >= 16 * PGSIZE);
}

void heap_keeps_promise(void)
{
    if (kernel_now().frames_total > 1024 * MIB_FRAMES)
        SKIP("would touch more than 1 GiB");
    PASSES(fill_memory, 1024 * 1024);
    PASSES(fill_memory, PGSIZE);
}

/* Who promises itself too much dies of it; nobody else does. */
static void touch_too_much(long frames)
{
    for (long i = 0; i < frames; i++)
        page_store((long)sbrklazy(PGSIZE));
}

/* Reads alone take no frames but page tables, one for each 2 MiB: those are counted as well. */
static void look_everywhere(long gib)
{
    uint64 start = end_of_heap(), end = start + ((uint64)gib << 30);
    for (long i = 0; i < gib; i++)
        MUST(sbrklazy(1 << 30));
    for (uint64 at = start; at < end; at += 2 << 20)
        page_load((long)at);
}

void heap_sparse_reader(void)
{
    struct kstat k = kernel_now();
    if (k.frames_limit > 100 * 1024)
        SKIP("more than 200 GiB of tables fit");
    int hog = child_fork();
    if (hog == 0) {
        look_everywhere(210);
        exit(0);
    }
    SAME(child_wait(hog), -1);
    PASSES(look_everywhere, 2);
}

void heap_exhausts_memory(void)
{
    struct kstat k = kernel_now();
    struct procinfo p;
    if (k.frames_total > 1024 * MIB_FRAMES)
        SKIP("would touch more than 1 GiB");
    int bystander = child_fork();
    if (bystander == 0) {
        pause(100000);
        exit(0);
    }
    int hog = child_fork();
    if (hog == 0) {
        touch_too_much((long)k.frames_total);
        exit(0);
    }
    SAME(child_wait(hog), -1);
    CHECK(child_find(bystander, &p));
    SAME(kill(bystander), 0);
    SAME(child_wait(bystander), -1);
    PASSES(fill_memory, 1024 * 1024);
}

/* Several at once, each wanting all of it. */
static void want_all(long i)
{
    char *p = sbrk(0);
    int step = (int)((i + 1) * 8 * PGSIZE);
    for (int round = 0; round < 3; round++) {
        long got = 0;
        while (sbrk(step) != SBRK_ERROR)
            got += step;
        for (long at = 0; at < got; at += 16 * PGSIZE)
            p[at] = (char)i;
        for (long at = 0; at < got; at += 16 * PGSIZE)
            SAME(p[at], i);
        while (got > 0) {
            int part = got < 1 << 30 ? (int)got : 1 << 30;
            MUST(sbrk(-part));
            got -= part;
        }
    }
}

void heap_contended(void)
{
    int gate[2];
    char c;
    MUST(pipe(gate));
    for (int i = 0; i < 4; i++) {
        if (child_fork() == 0) {
            close(gate[1]);
            SAME(read(gate[0], &c, 1), 0); /* until all are there */
            want_all(i);
            exit(0);
        }
    }
    SAME(close(gate[0]) + close(gate[1]), 0);
    for (int i = 0; i < 4; i++) {
        int status;
        MUST(wait(&status));
        SAME(status, 0);
    }
}
