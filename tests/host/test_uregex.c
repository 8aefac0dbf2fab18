/* user/lib/regex.c: a table, and random patterns against the host's POSIX basic expressions. */
#include <regex.h>
#include "tests/host/user_host.h"
#include "user/lib/string.c"
#define regex user_regex
#include "user/lib/regex.c"

static int matches(const char *pattern, const char *text, int ignore_case)
{
    struct regex re;

    assert_null(regex_compile(&re, pattern, ignore_case));
    return regex_match(&re, text, strlen(text));
}

static void test_table(void **state)
{
    static const struct {
        const char *pattern, *text;
        int match;
    } all[] = {
        {"", "", 1},
        {"", "any", 1},
        {"^$", "", 1},
        {"^$", "x", 0},
        {"abc", "xabcx", 1},
        {"abc", "abxc", 0},
        {"^abc", "abcx", 1},
        {"^abc", "xabc", 0},
        {"abc$", "xabc", 1},
        {"abc$", "abcx", 0},
        {"a.c", "abc", 1},
        {"a.c", "ac", 0},
        {"ab*c", "ac", 1},
        {"ab*c", "abbbbc", 1},
        {"ab*c", "abxc", 0},
        {"^.*$", "all", 1},
        {"[a-c]x", "bx", 1},
        {"[a-c]x", "dx", 0},
        {"[^a-c]x", "dx", 1},
        {"[^a-c]x", "bx", 0},
        {"[]]", "]", 1},
        {"[^]]", "]", 0},
        {"[a-]", "-", 1},
        {"[.]", "x", 0},
        {"[0-9]*$", "a12", 1},
        {"^[0-9]*$", "1a", 0},
        {"\\.", "a", 0},
        {"\\.", ".", 1},
        {"\\*", "*", 1},
        {"\\\\", "\\", 1},
        {"\\\\.", "\\x", 1},
        {"\\\\.", "\\", 0},
        {"*a", "*a", 1},
        {"a^b", "a^b", 1},
        {"a$b", "a$b", 1},
        {"\\^a", "x^a", 1},
        {"a\\$", "a$", 1},
        {"a\\$", "a", 0},
        {"a\\*b", "a*b", 1},
        {"a\\*b", "aab", 0},
        {".", "", 0},
        {"x*", "", 1},
        {"^x*y", "xxxy", 1},
        {"\xe4", "\xe4", 1},
        {".", "\xff", 1},
        {"[\x80-\xff]", "a", 0},
        {"[\x80-\xff]", "\x90", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (matches(all[i].pattern, all[i].text, 0) != all[i].match)
            print_error("pattern %s text %s\n", all[i].pattern, all[i].text);
        assert_int_equal(matches(all[i].pattern, all[i].text, 0), all[i].match);
    }
}

static void test_ignore_case(void **state)
{
    (void)state;
    assert_int_equal(matches("Abc", "xaBCx", 1), 1);
    assert_int_equal(matches("[a-c]", "B", 1), 1);
    assert_int_equal(matches("[^a-c]", "B", 1), 0);
    assert_int_equal(matches("Abc", "abc", 0), 0);
}

static void test_wrong_patterns(void **state)
{
    char many[REGEX_MAX + 2];
    struct regex re;

    (void)state;
    assert_non_null(regex_compile(&re, "a[bc", 0));
    assert_non_null(regex_compile(&re, "[", 0));
    assert_non_null(regex_compile(&re, "[]", 0));
    assert_non_null(regex_compile(&re, "[^", 0));
    assert_non_null(regex_compile(&re, "[z-a]", 0));
    assert_non_null(regex_compile(&re, "a\\", 0));
    memset(many, 'a', sizeof(many));
    many[REGEX_MAX + 1] = 0;
    assert_non_null(regex_compile(&re, many, 0));
    many[REGEX_MAX] = 0;
    assert_null(regex_compile(&re, many, 0));
    assert_int_equal(regex_match(&re, many, REGEX_MAX), 1);
    assert_int_equal(regex_match(&re, many, REGEX_MAX - 1), 0);
}

/* A pattern on which matchers that try one way after the other take a very long time. */
static void test_no_backtracking(void **state)
{
    char text[20000], pattern[61];

    (void)state;
    for (int i = 0; i < 30; i++)
        memcpy(pattern + 2 * i, "a*", 2);
    pattern[60] = 0;
    strcpy(pattern + 58, "b");
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = 0;
    assert_int_equal(matches(pattern, text, 0), 0);
}

static uint seed = 1;

static uint random_below(uint n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void random_text(char *to, uint most, const char *const *pieces, uint n)
{
    uint count = random_below(most + 1);

    *to = 0;
    for (uint i = 0; i < count; i++) {
        const char *piece = pieces[random_below(n)];
        if (*piece == '*' && (to[0] == 0 || to[strlen(to) - 1] == '*'))
            continue; /* POSIX leaves ** open */
        strcpy(to + strlen(to), piece);
    }
}

static void test_random(void **state)
{
    const char *const pattern_pieces[] = {"a", "b",    "c",    ".",     "*",   "*",  "^",
                                          "$", "[ab]", "[^a]", "[b-c]", "\\.", "\\*"};
    const char *const text_pieces[] = {"a", "b", "c", "a", "b", ".", "*", "^", "$"};
    char pattern[100], text[100];
    int hits = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct re_pattern_buffer host;
        random_text(pattern, 7, pattern_pieces, 13);
        assert_int_equal(regcomp(&host, pattern, REG_NOSUB), 0);
        for (int j = 0; j < 5; j++) {
            random_text(text, 8, text_pieces, 9);
            int expected = regexec(&host, text, 0, 0, 0) == 0;
            if (matches(pattern, text, 0) != expected)
                print_error("pattern %s text %s\n", pattern, text);
            assert_int_equal(matches(pattern, text, 0), expected);
            hits += expected;
        }
        regfree(&host);
    }
    assert_in_range(hits, 10000, 90000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),          cmocka_unit_test(test_ignore_case),
        cmocka_unit_test(test_wrong_patterns), cmocka_unit_test(test_no_backtracking),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
