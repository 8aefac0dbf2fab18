/* Looking at address spaces and at RAM: pmap(), pagemap(), memmap(). */
#include "kernel/vmview.h"
#include "user/testlib/tests.h"

#define MANY     64
#define USER_END ((uint64)USYSCALL)
#define END_PAGE ((long)(USER_END / PGSIZE))

enum kind { TEXT, DATA, STACK, HEAP };

static struct areainfo area[MANY];
static struct pageinfo page[MANY];
static struct frameinfo frame[4096];

/* The area of process pid that holds p. */
static const struct areainfo *area_of(int pid, const void *p)
{
    int n = (int)MUST(pmap(pid, area, MANY));

    CHECK(n < MANY);
    for (int i = 0; i < n; i++)
        if (area[i].start <= (uint64)p && (uint64)p < area[i].end)
            return &area[i];
    return 0;
}

static struct pageinfo page_of(int pid, const void *p)
{
    SAME(pagemap(pid, (uint64)p, page, 1), 1);
    return page[0];
}

/* How many of the n pages from p on are in this state. */
static int pages_in(int pid, const char *p, int n, int state)
{
    int found = 0;

    SAME(pagemap(pid, (uint64)p, page, n), n);
    for (int i = 0; i < n; i++)
        found += page[i].state == state;
    return found;
}

static void wait_byte(int fd)
{
    char c;
    SAME(read(fd, &c, 1), 1);
}

static void send_byte(int fd)
{
    SAME(write(fd, "", 1), 1);
}

void view_layout(void)
{
    struct procinfo self;
    uint64 pages = 0, resident = 0;
    int stack;

    memset(area, 0xff, sizeof area);
    heap_pages(3)[0] = 1;
    int n = (int)MUST(pmap(0, area, MANY));
    CHECK(child_find(getpid(), &self));
    for (int i = 0; i < n; i++) {
        CHECK(area[i].start < area[i].end && area[i].end <= USER_END);
        CHECK(i == 0 || area[i - 1].end <= area[i].start);
        CHECK((area[i].prot & 6) != 6 && area[i].shared_map == 0 && area[i].swapped == 0);
        CHECK(area[i].shared <= area[i].resident);
        pages += (area[i].end - area[i].start) / PGSIZE;
        resident += area[i].resident;
    }
    SAME(self.size, pages * PGSIZE);
    SAME(self.resident, resident * PGSIZE);
    SAME(area_of(0, (void *)view_layout)->kind, TEXT);
    SAME(area_of(0, (void *)view_layout)->prot, 5);
    SAME(area_of(0, area)->kind, DATA);
    SAME(area_of(0, area)->prot, 3);
    SAME(area_of(0, &stack)->kind, STACK);
    SAME(area_of(0, sbrk(0) - 1)->kind, HEAP);
    SAME(pmap(getpid(), area, MANY), n);
    SAME(pmap(0, area, 2), 2);
    CHECK(MUST(pmap(1, area, MANY)) > 2); /* init */
}

void view_lazy(void)
{
    heap_pages(1);
    char *p = sbrklazy(40 * PGSIZE);
    const struct areainfo *a = area_of(0, p);

    CHECK(a && !a->charged && a->resident == 0 && a->zero == 0);
    SAME(page_of(0, p).run, 40);
    for (int i = 10; i < 13; i++)
        p[i * PGSIZE] = 1;
    for (int i = 20; i < 22; i++)
        SAME(*(volatile char *)(p + i * PGSIZE), 0);
    a = area_of(0, p);
    SAME(a->resident, 3);
    SAME(a->shared, 0);
    SAME(a->zero, 2);
    SAME(page_of(0, p).run, 10);
    SAME(pages_in(0, p, 40, PAGE_PRIVATE), 3);
    SAME(pages_in(0, p, 40, PAGE_ZERO), 2);
    SAME(pages_in(0, p, 40, PAGE_ABSENT), 35);
    SAME(page[10].rights, 3);
    SAME(page[10].refs, 1);
    SAME(page[10].run, 0);
    SAME(page[20].rights, 1);
    SAME(page[20].refs, 0);
    SAME(page[0].run, 10);
    SAME(page[9].run, 1);
    SAME(page[13].run, 7);
    SAME(page[13].rights, 0);
    SAME(page[13].frame, 0);
    SAME(page_of(0, p + 40 * PGSIZE).state, PAGE_NONE);
    SAME(page_of(0, p + 40 * PGSIZE).run, END_PAGE - (long)(p + 40 * PGSIZE) / PGSIZE);
}

/* --- Sharing --------------------------------------------------------------------------------- */

