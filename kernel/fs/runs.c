/*
 * Searching the bitmap of blocks for free stretches.
 *
 * A search goes word by word and passes over groups that have nothing.  A stretch may go on from
 * one word to the next, not from the last to the first.  It ends with the first stretch that is
 * long enough; when it has come far, with the longest that it has seen, so that the time it takes
 * is bounded on a disk in pieces.
 *
 * Pure functions; the caller keeps the bitmap still.
 */
#include "kernel/fs/runs.h"
#include "kernel/lib/bits.h"
#include <stdbool.h>

#define FAR 256 /* words after which the best so far is good enough */

struct search {
    uint first, length; /* the stretch that ends where the search has come to */
    uint best_first, best;
};

uint runs_length(const struct runs *r, uint b, uint max)
{
    uint n = 0;
    while (n < max && (b + n) / RUNS_WORD < r->nwords) {
        uint at = (b + n) % RUNS_WORD;
        uint64 rest = r->taken[(b + n) / RUNS_WORD] >> at;
        n += rest ? bits_lowest(rest) : RUNS_WORD - at;
        if (rest)
            break;
    }
    return n < max ? n : max;
}

/* A bit for each unit of the word that is free: the lowest of its blocks. */
static uint64 free_units(uint64 taken)
{
    uint64 pairs = ~taken & ~taken >> 1;
    return pairs & pairs >> 2 & 0x1111111111111111UL;
}

static void add_units(struct search *s, uint b, uint n)
{
    if (s->length == 0)
        s->first = b;
    s->length += n;
    if (s->length > s->best) {
        s->best = s->length;
        s->best_first = s->first;
    }
}

static void look_at_word(struct search *s, uint64 taken, uint b)
{
    if (taken == 0) {
        add_units(s, b, RUNS_WORD);
        return;
    }
    uint64 units = free_units(taken);
    for (uint i = 0; i < RUNS_WORD; i += RUNS_UNIT) {
        if (units >> i & 1)
            add_units(s, b + i, RUNS_UNIT);
        else
            s->length = 0;
    }
}

uint runs_find(const struct runs *r, uint start, uint want, uint *first)
{
    struct search s = {0};
    uint w = start;
    for (uint n = 0, step; n <= r->nwords && s.best < want && (n < FAR || s.best == 0); n += step) {
        bool any = r->group_free[w / RUNS_GROUP] >= RUNS_UNIT;
        step = any ? 1 : RUNS_GROUP - w % RUNS_GROUP;
        if (any)
            look_at_word(&s, r->taken[w], w * RUNS_WORD);
        w += step;
        if (!any || w == r->nwords)
            s.length = 0;
        if (w == r->nwords)
            w = 0;
    }
    *first = s.best_first;
    return s.best < want ? s.best : want;
}

uint runs_any(const struct runs *r, uint start)
{
    uint w = start;
    for (uint n = 0, step; n <= r->nwords; n += step) {
        bool any = r->group_free[w / RUNS_GROUP] > 0;
        step = any ? 1 : RUNS_GROUP - w % RUNS_GROUP;
        if (any && ~r->taken[w])
            return w * RUNS_WORD + bits_lowest(~r->taken[w]);
        w = w + step < r->nwords ? w + step : 0;
    }
    return 0;
}
