/*
 * user/lib/string.c, strings.c and misc.c against the host's functions: all alignments and lengths
 * around the word size, in buffers that end where the sanitizer watches.
 */
#include "tests/host/user_host.h"
#include "user/lib/string.c"
#include "user/lib/strings.c"
#include "user/lib/misc.c"

#define OFFSETS 8
#define LENGTHS 80

/* What the functions under test call. */
static const char *input = "";

int open(const char *path, int flags)
{
    (void)flags;
    return *path == '!' ? -1 : 7;
}

int close(int fd)
{
    assert_int_equal(fd, 7);
    return 0;
}

int fstat(int fd, struct stat *st)
{
    assert_int_equal(fd, 7);
    st->type = T_FILE;
    return 0;
}

char *sys_sbrk(int n, int mode)
{
    return (char *)(long)(n * 10 + mode);
}

int read(int fd, void *to, int n)
{
    assert_int_equal(fd, 0);
    assert_int_equal(n, 1);
    if (*input == 0)
        return 0;
    *(char *)to = *input++;
    return 1;
}

void *malloc(size_t n)
{
    return host_malloc(n);
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

/* `size` bytes at the given offset from a word, and nothing after them. */
static char *at_end(char **block, int offset, size_t size)
{
    *block = host_malloc(offset + size);
    return *block + offset;
}

static void fill(char *p, size_t n, int seed)
{
    for (size_t i = 0; i < n; i++)
        p[i] = 'a' + (i * 7 + seed) % 23;
}

static void test_strings(void **state)
{
    (void)state;
    for (int offset = 0; offset < OFFSETS; offset++)
        for (int n = 0; n < LENGTHS; n++) {
            char *block, *s = at_end(&block, offset, n + 1);
            fill(s, n, offset);
            s[n] = 0;
            assert_int_equal(strlen(s), host_strlen(s));
            for (int c = 0; c < 256; c++) {
                assert_ptr_equal(strchr(s, c), host_strchr(s, (char)c));
                assert_ptr_equal(strrchr(s, c), host_strrchr(s, (char)c));
            }
            host_free(block);
        }
}

static void test_high_bytes(void **state)
{
    char s[] = "\x80\x81\x01\xff\x7f\x80\x80\x80\x01\x01\x80\xff\xfe";

    (void)state;
    assert_int_equal(strlen(s), sizeof(s) - 1);
    for (size_t i = 0; i < sizeof(s); i++)
        for (int c = 1; c < 256; c++)
            assert_ptr_equal(strchr(s + i, c), host_strchr(s + i, (char)c));
    assert_true(strcmp("\x80", "\x7f") > 0);
    assert_true(strncmp("\x80", "\x7f", 1) > 0);
    assert_true(memcmp("\xff", "\x01", 1) > 0);
}

/* Equal strings, and strings that differ or end at one place. */
static void test_compare(void **state)
{
    (void)state;
    for (int oa = 0; oa < OFFSETS; oa++)
        for (int ob = 0; ob < OFFSETS; ob++)
            for (int n = 0; n < 36; n++) {
                char *ba, *bb, *a = at_end(&ba, oa, n + 1), *b = at_end(&bb, ob, n + 1);
                fill(a, n, 0);
                a[n] = 0;
                host_memcpy(b, a, n + 1);
                assert_int_equal(strcmp(a, b), 0);
                assert_int_equal(memcmp(a, b, n + 1), 0);
                for (int i = 0; i < n; i++) {
                    char kept = b[i];
                    b[i] = i % 3 == 0 ? 0 : kept + (i % 3 == 1 ? 1 : -1);
                    assert_int_equal(sign(strcmp(a, b)), sign(host_strcmp(a, b)));
                    assert_int_equal(sign(memcmp(a, b, n)), sign(host_memcmp(a, b, n)));
                    assert_int_equal(sign(strncmp(a, b, i)), sign(host_strncmp(a, b, i)));
                    assert_int_equal(sign(strncmp(a, b, n)), sign(host_strncmp(a, b, n)));
                    b[i] = kept;
                }
                host_free(ba);
                host_free(bb);
            }
}

static void test_copy(void **state)
{
    (void)state;
    for (int from = 0; from < OFFSETS; from++)
        for (int to = 0; to < OFFSETS; to++)
            for (int n = 0; n < LENGTHS; n++) {
                char *bf, *bt, *f = at_end(&bf, from, n + 1), *t = at_end(&bt, to, n + 1);
                fill(f, n, from);
                f[n] = 0;
                t[n] = '#';
                assert_ptr_equal(memcpy(t, f, n), t);
                assert_int_equal(host_memcmp(t, f, n), 0);
                assert_int_equal(t[n], '#');
                host_memset(t, 'x', n + 1);
                assert_ptr_equal(strcpy(t, f), t);
                assert_int_equal(host_strcmp(t, f), 0);
                host_free(bf);
                host_free(bt);
            }
}

static void test_move_overlapping(void **state)
{
    (void)state;
    for (int from = 0; from < 40; from++)
        for (int to = 0; to < 40; to++)
            for (int n = 0; n < 60; n++) {
                char ours[100], theirs[100];
                fill(ours, sizeof(ours), from);
                host_memcpy(theirs, ours, sizeof(ours));
                assert_ptr_equal(memmove(ours + to, ours + from, n), ours + to);
                host_memmove(theirs + to, theirs + from, n);
                assert_int_equal(host_memcmp(ours, theirs, sizeof(ours)), 0);
            }
}

static void test_set(void **state)
{
    (void)state;
    for (int offset = 0; offset < OFFSETS; offset++)
        for (int n = 0; n < LENGTHS; n++) {
            char ours[LENGTHS + OFFSETS + 1] = {0}, theirs[sizeof(ours)] = {0};
            assert_ptr_equal(memset(ours + offset, 0x1a5, n), ours + offset);
            host_memset(theirs + offset, 0x1a5, n);
            assert_int_equal(host_memcmp(ours, theirs, sizeof(ours)), 0);
        }
}

static void test_search(void **state)
{
    const char *texts[] = {"", "a", "aab", "abababc", "aaaaaaaaab", "b"};
    const char *parts[] = {"", "a", "ab", "abc", "aaab", "abababcd", "c"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++)
            assert_ptr_equal(strstr(texts[i], parts[j]), host_strstr(texts[i], parts[j]));
}

static void test_bounded_copy(void **state)
{
    char to[4] = "xyz";

    (void)state;
    assert_int_equal(strlcpy(to, "longer", 0), 6);
    assert_string_equal(to, "xyz");
    assert_int_equal(strlcpy(to, "longer", sizeof(to)), 6);
    assert_string_equal(to, "lon");
    assert_int_equal(strlcpy(to, "ab", sizeof(to)), 2);
    assert_string_equal(to, "ab");
    char *copy = strdup("copied");
    assert_string_equal(copy, "copied");
    host_free(copy);
}

static void test_atoi(void **state)
{
    const char *all[] = {"0", "42", "-17", "+5",         "  12x",       "\t\n-3 4",
                         "",  "x",  "-",   "2147483647", "-2147483648", "--1"};

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_int_equal(atoi(all[i]), host_atoi(all[i]));
}

static void test_gets(void **state)
{
    char line[6];

    (void)state;
    input = "ab\n\nlonger\nend";
    assert_ptr_equal(gets(line, sizeof(line)), line);
    assert_string_equal(line, "ab\n");
    assert_string_equal(gets(line, sizeof(line)), "\n");
    assert_string_equal(gets(line, sizeof(line)), "longe");
    assert_string_equal(gets(line, sizeof(line)), "r\n");
    assert_string_equal(gets(line, sizeof(line)), "end");
    assert_string_equal(gets(line, sizeof(line)), "");
    input = "xyz";
    assert_string_equal(gets(line, 1), "");
    assert_string_equal(gets(line, 2), "x");
}

static void test_calls(void **state)
{
    struct stat st = {0};

    (void)state;
    assert_int_equal(stat("!missing", &st), -1);
    assert_int_equal(stat("there", &st), 0);
    assert_int_equal(st.type, T_FILE);
    assert_ptr_equal(sbrk(4096), (char *)40961);
    assert_ptr_equal(sbrklazy(4096), (char *)40962);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_high_bytes),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_move_overlapping),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_bounded_copy),
        cmocka_unit_test(test_atoi),
        cmocka_unit_test(test_gets),
        cmocka_unit_test(test_calls),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
