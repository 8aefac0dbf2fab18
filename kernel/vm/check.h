#ifndef VM_CHECK_H
#define VM_CHECK_H

#include "kernel/faultlog.h"
#include "kernel/vm/space.h"

/*
 * The rules of docs/invariants.md, proven over the whole machine: DEBUG builds only.  Callers of
 * the first group need no #ifdef.
 */
#define CHECK_LEFT 1 /* owner[1] of a frame without a name that the cache does not hold any more */

#ifdef DEBUG
void check_init(void); /* once at boot, before there is a space */

/*
 * Around the birth and the death of a space: the list of spaces is locked, so the checker sees the
 * space whole or not at all.  A mutex; taken before that of any space.
 */
void check_spaces_lock(void);
void check_spaces_unlock(void);
void check_space_born(struct space *s); /* with it locked */
void check_space_dead(struct space *s); /* the same */

/*
 * How a cached frame is found by its owner[]: the frame that (store, index) leads to, NULL if none;
 * and in *dirty whether it may differ from what the disk has.  Called while no other hart runs;
 * must not lock.
 */
typedef const struct frame *check_cache_fn(const struct frame *f, bool *dirty);
void check_set_cache(check_cache_fn *find);

/* --- A check ---------------------------------------------------------------------------------- */

/*
 * Stops the machine at a moment when nobody edits a space, proves all rules, lets it go on, and
 * tells on the console what is broken.  Returns the number of findings.  May sleep.
 */
uint check_machine(void);

/* The steps of it, for who plants a violation in between.  check_audit() is called frozen. */
void check_freeze(void);
void check_audit(void);
uint check_thaw(void); /* also reports; returns the findings */

/* --- For the check_*.c and plant.c ------------------------------------------------------------ */

enum check_rule {
    RULE_V1,
    RULE_V2,
    RULE_V3,
    RULE_V4,
    RULE_V5,
    RULE_V7,
    RULE_V8,
    RULE_V9,
    RULE_V10,
    RULE_V11,
    RULE_V12,
    RULE_V13,
    RULE_T1,
    CHECK_RULES
};

const char *check_rule_name(enum check_rule rule); /* "V1" */

#define CHECK_PLACES 4

/* One finding.  Everything is copied: it is told when the machine runs again. */
struct check_finding {
    enum check_rule rule;
    const char *what;          /* in words */
    const struct frame *frame; /* NULL: it is not about one */
    struct frame was;          /* what the table said of it */
    bool faulted;              /* the next has a meaning */
    struct fault_event fault;  /* the latest that touched the frame */
    bool counts;               /* the next two have a meaning */
    uint64 expected, found;
    uint places; /* how many there are; the first ones are kept */
    struct {
        int pid; /* 0: a space without a process, or the kernel */
        char name[16];
        uint64 va;
    } at[CHECK_PLACES];
};

/* A new finding to be filled in, never NULL (what exceeds the room is only counted). */
struct check_finding *check_broken(enum check_rule rule, const char *what);
void check_about(struct check_finding *b, const struct frame *f);
void check_count(struct check_finding *b, uint64 expected, uint64 found);
void check_at(struct check_finding *b, const struct space *s, uint64 va); /* s NULL: the kernel */

/* Runs through all spaces; frozen. */
struct space *
check_next_space(const struct space *s); /* NULL: the first; returns NULL at the end */

/* The frame at pa; NULL if RAM has none there. */
struct frame *check_frame(paddr pa);

/* check_space.c: one space.  Adds to *committed what the space should have been charged. */
void check_space(struct space *s, uint64 *committed);

/* Adds to the finding where the user halves map f. */
void check_add_mappings(struct check_finding *b, const struct frame *f);

/* check_kernel.c: the kernel half. */
void check_kernel(void);

/* check_frames.c: the frame table, after all tables were walked; forgets what those counted. */
void check_frames(check_cache_fn *cached);

/*
 * check_store.c: what maps the pages of stores.  check_page() says what is wrong with an entry that
 * maps f at va in `a`, NULL: nothing.  Of each area that has a store, check_area() hears before the
 * next check_stores(), which compares them with what the stores know.
 */
const char *check_page(const struct area *a, const struct frame *f, uint64 va);
void check_area(struct area *a);
void check_stores(void);
#else
static inline void check_init(void)
{
}

static inline void check_spaces_lock(void)
{
}

static inline void check_spaces_unlock(void)
{
}

static inline void check_space_born(struct space *s)
{
    (void)s;
}

static inline void check_space_dead(struct space *s)
{
    (void)s;
}

typedef const struct frame *check_cache_fn(const struct frame *f, bool *dirty);

static inline void check_set_cache(check_cache_fn *find)
{
    (void)find;
}
#endif

#endif
