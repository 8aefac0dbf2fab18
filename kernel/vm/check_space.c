/*
 * One address space against the rules: its areas (V1), then one walk of the user half of its page
 * table, entry by entry (V2, V7, V10, V11, T1), then what the walk counted (V12).  On the way each
 * frame learns how often it is mapped; check_frames.c compares that with its count.
 *
 * An entry has at most one finding, the gravest first.  Where the areas themselves are broken,
 * nothing that relies on them is looked at: it would only repeat the finding.
 *
 * The machine is frozen: check.c.
 */
#include "kernel/vm/check.h"

#ifdef DEBUG
#include "kernel/lib/string.h"
#include "kernel/vm/pmap.h"

#define USER_ENTRIES 256 /* of a root */
#define RIGHTS       (PTE_R | PTE_W | PTE_X)

struct walk {
    struct space *s;
    bool sound;      /* the areas are */
    uint64 promised; /* pages of areas */
    uint64 charged;  /* of those, what is charged as a whole */
    uint64 resident;
    uint64 lazy;   /* of those, frames that are charged one by one */
    uint64 tables; /* below the root */
};

/* --- Areas ------------------------------------------------------------------------------------ */

/* What is wrong with the area, which follows `before`; NULL if nothing is. */
static const char *wrong_area(const struct space *s, const struct area *a,
                              const struct area *before)
{
    uint64 guard = s->stack_low - PGSIZE;

    if ((a->start | a->end) & (PGSIZE - 1))
        return "an area does not consist of whole pages";
    if (a->start >= a->end || a->end > USER_END)
        return "an area is empty or leaves the user half";
    if (before && a->start < before->end)
        return "an area overlaps the one before it";
    if (a->prot & AREA_W && a->prot & AREA_X)
        return "an area is both writable and executable";
    if (a->kind == AREA_STACK)
        return a->start < s->stack_low || a->end > s->stack_top
                   ? "the stack leaves the room that is kept for it"
                   : NULL;
    return s->stack_top && a->start < s->stack_top && a->end > guard
               ? "an area lies in the room of the stack"
               : NULL;
}

static void walk_areas(struct walk *w)
{
    const struct area *before = NULL;

    w->sound = true;
    for (struct area *a = area_first(&w->s->areas); a; before = a, a = area_next(a)) {
        const char *wrong = wrong_area(w->s, a, before);
        uint64 pages = (a->end - a->start) >> PGSHIFT;
        if (wrong) {
            w->sound = false;
            check_at(check_broken(RULE_V1, wrong), w->s, a->start);
        }
        if (a->store)
            check_area(a);
        w->promised += pages;
        w->charged += a->charged ? pages : 0;
    }
}

/* --- Entries ---------------------------------------------------------------------------------- */

/* Where the entry leads: a frame that a user may see, or NULL with the finding. */
static struct frame *user_frame(const struct walk *w, pte_t pte, uint64 va)
{
    struct frame *f = check_frame(PTE2PA(pte));
    struct check_finding *b;

    if (f && (f->state == FRAME_ANON || f->state == FRAME_CACHE))
        return f;
    if (f && f->state > FRAME_RESERVED)
        return NULL; /* found by check_frames.c */
    if (f == NULL)
        b = check_broken(RULE_V10, "a user entry maps what is not memory");
    else if (f->state == FRAME_FREE)
        b = check_broken(RULE_V7, "a free frame is mapped");
    else
        b = check_broken(RULE_V10, "a user entry maps a frame of the kernel");
    if (f)
        check_about(b, f);
    check_at(b, w->s, va);
    return NULL;
}

/* The finding about the rights of an entry that maps f in area a; NULL if they are fine. */
static struct check_finding *wrong_rights(pte_t pte, const struct frame *f, const struct area *a)
{
    if (a && (pte & (PTE_V | PTE_U | PTE_A | PTE_D | RIGHTS)) == 0)
        return NULL; /* all rights were taken from it */
    /* U goes with A: vm/mode.h. */
    if (!(pte & PTE_V) || (pte & (PTE_A | PTE_U)) == PTE_A || (pte & RIGHTS) == 0)
        return check_broken(RULE_V2, "an entry is neither empty nor one for the user");
    if (pte & PTE_W && pte & PTE_X)
        return check_broken(RULE_V11, "a user entry is both writable and executable");
    if (a == NULL)
        return check_broken(RULE_V2, "an entry lies outside all areas");
    if (pte & RIGHTS & ~AREA_TO_PTE(a->prot))
        return check_broken(RULE_V2, "an entry grants more than its area");
    if (pte & PTE_W && f == pmap_zero)
        return check_broken(RULE_V5, "the zero frame is writable");
    if (pte & PTE_W && f->state == FRAME_CACHE && !a->shared)
        return check_broken(RULE_V5, "a private area may write a page of a store");
    return NULL;
}

