/* printf to a descriptor: the text is collected on the stack, so that most calls are one write. */
#include "user/lib/format.h"
#include "user/lib/printf.h"

struct file_sink {
    struct format_sink sink;
    int fd;
    int failed;
    size_t used;
    char text[256];
};

static void file_flush(struct file_sink *f)
{
    size_t done = 0;

    while (done < f->used && !f->failed) {
        int n = write(f->fd, f->text + done, f->used - done);
        if (n <= 0)
            f->failed = 1;
        else
            done += n;
    }
    f->used = 0;
}

static void file_put(struct format_sink *sink, const char *text, size_t n)
{
    struct file_sink *f = (struct file_sink *)sink;

    while (n > 0) {
        size_t room = sizeof(f->text) - f->used;
        size_t part = n < room ? n : room;
        memcpy(f->text + f->used, text, part);
        f->used += part;
        text += part;
        n -= part;
        if (f->used == sizeof(f->text))
            file_flush(f);
    }
}

int printf_to(int fd, const char *format, __builtin_va_list args)
{
    struct file_sink f;

    f.sink.put = file_put;
    f.fd = fd;
    f.failed = 0;
    f.used = 0;
    int n = format_to(&f.sink, format, args);
    file_flush(&f);
    return f.failed ? -1 : n;
}

int fprintf(int fd, const char *format, ...)
{
    __builtin_va_list args;

    __builtin_va_start(args, format);
    int n = printf_to(fd, format, args);
    __builtin_va_end(args);
    return n;
}

int printf(const char *format, ...)
{
    __builtin_va_list args;

    __builtin_va_start(args, format);
    int n = printf_to(1, format, args);
    __builtin_va_end(args);
    return n;
}
