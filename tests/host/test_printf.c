// sources: tests/host/sync_shim.c tests/host/panic_shim.c
/* Formatting against the C library's, and how printf() passes bytes on. */
#include "tests/host/unit.h"

#include "tests/host/panic_shim.h"
#include "tests/host/seed.h"

static int (*const libc_snprintf)(char *, size_t, const char *, ...) = snprintf;

#define printf    k_printf
#define vprintf   k_vprintf
#define snprintf  k_snprintf
#define vsnprintf k_vsnprintf
#include "kernel/lib/printf.c"

/* Both must write the same and return the same, whatever the size of the buffer. */
#define same(...)                                                                                  \
    do {                                                                                           \
        char want[400], got[400];                                                                  \
        int length = libc_snprintf(want, sizeof want, __VA_ARGS__);                                \
        assert_int_equal(snprintf(got, sizeof got, __VA_ARGS__), length);                          \
        assert_string_equal(got, want);                                                            \
        for (uint64 size = 0; size < (uint64)length; size += 1 + (uint64)length / 4) {             \
            got[size] = '#';                                                                       \
            assert_int_equal(snprintf(got, size, __VA_ARGS__), length);                            \
            assert_int_equal(got[size], '#');                                                      \
            if (size > 0)                                                                          \
                assert_true(strlen(got) == size - 1 && !strncmp(got, want, size - 1));             \
        }                                                                                          \
    } while (0)

static void test_plain(void **state)
{
    (void)state;
    same("%s", "");
    same("plain text");
    same("100%%");
    same("%d %i %u %x %X", -1, 0, ~0U, 0xbeefU, 0xbeefU);
    same("%ld %lu %lx %lX", -1L, ~0UL, ~0UL, ~0UL);
    same("%lld %llu %zu", -5LL, 5ULL, (size_t)5);
    same("%d %ld", -2147483647 - 1, (long)(-9223372036854775807L - 1));
    same("%c%c", 'o', 'k');
    same("%s|%10s|%-10s|%.2s|%10.2s", "abc", "abc", "abc", "abc", "abc");
    same("%*d|%-*d|%*d|%.*d", 6, 42, 6, 42, -6, 42, 4, 42);
    same("%.*s|%.*s", 2, "abc", -1, "abc");
    same("%5c|%-5c|", 'x', 'y');
    same("%p", (void *)0x1234);
}

static void test_numbers(void **state)
{
    static const char *const flags[] = {"", "-", "0", "+", "-+", "0+", "-0"};

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char fmt[32];
        const char *f = flags[random_below(7)];
        int width = (int)random_below(26), precision = (int)random_below(24);
        bool is_signed = random_below(2);
        long v = (long)(random_next(&random_state) >> random_below(64));
        if (random_below(2))
            v = -v;
        if (!is_signed && strchr(f, '+'))
            continue; /* has no meaning there */
        char type = is_signed ? 'd' : "uxX"[random_below(3)];
        if (random_below(2))
            libc_snprintf(fmt, sizeof fmt, "<%%%s%dl%c>", f, width, type);
        else
            libc_snprintf(fmt, sizeof fmt, "<%%%s%d.%dl%c>", f, width, precision, type);
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        same(fmt, v);
    }
}

static void test_odd(void **state)
{
    char got[32];
    const char *volatile nothing = NULL, *volatile unknown = "%q%";

    (void)state;
    snprintf(got, sizeof got, "%s", nothing);
    assert_string_equal(got, "(null)");
    snprintf(got, sizeof got, unknown);
    assert_string_equal(got, "q");
    assert_int_equal(snprintf(NULL, 0, "%d", 12345), 5);
}

static char console[4096];
static unsigned long printed, pieces, longest;
static bool lock_held;

static void record(const char *bytes, unsigned long n)
{
    assert_true(printed + n < sizeof console);
    memcpy(console + printed, bytes, n);
    printed += n;
    pieces++;
    longest = n > longest ? n : longest;
    lock_held = spin_held(&print_lock);
}

static void record_in_panic(const char *bytes, unsigned long n)
{
    record(bytes, n);
    console[printed++] = '!';
}

static void forget(void)
{
    memset(console, 0, sizeof console);
    printed = pieces = longest = 0;
}

static void test_console(void **state)
{
    (void)state;
    printf("nobody listens yet %d\n", 1);
    printf_set_sink(record);
    forget();
    printf("hart %d\n", 3);
    assert_string_equal(console, "hart 3\n");
    assert_int_equal(pieces, 1);
    assert_true(lock_held);
    assert_false(spin_held(&print_lock));
}

static void test_long_output(void **state)
{
    (void)state;
    forget();
    printf("%1000d%s", 7, "end");
    assert_int_equal(printed, 1003);
    assert_string_equal(console + 999, "7end");
    assert_true(longest <= PIECE);
}

/* The last test: nothing ends a panic. */
static void test_panic(void **state)
{
    (void)state;
    printf_set_panic_sink(record_in_panic);
    spin_lock(&print_lock);
    forget();
    printf_enter_panic();
    printf("panic");
    assert_string_equal(console, "panic!");
    spin_unlock(&print_lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),       cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_odd),         cmocka_unit_test(test_console),
        cmocka_unit_test(test_long_output), cmocka_unit_test(test_panic),
    };

    random_start();
    return cmocka_run_group_tests_name("printf", tests, NULL, NULL);
}