void view_shared(void)
{
    int go[2], done[2];
    char *p = heap_pages(32);

    data_fill(p, 1, 0, 32 * (int)PGSIZE);
    MUST(pipe(go));
    MUST(pipe(done));
    int pid = child_fork();
    if (pid == 0) {
        wait_byte(go[0]);
        for (int i = 3; i < 8; i++)
            p[i * PGSIZE] = 1;
        send_byte(done[1]);
        wait_byte(go[0]);
        exit(0);
    }
    SAME(pages_in(pid, p, 32, PAGE_SHARED), 32);
    SAME(page[31].refs, 2);
    SAME(page[31].rights, 1);
    CHECK(area_of(pid, p)->shared >= 32);
    uint64 others = page_of(0, p).frame;
    SAME(page_of(pid, p).frame, others);
    send_byte(go[1]);
    wait_byte(done[0]);
    SAME(pages_in(pid, p, 32, PAGE_SHARED), 27);
    SAME(pages_in(pid, p, 32, PAGE_PRIVATE), 5);
    SAME(page[3].rights, 3);
    SAME(pages_in(0, p, 32, PAGE_PRIVATE), 5);
    send_byte(go[1]);
    SAME(child_wait(pid), 0);
    SAME(pages_in(0, p, 32, PAGE_PRIVATE), 32);
}

static struct frameinfo frame_of(uint64 number)
{
    SAME(memmap(number, frame, 1), 1);
    return frame[0];
}

void view_shared_by_many(void)
{
    int go[2];
    char *p = heap_pages(2);

    MUST(pipe(go));
    *p = 1;
    CHECK(p[PGSIZE] == 0); /* the zero frame */
    for (int i = 0; i < 5; i++) {
        if (child_fork() == 0) {
            wait_byte(go[0]);
            exit(0);
        }
    }
    uint64 number = page_of(0, p).frame;
    SAME(page[0].refs, 6);
    SAME(frame_of(number).refs, 6);
    SAME(frame[0].state, FRAME_ANON);
    SAME(frame_kind(frame), FRAME_KIND_SHARED);
    SAME(frame_kind((frame_of(page_of(0, p + PGSIZE).frame), frame)), FRAME_KIND_ZERO);
    for (int i = 0; i < 5; i++)
        send_byte(go[1]);
    while (wait(0) > 0)
        ;
    SAME(frame_of(number).refs, 1);
    SAME(frame_kind(frame), FRAME_ANON);
}

/* --- The stack, and promises that nobody could look at page by page -------------------------- */

static int use_stack(int pages)
{
    char here[PGSIZE];

    memset(here, pages, sizeof here);
    int below = pages > 0 ? use_stack(pages - 1) : 0;
    return below + (here[100] == (char)pages);
}

void view_stack(void)
{
    int here = 0;
    const struct areainfo *a = area_of(0, &here);
    uint64 top = a->end, before = (a->end - a->start) / PGSIZE;
    uint64 low = top - USERSTACK * PGSIZE;

    SAME(page_of(0, (void *)low).state, PAGE_NONE);
    SAME(use_stack(20), 21);
    a = area_of(0, &here);
    SAME(a->end, top);
    CHECK((a->end - a->start) / PGSIZE >= 20 && (a->end - a->start) / PGSIZE <= before + 23);
    SAME(a->resident, (a->end - a->start) / PGSIZE);
    SAME(page_of(0, (void *)(low - PGSIZE)).state, PAGE_NONE);
    SAME(use_stack(USERSTACK - 6), USERSTACK - 5);
    SAME(page_of(0, (void *)(low - PGSIZE)).state, PAGE_NONE);
}

void view_huge(void)
{
    const int step = 0x7ffff000;
    char *start = sbrklazy(0), *end = start;
    int before = uptime(), calls = 0;

    while (sbrklazy(step) != SBRK_ERROR)
        end += step;
    CHECK(end - start > (200L << 30));
    start[0] = 1;
    start[9 * PGSIZE] = 1;
    start[100L << 30] = 1;
    end[-1] = 1;
    SAME(area_of(0, start)->resident, 4);
    SAME(page_of(0, start + PGSIZE).run, 8);
    SAME(page_of(0, start + (100L << 30) - 1000 * PGSIZE).run, 1000);
    for (uint64 va = (uint64)start; va < (uint64)end; calls++) {
        SAME(pagemap(0, va, page, 1), 1);
        va += (page[0].run ? page[0].run : 1) * PGSIZE;
    }
    CHECK(calls <= 9);
    CHECK(uptime() - before < 30 * TICK_HZ); /* page by page it takes minutes */
}

/* --- RAM ------------------------------------------------------------------------------------- */

static void count_frames(uint64 counts[FRAME_KINDS])
{
    uint64 first = 0;
    int n;

    memset(counts, 0, FRAME_KINDS * sizeof counts[0]);
    for (; (n = (int)MUST(memmap(first, frame, 4096))) > 0; first += n)
        for (int i = 0; i < n; i++) {
            CHECK(frame[i].state <= FRAME_RESERVED);
            counts[frame_kind(&frame[i])]++;
        }
}

