/* Memory and string functions against the C library's, for all small lengths and alignments. */
#include "tests/host/unit.h"

static void *(*const libc_memset)(void *, int, size_t) = memset;
static void *(*const libc_memmove)(void *, const void *, size_t) = memmove;
static int (*const libc_memcmp)(const void *, const void *, size_t) = memcmp;

#include "tests/host/seed.h"
/* Beside the C library's functions, not instead of them. */
#define memset  k_memset
#define memcpy  k_memcpy
#define memmove k_memmove
#define memcmp  k_memcmp
#define strlen  k_strlen
#define strcmp  k_strcmp
#define strncmp k_strncmp
#define strlcpy k_strlcpy
#include "kernel/lib/string.c"

#define ROOM 256

/* Exactly n bytes at `shift` from a word boundary, so that ASan sees any access outside them. */
struct buffer {
    uint8 *base, *at;
};

static struct buffer buffer_new(unsigned long shift, unsigned long n)
{
    struct buffer b = {.base = malloc(shift + n + (shift + n == 0))};
    assert_non_null(b.base);
    assert_int_equal((uint64)b.base % 8, 0);
    b.at = b.base + shift;
    for (unsigned long i = 0; i < n; i++)
        b.at[i] = (uint8)random_below(256);
    return b;
}

static void test_memset(void **state)
{
    (void)state;
    for (unsigned long shift = 0; shift < 8; shift++) {
        for (unsigned long n = 0; n < ROOM; n++) {
            struct buffer b = buffer_new(shift, n), want = buffer_new(shift, n);
            int byte = (int)random_below(512);
            libc_memset(want.at, byte, n);
            assert_ptr_equal(memset(b.at, byte, n), b.at);
            assert_int_equal(libc_memcmp(b.at, want.at, n), 0);
            free(b.base);
            free(want.base);
        }
    }
}

static void test_memcpy(void **state)
{
    (void)state;
    for (unsigned long shift = 0; shift < 64; shift++) {
        for (unsigned long n = 0; n < ROOM; n++) {
            struct buffer src = buffer_new(shift / 8, n), dst = buffer_new(shift % 8, n);
            assert_ptr_equal(memcpy(dst.at, src.at, n), dst.at);
            assert_int_equal(libc_memcmp(dst.at, src.at, n), 0);
            free(src.base);
            free(dst.base);
        }
    }
}

static void test_memmove_overlapping(void **state)
{
    uint8 bytes[ROOM * 2], want[sizeof bytes];

    (void)state;
    for (int round = 0; round < 100000; round++) {
        unsigned long n = random_below(ROOM);
        unsigned long from = random_below(sizeof bytes - n), to;
        do {
            to = from + random_below(160) - 80;
        } while (to > sizeof bytes - n);
        for (unsigned long i = 0; i < sizeof bytes; i++)
            bytes[i] = want[i] = (uint8)random_below(256);
        libc_memmove(want + to, want + from, n);
        assert_ptr_equal(memmove(bytes + to, bytes + from, n), bytes + to);
        assert_int_equal(libc_memcmp(bytes, want, sizeof bytes), 0);
    }
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void test_memcmp(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        unsigned long n = random_below(80);
        struct buffer a = buffer_new(random_below(8), n), b = buffer_new(random_below(8), n);
        libc_memmove(b.at, a.at, n);
        if (n > 0 && random_below(4) > 0)
            b.at[random_below(n)] = (uint8)random_below(256);
        assert_int_equal(sign(memcmp(a.at, b.at, n)), sign(libc_memcmp(a.at, b.at, n)));
        free(a.base);
        free(b.base);
    }
}

static void test_strings(void **state)
{
    (void)state;
    assert_int_equal(strlen(""), 0);
    assert_int_equal(strlen("init"), 4);
    assert_int_equal(strcmp("", ""), 0);
    assert_int_equal(strcmp("same", "same"), 0);
    assert_true(strcmp("ab", "abc") < 0);
    assert_true(strcmp("abd", "abc") > 0);
    assert_true(strcmp("\x80", "\x7f") > 0);
    assert_int_equal(strncmp("abX", "abY", 2), 0);
    assert_true(strncmp("abX", "abY", 3) < 0);
    assert_int_equal(strncmp("ab", "ab\0z", 4), 0);
    assert_int_equal(strncmp("x", "y", 0), 0);
}

static void test_strlcpy(void **state)
{
    char dst[6];

    (void)state;
    for (unsigned long size = 0; size <= sizeof dst; size++) {
        libc_memset(dst, '#', sizeof dst);
        assert_int_equal(strlcpy(dst, "four", size), 4);
        unsigned long copied = size == 0 ? 0 : size - 1 < 4 ? size - 1 : 4;
        assert_int_equal(libc_memcmp(dst, "four", copied), 0);
        if (size > 0)
            assert_int_equal(dst[copied], '\0');
        for (unsigned long i = size > 0 ? copied + 1 : 0; i < sizeof dst; i++)
            assert_int_equal(dst[i], '#');
    }
}

static void test_pages(void **state)
{
    struct buffer a = buffer_new(0, PAGE_BYTES), b = buffer_new(0, PAGE_BYTES);

    (void)state;
    page_copy(b.at, a.at);
    assert_int_equal(libc_memcmp(a.at, b.at, PAGE_BYTES), 0);
    page_clear(b.at);
    for (int i = 0; i < PAGE_BYTES; i++)
        assert_int_equal(b.at[i], 0);
    free(a.base);
    free(b.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memset),  cmocka_unit_test(test_memcpy),
        cmocka_unit_test(test_memcmp),  cmocka_unit_test(test_memmove_overlapping),
        cmocka_unit_test(test_strings), cmocka_unit_test(test_strlcpy),
        cmocka_unit_test(test_pages),
    };

    random_start();
    return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}
