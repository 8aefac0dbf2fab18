/*
 * user/lib/malloc.c on a simulated break, and with mappings from a field of pages.  After each step
 * the whole heap is walked: chunks without gaps, no two free ones side by side, and the lists hold
 * just the free ones.
 */
#include "tests/host/user_host.h"
#include "user/lib/string.c"
#include "user/lib/malloc.c"

#define ARENA (64l << 20)

static _Alignas(4096) char arena[ARENA];
static long brk, brk_limit = ARENA;
static int nsbrk;
static _Alignas(4096) char field[ARENA];
static char mapped[ARENA / PGSIZE]; /* of each page of the field */
static long nmapped, map_limit;
static struct chunk *regions[2000]; /* first chunks, as the test saw them made */
static int nregions;
static jmp_buf ended;
static char message[300];

const char *start_name = "test";

char *sbrk(int n)
{
    nsbrk += n != 0;
    if (brk + n < 0 || brk + n > brk_limit)
        return SBRK_ERROR;
    if (n > 0)
        host_memset(arena + brk, 0xee, n);
    brk += n;
    return arena + brk - n;
}

/* The first gap that is large enough. */
static long find_gap(long n)
{
    for (long at = 0, run = 0; at < ARENA / PGSIZE; at++) {
        run = mapped[at] ? 0 : run + 1;
        if (run == n)
            return at + 1 - n;
    }
    return -1;
}

void *mmap(void *wish, size_t len, int prot, int flags, int fd, off_t offset)
{
    assert_null(wish);
    assert_true(prot == (PROT_READ | PROT_WRITE) && flags == (MAP_PRIVATE | MAP_ANONYMOUS));
    assert_true(len % PGSIZE == 0 && fd == -1 && offset == 0);
    long n = len / PGSIZE, at = nmapped + n > map_limit ? -1 : find_gap(n);
    if (at < 0)
        return MAP_FAILED;
    host_memset(mapped + at, 1, n);
    host_memset(field + at * PGSIZE, 0, len);
    nmapped += n;
    return field + at * PGSIZE;
}

int munmap(void *p, size_t len)
{
    long at = ((char *)p - field) / PGSIZE, n = len / PGSIZE;
    assert_true((uint64)p % PGSIZE == 0 && len % PGSIZE == 0 && len > 0);
    for (long i = at; i < at + n; i++)
        assert_true(mapped[i]);
    host_memset(mapped + at, 0, n);
    host_memset(field + at * PGSIZE, 0xdd, len);
    nmapped -= n;
    return 0;
}

int fprintf(int fd, const char *format, ...)
{
    va_list args;

    assert_int_equal(fd, 2);
    va_start(args, format);
    host_vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return 0;
}

int exit(int status)
{
    assert_int_equal(status, -1);
    longjmp(ended, 1);
}

/* Starts over with an empty heap. */
static int reset(void **state)
{
    (void)state;
    host_memset(classes, 0, sizeof(classes));
    region_end = 0;
    brk = nregions = nsbrk = 0;
    brk_limit = ARENA;
    host_memset(mapped, 0, sizeof(mapped));
    nmapped = 0;
    map_limit = ARENA / PGSIZE;
    return 0;
}

static int on_list(const struct chunk *wanted)
{
    for (struct chunk *c = classes[class_of(wanted->size)]; c != 0; c = c->next)
        if (c == wanted)
            return 1;
    return 0;
}

/* Walks a region; returns its free chunks. */
static int check_region(struct chunk *c)
{
    uint64 below = 0;
    int nfree = 0, below_free = 0;

    while (chunk_size(c) != 0) {
        int is_free = !(c->size & USED);
        assert_int_equal(c->below, below);
        assert_int_equal(chunk_size(c) % ALIGNMENT, 0);
        assert_true(chunk_size(c) >= SMALLEST);
        assert_false(is_free && below_free);
        if (is_free)
            assert_true(on_list(c));
        nfree += below_free = is_free;
        below = chunk_size(c);
        c = chunk_above(c);
        assert_in_range((uint64)c, (uint64)arena, (uint64)arena + brk);
    }
    assert_int_equal(c->below, below);
    return nfree;
}