static void look_at_entry(struct walk *w, pte_t pte, uint64 va, const struct area *a)
{
    static const struct area any = {.prot = AREA_R | AREA_W | AREA_X, .shared = true};

    if (pmap_zero != frame_of(PTE2PA(pte)))
        w->resident++;
    struct frame *f = user_frame(w, pte, va);
    if (f == NULL)
        return;
    if (a && !a->charged && f != pmap_zero && f->state == FRAME_ANON)
        w->lazy++;
    f->mapped++;
    const char *wrong = w->sound && a ? check_page(a, f, va) : NULL;
    struct check_finding *b =
        wrong ? check_broken(RULE_V3, wrong) : wrong_rights(pte, f, w->sound ? a : &any);
    if (b) {
        check_about(b, f);
        check_at(b, w->s, va);
    } else if (pte & PTE_W && f != pmap_zero) {
        f->writable = 1;
    }
}

static void walk_leaves(struct walk *w, const pte_t *table, uint64 base)
{
    const struct area *a = area_above(&w->s->areas, base);

    for (uint i = 0; i < 512; i++) {
        uint64 va = base + i * PGSIZE;
        if (table[i] == 0)
            continue;
        while (w->sound && a && a->end <= va)
            a = area_next(a);
        look_at_entry(w, table[i], va, a && a->start <= va && va < a->end ? a : NULL);
    }
}

/* --- Tables ----------------------------------------------------------------------------------- */

/* The table that the entry points to, NULL with a finding if it is none. */
static struct frame *lower_table(const struct walk *w, pte_t pte, uint64 va)
{
    struct frame *f = check_frame(PTE2PA(pte));
    struct check_finding *b;

    if (f && f->state == FRAME_TABLE && (pte & (PTE_V | PTE_U | RIGHTS)) == PTE_V)
        return f;
    if (f == NULL || f->state == FRAME_TABLE)
        b = check_broken(RULE_V2, "an upper entry does not point to a table");
    else
        b = check_broken(RULE_V7, "a page table is in a frame of another state");
    if (f)
        check_about(b, f);
    check_at(b, w->s, va);
    return NULL;
}

static void check_needed(const struct walk *w, const struct frame *f, uint64 va, uint64 span)
{
    const struct area *a = area_above(&w->s->areas, va);

    if (!w->sound || (a && a->start < va + span))
        return;
    struct check_finding *b = check_broken(RULE_T1, "no area lies where this table maps");
    check_about(b, f);
    check_at(b, w->s, va);
}

static void walk_table(struct walk *w, const pte_t *table, int level, uint64 base)
{
    uint64 span = sv39_span(level);

    for (uint i = 0; i < (level == 2 ? USER_ENTRIES : 512); i++) {
        uint64 va = base + i * span;
        struct frame *f = table[i] ? lower_table(w, table[i], va) : NULL;
        if (f == NULL)
            continue;
        f->mapped++;
        w->tables++;
        check_needed(w, f, va, span);
        if (level > 1)
            walk_table(w, frame_virt(f), level - 1, va);
        else
            walk_leaves(w, frame_virt(f), va);
    }
}

/* The upper half of every root is the kernel's: pmap_kernel.c. */
static void walk_root(struct walk *w)
{
    const pte_t *root = virt(w->s->root), *kernel = virt(pmap_kernel_root);
    struct frame *f = check_frame(w->s->root);

    if (f)
        f->mapped++;
    for (uint i = USER_ENTRIES; i < 512; i++)
        if (root[i] != kernel[i])
            check_at(check_broken(RULE_V10, "an upper root entry is not the kernel's"), w->s,
                     (uint64)i << 30 | ~0UL << 39);
    walk_table(w, root, 2, 0);
}

/* --- The whole space -------------------------------------------------------------------------- */

static void compare(const struct walk *w, const char *what, uint64 expected, uint64 found)
{
    if (expected == found)
        return;
    struct check_finding *b = check_broken(RULE_V12, what);
    check_count(b, expected, found);
    check_at(b, w->s, 0);
}

void check_space(struct space *s, uint64 *committed)
{
    struct walk w = {.s = s};

    walk_areas(&w);
    walk_root(&w);
    uint64 cost = SPACE_COST + w.tables + w.charged + w.lazy;
    *committed += w.sound ? cost : s->committed;
    if (!w.sound)
        return;
    compare(&w, "the resident pages of a space", w.resident, s->resident);
    compare(&w, "the page tables of a space", w.tables, s->tables);
    compare(&w, "the promised pages of a space", w.promised, s->promised);
    compare(&w, "the pages that a space is charged", cost, s->committed);
}

/* --- Who maps a frame, once more -------------------------------------------------------------- */

static void add_from(struct check_finding *b, const struct space *s, const pte_t *table, int level,
                     uint64 base)
{
    for (uint i = 0; i < (level == 2 ? USER_ENTRIES : 512); i++) {
        uint64 va = base + i * sv39_span(level);
        struct frame *f = table[i] ? check_frame(PTE2PA(table[i])) : NULL;
        if (f && level > 0 && f->state == FRAME_TABLE)
            add_from(b, s, frame_virt(f), level - 1, va);
        else if (level == 0 && f == b->frame && f)
            check_at(b, s, va);
    }
}

void check_add_mappings(struct check_finding *b, const struct frame *f)
{
    check_about(b, f);
    for (struct space *s = NULL; (s = check_next_space(s));)
        add_from(b, s, virt(s->root), 2, 0);
}
#endif
