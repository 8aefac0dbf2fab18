/* From words as they were typed to arguments.  The parser has seen to it that quotes are closed. */
#include "user/sh/sh.h"

#define NUMBER_MAX 12 /* bytes of an int in decimal, with its sign */

struct expansion {
    char *to;
    int status;
};

static void put_number(struct expansion *e, int n)
{
    char digits[NUMBER_MAX];
    uint rest = n < 0 ? -(uint)n : (uint)n;
    int i = 0;

    if (n < 0)
        *e->to++ = '-';
    do
        digits[i++] = '0' + rest % 10;
    while ((rest /= 10) != 0);
    while (i > 0)
        *e->to++ = digits[--i];
}

/* What stands at s outside of '...': a byte, an escaped byte, or $?.  Returns what follows. */
static const char *put_plain(struct expansion *e, const char *s, const char *end, int quoted)
{
    int more = end - s > 1;

    if (*s == '$' && more && s[1] == '?') {
        put_number(e, e->status);
        return s + 2;
    }
    if (*s == '\\' && more && (!quoted || strchr("\"\\$", s[1]) != 0))
        s++;
    *e->to++ = *s;
    return s + 1;
}

char *expand_word(struct arena *a, const struct word *w, int status)
{
    /* "$?" has two bytes and becomes eleven at most. */
    char *result = arena_new(a, (size_t)w->n * (NUMBER_MAX / 2) + 1);
    struct expansion e = {result, status};
    const char *s = w->text, *end = s + w->n;
    char quote = 0;

    if (result == 0)
        return 0;
    while (s < end) {
        if (quote == 0 ? (*s == '\'' || *s == '"') : *s == quote)
            quote = quote == 0 ? *s++ : (s++, 0);
        else if (quote == '\'')
            *e.to++ = *s++;
        else
            s = put_plain(&e, s, end, quote != 0);
    }
    *e.to = 0;
    return result;
}

char **expand_words(struct arena *a, const struct command *c, int status)
{
    char **argv = arena_new(a, (c->nwords + 1) * sizeof(*argv));
    int i = 0;

    if (argv == 0)
        return 0;
    for (struct word *w = c->words; w != 0; w = w->next) {
        argv[i] = expand_word(a, w, status);
        if (argv[i++] == 0)
            return 0;
    }
    return argv;
}