void view_frames(void)
{
    uint64 before[FRAME_KINDS], after[FRAME_KINDS], used = 0;
    struct kstat k;
    char *p = heap_pages(200);

    *p = 1;
    memset(frame, 1, sizeof frame);
    count_frames(before);
    MUST(kstat(&k));
    for (int kind = 0; kind < FRAME_KINDS; kind++)
        used += kind == FRAME_RESERVED || kind == FRAME_FREE ? 0 : before[kind];
    SAME(used + before[FRAME_FREE], k.frames_total);
    SAME(before[FRAME_KIND_ZERO], 1);
    /* What is kept for reuse counts as free there; kernel threads may take a few meanwhile. */
    CHECK(before[FRAME_FREE] <= k.frames_free + 16);
    CHECK(k.frames_free <= before[FRAME_FREE] + before[FRAME_SLAB] + before[FRAME_KSTACK] + 16);
    for (int i = 0; i < 200; i++)
        p[i * PGSIZE] = 1;
    count_frames(after);
    CHECK(after[FRAME_ANON] >= before[FRAME_ANON] + 199);
    CHECK(after[FRAME_FREE] + after[FRAME_CACHE] <=
          before[FRAME_FREE] + before[FRAME_CACHE] - 199 + 16);
}

/* --- Errors and races ------------------------------------------------------------------------ */

void view_refused(void)
{
    int dead = child_fork();

    if (dead == 0)
        exit(0);
    struct procinfo info;
    while (!child_find(dead, &info) || info.state != PROC_ZOMBIE)
        yield();
    const int pids[] = {dead, -1, 0x7fffffff, -0x7fffffff - 1};
    for (int i = 0; i < 4; i++) {
        REFUSED(pmap(pids[i], area, MANY), ESRCH);
        REFUSED(pagemap(pids[i], 0, page, MANY), ESRCH);
    }
    SAME(child_wait(dead), 0);
    REFUSED(pmap(dead, area, MANY), ESRCH);
    REFUSED(pmap(0, area, -1), EINVAL);
    REFUSED(pagemap(0, 0, page, -1), EINVAL);
    REFUSED(memmap(0, frame, -0x7fffffff - 1), EINVAL);
    SAME(pmap(0, 0, 0), 0);
    SAME(pagemap(0, USER_END, page, MANY), 0);
    SAME(pagemap(0, ~0UL, page, MANY), 0);
    SAME(pagemap(0, USER_END - 1, page, MANY), 1);
    SAME(memmap(~0UL, frame, 1), 0);
    for (const uint64 *bad = bad_addresses; *bad; bad++) {
        REFUSED(pmap(0, (struct areainfo *)*bad, MANY), EFAULT);
        REFUSED(pmap(1, (struct areainfo *)*bad, MANY), EFAULT);
        REFUSED(pagemap(0, 0, (struct pageinfo *)*bad, MANY), EFAULT);
        REFUSED(memmap(0, (struct frameinfo *)*bad, MANY), EFAULT);
    }
    char *last = heap_pages(1);
    REFUSED(pagemap(0, 0, (struct pageinfo *)(last + PGSIZE - sizeof *page), 2), EFAULT);
    REFUSED(memmap(0, (struct frameinfo *)last, 0x7fffffff), EFAULT);
}

void view_exact(void)
{
    memset(page, 0xee, sizeof page);
    SAME(pagemap(0, 0, page, 3), 3);
    SAME(page[3].refs, 0xeeeeeeee);
    SAME(page[0].pad, 0);
    memset(area, 0xee, sizeof area);
    SAME(pmap(0, area, 1), 1);
    SAME(area[1].start, 0xeeeeeeeeeeeeeeee);
}

#define ROUNDS 60

static void come_and_go(long unused)
{
    char *argv[] = {"echo", 0};

    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        int pid = child_fork();
        if (pid == 0) {
            heap_pages(8)[0] = 1;
            if (i % 2)
                exit(0);
            close(1);
            close(2);
            exec("/echo", argv);
            exit(1);
        }
        CHECK(wait(0) == pid);
    }
}

/* Whoever is there and whoever has just gone: no other error, and nothing left behind. */
static void look_around(long unused)
{
    static struct procinfo list[MANY];

    (void)unused;
    for (int i = 0; i < 2 * ROUNDS; i++) {
        int n = (int)MUST(procinfo(list, MANY));
        for (int j = 0; j < n; j++) {
            if (list[j].pid == 0)
                continue;
            if (pmap(list[j].pid, area, MANY) < 0)
                SAME(errcode(), ESRCH);
            if (pagemap(list[j].pid, 0, page, MANY) < 0)
                SAME(errcode(), ESRCH);
        }
    }
}

static void half(long i)
{
    (i % 2 ? look_around : come_and_go)(i);
}

void view_races(void)
{
    crowd(4, half);
}
