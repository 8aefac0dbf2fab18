// sources: kernel/dev/lineedit.c
/* Keys into the line editor: what the reader gets and what the screen shows. */
#include "tests/host/unit.h"

#include "kernel/dev/lineedit.h"

static struct lineedit le;
static char screen[1 << 20];
static size_t shown;

static void to_screen(const char *bytes, uint64 n)
{
    assert_true(shown + n < sizeof(screen));
    memcpy(screen + shown, bytes, n);
    shown += n;
    screen[shown] = '\0';
}

static int fresh(void **unused)
{
    (void)unused;
    memset(le.ring, 0x55, sizeof(le.ring));
    lineedit_init(&le, to_screen);
    shown = 0;
    screen[0] = '\0';
    return 0;
}

/* Types the keys; returns what the last of them meant. */
static enum lineedit_event type(const char *keys)
{
    enum lineedit_event event = LINEEDIT_NONE;
    for (; *keys; keys++)
        event = lineedit_key(&le, *keys);
    return event;
}

/* One read of up to max bytes, in pieces as small as `piece`; a string. */
static const char *read_piecewise(uint max, uint piece)
{
    static char got[LINEEDIT_SIZE + 1];
    uint n = 0;
    bool over = false;
    while (n < max && !over)
        n += lineedit_read(&le, got + n, max - n < piece ? max - n : piece, &over);
    got[n] = '\0';
    return got;
}

static const char *read_line(void)
{
    assert_true(lineedit_readable(&le));
    return read_piecewise(LINEEDIT_SIZE, LINEEDIT_SIZE);
}

static void assert_nothing_to_read(void)
{
    bool over;
    char c;
    assert_false(lineedit_readable(&le));
    assert_int_equal(lineedit_read(&le, &c, 1, &over), 0);
    assert_true(over);
}

static void a_line(void **unused)
{
    (void)unused;
    assert_int_equal(type("ls -l"), LINEEDIT_NONE);
    assert_nothing_to_read();
    assert_int_equal(type("\n"), LINEEDIT_READY);
    assert_string_equal(read_line(), "ls -l\n");
    assert_string_equal(screen, "ls -l\n");
    assert_nothing_to_read();
}

static void return_is_newline(void **unused)
{
    (void)unused;
    assert_int_equal(type("a\r"), LINEEDIT_READY);
    assert_string_equal(read_line(), "a\n");
    assert_string_equal(screen, "a\n");
}

static void erase_characters(void **unused)
{
    (void)unused;
    type("abx\x7f\bc\n");
    assert_string_equal(read_line(), "ac\n");
    assert_string_equal(screen, "abx\b \b\b \bc\n");
}

static void erase_stops_at_the_start_of_the_line(void **unused)
{
    (void)unused;
    type("one\n\b\b\x15\x17two\n");
    assert_string_equal(screen, "one\ntwo\n");
    assert_string_equal(read_line(), "one\n");
    assert_string_equal(read_line(), "two\n");
}

static void erase_words(void **unused)
{
    (void)unused;
    type("one two\t \x17three\n");
    assert_string_equal(read_line(), "one three\n");
    type("word\x17\x17\n");
    assert_string_equal(read_line(), "\n");
}

static void erase_the_line(void **unused)
{
    (void)unused;
    type("rubbish\x15");
    assert_string_equal(screen, "rubbish\b \b\b \b\b \b\b \b\b \b\b \b\b \b");
    type("ok\n");
    assert_string_equal(read_line(), "ok\n");
}

static void erase_what_is_shown_wide(void **unused)
{
    (void)unused;
    type("\x1b\x7f");
    assert_string_equal(screen, "^[\b \b\b \b");
    shown = 0;
    type("\t\x7f");
    assert_string_equal(screen, " \b \b");
    shown = 0;
    type("\xc3\xa4\xe2\x82\xac\x7f"); /* a-umlaut, euro */
    assert_string_equal(screen, "\xc3\xa4\xe2\x82\xac\b \b");
    type("\n");
    assert_string_equal(read_line(), "\xc3\xa4\n");
}

