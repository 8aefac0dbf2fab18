/* cat [-n] [FILE...]: copies files, or descriptor 0, to descriptor 1; -n numbers the lines. */
#include "kernel/fcntl.h"
#include "user/lib/prog.h"

static char block[8192];

/* Writes n bytes with a number before each line; *line is the next one, 0 the first. */
static int write_numbered(const char *text, int n, int *line, int *at_start)
{
    while (n > 0) {
        int length = 0;
        while (length < n && text[length] != '\n')
            length++;
        length += length < n;
        if (*at_start && printf("%6d  ", ++*line) < 0)
            return 0;
        if (!prog_write(1, text, length))
            return 0;
        *at_start = text[length - 1] == '\n';
        text += length;
        n -= length;
    }
    return 1;
}

/* Returns the exit status. */
static int copy(int fd, const char *name, int numbered)
{
    int n, line = 0, at_start = 1;

    while ((n = read(fd, block, sizeof(block))) > 0)
        if (!(numbered ? write_numbered(block, n, &line, &at_start) : prog_write(1, block, n)))
            return prog_fail("write error");
    return n < 0 ? prog_fail("%s", name) : 0;
}

int main(int argc, char **argv)
{
    uint numbered;
    int status = 0, i = prog_flags(argc, argv, "n", "cat [-n] [FILE...]", &numbered);

    if (i == argc)
        return copy(0, "input", numbered);
    for (; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            status = prog_fail("%s", argv[i]);
            continue;
        }
        status |= copy(fd, argv[i], numbered);
        close(fd);
    }
    return status;
}
