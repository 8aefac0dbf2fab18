/*
 * user/sh/parse.c and expand.c: the tree of a line, written back as text with everything in
 * parentheses, the message for a wrong line, and what becomes of quotes.
 */
#include "tests/host/user_host.h"
#include "user/lib/string.c"
#include "user/sh/arena.c"
#include "user/sh/parse.c"
#include "user/sh/expand.c"

static struct arena arena;
static int blocks_left = -1; /* malloc() fails when it is 0 */

void *malloc(size_t n)
{
    if (blocks_left == 0)
        return 0;
    blocks_left--;
    return host_malloc(n);
}

void free(void *p)
{
    host_free(p);
}

static char text[100000];

static void add(const char *s)
{
    strcpy(text + host_strlen(text), s);
}

static void add_chains(const struct chain *c);

static void add_command(const struct command *c)
{
    char part[40];

    if (c->subshell != 0) {
        add("(");
        add_chains(c->subshell);
        add(")");
    }
    for (const struct word *w = c->words; w != 0; w = w->next) {
        add("<");
        add(expand_word(&arena, w, 7));
        add(">");
    }
    for (const struct redirect *r = c->redirects; r != 0; r = r->next) {
        char sign[] = {' ', '0' + r->fd, "rwac"[r->kind], 0};
        add(sign);
        part[0] = '0' + r->from;
        part[1] = 0;
        add(r->kind == REDIRECT_COPY ? part : expand_word(&arena, &r->file, 7));
    }
}

static void add_chains(const struct chain *c)
{
    for (; c != 0; c = c->next) {
        for (const struct pipeline *l = c->pipelines; l != 0; l = l->next) {
            int n = 0;
            add(l->when == IF_SUCCESS ? " && " : l->when == IF_FAILURE ? " || " : "");
            for (const struct command *k = l->commands; k != 0; k = k->next, n++) {
                add(n > 0 ? " | " : "");
                add_command(k);
            }
            assert_int_equal(n, l->ncommands);
        }
        add(c->background ? " &" : ";");
    }
}

/* The line means `expected`; 0: it is empty. */
static void means(const char *line, const char *expected)
{
    const char *error = "unset";
    struct chain *tree = parse_line(&arena, line, &error);

    text[0] = 0;
    if (error != 0)
        print_error("%s: %s\n", line, error);
    assert_null(error);
    add_chains(tree);
    if (expected == 0)
        assert_null(tree);
    else
        assert_string_equal(text, expected);
    arena_free(&arena);
}

/* The line is wrong, and the message has this part. */
static void is_wrong(const char *line, const char *part)
{
    const char *error;

    assert_null(parse_line(&arena, line, &error));
    if (error == 0 || host_strstr(error, part) == 0)
        print_error("line %s: %s\n", line, error != 0 ? error : "accepted");
    assert_non_null(error);
    assert_non_null(host_strstr(error, part));
    arena_free(&arena);
}

static void test_commands(void **state)
{
    (void)state;
    means("", 0);
    means("   \t ", 0);
    means("# nothing", 0);
    means("echo", "<echo>;");
    means("  echo  a b  ", "<echo><a><b>;");
    means("echo a#b # c", "<echo><a#b>;");
    means("a;b", "<a>;<b>;");
    means("a;b;", "<a>;<b>;");
    means("a & b", "<a> &<b>;");
    means("a&", "<a> &");
    means("a | b|c", "<a> | <b> | <c>;");
    means("a && b || c; d", "<a> && <b> || <c>;<d>;");
    means("a|b&&c|d&", "<a> | <b> && <c> | <d> &");
    means("(a)", "(<a>;);");
    means("(a; b) | c", "(<a>;<b>;) | <c>;");
    means("((a)&& (b|c)) >f", "((<a>;) && (<b> | <c>;);) 1wf;");
    means("a\r\n", "<a>;");
}

static void test_redirects(void **state)
{
    (void)state;
    means("a <b >c", "<a> 0rb 1wc;");
    means("a > b c >> d e", "<a><c><e> 1wb 1ad;");
    means("a 2>b 2>>c 0<d", "<a> 2wb 2ac 0rd;");
    means("a >b 2>&1", "<a> 1wb 2c1;");
    means("a >&2", "<a> 1c2;");
    means("a <&3", "<a> 0c3;");
    means("a 2> b", "<a> 2wb;");
    means("a2>b", "<a2> 1wb;");
    means("a 2 >b", "<a><2> 1wb;");
    means(">b", " 1wb;");
    means("<a cat", "<cat> 0ra;");
    means("a>\"b c\"", "<a> 1wb c;");
    means("(a) 2>b <c", "(<a>;) 2wb 0rc;");
}

