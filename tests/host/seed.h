#ifndef HOST_SEED_H
#define HOST_SEED_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/*
 * Random numbers of a test.  The seed is printed, and taken from the environment variable SEED if
 * that is set, so that a failure can be repeated.
 */
static unsigned long random_state;

static inline void random_start(void)
{
    const char *given = getenv("SEED");
    unsigned long seed = given ? strtoul(given, NULL, 0) : (unsigned long)time(NULL);
    printf("SEED=%lu\n", seed);
    random_state = seed;
}

/* SplitMix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators". */
static inline unsigned long random_next(unsigned long *state)
{
    unsigned long z = *state += 0x9e3779b97f4a7c15UL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
    return z ^ z >> 31;
}

/* 0 .. n-1 */
static inline unsigned long random_below(unsigned long n)
{
    return random_next(&random_state) % n;
}

#endif
