/*
 * The ChaCha20 block function (RFC 8439, sections 2.1 to 2.3), straight from its definition.
 *
 * Lock: none; the function is pure.
 */
#include "kernel/dev/chacha.h"
#include "kernel/lib/string.h"

static uint32 rotate(uint32 x, int bits)
{
    return x << bits | x >> (32 - bits);
}

static void mix(uint32 *a, uint32 b, uint32 *c, int bits)
{
    *a += b;
    *c = rotate(*c ^ *a, bits);
}

static void quarter_round(uint32 *x, int a, int b, int c, int d)
{
    mix(&x[a], x[b], &x[d], 16);
    mix(&x[c], x[d], &x[b], 12);
    mix(&x[a], x[b], &x[d], 8);
    mix(&x[c], x[d], &x[b], 7);
}

/* A column round works on a 4 x 4 matrix's columns, a diagonal round on its wrapped diagonals. */
static void double_round(uint32 *x)
{
    for (int i = 0; i < 4; i++)
        quarter_round(x, i, i + 4, i + 8, i + 12);
    for (int i = 0; i < 4; i++)
        quarter_round(x, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12);
}

void chacha_block(uint8 out[CHACHA_BYTES], const uint32 key[8], uint32 counter,
                  const uint32 nonce[3])
{
    uint32 start[16], x[16];
    memcpy(start, "expand 32-byte k", 16);
    memcpy(start + 4, key, 32);
    start[12] = counter;
    memcpy(start + 13, nonce, 12);

    memcpy(x, start, sizeof(x));
    for (int i = 0; i < 10; i++)
        double_round(x);
    for (int i = 0; i < 16; i++)
        x[i] += start[i];
    memcpy(out, x, CHACHA_BYTES);
}
