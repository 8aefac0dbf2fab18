/* user/sh/input.c: lines out of blocks of any size, and what is left for others on descriptor 0. */
#include "tests/host/user_host.h"
#include "user/lib/string.c"
#include "user/sh/input.c"

static const char *source;
static int left, most_at_once, fails;

int read(int from, void *to, int n)
{
    assert_true(from == 0 || from == NOFILE - 1);
    if (fails)
        return -1;
    if (n > most_at_once)
        n = most_at_once;
    if (n > left)
        n = left;
    host_memcpy(to, source, n);
    source += n;
    left -= n;
    return n;
}

int open(const char *path, int flags)
{
    assert_int_equal(flags, O_RDONLY);
    return *path == '!' ? -1 : 3;
}

int dup2(int from, int to)
{
    assert_int_equal(from, 3);
    return to;
}

int close(int closed)
{
    (void)closed;
    return 0;
}

static void feed(const char *bytes, int n, int at_once)
{
    source = bytes;
    left = n;
    most_at_once = at_once;
    fails = 0;
    next = end = 0;
}

static void expect(enum input_result result, const char *expected)
{
    static char line[SH_LINE_MAX];

    assert_int_equal(input_line(line), result);
    if (result == INPUT_LINE)
        assert_string_equal(line, expected);
}

static void test_lines(void **state)
{
    static const char script[] = "first\n\nthird line\nno newline";

    (void)state;
    for (int at_once = 1; at_once < 40; at_once++) {
        assert_int_equal(input_from_file("script"), 0);
        feed(script, sizeof(script) - 1, at_once);
        expect(INPUT_LINE, "first");
        expect(INPUT_LINE, "");
        expect(INPUT_LINE, "third line");
        expect(INPUT_LINE, "no newline");
        expect(INPUT_END, 0);
        expect(INPUT_END, 0);
    }
    assert_int_equal(input_from_file("!missing"), -1);
}

static void test_string(void **state)
{
    (void)state;
    input_close();
    input_from_string("a; b\nc");
    expect(INPUT_LINE, "a; b");
    expect(INPUT_LINE, "c");
    expect(INPUT_END, 0);
}

static void test_rest_is_left(void **state)
{
    static const char bytes[] = "cat\nfor cat";

    (void)state;
    input_from_stdin(0);
    feed(bytes, sizeof(bytes) - 1, 100);
    expect(INPUT_LINE, "cat");
    assert_string_equal(source, "for cat");
}

static void test_binary(void **state)
{
    static const char bytes[] = "a\0b\nplain\n\0";

    (void)state;
    input_from_stdin(1);
    feed(bytes, sizeof(bytes) - 1, 100);
    expect(INPUT_BINARY, 0);
    expect(INPUT_LINE, "plain");
    expect(INPUT_BINARY, 0);
    expect(INPUT_END, 0);
}

static void test_long_lines(void **state)
{
    static char bytes[3 * SH_LINE_MAX];

    (void)state;
    input_from_stdin(1);
    for (int n = SH_LINE_MAX - 2; n < SH_LINE_MAX + 3; n++) {
        static char line[SH_LINE_MAX];
        memset(bytes, 'x', sizeof(bytes));
        bytes[n] = '\n';
        strcpy(bytes + n + 1, "next\n");
        feed(bytes, n + 6, 512);
        int result = input_line(line);
        assert_int_equal(result, n < SH_LINE_MAX ? INPUT_LINE : INPUT_LONG);
        if (result == INPUT_LINE)
            assert_int_equal(strlen(line), n);
        expect(INPUT_LINE, "next");
    }
}

static void test_error(void **state)
{
    (void)state;
    input_from_stdin(1);
    feed("x\n", 2, 100);
    fails = 1;
    expect(INPUT_ERROR, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),  cmocka_unit_test(test_string),
        cmocka_unit_test(test_binary), cmocka_unit_test(test_rest_is_left),
        cmocka_unit_test(test_error),  cmocka_unit_test(test_long_lines),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
