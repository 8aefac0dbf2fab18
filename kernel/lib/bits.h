#ifndef LIB_BITS_H
#define LIB_BITS_H

#include "kernel/types.h"

/*
 * Bits of a word.  The base instruction set has no instructions for them, and the compiler's
 * built-in functions would call a library that the kernel does not have.
 */

/* How many bits are set.  H. S. Warren, Hacker's Delight, 2nd edition, section 5-1. */
static inline uint bits_count(uint64 w)
{
    w -= w >> 1 & 0x5555555555555555UL;
    w = (w & 0x3333333333333333UL) + (w >> 2 & 0x3333333333333333UL);
    w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
    return (uint)(w * 0x0101010101010101UL >> 56);
}

/* Number of the lowest bit that is set; 64 if none is. */
static inline uint bits_lowest(uint64 w)
{
    return bits_count(~w & (w - 1));
}

#endif
