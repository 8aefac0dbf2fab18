#ifndef VM_PROMISE_H
#define VM_PROMISE_H

#include "kernel/vm/space.h"

/*
 * How the promises of a space change, for the files that implement its calls.  Addresses are
 * page-aligned, ranges not empty and within the user half; s->lock is held.
 */

/*
 * A space has at most so many areas: they are the kernel's memory, which no process is charged for.
 * What would need one more is -ENOMEM.
 */
#define AREAS_MAX 1000

/* True if a part of start .. end is the stack's: its pages, its room, its guard page. */
bool promise_is_stack(const struct space *s, uint64 start, uint64 end);

/* True if nothing lies in start .. end, neither an area nor room that is kept for the stack. */
bool promise_is_vacant(const struct space *s, uint64 start, uint64 end);

/* True if areas promise all of start .. end. */
bool promise_is_whole(const struct space *s, uint64 start, uint64 end);

/* Promises the vacant range with the attributes of `like`; 0 or -ENOMEM with nothing changed. */
int promise_make(struct space *s, uint64 start, uint64 end, const struct area *like);

/* The same in place of whatever is promised there. */
int promise_replace(struct space *s, uint64 start, uint64 end, const struct area *like);

/* Takes from .. to, which touches the start or the end of `a`, out of the space. */
void promise_drop(struct space *s, struct area *a, uint64 from, uint64 to);

/*
 * Divides areas so that none crosses start or end; 0 or -ENOMEM with nothing changed.
 * promise_join() joins areas in start .. end, and with their neighbours, where they are alike.
 */
int promise_isolate(struct space *s, uint64 start, uint64 end);
void promise_join(struct space *s, uint64 start, uint64 end);

#endif