static void check_heap(void)
{
    int nfree = 0, nlisted = 0;

    for (int i = 0; i < nregions; i++)
        nfree += check_region(regions[i]);
    for (int class = 0; class < NCLASS; class ++)
        for (struct chunk *c = classes[class]; c != 0; c = c->next, nlisted++)
            assert_int_equal(class_of(c->size), class);
    assert_int_equal(nfree, nlisted);
}

/* malloc(); notes where a region starts. */
static void *get(size_t n)
{
    char *end = region_end;
    long before = brk;
    void *p = malloc(n);

    if (region_end != end && end != arena + before)
        regions[nregions++] = (struct chunk *)(arena + ((before + 15) & ~15l));
    if (p != 0)
        assert_int_equal((uint64)p % 16, 0);
    check_heap();
    return p;
}

static void put(void *p)
{
    free(p);
    check_heap();
}

static void test_sizes(void **state)
{
    char *all[600];

    (void)state;
    for (int n = 0; n < 600; n++) {
        all[n] = get(n);
        assert_non_null(all[n]);
        host_memset(all[n], n, n);
    }
    for (int n = 0; n < 600; n++)
        for (int i = 0; i < n; i++)
            assert_int_equal((uchar)all[n][i], n % 256);
    for (int n = 0; n < 600; n += 2)
        put(all[n]);
    for (int n = 1; n < 600; n += 2)
        put(all[n]);
    put(0);
    assert_int_equal(check_region(regions[0]), 1);
}

static void test_reuse(void **state)
{
    (void)state;
    char *a = get(100), *b = get(100), *c = get(100);
    put(b);
    assert_ptr_equal(get(100), b);
    put(a);
    put(b);
    assert_ptr_equal(get(200), a); /* both together */
    put(c);
    for (int i = 0; i < 10000; i++) {
        char *p = malloc(1000);
        assert_non_null(p);
        free(p);
    }
    assert_int_equal(nsbrk, 1);
}

static void test_impossible(void **state)
{
    (void)state;
    assert_null(get(-1));
    assert_null(get(1ul << 63));
    assert_null(get(LARGEST));
    assert_null(get(LARGEST + 1));
    assert_null(get(ARENA));
    assert_null(calloc(1ul << 32, 1ul << 32));
    assert_null(calloc(3, -1ul / 2));
    char *p = get(10);
    host_memset(p, 'k', 10);
    assert_null(realloc(p, -1));
    assert_null(realloc(p, ARENA));
    assert_memory_equal(p, "kkkkkkkkkk", 10);
    check_heap();
}

static void test_exhaustion(void **state)
{
    char *all[300];
    int n = 0;

    (void)state;
    brk_limit = 1 << 20;
    while ((all[n] = get(10000)) != 0)
        n++;
    assert_in_range(n, 90, 110);
    assert_non_null(get(8)); /* what is left is not lost */
    put(all[n / 2]);
    assert_ptr_equal(get(10000), all[n / 2]);
    for (int i = 0; i < n; i++)
        put(all[i]);
    assert_non_null(get(100000));
}

/* Too little for a step of 64 KiB but enough for the request. */
static void test_last_page(void **state)
{
    (void)state;
    brk_limit = 2 * 4096;
    assert_non_null(get(5000));
    assert_null(get(5000));
}

static void test_given_back(void **state)
{
    (void)state;
    char *small = get(100), *all[100];
    for (int i = 0; i < 100; i++)
        all[i] = get(100000);
    assert_true(brk > 8 << 20);
    for (int i = 0; i < 100; i++)
        put(all[i]);
    assert_true(brk < 1 << 20);
    put(small);
    assert_true(brk < 1 << 20);
}

