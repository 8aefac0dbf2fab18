/* The user library: formatted output, strings, lines, the heap. */
#include "user/extra.h"
#include "user/testlib/tests.h"

static int ends[2];

/* What went into the pipe is exactly `expected`. */
static void printed(const char *expected)
{
    int n = strlen(expected);
    SAME(write(ends[1], "", 1), 1);
    int got = MUST(read(ends[0], scratch, SCRATCH));
    while (got < n + 1 && scratch[got - 1] != 0)
        got += MUST(read(ends[0], scratch + got, SCRATCH - got));
    scratch[got] = 0;
    if (strcmp(scratch, expected) != 0) {
        fprintf(REPORT_FD, "printed \"%s\", expected \"%s\"\n", scratch, expected);
        exit(STATUS_FAILED);
    }
}

#define PRINTS(expected, ...) (fprintf(ends[1], __VA_ARGS__), printed(expected))

void print_formats(void)
{
    const char *volatile none = 0; /* volatile: else the compiler warns of it */
    MUST(pipe(ends));
    PRINTS("plain", "plain");
    PRINTS("0 -1 2147483647 -2147483648", "%d %d %d %d", 0, -1, 0x7fffffff, (int)1u << 31);
    PRINTS("4294967295 0", "%u %u", -1u, 0u);
    PRINTS("ff 0 80000000", "%x %x %x", 255, 0, 1u << 31);
    PRINTS("9223372036854775807 -9223372036854775808", "%ld %ld", -1ul >> 1, 1ul << 63);
    PRINTS("18446744073709551615 ffffffffffffffff", "%lu %lx", -1ul, -1ul);
    PRINTS("-7 8 9", "%lld %llu %llx", -7ll, 8ull, 9ull);
    PRINTS("[text] [] [x]", "[%s] [%s] [%c]", "text", "", 'x');
    PRINTS("100%", "100%%");
    fprintf(ends[1], "%s", none);
    SAME(write(ends[1], "", 1), 1);
    CHECK(read(ends[0], scratch, SCRATCH) > 1); /* something, and no fault */
}

void print_widths(void)
{
    MUST(pipe(ends));
    PRINTS("[   42] [42   ] [00042]", "[%5d] [%-5d] [%05d]", 42, 42, 42);
    PRINTS("[  -42] [-42  ] [-0042]", "[%5d] [%-5d] [%05d]", -42, -42, -42);
    PRINTS("[123456] [  ab] [ab  ]", "[%2d] [%4s] [%-4s]", 123456, "ab", "ab");
    PRINTS("[abc] [  abc] [007]", "[%.3s] [%5.3s] [%.3d]", "abcdef", "abcdef", 7);
    PRINTS("[    7] [x  ] [ab]", "[%*d] [%-*c] [%.*s]", 5, 7, 3, 'x', 2, "abc");
    PRINTS("[0x1f] [001f] [  1f]", "[%#x] [%04x] [%4x]", 31, 31, 31);
}

/* Output that is longer than any buffer arrives whole. */
void print_long(void)
{
    static char text[5000];
    MUST(pipe(ends));
    memset(text, 'l', sizeof text - 1);
    int pid = child_fork();
    if (pid == 0) {
        SAME(fprintf(ends[1], "<%s>", text), sizeof text + 1);
        exit(0);
    }
    SAME(close(ends[1]), 0);
    int got = 0, n;
    while ((n = MUST(read(ends[0], scratch + got, SCRATCH - got))) > 0)
        got += n;
    SAME(got, sizeof text + 1);
    SAME(scratch[0], '<');
    SAME(scratch[got - 1], '>');
    SAME(memcmp(scratch + 1, text, sizeof text - 1), 0);
    SAME(child_wait(pid), 0);
    SAME(fprintf(40, "nobody"), -1);
}

