/*
 * Lines for the shell: from a string (sh -c), a script, or descriptor 0.  Descriptor 0 is shared
 * with the commands that the shell starts, so from a pipe or file only one byte is taken at a time
 * and nothing beyond the line; a console gives a single line to a read anyhow.  A script is read
 * in blocks through a descriptor that no command gets.
 */
#include "user/sh/sh.h"
#include "kernel/fcntl.h"
#include "kernel/param.h"

static int fd = -1; /* where blocks come from; -1: the string was all */
static int portion; /* bytes to ask for */
static char block[512];
static const char *next, *end; /* what was read and is not yet used */

void input_from_string(const char *text)
{
    next = text;
    end = text + strlen(text);
}

void input_from_stdin(int is_console)
{
    fd = 0;
    portion = is_console ? sizeof(block) : 1;
}

int input_from_file(const char *path)
{
    int low = open(path, O_RDONLY);
    if (low < 0)
        return -1;
    fd = dup2(low, NOFILE - 1); /* out of the way of what `3>file` and the like name */
    if (fd >= 0)
        close(low);
    else
        fd = low;
    portion = sizeof(block);
    return 0;
}

int input_descriptor(void)
{
    return fd > 0 ? fd : -1;
}

void input_close(void)
{
    if (fd > 0)
        close(fd);
    fd = -1;
}

/* The next byte; -1 at the end, -2 on failure. */
static int next_byte(void)
{
    if (next == end) {
        int n = fd >= 0 ? read(fd, block, portion) : 0;
        if (n <= 0)
            return n == 0 ? -1 : -2;
        next = block;
        end = block + n;
    }
    return (uchar)*next++;
}

enum input_result input_line(char line[SH_LINE_MAX])
{
    int n = 0, binary = 0, c;

    while ((c = next_byte()) >= 0 && c != '\n') {
        if (n < SH_LINE_MAX)
            line[n] = c;
        n += n < SH_LINE_MAX;
        binary |= c == 0;
    }
    if (c == -2)
        return INPUT_ERROR;
    if (c == -1 && n == 0)
        return INPUT_END;
    if (binary)
        return INPUT_BINARY;
    if (n == SH_LINE_MAX)
        return INPUT_LONG;
    line[n] = 0;
    return INPUT_LINE;
}
