/*
 * The string functions of user/extra.h.  They stand apart from string.c so that a program written
 * for xv6 which brings some of these itself does not meet them in the linker.
 */
#include "user/extra.h"

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++)
        if (*a != *b || *a == 0)
            return (uchar)*a - (uchar)*b;
    return 0;
}

char *strrchr(const char *s, char c)
{
    const char *last = 0;

    for (; *s != 0; s++)
        if (*s == c)
            last = s;
    return (char *)(c == 0 ? s : last);
}

char *strstr(const char *s, const char *part)
{
    size_t n = strlen(part);

    if (n == 0)
        return (char *)s;
    for (; (s = strchr(s, *part)) != 0; s++)
        if (strncmp(s, part, n) == 0)
            return (char *)s;
    return 0;
}

char *strdup(const char *s)
{
    size_t n = strlen(s) + 1ul;
    char *copy = malloc(n);

    return copy != 0 ? memcpy(copy, s, n) : 0;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    size_t n = strlen(from);

    if (size > 0) {
        size_t fits = n < size ? n : size - 1;
        memcpy(to, from, fits);
        to[fits] = 0;
    }
    return n;
}
