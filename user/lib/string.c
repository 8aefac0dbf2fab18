/*
 * Strings and memory, a word of eight bytes at a time where the alignment allows it.
 *
 * A string function may read past the NUL, but never past the aligned word that holds it, and so
 * never into another page.  It must only be compiled without loop-to-call transformations
 * (-fno-tree-loop-distribute-patterns): the loop of memset would become a call of memset.
 */
#include "user/user.h"

#define WORD       sizeof(uint64)
#define PASSES_END __attribute__((no_sanitize("address")))
#define OFFSET(p)  ((uint64)(p) % WORD)

typedef uint64 __attribute__((may_alias)) word;

/* Not 0 if one of the bytes of w is 0 (H. S. Warren, Hacker's Delight, section 6-1). */
static inline uint64 zero_byte(uint64 w)
{
    return (w - 0x0101010101010101ul) & ~w & 0x8080808080808080ul;
}

PASSES_END uint strlen(const char *s)
{
    const char *end = s;

    for (; OFFSET(end) != 0; end++)
        if (*end == 0)
            return end - s;
    while (!zero_byte(*(const word *)end))
        end += WORD;
    while (*end != 0)
        end++;
    return end - s;
}

PASSES_END char *strchr(const char *s, char c)
{
    const uint64 pattern = 0x0101010101010101ul * (uchar)c;

    for (; OFFSET(s) != 0; s++) {
        if (*s == c)
            return (char *)s;
        if (*s == 0)
            return 0;
    }
    while (!zero_byte(*(const word *)s) && !zero_byte(*(const word *)s ^ pattern))
        s += WORD;
    for (; *s != c; s++)
        if (*s == 0)
            return 0;
    return (char *)s;
}

PASSES_END int strcmp(const char *a, const char *b)
{
    if (OFFSET(a) == OFFSET(b)) {
        for (; OFFSET(a) != 0 && *a == *b && *a != 0; a++)
            b++;
        if (OFFSET(a) == 0)
            for (; *(const word *)a == *(const word *)b && !zero_byte(*(const word *)a); a += WORD)
                b += WORD;
    }
    for (; *a == *b && *a != 0; a++)
        b++;
    return (uchar)*a - (uchar)*b;
}

char *strcpy(char *to, const char *from)
{
    return memcpy(to, from, strlen(from) + 1ul);
}

void *memset(void *to, int byte, size_t n)
{
    const uint64 pattern = 0x0101010101010101ul * (uchar)byte;
    char *p = to, *end = p + n;

    for (; p < end && OFFSET(p) != 0; p++)
        *p = byte;
    for (; end - p >= (long)(4 * WORD); p += 4 * WORD) {
        word *w = (word *)p;
        w[0] = w[1] = w[2] = w[3] = pattern;
    }
    for (; end - p >= (long)WORD; p += WORD)
        *(word *)p = pattern;
    for (; p < end; p++)
        *p = byte;
    return to;
}

/* Copies from the lowest byte upwards: right if `to` does not lie inside of `from`. */
static void copy_upwards(char *to, const char *from, size_t n)
{
    const char *end = from + n;

    if (OFFSET(to) == OFFSET(from)) {
        for (; from < end && OFFSET(from) != 0; from++)
            *to++ = *from;
        for (; end - from >= (long)(4 * WORD); from += 4 * WORD, to += 4 * WORD) {
            word w0 = ((const word *)from)[0], w1 = ((const word *)from)[1];
            word w2 = ((const word *)from)[2], w3 = ((const word *)from)[3];
            ((word *)to)[0] = w0;
            ((word *)to)[1] = w1;
            ((word *)to)[2] = w2;
            ((word *)to)[3] = w3;
        }
        for (; end - from >= (long)WORD; from += WORD, to += WORD)
            *(word *)to = *(const word *)from;
    }
    while (from < end)
        *to++ = *from++;
}

/* Copies from the highest byte downwards: right if `from` does not lie inside of `to`. */
static void copy_downwards(char *to, const char *from, size_t n)
{
    const char *end = from + n;

    to += n;
    if (OFFSET(to) == OFFSET(end)) {
        while (end > from && OFFSET(end) != 0)
            *--to = *--end;
        while (end - from >= (long)WORD) {
            to -= WORD;
            end -= WORD;
            *(word *)to = *(const word *)end;
        }
    }
    while (end > from)
        *--to = *--end;
}

void *memcpy(void *to, const void *from, size_t n)
{
    copy_upwards(to, from, n);
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if ((uint64)to - (uint64)from >= n)
        copy_upwards(to, from, n);
    else
        copy_downwards(to, from, n);
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uchar *p = a, *q = b, *end = p + n;

    if (OFFSET(p) == OFFSET(q)) {
        for (; p < end && OFFSET(p) != 0 && *p == *q; p++)
            q++;
        if (OFFSET(p) == 0)
            for (; end - p >= (long)WORD && *(const word *)p == *(const word *)q; p += WORD)
                q += WORD;
    }
    for (; p < end; p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}
