/* echo [-n] [WORD...]: prints the words with a space between; -n leaves out the newline. */
#include "user/extra.h"
#include "user/lib/prog.h"

int main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "-n") == 0 ? 2 : 1;
    size_t n = 1;

    for (int i = first; i < argc; i++)
        n += strlen(argv[i]) + 1ul;
    char *line = malloc(n);
    if (line == 0)
        return prog_fail("cannot hold the line");

    char *end = line;
    for (int i = first; i < argc; i++) {
        strcpy(end, argv[i]);
        end += strlen(end);
        if (i + 1 < argc)
            *end++ = ' ';
    }
    if (first == 1)
        *end++ = '\n';
    return prog_write(1, line, end - line) ? 0 : prog_fail("write error");
}
