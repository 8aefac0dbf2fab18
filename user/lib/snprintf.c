/* The rest of the printf family: see user/extra.h. */
#include "user/extra.h"
#include "user/lib/format.h"
#include "user/lib/printf.h"

struct memory_sink {
    struct format_sink sink;
    char *next;
    size_t room; /* without the NUL */
};

static void memory_put(struct format_sink *sink, const char *text, size_t n)
{
    struct memory_sink *m = (struct memory_sink *)sink;
    size_t part = n < m->room ? n : m->room;

    memcpy(m->next, text, part);
    m->next += part;
    m->room -= part;
}

int vsnprintf(char *to, size_t size, const char *format, __builtin_va_list args)
{
    struct memory_sink m = {{memory_put}, to, size > 0 ? size - 1 : 0};
    int n = format_to(&m.sink, format, args);

    if (size > 0)
        *m.next = 0;
    return n;
}

int snprintf(char *to, size_t size, const char *format, ...)
{
    __builtin_va_list args;

    __builtin_va_start(args, format);
    int n = vsnprintf(to, size, format, args);
    __builtin_va_end(args);
    return n;
}

int vfprintf(int fd, const char *format, __builtin_va_list args)
{
    return printf_to(fd, format, args);
}

int vprintf(const char *format, __builtin_va_list args)
{
    return printf_to(1, format, args);
}