static void test_quotes(void **state)
{
    (void)state;
    means("'a b'  \"c d\"", "<a b><c d>;");
    means("a'b'\"c\"d", "<abcd>;");
    means("'' \"\"", "<><>;");
    means("a\\ b \\; \\\\ \\' \\\"", "<a b><;><\\><'><\">;");
    means("'a\\b\"c' \"a\\b'c\"", "<a\\b\"c><a\\b'c>;");
    means("\"\\\"\\\\\\$?\"", "<\"\\$?>;");
    means("'|&;<>()#'", "<|&;<>()#>;");
    means("\"|&;<>()#\"", "<|&;<>()#>;");
    means("a\\", "<a\\>;");
    means("\\# '#'", "<#><#>;");
    means("\\2>f", "<2> 1wf;");
}

static void test_status(void **state)
{
    (void)state;
    means("$? a$?b \"$?\" '$?' \\$? $ $a", "<7><a7b><7><$?><$?><$><$a>;");
    means(">f$?", " 1wf7;");

    struct word w = {.text = "$?$?", .n = 4};
    assert_string_equal(expand_word(&arena, &w, -2147483647 - 1), "-2147483648-2147483648");
    assert_string_equal(expand_word(&arena, &w, 0), "00");
    arena_free(&arena);
}

static void test_wrong(void **state)
{
    (void)state;
    is_wrong("| a", "near |");
    is_wrong("a |", "end of the line");
    is_wrong("a | | b", "near |");
    is_wrong("a ||", "end of the line");
    is_wrong("&& a", "near &&");
    is_wrong("a && ; b", "near ;");
    is_wrong(";", "near ;");
    is_wrong("a ;; b", "near ;");
    is_wrong("& a", "near &");
    is_wrong("a & & b", "near &");
    is_wrong("a >", "file name");
    is_wrong("a > | b", "file name");
    is_wrong("a > >b", "file name");
    is_wrong("a 2>&", "descriptor");
    is_wrong("a >&x", "descriptor");
    is_wrong("a << b", "not supported");
    is_wrong("a 'b", "quote");
    is_wrong("a \"b\\\"", "quote");
    is_wrong("a >'b", "quote");
    is_wrong("(a", ") is missing");
    is_wrong("(a;", ") is missing");
    is_wrong("(", "end of the line");
    is_wrong("()", "near )");
    is_wrong("a)", "near )");
    is_wrong("(a))", "near )");
    is_wrong("(a) b", "word follows )");
    is_wrong("a (b)", "near (");
    is_wrong("(a)(b)", "near (");
}

static void test_limits(void **state)
{
    static char line[SH_LINE_MAX];
    const char *error;

    (void)state;
    memset(line, '(', SH_LINE_MAX - 1);
    is_wrong(line, "within each other");

    for (int i = 0; i < SH_LINE_MAX - 1; i++)
        line[i] = i % 2 ? '|' : 'a';
    line[SH_LINE_MAX - 1] = 0;
    struct chain *tree = parse_line(&arena, line, &error);
    assert_null(error);
    assert_int_equal(tree->pipelines->ncommands, SH_LINE_MAX / 2);
    arena_free(&arena);

    memset(line, 'x', SH_LINE_MAX - 1);
    tree = parse_line(&arena, line, &error);
    assert_int_equal(tree->pipelines->commands->words->n, SH_LINE_MAX - 1);
    arena_free(&arena);
}

/* Whatever fails for want of memory is reported, and nothing is lost (the sanitizer looks). */
static void test_no_memory(void **state)
{
    char line[2000];
    const char *error;

    (void)state;
    memset(line, 0, sizeof(line));
    for (int i = 0; i < 200; i++)
        strcpy(line + 6 * i, "a >b; ");
    for (int blocks = 0; blocks < 6; blocks++) {
        blocks_left = blocks;
        assert_null(parse_line(&arena, line, &error));
        assert_string_equal(error, "out of memory");
        arena_free(&arena);
    }
    blocks_left = -1;
    assert_non_null(parse_line(&arena, line, &error));
    arena_free(&arena);
}

/* Every line has either a tree or a message. */
static void test_garbage(void **state)
{
    static const char signs[] = "ab12 \t;&|<>()'\"\\$?#\x80\xff\x01";
    uint seed = 99;
    char line[64];
    int wrong = 0;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        const char *error = "unset";
        seed = seed * 1664525 + 1013904223;
        uint n = (seed >> 8) % (sizeof(line) - 1);
        for (uint j = 0; j < n; j++) {
            seed = seed * 1664525 + 1013904223;
            line[j] = signs[(seed >> 8) % (sizeof(signs) - 1)];
        }
        line[n] = 0;
        struct chain *tree = parse_line(&arena, line, &error);
        assert_true(tree == 0 || error == 0);
        text[0] = 0;
        add_chains(tree);
        wrong += error != 0;
        arena_free(&arena);
    }
    assert_in_range(wrong, 1000, 99000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),  cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_quotes),    cmocka_unit_test(test_status),
        cmocka_unit_test(test_wrong),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