/* memset, memcpy, memmove, memcmp against the obvious loops, at all alignments. */
static void check_copies(int from, int to, int n)
{
    static uchar real[160], plain[160];
    for (int i = 0; i < 160; i++)
        real[i] = plain[i] = (uchar)(i * 7 + 3);
    CHECK(memmove(real + to, real + from, n) == real + to);
    if (to < from)
        for (int i = 0; i < n; i++)
            plain[to + i] = plain[from + i];
    else
        for (int i = n - 1; i >= 0; i--)
            plain[to + i] = plain[from + i];
    for (int i = 0; i < 160; i++)
        SAME(real[i], plain[i]);
    SAME(memcmp(real, plain, sizeof real), 0);
    CHECK(memset(real + from, 0x1a5, n) == real + from);
    for (int i = 0; i < n; i++)
        plain[from + i] = 0xa5;
    for (int i = 0; i < 160; i++)
        SAME(real[i], plain[i]);
}

void string_memory(void)
{
    for (int from = 32; from < 41; from++)
        for (int to = 29; to < 46; to++)
            for (int n = 0; n < 70; n += n < 20 ? 1 : 7)
                check_copies(from, to, n);
    CHECK(memcmp("abc", "abd", 3) < 0 && memcmp("b", "a", 1) > 0 && memcmp("x", "y", 0) == 0);
    CHECK(memcmp("a\xff", "a\x01", 2) > 0);
}

void string_text(void)
{
    char to[40];
    for (uint n = 0; n < 30; n++) {
        memset(to, 'x', sizeof to);
        to[5 + n] = 0;
        SAME(strlen(to + 5), n);
        CHECK(strcpy(scratch + 1, to + 5) == scratch + 1);
        SAME(strcmp(scratch + 1, to + 5), 0);
    }
    CHECK(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("", "a") < 0);
    CHECK(strcmp("abc", "ab") > 0 && strcmp("\xff", "a") > 0);
    CHECK(strncmp("abcd", "abce", 3) == 0 && strncmp("abcd", "abce", 4) < 0);
    const char *word = "needle";
    CHECK(strchr(word, 'e') == word + 1 && strrchr(word, 'e') == word + 5);
    CHECK(strchr(word, 'x') == 0 && strchr(word, 0) == word + 6);
    SAME(atoi("0"), 0);
    SAME(atoi("123abc"), 123);
    SAME(atoi("x"), 0);
    SAME(atoi("2147483647"), 0x7fffffff);
}

void gets_lines(void)
{
    static const char input[] = "first\n\nthird line is long\nlast";
    char line[10];
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        SAME(dup2(ends[0], 0), 0);
        close(ends[0]);
        close(ends[1]);
        SAME(strcmp(gets(line, sizeof line), "first\n"), 0);
        SAME(strcmp(gets(line, sizeof line), "\n"), 0);
        SAME(strcmp(gets(line, sizeof line), "third lin"), 0);
        SAME(strcmp(gets(line, sizeof line), "e is long"), 0);
        SAME(strcmp(gets(line, sizeof line), "\n"), 0);
        SAME(strcmp(gets(line, sizeof line), "last"), 0);
        SAME(strcmp(gets(line, sizeof line), ""), 0);
        exit(0);
    }
    SAME(write(ends[1], input, sizeof input - 1), sizeof input - 1);
    SAME(close(ends[0]) + close(ends[1]), 0);
    SAME(child_wait(pid), 0);
}

void malloc_resize(void)
{
    char *p = malloc(100), *q;
    CHECK(p != 0);
    data_fill(p, 1, 0, 100);
    for (int n = 200; n < 100000; n *= 3) {
        p = realloc(p, n);
        CHECK(p != 0 && data_good(p, 1, 0, 100));
    }
    p = realloc(p, 50);
    CHECK(p != 0 && data_good(p, 1, 0, 50));
    CHECK(realloc(p, 1ul << 50) == 0);
    CHECK(data_good(p, 1, 0, 50));
    q = calloc(1000, 17);
    CHECK(q != 0);
    for (int i = 0; i < 17000; i++)
        SAME(q[i], 0);
    CHECK(calloc(1ul << 40, 1ul << 40) == 0);
    free(p);
    free(q);
}

