/*
 * grep [-ivncm] PATTERN [FILE...]: prints the lines that match the regular expression (see
 * user/lib/regex.h).  Exit status: 0 some line did, 1 none, 2 something went wrong.
 *
 * With -m a file is searched where it lies, in a mapping, and nothing is read; what cannot be
 * mapped is read all the same.  A file that becomes shorter meanwhile is the end of a grep -m.
 */
#include "kernel/mman.h"
#include "kernel/stat.h"
#include "user/extra.h"
#include "user/lib/prog.h"
#include "user/lib/regex.h"

#define FLAGS "ivncm"
enum { IGNORE_CASE = 1, INVERT = 2, NUMBER = 4, COUNT = 8, MAP = 16 };

static struct regex pattern;
static uint flags;
static int many;    /* several files: their names stand before the lines */
static int matched; /* some line did */

struct input {
    const char *name;
    int fd;
    int mapped; /* `text` is all of the file, in a mapping */
    char *text; /* what is read and not yet used: from `start` to `end` */
    size_t start, end, size;
    int number; /* of the last line */
    int count;  /* of lines that matched */
};

static int complain(const char *what)
{
    prog_fail("%s", what);
    return 0;
}

/* Tries to have all of the file at once. */
static void map(struct input *in)
{
    struct stat st;
    if (fstat(in->fd, &st) < 0 || st.type != T_FILE || st.size == 0)
        return;
    char *text = mmap(0, st.size, PROT_READ, MAP_SHARED, in->fd, 0);
    if (text == MAP_FAILED)
        return;
    in->text = text;
    in->end = in->size = st.size;
    in->mapped = 1;
}

static void drop(struct input *in)
{
    if (in->mapped)
        munmap(in->text, in->size);
    else
        free(in->text);
}

/* Reads more behind what there is; bytes, 0 at the end, -1 on failure. */
static int fill(struct input *in)
{
    if (in->mapped)
        return 0;
    if (in->start > 0) {
        memmove(in->text, in->text + in->start, in->end - in->start);
        in->end -= in->start;
        in->start = 0;
    }
    if (in->end == in->size) {
        size_t size = in->size > 0 ? 2 * in->size : 8192;
        char *larger = realloc(in->text, size);
        if (larger == 0)
            return -1;
        in->text = larger;
        in->size = size;
    }
    int n = read(in->fd, in->text + in->end, in->size - in->end);
    if (n > 0)
        in->end += n;
    return n;
}

/* The length of the next line, without its newline; -1 at the end, -2 on failure. */
static long next_line(struct input *in, char **line)
{
    size_t n = 0;

    for (;; n++) {
        if (in->start + n == in->end) {
            int got = fill(in);
            if (got < 0)
                return -2;
            if (got == 0) {
                if (n == 0)
                    return -1;
                break;
            }
        }
        if (in->text[in->start + n] == '\n')
            break;
    }
    *line = in->text + in->start;
    in->start += n + (in->start + n < in->end);
    in->number++;
    return n;
}

/* Writes a line and what shall stand before it; false on failure. */
static int show(struct input *in, const char *line, long n)
{
    if (many && printf("%s:", in->name) < 0)
        return 0;
    if ((flags & NUMBER) && printf("%d:", in->number) < 0)
        return 0;
    return prog_write(1, line, n) && prog_write(1, "\n", 1);
}

static int search(struct input *in)
{
    char *line = 0;
    long n;

    while ((n = next_line(in, &line)) >= 0) {
        if (regex_match(&pattern, line, n) == ((flags & INVERT) != 0))
            continue;
        in->count++;
        if (!(flags & COUNT) && !show(in, line, n))
            return complain("write error");
    }
    if (n == -2)
        return complain(in->name);
    matched |= in->count > 0;
    if (!(flags & COUNT))
        return 1;
    int written = many ? printf("%s:%d\n", in->name, in->count) : printf("%d\n", in->count);
    return written > 0 || complain("write error");
}

static int search_file(const char *name, int fd)
{
    struct input in = {.name = name, .fd = fd};

    if (fd < 0)
        return complain(name);
    if (flags & MAP)
        map(&in);
    int done = search(&in);
    drop(&in);
    close(fd);
    return done;
}

int main(int argc, char **argv)
{
    const char *usage = "grep [-ivncm] PATTERN [FILE...]";
    int failed = 0, i = prog_flags(argc, argv, FLAGS, usage, &flags);

    if (i == argc)
        prog_usage(usage);
    const char *wrong = regex_compile(&pattern, argv[i++], flags & IGNORE_CASE);
    if (wrong != 0) {
        prog_warn("%s: %s", argv[i - 1], wrong);
        return 2;
    }
    many = argc - i > 1;
    if (i == argc)
        failed = !search_file("input", 0);
    for (; i < argc; i++)
        failed |= !search_file(argv[i], open(argv[i], O_RDONLY));
    return failed ? 2 : !matched;
}
