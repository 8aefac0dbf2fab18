/*
 * Random sequences of mmap, munmap, mprotect, madvise, accesses and forks in a window of addresses,
 * against a model that knows each page: its rights, whether it is shared, its first byte, and what
 * that is again when the page is forgotten.  A failure tells seed and step.
 */
#include "kernel/fcntl.h"
#include "user/vmtests/maps.h"

#define WINDOW 24
#define STEPS  400
#define SEEDS  6

struct page {
    char there, prot, shared;
    uchar byte, base; /* first byte now, and when nobody has written to it */
};

static struct page model[WINDOW];
static char *window;
static uint64 state;
static int seed, step, file, ends[2];

#define AGREE(cond)                                                                                \
    ((cond) ? (void)0                                                                              \
            : (void)(fprintf(REPORT_FD, "seed %d step %d: %s\n", seed, step, #cond),               \
                     exit(STATUS_FAILED)))

static uint pick(uint n)
{
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    return (uint)(state >> 33) % n;
}

static char *at(int i)
{
    return window + i * PGSIZE;
}

/* A range of pages, and whether all of it is promised. */
struct range {
    int from, n, whole;
};

static struct range pick_range(void)
{
    struct range r = {(int)pick(WINDOW), 0, 1};
    r.n = 1 + (int)pick(pick(3) ? 4 : (uint)(WINDOW - r.from));
    if (r.n > WINDOW - r.from)
        r.n = WINDOW - r.from;
    for (int i = r.from; i < r.from + r.n; i++)
        r.whole &= model[i].there;
    return r;
}

static int pick_prot(void)
{
    static const int some[] = {PROT_NONE, PROT_READ, RW, RW};
    return some[pick(4)];
}

static void map_some(void)
{
    struct range r = pick_range();
    int prot = pick_prot(), kind = (int)pick(3); /* private, shared, of the file */
    int flags = MAP_FIXED | (kind == 1 ? MAP_SHARED : MAP_PRIVATE) | (kind < 2 ? MAP_ANONYMOUS : 0);
    long offset = kind == 2 ? (long)pick(4) * PGSIZE : 0;
    AGREE(mmap(at(r.from), (size_t)r.n * PGSIZE, prot, flags, file, offset) == at(r.from));
    for (int i = 0; i < r.n; i++) {
        uchar base = kind == 2 ? (uchar)data_byte(3, (uint)(offset + i * PGSIZE)) : 0;
        model[r.from + i] = (struct page){1, (char)prot, kind == 1, base, base};
    }
}

static void unmap_some(void)
{
    struct range r = pick_range();
    AGREE(munmap(at(r.from), (size_t)r.n * PGSIZE) == 0);
    memset(&model[r.from], 0, (size_t)r.n * sizeof model[0]);
}

static void protect_some(void)
{
    struct range r = pick_range();
    int prot = pick_prot();
    AGREE((mprotect(at(r.from), (size_t)r.n * PGSIZE, prot) == 0) == r.whole);
    for (int i = r.from; r.whole && i < r.from + r.n; i++)
        model[i].prot = (char)prot;
}

static void forget_some(void)
{
    struct range r = pick_range();
    AGREE((madvise(at(r.from), (size_t)r.n * PGSIZE, MADV_DONTNEED) == 0) == r.whole);
    for (int i = r.from; r.whole && i < r.from + r.n; i++)
        if (!model[i].shared)
            model[i].byte = model[i].base;
}

/* By the kernel, which refuses where the program would be killed. */
static void touch_in_call(int i)
{
    struct page *m = &model[i];
    char c = (char)pick(256);
    int readable = m->there && m->prot & PROT_READ;
    AGREE(write(ends[1], at(i), 1) == (readable ? 1 : -1));
    if (readable) {
        uchar got = 0;
        AGREE(read(ends[0], &got, 1) == 1 && got == m->byte);
    }
    int writable = m->there && m->prot & PROT_WRITE;
    AGREE(write(ends[1], &c, 1) == 1);
    if (read(ends[0], at(i), 1) == 1) {
        AGREE(writable);
        m->byte = (uchar)c;
    } else {
        AGREE(!writable);
        AGREE(read(ends[0], &c, 1) == 1);
    }
}

static void touch(int i)
{
    struct page *m = &model[i];
    if (m->there && m->prot & PROT_READ)
        AGREE((uchar)*at(i) == m->byte);
    if (m->there && m->prot & PROT_WRITE && pick(2))
        *at(i) = (char)(m->byte = (uchar)pick(256));
}

/* Looks at all pages; a child then writes `mark` to those that it may. */
static void visit_all(int child, uchar mark)
{
    for (int i = 0; i < WINDOW; i++) {
        struct page *m = &model[i];
        if (!m->there || !(m->prot & PROT_READ))
            continue;
        AGREE((uchar)*at(i) == m->byte);
        if (m->prot & PROT_WRITE && child)
            *at(i) = (char)mark;
    }
}

static void fork_and_visit(void)
{
    uchar mark = (uchar)pick(256);
    forkmode(pick(3) ? FORK_COW : FORK_EAGER);
    int pid = child_fork();
    if (pid == 0) {
        visit_all(1, mark);
        exit(STATUS_PASSED);
    }
    AGREE(child_wait(pid) == STATUS_PASSED);
    for (int i = 0; i < WINDOW; i++)
        if (model[i].there && model[i].prot & PROT_WRITE && model[i].shared)
            model[i].byte = mark;
    visit_all(0, 0);
}

/* The kernel's areas say of each page what the model does. */
static void check_areas(void)
{
    static struct areainfo all[100];
    int n = (int)MUST(pmap(0, all, 100)), k = 0;
    for (int i = 0; i < WINDOW; i++) {
        while (k < n && all[k].end <= (uint64)at(i))
            k++;
        int there = k < n && all[k].start <= (uint64)at(i);
        AGREE(there == model[i].there);
        AGREE(!there || all[k].prot == model[i].prot);
    }
}

static void one_step(void)
{
    uint what = pick(100);
    if (what < 20)
        map_some();
    else if (what < 32)
        unmap_some();
    else if (what < 50)
        protect_some();
    else if (what < 56)
        forget_some();
    else if (what < 76)
        touch((int)pick(WINDOW));
    else if (what < 96)
        touch_in_call((int)pick(WINDOW));
    else
        fork_and_visit();
    check_areas();
}

/* In a process of its own; what it was promised goes with it, so the window is emptied before. */
static void random_life(long which)
{
    seed = (int)which;
    state = (uint64)which * 0x9e3779b97f4a7c15ul + 1;
    MUST(pipe(ends));
    window = map_pages(WINDOW);
    SAME(munmap(window, WINDOW * PGSIZE), 0);
    check_areas(); /* its pages of data are our own now */
    touch_in_call(0);
    long before = committed();
    for (step = 0; step < STEPS; step++)
        one_step();
    SAME(munmap(window, WINDOW * PGSIZE), 0);
    AGREE(committed() == before);
}

void mmap_random(void)
{
    file_make("f", 3, (WINDOW + 4) * PGSIZE);
    file = (int)MUST(open("f", O_RDONLY));
    for (int i = 1; i <= SEEDS; i++)
        PASSES(random_life, i);
}

/* A process has so many areas and no more; the kernel's memory is not for programs to fill. */
void mmap_many_areas(void)
{
    int n = 4096, made = 0;
    MUST(sbrk(PGSIZE)); /* there is a heap */
    char *p = mmap(0, (size_t)n * PGSIZE, PROT_READ, ANON, -1, 0);
    MUST((long)p);
    while (made < n && mprotect(p + made * PGSIZE, PGSIZE, PROT_NONE) == 0)
        made += 2;
    SAME(errcode(), ENOMEM);
    CHECK(made > 900 && made < 1100);
    int one_left = mprotect(p + (n - 1) * PGSIZE, PGSIZE, PROT_NONE) == 0;
    long promised = committed();
    char *inside = p + (n - 8) * PGSIZE; /* where each of these divides an area */
    REFUSED((long)mmap(inside, PGSIZE, PROT_NONE, FIXED, -1, 0), ENOMEM);
    REFUSED((long)mmap(inside, PGSIZE, RW, MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, -1, 0), ENOMEM);
    REFUSED(munmap(inside, PGSIZE), ENOMEM);
    REFUSED(mprotect(inside, PGSIZE, RW), ENOMEM);
    char *last = p + (n - 1 - one_left) * PGSIZE; /* an end, which may go undivided */
    REFUSED((long)mmap(last, PGSIZE, RW, FIXED, -1, 0), ENOMEM);
    SAME(areas_in(inside, 1) + areas_in(last, 1), 2);
    SAME(committed(), promised);
    MUST(sbrk(PGSIZE)); /* what joins another area needs none */
    PASSES(page_load, p + PGSIZE);
    SAME(munmap(p, PGSIZE), 0);
    SAME(mprotect(p + PGSIZE, (size_t)(n - 1) * PGSIZE, PROT_READ), 0);
    SAME(munmap(inside, PGSIZE), 0);
    SAME(munmap(p, (size_t)n * PGSIZE), 0);
}