/* Pages that n bytes in a mapping need. */
static long pages_for(size_t n)
{
    return (n + 16 + PGSIZE - 1) / PGSIZE;
}

static void test_large(void **state)
{
    (void)state;
    char *small = get(LARGE - 1), *at = get(LARGE), *other = get(3 * LARGE + 5);
    assert_int_equal(nmapped, pages_for(LARGE) + pages_for(3 * LARGE + 5));
    assert_in_range((uint64)small, (uint64)arena, (uint64)arena + ARENA);
    for (size_t i = 0; i < LARGE; i++)
        assert_int_equal(at[i], 0);
    host_memset(at, 7, LARGE);
    host_memset(other, 8, 3 * LARGE + 5);
    put(at);
    assert_int_equal(nmapped, pages_for(3 * LARGE + 5));
    at = calloc(LARGE / 8, 9);
    for (size_t i = 0; i < LARGE / 8 * 9; i++)
        assert_int_equal(at[i], 0);
    for (size_t i = 0; i < 3 * LARGE + 5; i++)
        assert_int_equal(other[i], 8);
    put(other);
    put(at);
    assert_int_equal(nmapped, 0);
    put(small);
}

static void test_large_exhaustion(void **state)
{
    (void)state;
    map_limit = 100;
    char *first = get(LARGE), *second = get(LARGE), *third = get(LARGE);
    assert_non_null(second);
    assert_null(get(LARGE));
    assert_non_null(get(LARGE / 2)); /* the heap has room */
    host_memset(first, 'k', LARGE);
    assert_null(realloc(first, 2 * LARGE));
    assert_int_equal(first[LARGE - 1], 'k');
    put(third);
    assert_non_null(get(LARGE));
}

/* Up and down across the border between heap and mappings, contents kept. */
static void test_large_resizing(void **state)
{
    static const size_t sizes[] = {100,        LARGE - 1, LARGE, LARGE + 4000, 5 * LARGE, 2 * LARGE,
                                   LARGE - 17, 2000000,   0,     LARGE};
    size_t kept = 0;
    char *p = 0;

    (void)state;
    put(get(1));
    for (uint i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        p = realloc(p, sizes[i]);
        assert_non_null(p);
        assert_int_equal((uint64)p % 16, 0);
        check_heap();
        kept = kept < sizes[i] ? kept : sizes[i];
        for (size_t j = 0; j < kept; j++)
            assert_int_equal((uchar)p[j], (j + i - 1) % 251);
        for (size_t j = 0; j < sizes[i]; j++)
            p[j] = (j + i) % 251;
        kept = sizes[i];
        int in_field = p >= field && p < field + ARENA; /* not if the heap has room above it */
        assert_int_equal(nmapped, in_field ? pages_for(kept) : 0);
        assert_true(kept >= 4 * LARGE ? in_field : kept >= LARGE || !in_field);
    }
    put(p);
    p = get(LARGE);
    assert_ptr_equal(realloc(p, LARGE + 1), p); /* the last page has room */
    brk_limit = brk;
    while (malloc(4000) != 0)
        ;
    assert_ptr_equal(realloc(p, 5000), p); /* no room in the heap: it stays, but is cut */
    assert_int_equal(nmapped, pages_for(5000));
    put(p);
    assert_int_equal(nmapped, 0);
}

/* The program moves the break itself, by odd amounts. */
static void test_foreign_break(void **state)
{
    char *all[40], *own[40];

    (void)state;
    for (int i = 0; i < 40; i++) {
        all[i] = get(50000);
        host_memset(all[i], i, 50000);
        own[i] = sbrk(13 * i);
        host_memset(own[i], 0xaa, 13 * i);
    }
    assert_true(nregions > 10);
    for (int i = 0; i < 40; i++) {
        for (int j = 0; j < 50000; j++)
            assert_int_equal((uchar)all[i][j], i);
        put(all[i]);
        for (int j = 0; j < 13 * i; j++)
            assert_int_equal((uchar)own[i][j], 0xaa);
    }
}