/* A damaged UTF-8 sequence must not be erased beyond the start of the line. */
static void erase_continuation_bytes_alone(void **unused)
{
    (void)unused;
    type("kept\n\x82\x82\x82\x7f\n");
    assert_string_equal(read_line(), "kept\n");
    assert_string_equal(read_line(), "\n");
}

static void reads_shorter_than_the_line(void **unused)
{
    (void)unused;
    type("abcdef\nnext\n");
    assert_string_equal(read_piecewise(2, 9), "ab");
    assert_string_equal(read_piecewise(3, 1), "cde");
    assert_string_equal(read_line(), "f\n");
    assert_string_equal(read_piecewise(100, 1), "next\n");
}

static void end_of_file(void **unused)
{
    (void)unused;
    assert_int_equal(type("\x04"), LINEEDIT_READY);
    assert_string_equal(screen, "");
    assert_string_equal(read_line(), "");
    assert_nothing_to_read();
}

static void end_of_file_after_text_ends_the_line(void **unused)
{
    (void)unused;
    type("text\x04more\n");
    assert_string_equal(read_line(), "text");
    assert_string_equal(read_line(), "more\n");
}

/* The read that takes the last byte before the mark also takes the mark. */
static void end_of_file_is_not_seen_twice(void **unused)
{
    (void)unused;
    for (uint piece = 1; piece <= 4; piece++) {
        type("text\x04next\n\x04");
        assert_string_equal(read_piecewise(4, piece), "text");
        assert_string_equal(read_piecewise(5, piece), "next\n");
        assert_string_equal(read_line(), "");
        assert_nothing_to_read();
    }
}

static void two_ends_of_file(void **unused)
{
    (void)unused;
    type("\x04\x04");
    assert_string_equal(read_line(), "");
    assert_string_equal(read_line(), "");
    assert_nothing_to_read();
}

static void interrupt_discards_all(void **unused)
{
    (void)unused;
    type("typed ahead\nhalf a li");
    shown = 0;
    assert_int_equal(type("\x03"), LINEEDIT_INTERRUPT);
    assert_string_equal(screen, "^C\n");
    assert_nothing_to_read();
    type("ok\n");
    assert_string_equal(read_line(), "ok\n");
}

static void an_empty_line(void **unused)
{
    (void)unused;
    lineedit_empty_line(&le);
    assert_string_equal(read_line(), "\n");
    assert_string_equal(screen, "");
    type("half");
    lineedit_empty_line(&le);
    assert_nothing_to_read();
    type(" and half\n");
    assert_string_equal(read_line(), "half and half\n");
}

static void the_list_key_changes_nothing(void **unused)
{
    (void)unused;
    assert_int_equal(type("ab\x10"), LINEEDIT_LIST);
    assert_int_equal(type("\x14"), LINEEDIT_MEMORY);
    type("c\n");
    assert_string_equal(read_line(), "abc\n");
    assert_string_equal(screen, "abc\n");
}

static void raw_mode(void **unused)
{
    (void)unused;
    static const char keys[] = "a\x03\x04\r\n\x7f\x10\x15";
    lineedit_set_raw(&le, true);
    for (const char *k = keys; *k; k++)
        assert_int_equal(lineedit_key(&le, *k), LINEEDIT_READY);
    assert_string_equal(read_line(), keys);
    assert_string_equal(screen, "");
    lineedit_set_raw(&le, false);
    type("x\x03");
    assert_string_equal(screen, "x^C\n");
}

static void changing_the_mode_releases_the_line(void **unused)
{
    (void)unused;
    type("half");
    lineedit_set_raw(&le, true);
    assert_string_equal(read_line(), "half");
    type("raw");
    lineedit_set_raw(&le, false);
    type("\x7f\x7f cooked\n"); /* what was typed raw cannot be erased any more */
    assert_string_equal(read_line(), "raw cooked\n");
}

