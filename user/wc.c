/* wc [-lwc] [FILE...]: counts lines, words and bytes. */
#include "kernel/fcntl.h"
#include "user/lib/prog.h"

enum { LINES = 1, WORDS = 2, BYTES = 4 };

struct counts {
    uint64 lines, words, bytes;
};

static uint flags;
static char block[8192];

static int is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0;
}

static int count(int fd, struct counts *c)
{
    int n, in_word = 0;

    while ((n = read(fd, block, sizeof(block))) > 0) {
        c->bytes += n;
        for (int i = 0; i < n; i++) {
            int space = is_space(block[i]);
            c->lines += block[i] == '\n';
            c->words += !space && !in_word;
            in_word = !space;
        }
    }
    return n == 0;
}

/* Numbers with one space between, then the name: the exit status. */
static int show(const struct counts *c, const char *name)
{
    int written = 0;

    if (flags & LINES)
        written |= printf("%lu ", c->lines);
    if (flags & WORDS)
        written |= printf("%lu ", c->words);
    if (flags & BYTES)
        written |= printf("%lu ", c->bytes);
    written |= printf("%s\n", name);
    return written < 0 ? prog_fail("write error") : 0;
}

int main(int argc, char **argv)
{
    struct counts total = {0};
    int status = 0, first = prog_flags(argc, argv, "lwc", "wc [-lwc] [FILE...]", &flags);

    if (flags == 0)
        flags = LINES | WORDS | BYTES;
    if (first == argc)
        return count(0, &total) ? show(&total, "") : prog_fail("input");
    for (int i = first; i < argc; i++) {
        struct counts c = {0};
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0 || !count(fd, &c))
            status = prog_fail("%s", argv[i]);
        else
            status |= show(&c, argv[i]);
        if (fd >= 0)
            close(fd);
        total.lines += c.lines;
        total.words += c.words;
        total.bytes += c.bytes;
    }
    return argc - first > 1 ? show(&total, "total") | status : status;
}
