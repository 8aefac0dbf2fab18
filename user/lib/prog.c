/* Flags, numbers and messages of command-line programs: see prog.h. */
#include "user/extra.h"
#include "user/lib/prog.h"
#include "user/lib/start.h"

static const char *own_name(void)
{
    const char *slash = strrchr(start_name, '/');
    return slash != 0 ? slash + 1 : start_name;
}

void prog_warn(const char *format, ...)
{
    char text[256];
    __builtin_va_list args;

    __builtin_va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    __builtin_va_end(args);
    fprintf(2, "%s: %s\n", own_name(), text);
}

int prog_fail(const char *format, ...)
{
    const char *reason = strerror(errcode());
    char text[256];
    __builtin_va_list args;

    __builtin_va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    __builtin_va_end(args);
    fprintf(2, "%s: %s: %s\n", own_name(), text, reason);
    return 1;
}

void prog_usage(const char *text)
{
    fprintf(2, "usage: %s\n", text);
    exit(2);
}

int prog_flags(int argc, char **argv, const char *known, const char *usage, uint *flags)
{
    int i = 1;

    *flags = 0;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != 0; i++) {
        if (strcmp(argv[i], "--") == 0)
            return i + 1;
        for (const char *letter = argv[i] + 1; *letter != 0; letter++) {
            const char *at = strchr(known, *letter);
            if (at == 0) {
                prog_warn("unknown flag -%c", *letter);
                prog_usage(usage);
            }
            *flags |= 1u << (at - known);
        }
    }
    return i;
}

int prog_number(const char *s, int *n)
{
    const char *digit = s + (*s == '-');
    long value = 0;

    if (*digit == 0)
        return 0;
    for (; *digit != 0; digit++) {
        if (*digit < '0' || *digit > '9')
            return 0;
        value = value * 10 + (*digit - '0');
        if (value > 0x7fffffff)
            return 0;
    }
    *n = *s == '-' ? -value : value;
    return 1;
}

int prog_write(int fd, const void *bytes, size_t n)
{
    const char *next = bytes;

    while (n > 0) {
        int done = write(fd, next, n < 1 << 20 ? n : 1 << 20);
        if (done <= 0)
            return 0;
        next += done;
        n -= done;
    }
    return 1;
}
