/*
 * user/lib/format.c, printf.c and snprintf.c: every combination of flags, width, precision and
 * value against the host's printf, what is ours alone, and what is written when writes fail.
 */
#include "tests/host/user_host.h"
#include "user/lib/string.c"
#include "user/lib/format.c"
#include "user/lib/printf.c"
#include "user/lib/snprintf.c"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat-truncation"

static char written[2000];
static int nwritten, nwrites, at_once, writes_left;

int write(int fd, const void *from, int n)
{
    assert_int_equal(fd, 2);
    nwrites++;
    if (writes_left-- == 0)
        return -1;
    if (n > at_once)
        n = at_once;
    assert_in_range(nwritten + n, 0, sizeof(written) - 1);
    host_memcpy(written + nwritten, from, n);
    nwritten += n;
    written[nwritten] = 0;
    return n;
}

static void restart(int bytes_at_once, int writes)
{
    nwritten = nwrites = 0;
    written[0] = 0;
    at_once = bytes_at_once;
    writes_left = writes;
}

static void same(const char *format, ...)
{
    char ours[600], theirs[600];
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(ours, sizeof(ours), format, args);
    int m = host_vsnprintf(theirs, sizeof(theirs), format, again);
    va_end(args);
    va_end(again);
    if (n != m || host_strcmp(ours, theirs) != 0)
        print_error("format \"%s\": \"%s\" and not \"%s\"\n", format, ours, theirs);
    assert_int_equal(n, m);
    assert_string_equal(ours, theirs);
}

/* The format % FLAGS TAIL; the flags are chosen by the bits of i. */
static void make_format(char *to, int i, const char *tail)
{
    const char flags[] = "-0+ #";

    *to++ = '%';
    for (int bit = 0; bit < 5; bit++)
        if (i >> bit & 1)
            *to++ = flags[bit];
    strcpy(to, tail);
}

static void test_integers(void **state)
{
    const int values[] = {0, 1, -1, 9, 10, 255, -4096, 2147483647, -2147483647 - 1};
    const char *tails[] = {"d",   "i",   "u",   "x",   "X",    "1d",   "8d",   "12x",
                           ".0d", ".0x", ".5d", ".5x", "8.3d", "3.8d", "9.4X", "12.11u"};
    char format[32];

    (void)state;
    for (int flags = 0; flags < 32; flags++)
        for (size_t t = 0; t < sizeof(tails) / sizeof(tails[0]); t++)
            for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                make_format(format, flags, tails[t]);
                same(format, values[v]);
            }
}

static void test_longs(void **state)
{
    const long values[] = {0, -1, 0x7fffffffffffffff, -0x7fffffffffffffff - 1, 123456789012};
    const char *tails[] = {"ld",  "li",  "lu", "lx",   "lX",     "lld",
                           "llu", "llx", "zu", "25ld", "25.22lx"};
    char format[32];

    (void)state;
    for (int flags = 0; flags < 32; flags++)
        for (size_t t = 0; t < sizeof(tails) / sizeof(tails[0]); t++)
            for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                make_format(format, flags, tails[t]);
                same(format, values[v]);
            }
}

static void test_text(void **state)
{
    char unterminated[3] = {'a', 'b', 'c'};

    (void)state;
    same("plain");
    same("");
    same("%%|%c|%5c|%-5c|", 'a', 'b', 'c');
    same("%s|%10s|%-10s|%.2s|%.0s|%10.3s|", "one", "two", "three", "four", "five", "six");
    same("%.3s|%.2s", unterminated, unterminated);
    same("%*d|%-*d|%*d|%.*d|%.*s|%.*d", 5, 1, 5, 2, -5, 3, 4, 4, 2, "five", -1, 6);
    same("%d %s %lx %c %u%%", -1, "mixed", 255l, 'x', 7u);
    same("%300d|%-300s|", 1, "x");
}

static void test_own(void **state)
{
    char text[100];

    (void)state;
    snprintf(text, sizeof(text), "%p|%p", (void *)0x1234abcd, (void *)0);
    assert_string_equal(text, "0x000000001234abcd|0x0000000000000000");
    snprintf(text, sizeof(text), "%s|%.3s", (char *)0, (char *)0);
    assert_string_equal(text, "(null)|(nu");
    snprintf(text, sizeof(text), "%l|%l.", 12345678901l, -1l);
    assert_string_equal(text, "12345678901|-1.");
    snprintf(text, sizeof(text), "%q %5y %d", 7);
    assert_string_equal(text, "%q %5y 7");
    assert_int_equal(snprintf(text, sizeof(text), "end%"), 4);
    assert_string_equal(text, "end%");
    assert_int_equal(snprintf(text, sizeof(text), "end%-08"), 7);
    assert_string_equal(text, "end%-08");
    assert_int_equal(snprintf(text, 4, "%c%s", 0, "long"), 5);
    assert_memory_equal(text, "\0lo", 4);
    text[0] = 'k';
    assert_int_equal(snprintf(text, 0, "%d", 100), 3);
    assert_int_equal(text[0], 'k');
    assert_int_equal(snprintf(text, sizeof(text), "%99999999999d", 1), 1 << 20);
}

static void test_one_write(void **state)
{
    (void)state;
    restart(1000, -1);
    assert_int_equal(fprintf(2, "%d and %s\n", 12, "words"), 13);
    assert_string_equal(written, "12 and words\n");
    assert_int_equal(nwrites, 1);
    assert_int_equal(fprintf(2, "%s", ""), 0);
    assert_int_equal(nwrites, 1);
}

static void test_long_output(void **state)
{
    (void)state;
    restart(1000, -1);
    assert_int_equal(fprintf(2, "%0600d", 1), 600);
    assert_int_equal(nwritten, 600);
    assert_int_equal(written[598], '0');
    assert_int_equal(written[599], '1');
    assert_int_equal(nwrites, 3);
}

static void test_partial_writes(void **state)
{
    (void)state;
    restart(7, -1);
    assert_int_equal(fprintf(2, "%s", "a text of some thirty letters."), 30);
    assert_string_equal(written, "a text of some thirty letters.");
}

static void test_failing_writes(void **state)
{
    (void)state;
    restart(1000, 0);
    assert_int_equal(fprintf(2, "x"), -1);
    restart(5, 1);
    assert_int_equal(fprintf(2, "1234567890"), -1);
    assert_int_equal(nwritten, 5);
    restart(1000, 1);
    assert_int_equal(fprintf(2, "%700d", 1), -1);
    assert_int_equal(nwrites, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),       cmocka_unit_test(test_longs),
        cmocka_unit_test(test_text),           cmocka_unit_test(test_own),
        cmocka_unit_test(test_one_write),      cmocka_unit_test(test_long_output),
        cmocka_unit_test(test_partial_writes), cmocka_unit_test(test_failing_writes),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