static void a_full_ring_rings(void **unused)
{
    (void)unused;
    for (int i = 0; i < LINEEDIT_SIZE - 1; i++)
        assert_int_equal(lineedit_key(&le, 'a' + i % 26), LINEEDIT_NONE);
    shown = 0;
    assert_int_equal(type("z"), LINEEDIT_NONE);
    assert_string_equal(screen, "\a");
    shown = 0;
    assert_int_equal(type("\n"), LINEEDIT_READY);
    assert_string_equal(screen, "\n");
    shown = 0;
    assert_int_equal(type("\n\x04q"), LINEEDIT_NONE);
    assert_string_equal(screen, "\a\a\a");
    lineedit_empty_line(&le);

    const char *got = read_line();
    assert_int_equal(strlen(got), LINEEDIT_SIZE);
    for (int i = 0; i < LINEEDIT_SIZE - 1; i++)
        assert_int_equal(got[i], 'a' + i % 26);
    assert_nothing_to_read();
    type("again\n");
    assert_string_equal(read_line(), "again\n");
}

static void a_full_ring_can_still_be_interrupted(void **unused)
{
    (void)unused;
    for (int i = 0; i < LINEEDIT_SIZE; i++)
        type("\n");
    assert_int_equal(type("\x03"), LINEEDIT_INTERRUPT);
    assert_nothing_to_read();
    type("x\n");
    assert_string_equal(read_line(), "x\n");
}

static void a_full_raw_ring_drops_silently(void **unused)
{
    (void)unused;
    lineedit_set_raw(&le, true);
    for (int i = 0; i < LINEEDIT_SIZE; i++)
        assert_int_equal(lineedit_key(&le, 'r'), LINEEDIT_READY);
    assert_int_equal(lineedit_key(&le, 's'), LINEEDIT_NONE);
    assert_int_equal(strlen(read_line()), LINEEDIT_SIZE);
    assert_string_equal(screen, "");
}

/* Random keys against a plain model of a line, across many turns of ring and counters. */
static void random_keys(void **unused)
{
    (void)unused;
    char line[512];
    uint n = 0;
    srand(1);
    le.start = le.ready = le.end = -1000;
    for (int i = 0; i < 300000; i++) {
        static const char keys[] = "abc de\x7f\b\x17\x15\n";
        char c = keys[rand() % (sizeof(keys) - 1)];
        shown = 0;
        lineedit_key(&le, c);
        if (c == '\n') {
            line[n] = '\n';
            line[n + 1] = '\0';
            assert_string_equal(read_line(), line);
            n = 0;
        } else if (c == '\x7f' || c == '\b') {
            n -= n > 0;
        } else if (c == '\x15') {
            n = 0;
        } else if (c == '\x17') {
            while (n > 0 && line[n - 1] == ' ')
                n--;
            while (n > 0 && line[n - 1] != ' ')
                n--;
        } else {
            line[n++] = c;
        }
        assert_true(n + 2 < sizeof(line));
    }
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line),
        TEST(return_is_newline),
        TEST(erase_characters),
        TEST(erase_stops_at_the_start_of_the_line),
        TEST(erase_words),
        TEST(erase_the_line),
        TEST(erase_what_is_shown_wide),
        TEST(erase_continuation_bytes_alone),
        TEST(reads_shorter_than_the_line),
        TEST(end_of_file),
        TEST(end_of_file_after_text_ends_the_line),
        TEST(end_of_file_is_not_seen_twice),
        TEST(two_ends_of_file),
        TEST(interrupt_discards_all),
        TEST(an_empty_line),
        TEST(the_list_key_changes_nothing),
        TEST(raw_mode),
        TEST(changing_the_mode_releases_the_line),
        TEST(a_full_ring_rings),
        TEST(a_full_ring_can_still_be_interrupted),
        TEST(a_full_raw_ring_drops_silently),
        TEST(random_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