static void test_clearing(void **state)
{
    (void)state;
    char *p = get(300);
    host_memset(p, 1, 300);
    put(p);
    char *q = calloc(30, 10);
    assert_ptr_equal(q, p);
    for (int i = 0; i < 300; i++)
        assert_int_equal(q[i], 0);
    assert_non_null(calloc(0, 5));
}

static void test_resizing(void **state)
{
    (void)state;
    char *p = get(0);
    int n = 0;
    for (int size = 1; size < 3000; size += 37) {
        p = realloc(p, size);
        assert_non_null(p);
        check_heap();
        for (int i = 0; i < n; i++)
            assert_int_equal((uchar)p[i], i % 251);
        for (; n < size; n++)
            p[n] = n % 251;
    }
    assert_int_equal(check_region(regions[0]), 1); /* grew in place */
    get(1);
    char *moved = realloc(p, 6000);
    assert_ptr_not_equal(moved, p);
    for (int i = 0; i < n; i++)
        assert_int_equal((uchar)moved[i], i % 251);
    assert_ptr_equal(realloc(moved, 20), moved);
    check_heap();
    assert_non_null(realloc(0, 10));
}

static void test_random(void **state)
{
    static struct {
        uchar *p;
        size_t n;
    } all[200];
    uint seed = 12345;

    (void)state;
    host_memset(all, 0, sizeof(all));
    for (int step = 0; step < 20000; step++) {
        seed = seed * 1664525 + 1013904223;
        int i = (seed >> 16) % 200;
        size_t n = (seed >> 8) % ((seed & 0x3000000) ? 300 : (seed & 0xc000000) ? 40000 : 300000);
        for (size_t j = 0; j < all[i].n; j += 17)
            assert_int_equal(all[i].p[j], (uchar)(i + j));
        if (all[i].p != 0 && seed >> 31) {
            free(all[i].p);
            all[i].p = 0;
            n = 0;
        } else {
            all[i].p = realloc(all[i].p, n);
            assert_non_null(all[i].p);
        }
        all[i].n = n;
        for (size_t j = 0; j < n; j++)
            all[i].p[j] = i + j;
        if (step == 0)
            regions[nregions++] = (struct chunk *)arena;
        if (step % 16 == 0)
            check_heap();
    }
    for (int i = 0; i < 200; i++)
        put(all[i].p);
    assert_true(brk < 2 << 20);
    assert_int_equal(nmapped, 0);
}

static void expect_end(void *p, const char *part)
{
    message[0] = 0;
    if (setjmp(ended) == 0) {
        free(p);
        print_error("free(%p) was accepted\n", p);
        assert_true(0);
    }
    if (host_strstr(message, part) == 0)
        print_error("\"%s\" and not \"%s\"\n", message, part);
    assert_non_null(host_strstr(message, part));
    check_heap();
}

static void test_misuse(void **state)
{
    (void)state;
    char *a = get(40), *b = get(40), *c = get(40);
    put(b);
    expect_end(b, "free already");
    expect_end(a + 8, "not memory from malloc");
    put(a);
    expect_end(b, "free already");
    host_memset(c, 0xee, 40);
    expect_end(c + 16, "not memory from malloc");
    uint64 *above = (uint64 *)(c + 48);
    uint64 kept = *above;
    *above = 0;
    message[0] = 0;
    if (setjmp(ended) == 0)
        free(c);
    assert_non_null(host_strstr(message, "written beyond its end"));
    *above = kept;
    put(c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, reset)
    const struct CMUnitTest tests[] = {
        TEST(test_sizes),
        TEST(test_reuse),
        TEST(test_impossible),
        TEST(test_exhaustion),
        TEST(test_last_page),
        TEST(test_given_back),
        TEST(test_clearing),
        TEST(test_foreign_break),
        TEST(test_resizing),
        TEST(test_random),
        TEST(test_misuse),
        TEST(test_large),
        TEST(test_large_exhaustion),
        TEST(test_large_resizing),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
