/*
 * Memory and strings.  Long runs move in 8-byte words with the destination aligned; when source
 * and destination are not aligned alike, forward copies join two aligned source words by shifts.
 * No byte outside the given buffers is ever read or written, and no load or store is misaligned:
 * RISC-V leaves misaligned accesses to the execution environment (unprivileged manual, "Load and
 * Store Instructions").
 *
 * The compiler calls these functions by itself too, e.g. to copy a struct.  It must not turn their
 * own loops into such calls: -fno-tree-loop-distribute-patterns.  There is no state and no lock.
 */
#include "kernel/lib/string.h"
#include <stdbool.h>

#define WORD       8UL
#define LONG_RUN   32 /* bytes from which aligning pays */
#define PAGE_BYTES 4096

typedef uint64 __attribute__((may_alias)) word;

static inline bool aligned(const void *p)
{
    return (uint64)p % WORD == 0;
}

static inline bool aligned_alike(const void *a, const void *b)
{
    return ((uint64)a ^ (uint64)b) % WORD == 0;
}

/*
 * Unrolled for a constant n, so that counting costs next to nothing.  Without `restrict`, loads and
 * stores keep their order, and a long row of them needs one register.
 */
static inline __attribute__((always_inline)) void fill_words(uint8 *d, uint64 fill, unsigned long n)
{
#pragma GCC unroll 512
    for (unsigned long i = 0; i < n; i++)
        ((word *)d)[i] = fill;
}

static inline __attribute__((always_inline)) void move_words(uint8 *d, const uint8 *s,
                                                             unsigned long n)
{
#pragma GCC unroll 512
    for (unsigned long i = 0; i < n; i++)
        ((word *)d)[i] = ((const word *)s)[i];
}

void *memset(void *dst, int byte, unsigned long n)
{
    uint8 *d = dst;

    if (n >= LONG_RUN) {
        uint64 fill = 0x0101010101010101UL * (uint8)byte;
        for (; !aligned(d); n--)
            *d++ = (uint8)byte;
        for (; n >= 8 * WORD; n -= 8 * WORD, d += 8 * WORD)
            fill_words(d, fill, 8);
        for (; n >= WORD; n -= WORD, d += WORD)
            fill_words(d, fill, 1);
    }
    for (; n > 0; n--)
        *d++ = (uint8)byte;
    return dst;
}

/* Copies n bytes upwards between buffers aligned alike. */
static void *copy_words(uint8 *d, const uint8 *s, unsigned long n)
{
    uint8 *start = d;

    for (; !aligned(d); n--)
        *d++ = *s++;
    for (; n >= 64 * WORD; n -= 64 * WORD, d += 64 * WORD, s += 64 * WORD)
        move_words(d, s, 64);
    for (; n >= 4 * WORD; n -= 4 * WORD, d += 4 * WORD, s += 4 * WORD)
        move_words(d, s, 4);
    for (; n >= WORD; n -= WORD, d += WORD, s += WORD)
        move_words(d, s, 1);
    for (; n > 0; n--)
        *d++ = *s++;
    return start;
}

/*
 * The same between buffers that are not aligned alike.  `s` lags `lag` bytes behind a word
 * boundary; each word of d consists of the upper bytes of one source word and the lower bytes of
 * the next (little-endian).  The first bytes are copied singly until the source word below s lies
 * wholly inside the buffer.
 */
static void *copy_shifted(uint8 *d, const uint8 *s, unsigned long n)
{
    uint8 *start = d;
    unsigned long head = WORD + (-(uint64)d % WORD);
    for (n -= head; head > 0; head--)
        *d++ = *s++;

    unsigned long lag = (uint64)s % WORD, down = 8 * lag, up = 8 * (WORD - lag);
    const word *from = (const word *)(s - lag);
    uint64 low = *from++;
    for (; n >= 5 * WORD; n -= 4 * WORD, d += 4 * WORD, s += 4 * WORD, from += 4) {
        uint64 w0 = from[0], w1 = from[1], w2 = from[2], w3 = from[3];
        ((word *)d)[0] = low >> down | w0 << up;
        ((word *)d)[1] = w0 >> down | w1 << up;
        ((word *)d)[2] = w1 >> down | w2 << up;
        ((word *)d)[3] = w2 >> down | w3 << up;
        low = w3;
    }
    for (; n >= 2 * WORD; n -= WORD, d += WORD, s += WORD) {
        uint64 high = *from++;
        *(word *)d = low >> down | high << up;
        low = high;
    }
    for (; n > 0; n--)
        *d++ = *s++;
    return start;
}

/* These functions return d, so that memcpy() and memmove() end in a jump to them. */
static inline void *copy_up(uint8 *d, const uint8 *s, unsigned long n)
{
    if (n >= LONG_RUN)
        return aligned_alike(d, s) ? copy_words(d, s, n) : copy_shifted(d, s, n);
    for (unsigned long i = 0; i < n; i++)
        d[i] = s[i];
    return d;
}

/* Copies downwards from the ends d and s: for a destination that overlaps the source from above. */
static void *copy_down(uint8 *d, const uint8 *s, unsigned long n)
{
    if (n >= LONG_RUN && aligned_alike(d, s)) {
        for (; !aligned(d); n--)
            *--d = *--s;
        for (; n >= WORD; n -= WORD) {
            d -= WORD;
            s -= WORD;
            *(word *)d = *(const word *)s;
        }
    }
    for (; n > 0; n--)
        *--d = *--s;
    return d;
}

void *memcpy(void *restrict dst, const void *restrict src, unsigned long n)
{
    return copy_up(dst, src, n);
}

void *memmove(void *dst, const void *src, unsigned long n)
{
    uint8 *d = dst;
    const uint8 *s = src;

    if ((uint64)d - (uint64)s >= n) /* unsigned: also when d lies below s */
        return copy_up(d, s, n);
    return copy_down(d + n, s + n, n);
}

int memcmp(const void *a, const void *b, unsigned long n)
{
    const uint8 *x = a, *y = b;

    if (aligned(x) && aligned(y)) {
        for (; n >= WORD && *(const word *)x == *(const word *)y; n -= WORD) {
            x += WORD;
            y += WORD;
        }
    }
    for (; n > 0; n--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

unsigned long strlen(const char *s)
{
    unsigned long n = 0;

    while (s[n] != '\0')
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, ~0UL);
}

int strncmp(const char *a, const char *b, unsigned long n)
{
    for (unsigned long i = 0; i < n; i++) {
        int diff = (uint8)a[i] - (uint8)b[i];
        if (diff != 0 || a[i] == '\0')
            return diff;
    }
    return 0;
}

unsigned long strlcpy(char *dst, const char *src, unsigned long size)
{
    unsigned long len = strlen(src);

    if (size > 0) {
        unsigned long n = len < size ? len : size - 1;
        memcpy(dst, src, n);
        dst[n] = '\0';
    }
    return len;
}

void page_clear(void *page)
{
    fill_words(page, 0, PAGE_BYTES / WORD);
}

void page_copy(void *dst, const void *src)
{
    move_words(dst, src, PAGE_BYTES / WORD);
}
