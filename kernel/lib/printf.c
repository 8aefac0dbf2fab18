/*
 * Formatted output: format() turns a format and its arguments into bytes; where they go is up to
 * struct out.  For vsnprintf() that is a buffer that swallows what does not fit; for printf() it
 * is a small buffer on the stack that is passed to the console each time it is full.
 *
 * Lock: print_lock, held for a whole printf(), keeps calls of several harts apart.  During a panic
 * nothing is locked: the hart that panics may hold the lock itself, and the others are about to be
 * stopped.
 */
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sync/spinlock.h"

#define PIECE  128 /* bytes that printf() passes on at a time */
#define DIGITS 24  /* of any number: 64 bits in base 10 need 20 */

typedef void sink_fn(const char *bytes, unsigned long n);

static struct spinlock print_lock = SPINLOCK_INIT("printf", RANK_PRINTF);
static sink_fn *sink, *panic_sink;
static bool in_panic;

struct out {
    char *buf;
    uint64 size;   /* of buf */
    uint64 used;   /* bytes in it */
    uint64 total;  /* bytes produced so far */
    sink_fn *pass; /* takes a full buffer; NULL: what does not fit is dropped */
    va_list args;
};

/* A conversion, e.g. "%-08.3lx". */
struct spec {
    bool left, zero, plus, is_long;
    int width;
    int precision; /* -1 = none */
    char what;
};

static void out_flush(struct out *o)
{
    if (o->pass && o->used > 0)
        o->pass(o->buf, o->used);
    o->used = 0;
}

static void out_char(struct out *o, char c)
{
    if (o->used == o->size && o->pass)
        out_flush(o);
    if (o->used < o->size)
        o->buf[o->used++] = c;
    o->total++;
}

static void out_repeat(struct out *o, char c, int n)
{
    for (; n > 0; n--)
        out_char(o, c);
}

/* A number in decimal or, for `*`, the next argument. */
static int parse_count(const char **fmt, struct out *o)
{
    if (**fmt == '*') {
        ++*fmt;
        return va_arg(o->args, int);
    }
    int n = 0;
    for (; **fmt >= '0' && **fmt <= '9'; ++*fmt)
        n = n * 10 + (**fmt - '0');
    return n;
}

static void parse_flags(const char **fmt, struct spec *s)
{
    for (;; ++*fmt) {
        if (**fmt == '-')
            s->left = true;
        else if (**fmt == '0')
            s->zero = true;
        else if (**fmt == '+')
            s->plus = true;
        else
            return;
    }
}

/* Reads what follows a '%'; returns the first character behind the conversion. */
static const char *parse_spec(const char *fmt, struct spec *s, struct out *o)
{
    *s = (struct spec){.precision = -1};
    parse_flags(&fmt, s);
    s->width = parse_count(&fmt, o);
    if (s->width < 0) { /* only from `*` */
        s->left = true;
        s->width = -s->width;
    }
    if (*fmt == '.') {
        fmt++;
        s->precision = parse_count(&fmt, o); /* a negative one means none */
    }
    for (; *fmt == 'l' || *fmt == 'z'; fmt++)
        s->is_long = true;
    s->what = *fmt;
    return *fmt ? fmt + 1 : fmt;
}

/* Writes text[n] padded to the width, behind `prefix` and at least `digits` - n zeros. */
static void put_field(struct out *o, const struct spec *s, const char *prefix, int digits,
                      const char *text, int n)
{
    int zeros = digits > n ? digits - n : 0;
    int pad = s->width - (int)strlen(prefix) - zeros - n;

    if (!s->left)
        out_repeat(o, ' ', pad);
    while (*prefix)
        out_char(o, *prefix++);
    out_repeat(o, '0', zeros);
    for (int i = 0; i < n; i++)
        out_char(o, text[i]);
    if (s->left)
        out_repeat(o, ' ', pad);
}

static void put_number(struct out *o, const struct spec *s, const char *prefix, uint64 v, uint base)
{
    const char *digits = s->what == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[DIGITS], *at = text + DIGITS;

    for (; v != 0; v /= base)
        *--at = digits[v % base];

    int least = s->precision >= 0 ? s->precision : 1;
    if (s->zero && !s->left && s->precision < 0 && s->width > 0) {
        least = s->width - (int)strlen(prefix);
        least = least > 0 ? least : 1;
    }
    put_field(o, s, prefix, least, at, (int)(text + DIGITS - at));
}

static void put_signed(struct out *o, const struct spec *s)
{
    int64 v = s->is_long ? va_arg(o->args, long) : va_arg(o->args, int);
    uint64 size = v < 0 ? 0 - (uint64)v : (uint64)v;

    put_number(o, s, v < 0 ? "-" : s->plus ? "+" : "", size, 10);
}

static void put_unsigned(struct out *o, const struct spec *s)
{
    uint64 v = s->is_long ? va_arg(o->args, unsigned long) : va_arg(o->args, unsigned int);

    put_number(o, s, "", v, s->what == 'u' ? 10 : 16);
}

static void put_string(struct out *o, const struct spec *s)
{
    const char *text = va_arg(o->args, const char *);
    int n = 0;

    if (!text)
        text = "(null)";
    while ((s->precision < 0 || n < s->precision) && text[n])
        n++;
    put_field(o, s, "", 0, text, n);
}

static void put_conversion(struct out *o, struct spec *s)
{
    char c;

    switch (s->what) {
    case 'd':
    case 'i': put_signed(o, s); break;
    case 'u':
    case 'x':
    case 'X': put_unsigned(o, s); break;
    case 'p': put_number(o, s, "0x", (uint64)va_arg(o->args, void *), 16); break;
    case 's': put_string(o, s); break;
    case 'c':
        c = (char)va_arg(o->args, int);
        put_field(o, s, "", 0, &c, 1);
        break;
    default: /* also "%%"; an unknown conversion shows as itself */
        if (s->what)
            out_char(o, s->what);
    }
}

static void format(struct out *o, const char *fmt)
{
    struct spec s;

    while (*fmt) {
        if (*fmt != '%') {
            out_char(o, *fmt++);
            continue;
        }
        fmt = parse_spec(fmt + 1, &s, o);
        put_conversion(o, &s);
    }
}

int vsnprintf(char *dst, unsigned long size, const char *fmt, va_list ap)
{
    struct out o = {.buf = dst, .size = size ? size - 1 : 0};

    va_copy(o.args, ap);
    format(&o, fmt);
    va_end(o.args);
    if (size)
        dst[o.used] = '\0';
    return (int)o.total;
}

int snprintf(char *dst, unsigned long size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(dst, size, fmt, ap);
    va_end(ap);
    return n;
}

void vprintf(const char *fmt, va_list ap)
{
    char piece[PIECE];
    bool locked = !in_panic;
    struct out o = {
        .buf = piece, .size = PIECE, .pass = in_panic && panic_sink ? panic_sink : sink};

    va_copy(o.args, ap);
    if (locked)
        spin_lock(&print_lock);
    format(&o, fmt);
    out_flush(&o);
    if (locked)
        spin_unlock(&print_lock);
    va_end(o.args);
}

void printf(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
}

void printf_set_sink(void (*write)(const char *bytes, unsigned long n))
{
    sink = write;
}

void printf_set_panic_sink(void (*write)(const char *bytes, unsigned long n))
{
    panic_sink = write;
}

void printf_enter_panic(void)
{
    in_panic = true;
}
