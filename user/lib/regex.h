#ifndef USER_LIB_REGEX_H
#define USER_LIB_REGEX_H

#include "user/user.h"

/*
 * Regular expressions: `.` any byte, `[a-z]` `[^a-z]` one of these or none of them, `X*` any number
 * of X, `\X` X itself, `^` at the start and `$` at the end of the pattern stand for those of the
 * text.  Anything else, also `*` at the start, stands for itself.
 */

#define REGEX_MAX 256 /* most bytes, sets and dots in a pattern */

struct regex {
    int anchored_start, anchored_end;
    int n;
    struct regex_item {
        int star;           /* any number of it */
        uchar set[256 / 8]; /* the bytes that match it, a bit each */
    } item[REGEX_MAX];
};

/* Returns 0, or in a few words what is wrong with the pattern. */
const char *regex_compile(struct regex *re, const char *pattern, int ignore_case);

/* 1 if some part of the n bytes of text matches, else 0.  Takes O(n * re->n) steps at most. */
int regex_match(const struct regex *re, const char *text, size_t n);

#endif
