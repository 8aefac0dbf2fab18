#ifndef DEV_LINEEDIT_H
#define DEV_LINEEDIT_H

#include "kernel/types.h"
#include <stdbool.h>

/*
 * The keys typed at a terminal, from the key to the reader.  Bytes between `start` and `ready` may
 * be read; those between `ready` and `end` are the line being typed, which can still be edited.
 * The three only grow; a byte stands at its number modulo the size of the ring.
 */
#define LINEEDIT_SIZE 16384 /* a power of 2 */

struct lineedit {
    char ring[LINEEDIT_SIZE];
    uint start, ready, end;
    bool raw;                                  /* bytes pass unchanged and unechoed */
    void (*echo)(const char *bytes, uint64 n); /* to the screen; may lose what has no room */
};

/* What a key means to somebody other than the line. */
enum lineedit_event {
    LINEEDIT_NONE,
    LINEEDIT_READY,     /* there is more to read */
    LINEEDIT_INTERRUPT, /* ^C: all input not yet read is gone */
    LINEEDIT_LIST,      /* ^P */
    LINEEDIT_MEMORY,    /* ^T */
};

/* In all functions: the caller keeps others away from *le.  echo() is called by lineedit_key(). */
void lineedit_init(struct lineedit *le, void (*echo)(const char *bytes, uint64 n));
enum lineedit_event lineedit_key(struct lineedit *le, char c);

/* Raw or cooked from now on; the line being typed becomes readable as it is. */
void lineedit_set_raw(struct lineedit *le, bool raw);

/* Makes an empty line readable, unless there is no room. */
void lineedit_empty_line(struct lineedit *le);

static inline bool lineedit_readable(const struct lineedit *le)
{
    return le->start != le->ready;
}

/*
 * Takes up to max bytes, but not beyond the end of a line, and returns their number.  *over tells
 * that the read is complete: the line has ended (0 bytes: end of file) or nothing more is there.
 */
uint lineedit_read(struct lineedit *le, char *dst, uint max, bool *over);

#endif