struct block {
    uchar *at;
    int size, seed;
};

static void malloc_round(struct block *b)
{
    if (b->at) {
        CHECK(data_good(b->at, b->seed, 0, b->size));
        free(b->at);
        b->at = 0;
        return;
    }
    uint64 r = data_random();
    b->size = r % 10 ? (int)(r >> 8) % 300 : (int)(r >> 8) % 20000;
    b->size = b->size < 0 ? -b->size : b->size;
    b->seed = (int)(r >> 40);
    b->at = malloc(b->size);
    CHECK(b->at != 0);
    SAME((long)b->at % 16, 0);
    data_fill(b->at, b->seed, 0, b->size);
}

void malloc_random(void)
{
    static struct block blocks[100];
    for (int i = 0; i < 4000; i++)
        malloc_round(&blocks[data_random() % 100]);
    long end = (long)sbrk(0);
    for (int i = 0; i < 4000; i++)
        malloc_round(&blocks[data_random() % 100]);
    CHECK((long)sbrk(0) - end < 1 << 20); /* freed memory is used again */
}

void malloc_too_much(void)
{
    CHECK(malloc(1ul << 40) == 0);
    CHECK(malloc(-1ul) == 0);
    CHECK(malloc(-100ul) == 0);
    char *p = malloc(300000);
    CHECK(p != 0);
    data_fill(p, 1, 0, 300000);
    char *q = malloc(0);
    free(q);
    free(0);
    CHECK(data_good(p, 1, 0, 300000));
    free(p);
}

/* --- large blocks are mappings of their own --------------------------------------------------- */

#define BLOCK 400000 /* bytes */

static long promised(void)
{
    return (long)kernel_now().frames_committed;
}

/* Their memory comes back at once, whatever lives beside them. */
void malloc_large(void)
{
    enum { BLOCKS = 6, FRAMES = BLOCK / PGSIZE };
    char *block[BLOCKS];
    long before = promised();
    for (int i = 0; i < BLOCKS; i++) {
        block[i] = malloc(BLOCK);
        CHECK(block[i] != 0);
        SAME((long)block[i] % 16, 0);
        data_fill(block[i], i, 0, BLOCK);
    }
    long with = promised();
    CHECK(with >= before + BLOCKS * FRAMES);
    for (int i = 0; i < BLOCKS; i += 2)
        free(block[i]);
    CHECK(promised() <= with - BLOCKS / 2 * FRAMES);
    for (int i = 1; i < BLOCKS; i += 2) {
        CHECK(data_good(block[i], i, 0, BLOCK));
        free(block[i]);
    }
    SAME(promised(), before);
    char *clear = calloc(BLOCK, 1);
    CHECK(clear != 0);
    for (int i = 0; i < BLOCK; i++)
        SAME(clear[i], 0);
    free(clear);
}

/* Up and down, and from the heap into a mapping and back. */
void malloc_large_resize(void)
{
    static const int sizes[] = {100, 140000, 140010, 2000000, 300000, 90000, 131072, 10};
    char *p = 0;
    int have = 0;
    for (uint i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        p = realloc(p, sizes[i]);
        CHECK(p != 0);
        SAME((long)p % 16, 0);
        CHECK(data_good(p, (int)i, 0, have < sizes[i] ? have : sizes[i]));
        data_fill(p, (int)i + 1, 0, sizes[i]);
        have = sizes[i];
    }
    free(p);
}

void malloc_large_exhaustion(void)
{
    size_t all = kernel_now().frames_limit * PGSIZE;
    char *p = malloc(all / 8);
    CHECK(p != 0);
    data_fill(p, 1, 0, BLOCK);
    CHECK(malloc(all) == 0);
    CHECK(realloc(p, all) == 0);
    CHECK(data_good(p, 1, 0, BLOCK));
    free(p);
    p = malloc(all / 2);
    CHECK(p != 0);
    free(p);
}
