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

#define WORD        8UL
#define LONG_RUN    32 /* bytes from which aligning pays */
#define PAGE_BYTES  4096
#define EIGHT(step) step(0) step(1) step(2) step(3) step(4) step(5) step(6) step(7)

typedef uint64 __attribute__((may_alias)) word;

static inline bool aligned(const void *p)
{
    return (uint64)p % WORD == 0;
}

static inline bool aligned_alike(const void *a, const void *b)
{
    return ((uint64)a ^ (uint64)b) % WORD == 0;
}

void *memset(void *dst, int byte, unsigned long n)
{
    uint8 *d = dst;

    if (n >= LONG_RUN) {
        uint64 fill = 0x0101010101010101UL * (uint8)byte;
        for (; !aligned(d); n--)
            *d++ = (uint8)byte;
        for (; n >= 8 * WORD; n -= 8 * WORD, d += 8 * WORD) {
#define STORE(i) ((word *)d)[i] = fill;
            EIGHT(STORE)
        }
        for (; n >= WORD; n -= WORD, d += WORD)
            *(word *)d = fill;
    }
    for (; n > 0; n--)
        *d++ = (uint8)byte;
    return dst;
}

/* Copies n bytes upwards between buffers aligned alike. */
static void copy_words(uint8 *d, const uint8 *s, unsigned long n)
{
    for (; !aligned(d); n--)
        *d++ = *s++;
    for (; n >= 8 * WORD; n -= 8 * WORD, d += 8 * WORD, s += 8 * WORD) {
#define COPY(i) ((word *)d)[i] = ((const word *)s)[i];
        EIGHT(COPY)
    }
    for (; n >= WORD; n -= WORD, d += WORD, s += WORD)
        *(word *)d = *(const word *)s;
    for (; n > 0; n--)
        *d++ = *s++;
}

/*
 * The same between buffers that are not aligned alike.  `s` lags `lag` bytes behind a word
 * boundary; each word of d consists of the upper bytes of one source word and the lower bytes of
 * the next (little-endian).  The first bytes are copied singly until the source word below s lies
 * wholly inside the buffer.
 */
static void copy_shifted(uint8 *d, const uint8 *s, unsigned long n)
{
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
}

static void copy_up(uint8 *d, const uint8 *s, unsigned long n)
{
    if (n >= LONG_RUN && aligned_alike(d, s)) {
        copy_words(d, s, n);
    } else if (n >= LONG_RUN) {
        copy_shifted(d, s, n);
    } else {
        for (; n > 0; n--)
            *d++ = *s++;
    }
}

/* Copies downwards from the ends d and s: for a destination that overlaps the source from above. */
static void copy_down(uint8 *d, const uint8 *s, unsigned long n)
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
}

void *memcpy(void *restrict dst, const void *restrict src, unsigned long n)
{
    copy_up(dst, src, n);
    return dst;
}

void *memmove(void *dst, const void *src, unsigned long n)
{
    uint8 *d = dst;
    const uint8 *s = src;

    if ((uint64)d - (uint64)s >= n) /* unsigned: also when d lies below s */
        copy_up(d, s, n);
    else
        copy_down(d + n, s + n, n);
    return dst;
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
    uint8 *end = (uint8 *)page + PAGE_BYTES;

#define CLEAR(i)       d[i] = 0;
#define CLEAR_UPPER(i) d[8 + i] = 0;
    for (word *d = page; d != (word *)end; d += 16) {
        EIGHT(CLEAR)
        EIGHT(CLEAR_UPPER)
    }
}

void page_copy(void *restrict dst, const void *restrict src)
{
    const word *s = src;
    const uint8 *end = (const uint8 *)src + PAGE_BYTES;

#define MOVE(i)       d[i] = s[i];
#define MOVE_UPPER(i) d[8 + i] = s[8 + i];
    for (word *d = dst; s != (const word *)end; d += 16, s += 16) {
        EIGHT(MOVE)
        EIGHT(MOVE_UPPER)
    }
}
