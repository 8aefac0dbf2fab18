/*
 * Editing a line before a program sees it.
 *
 * Model: one ring (lineedit.h).  A line is ended by a newline or by the mark that ^D leaves, which
 * no reader gets to see.  In raw mode no byte has a meaning.
 *
 * What finds no room is refused with a bell.  The last byte of room is kept for the end of the
 * line, so a line longer than the ring can still be sent, and its reader makes room for more.
 *
 * Lock: the caller's; the functions are pure but for echo().
 */
#include "kernel/dev/lineedit.h"

#define CTRL(letter) ((letter) - '@')
#define DELETE       '\x7f'
#define END_MARK     CTRL('D')

void lineedit_init(struct lineedit *le, void (*echo)(const char *bytes, uint64 n))
{
    le->start = le->ready = le->end = 0;
    le->raw = false;
    le->echo = echo;
}

static uint room(const struct lineedit *le)
{
    return LINEEDIT_SIZE - (le->end - le->start);
}

static char byte(const struct lineedit *le, uint number)
{
    return le->ring[number % LINEEDIT_SIZE];
}

static void put(struct lineedit *le, char c)
{
    le->ring[le->end++ % LINEEDIT_SIZE] = c;
}

static bool is_control(char c)
{
    return (uchar)c < ' ' || c == DELETE;
}

/* A later byte of a UTF-8 character: RFC 3629, section 3. */
static bool is_continuation(char c)
{
    return ((uchar)c & 0xc0) == 0x80;
}

/* A tab is shown as one blank: what follows it may be erased without knowing the column. */
static void echo_byte(struct lineedit *le, char c)
{
    char shown[2] = {'^', c ^ 0x40};
    if (c == '\t')
        le->echo(" ", 1);
    else if (is_control(c))
        le->echo(shown, 2);
    else
        le->echo(&c, 1);
}

static void erase_character(struct lineedit *le)
{
    char c;
    do
        c = byte(le, --le->end);
    while (is_continuation(c) && le->end != le->ready);
    le->echo("\b \b\b \b", is_control(c) && c != '\t' ? 6 : 3);
}

static bool blank_before(const struct lineedit *le)
{
    char c = byte(le, le->end - 1);
    return c == ' ' || c == '\t';
}

static void erase_word(struct lineedit *le)
{
    while (le->end != le->ready && blank_before(le))
        erase_character(le);
    while (le->end != le->ready && !blank_before(le))
        erase_character(le);
}

static enum lineedit_event refuse(struct lineedit *le)
{
    le->echo("\a", 1);
    return LINEEDIT_NONE;
}

static enum lineedit_event end_line(struct lineedit *le, char end)
{
    if (room(le) < 1)
        return refuse(le);
    if (end == '\n')
        le->echo("\n", 1);
    put(le, end);
    le->ready = le->end;
    return LINEEDIT_READY;
}

static enum lineedit_event ordinary(struct lineedit *le, char c)
{
    if (room(le) < 2)
        return refuse(le);
    put(le, c);
    echo_byte(le, c);
    return LINEEDIT_NONE;
}

static enum lineedit_event raw_byte(struct lineedit *le, char c)
{
    if (room(le) < 1)
        return LINEEDIT_NONE;
    put(le, c);
    le->ready = le->end;
    return LINEEDIT_READY;
}

enum lineedit_event lineedit_key(struct lineedit *le, char c)
{
    if (le->raw)
        return raw_byte(le, c);
    switch (c) {
    case CTRL('C'):
        le->start = le->ready = le->end;
        le->echo("^C\n", 3);
        return LINEEDIT_INTERRUPT;
    case CTRL('P'): return LINEEDIT_LIST;
    case CTRL('T'): return LINEEDIT_MEMORY;
    case CTRL('D'): return end_line(le, END_MARK);
    case '\r':
    case '\n': return end_line(le, '\n');
    case CTRL('W'): erase_word(le); return LINEEDIT_NONE;
    case CTRL('U'):
        while (le->end != le->ready)
            erase_character(le);
        return LINEEDIT_NONE;
    case CTRL('H'):
    case DELETE:
        if (le->end != le->ready)
            erase_character(le);
        return LINEEDIT_NONE;
    default: return ordinary(le, c);
    }
}

void lineedit_set_raw(struct lineedit *le, bool raw)
{
    le->raw = raw;
    le->ready = le->end;
}

void lineedit_empty_line(struct lineedit *le)
{
    if (room(le) < 1 || le->ready != le->end)
        return;
    put(le, '\n');
    le->ready = le->end;
}

/* True if the next byte to be read is the mark of ^D; takes it. */
static bool take_mark(struct lineedit *le)
{
    if (le->raw || !lineedit_readable(le) || byte(le, le->start) != END_MARK)
        return false;
    le->start++;
    return true;
}

uint lineedit_read(struct lineedit *le, char *dst, uint max, bool *over)
{
    uint n = 0;
    *over = false;
    while (n < max && lineedit_readable(le) && !*over) {
        if (take_mark(le)) {
            *over = true;
            return n;
        }
        dst[n++] = byte(le, le->start++);
        *over = !le->raw && dst[n - 1] == '\n';
    }
    /* A mark right behind the last byte ends this read, not the next one as an end of file. */
    if (!*over)
        *over = take_mark(le) || !lineedit_readable(le);
    return n;
}
