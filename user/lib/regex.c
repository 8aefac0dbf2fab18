/*
 * Regular expressions.  A pattern is a row of items, each with the set of bytes that it matches.
 * Matching keeps the set of all positions in the row that can be reached by the text read so far
 * (K. Thompson, "Regular Expression Search Algorithm", CACM 11(6), 1968): there is no backtracking,
 * so no pattern is slow.  Pure; holds no state but what the caller gives.
 */
#include "user/lib/regex.h"

static int set_has(const uchar *set, uchar byte)
{
    return set[byte / 8] >> byte % 8 & 1;
}

static void set_add(uchar *set, uchar byte)
{
    set[byte / 8] |= 1 << byte % 8;
}

static void set_invert(uchar *set)
{
    for (int i = 0; i < 256 / 8; i++)
        set[i] = ~set[i];
}

static void set_fold_case(uchar *set)
{
    for (int c = 'a'; c <= 'z'; c++)
        if (set_has(set, c) || set_has(set, c - 'a' + 'A')) {
            set_add(set, c);
            set_add(set, c - 'a' + 'A');
        }
}

/* Reads a set, whose `[` stands before p; returns what follows its `]`, 0 with *wrong set. */
static const char *parse_set(uchar *set, const char *p, int ignore_case, const char **wrong)
{
    int inverted = *p == '^';

    p += inverted;
    for (int first = 1; *p != ']' || first; first = 0) {
        if (*p == 0) {
            *wrong = "no ] for [";
            return 0;
        }
        uchar low = *p++, high = low;
        if (p[0] == '-' && p[1] != ']' && p[1] != 0) {
            high = p[1];
            p += 2;
        }
        if (high < low) {
            *wrong = "a range in [] ends before it starts";
            return 0;
        }
        for (int c = low; c <= high; c++)
            set_add(set, c);
    }
    if (ignore_case)
        set_fold_case(set);
    if (inverted)
        set_invert(set);
    return p + 1;
}

/* Reads one item without its star; returns what follows, 0 with *wrong set on failure. */
static const char *parse_item(struct regex_item *item, const char *p, int ignore_case,
                              const char **wrong)
{
    memset(item, 0, sizeof(*item));
    if (*p == '[')
        return parse_set(item->set, p + 1, ignore_case, wrong);
    int escaped = *p == '\\';
    p += escaped;
    if (*p == 0) {
        *wrong = "nothing follows \\";
        return 0;
    }
    if (*p == '.' && !escaped)
        set_invert(item->set);
    else
        set_add(item->set, *p);
    if (ignore_case)
        set_fold_case(item->set);
    return p + 1;
}

const char *regex_compile(struct regex *re, const char *pattern, int ignore_case)
{
    const char *p = pattern, *wrong = 0;

    re->n = 0;
    re->anchored_end = 0;
    re->anchored_start = *p == '^';
    p += re->anchored_start;
    while (*p != 0) {
        if (p[0] == '$' && p[1] == 0) {
            re->anchored_end = 1;
            break;
        }
        if (re->n == REGEX_MAX)
            return "pattern too long";
        struct regex_item *item = &re->item[re->n++];
        p = parse_item(item, p, ignore_case, &wrong);
        if (p == 0)
            return wrong;
        item->star = *p == '*';
        p += item->star;
    }
    return 0;
}

/* Position i is reached; so is what follows it when its item may match nothing. */
static void reach(const struct regex *re, uchar *at, int i)
{
    for (; !at[i]; i++) {
        at[i] = 1;
        if (i == re->n || !re->item[i].star)
            break;
    }
}

int regex_match(const struct regex *re, const char *text, size_t n)
{
    uchar now[REGEX_MAX + 1] = {0}, next[REGEX_MAX + 1];

    reach(re, now, 0);
    for (size_t t = 0; t < n; t++) {
        if (now[re->n] && !re->anchored_end)
            return 1;
        memset(next, 0, re->n + 1);
        for (int i = 0; i < re->n; i++)
            if (now[i] && set_has(re->item[i].set, text[t]))
                reach(re, next, re->item[i].star ? i : i + 1);
        if (!re->anchored_start)
            reach(re, next, 0);
        memcpy(now, next, re->n + 1);
    }
    return now[re->n];
}
