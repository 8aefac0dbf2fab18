/*
 * The formatter behind the printf family; pure, all output goes to the sink.
 *
 * A conversion is laid out as [spaces] prefix [zeros] body [spaces]: a number's digits or a
 * string's bytes are the body, sign and 0x are the prefix, precision and the flag 0 make zeros.
 */
#include "user/lib/format.h"

struct output {
    struct format_sink *sink;
    size_t total;
};

struct conversion {
    int left, zero, alternative;
    char plus; /* what stands before a number that is not negative: '+', ' ' or 0 */
    int width;
    int precision; /* -1: none */
    int wide;      /* the argument is a long */
};

struct arguments {
    __builtin_va_list list;
};

static void emit(struct output *out, const char *text, size_t n)
{
    if (n > 0)
        out->sink->put(out->sink, text, n);
    out->total += n;
}

static void emit_many(struct output *out, char c, long n)
{
    char block[16];

    memset(block, c, sizeof(block));
    for (; n > (long)sizeof(block); n -= sizeof(block))
        emit(out, block, sizeof(block));
    if (n > 0)
        emit(out, block, n);
}

static void emit_field(struct output *out, const struct conversion *conv, const char *prefix,
                       long zeros, const char *body, long n)
{
    long nprefix = strlen(prefix);
    long spaces = conv->width - nprefix - zeros - n;

    if (!conv->left)
        emit_many(out, ' ', spaces);
    emit(out, prefix, nprefix);
    emit_many(out, '0', zeros);
    emit(out, body, n);
    if (conv->left)
        emit_many(out, ' ', spaces);
}

static void emit_number(struct output *out, const struct conversion *conv, const char *prefix,
                        uint64 value, uint base, const char *digits)
{
    char text[20]; /* 2^64 has 20 decimal digits */
    char *first = text + sizeof(text);

    for (; value != 0; value /= base)
        *--first = digits[value % base];
    long n = text + sizeof(text) - first;
    long least = conv->precision >= 0 ? conv->precision : 1;
    if (conv->precision < 0 && conv->zero && !conv->left)
        least = conv->width - (long)strlen(prefix);
    if (least < 1 && conv->precision != 0)
        least = 1;
    emit_field(out, conv, prefix, least > n ? least - n : 0, first, n);
}

static void emit_signed(struct output *out, const struct conversion *conv, long value)
{
    char prefix[2] = {value < 0 ? '-' : conv->plus, 0};
    uint64 magnitude = value < 0 ? -(uint64)value : (uint64)value;

    emit_number(out, conv, prefix, magnitude, 10, "0123456789");
}

static void emit_string(struct output *out, const struct conversion *conv, const char *s)
{
    long n = 0;

    if (s == 0)
        s = "(null)";
    if (conv->precision < 0)
        n = strlen(s);
    else
        while (n < conv->precision && s[n] != 0)
            n++;
    emit_field(out, conv, "", 0, s, n);
}

static const char *parse_flags(struct conversion *conv, const char *f)
{
    for (;; f++) {
        switch (*f) {
        case '-': conv->left = 1; break;
        case '0': conv->zero = 1; break;
        case '#': conv->alternative = 1; break;
        case '+': conv->plus = '+'; break;
        case ' ':
            if (conv->plus == 0)
                conv->plus = ' ';
            break;
        default: return f;
        }
    }
}

/* A decimal number or *; more than a field could sensibly have is cut. */
static const char *parse_number(int *n, const char *f, struct arguments *args)
{
    const int most = 1 << 20;

    *n = 0;
    if (*f == '*') {
        *n = __builtin_va_arg(args->list, int);
        f++;
    }
    for (; *f >= '0' && *f <= '9'; f++)
        if (*n < most)
            *n = *n * 10 + (*f - '0');
    if (*n > most)
        *n = most;
    if (*n < -most)
        *n = -most;
    return f;
}

/* Everything between % and the letter. */
static const char *parse_conversion(struct conversion *conv, const char *f, struct arguments *args)
{
    f = parse_flags(conv, f);
    f = parse_number(&conv->width, f, args);
    if (conv->width < 0) {
        conv->left = 1;
        conv->width = -conv->width;
    }
    conv->precision = -1;
    if (*f == '.')
        f = parse_number(&conv->precision, f + 1, args);
    for (; *f == 'l' || *f == 'z'; f++)
        conv->wide = 1;
    return f;
}

static uint64 next_unsigned(struct conversion *conv, struct arguments *args)
{
    return conv->wide ? __builtin_va_arg(args->list, uint64) : __builtin_va_arg(args->list, uint);
}

static long next_signed(struct conversion *conv, struct arguments *args)
{
    return conv->wide ? __builtin_va_arg(args->list, long) : __builtin_va_arg(args->list, int);
}

/* One conversion with the given letter; 0 if the letter is unknown. */
static int convert(struct output *out, struct conversion *conv, char letter, struct arguments *args)
{
    const char *digits = letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    uint64 value;
    char c;

    switch (letter) {
    case 'd':
    case 'i': emit_signed(out, conv, next_signed(conv, args)); return 1;
    case 'u': emit_number(out, conv, "", next_unsigned(conv, args), 10, digits); return 1;
    case 'x':
    case 'X':
        value = next_unsigned(conv, args);
        const char *prefix = letter == 'X' ? "0X" : "0x";
        emit_number(out, conv, conv->alternative && value != 0 ? prefix : "", value, 16, digits);
        return 1;
    case 'p':
        conv->precision = 16;
        emit_number(out, conv, "0x", (uint64) __builtin_va_arg(args->list, void *), 16, digits);
        return 1;
    case 's': emit_string(out, conv, __builtin_va_arg(args->list, const char *)); return 1;
    case 'c':
        c = __builtin_va_arg(args->list, int);
        emit_field(out, conv, "", 0, &c, 1);
        return 1;
    case '%': emit(out, "%", 1); return 1;
    default: return 0;
    }
}

size_t format_to(struct format_sink *sink, const char *format, __builtin_va_list args)
{
    struct output out = {sink, 0};
    struct arguments rest;

    __builtin_va_copy(rest.list, args);
    while (*format != 0) {
        const char *percent = strchr(format, '%');
        if (percent == 0)
            percent = format + strlen(format);
        emit(&out, format, percent - format);
        format = percent;
        if (*percent == 0)
            break;

        struct conversion conv = {0};
        const char *letter = parse_conversion(&conv, percent + 1, &rest);
        format = letter + (*letter != 0);
        if (convert(&out, &conv, *letter, &rest))
            continue;
        if (conv.wide) {
            emit_signed(&out, &conv, __builtin_va_arg(rest.list, long));
            format = letter;
        } else {
            emit(&out, percent, format - percent);
        }
    }
    __builtin_va_end(rest.list);
    return out.total;
}
