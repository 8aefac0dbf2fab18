/*
 * The rules, executable: stops the machine, proves docs/invariants.md over all of it, and tells
 * what is broken by rule, frame, process and address.  DEBUG builds only.
 *
 * A rule holds whenever the locks are free, so the checker first takes the list of all spaces and
 * the lock of each: nobody is then in the middle of editing one.  Steps that are not under such a
 * lock stand between whole_begin() and whole_end(), with interrupts off; so the checker stops the
 * other harts by an interrupt, and none of them, nor a process that was preempted, is inside.
 *
 * Findings are kept and told when the machine runs again: one that prints may have to wait.
 *
 * Lock: `spaces_lock`, before the lock of any space; it guards the list and everything else here.
 * Space locks are taken in the order of birth, so a parent's before that of its child.
 */
#include "kernel/vm/check.h"

#ifdef DEBUG
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/trace/trace.h"
#include "kernel/trap/ipi.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/faultlog.h"

#define MOST 12 /* findings that are told in full */

static struct mutex spaces_lock;
static struct list spaces; /* in the order of birth */
static struct check_finding findings[MOST + 1];
static uint nfindings;
static check_cache_fn *find_cached;

static const struct {
    const char *name, *words;
} rules[CHECK_RULES] = {
    [RULE_V1] = {"V1", "areas are sorted, disjoint, page-aligned, in the user half"},
    [RULE_V2] = {"V2", "a user entry lies in an area and grants no more than it"},
    [RULE_V3] = {"V3", "a page of a store is mapped where one of its areas says, and nowhere else"},
    [RULE_V4] = {"V4", "the count of a frame is its entries, its cache and its pins"},
    [RULE_V5] = {"V5", "an entry is writable only if its frame is its alone, or shared and dirty"},
    [RULE_V7] = {"V7", "a frame is in exactly one state, and used accordingly"},
    [RULE_V8] = {"V8", "a cached frame is found by its store and index"},
    [RULE_V9] = {"V9", "free and used frames are all frames, and each is in its place"},
    [RULE_V10] = {"V10", "no user entry maps the kernel, no kernel entry is the user's"},
    [RULE_V11] = {"V11", "nothing is both writable and executable"},
    [RULE_V12] = {"V12", "resident, promised and committed equal a walk"},
    [RULE_V13] = {"V13", "the zero frame is all zeros"},
    [RULE_T1] = {"T1", "a page table exists only where an area lies"},
};

const char *check_rule_name(enum check_rule rule)
{
    return rules[rule].name;
}

/* --- The spaces ------------------------------------------------------------------------------- */

void check_init(void)
{
    mutex_init(&spaces_lock, "spaces");
    list_init(&spaces);
}

void check_spaces_lock(void)
{
    mutex_lock(&spaces_lock);
}

void check_spaces_unlock(void)
{
    mutex_unlock(&spaces_lock);
}

void check_space_born(struct space *s)
{
    list_add_tail(&spaces, &s->all);
}

void check_space_dead(struct space *s)
{
    list_del(&s->all);
}

struct space *check_next_space(const struct space *s)
{
    struct list *l = s ? s->all.next : spaces.next;
    return l == &spaces ? NULL : container_of(l, struct space, all);
}

void check_set_cache(check_cache_fn *find)
{
    find_cached = find;
}

/* --- Findings --------------------------------------------------------------------------------- */

struct check_finding *check_broken(enum check_rule rule, const char *what)
{
    struct check_finding *b = &findings[nfindings < MOST ? nfindings : MOST];
    nfindings++;
    *b = (struct check_finding){.rule = rule, .what = what};
    return b;
}

void check_about(struct check_finding *b, const struct frame *f)
{
    b->frame = f;
    b->was = *f;
    b->faulted = trace_last_of((uint64)(f - frame_table), &b->fault);
}

void check_count(struct check_finding *b, uint64 expected, uint64 found)
{
    b->counts = true;
    b->expected = expected;
    b->found = found;
}

void check_at(struct check_finding *b, const struct space *s, uint64 va)
{
    if (b->places < CHECK_PLACES) {
        const struct vm_user *user = s ? s->user : NULL;
        b->at[b->places].pid = user ? user->pid : 0;
        b->at[b->places].va = va;
        strlcpy(b->at[b->places].name,
                user ? user->name
                : s  ? "(new)"
                     : "(kernel)",
                sizeof b->at[0].name);
    }
    b->places++;
}

static void tell_frame(const struct check_finding *b)
{
    static const char *const states[] = {"free", "wired",     "page table", "kernel stack", "slab",
                                         "pipe", "anonymous", "cache",      "reserved"};
    const char *state =
        b->was.state < sizeof states / sizeof states[0] ? states[b->was.state] : "no known state";

    printf("    frame %lu (0x%lx): %s, count %u, pins %u\n", (uint64)(b->frame - frame_table),
           frame_pa(b->frame), state, b->was.refs, b->was.pins);
}

static void tell(const struct check_finding *b)
{
    printf("%s broken: %s: %s\n", rules[b->rule].name, rules[b->rule].words, b->what);
    if (b->frame)
        tell_frame(b);
    if (b->faulted) {
        printf("    last fault: ");
        faultlog_print(&b->fault);
    }
    if (b->counts)
        printf("    expected %lu, found %lu\n", b->expected, b->found);
    for (uint i = 0; i < b->places && i < CHECK_PLACES; i++)
        printf("    pid %d %s at 0x%lx\n", b->at[i].pid, b->at[i].name, b->at[i].va);
    if (b->places > CHECK_PLACES)
        printf("    and %u more\n", b->places - CHECK_PLACES);
}

/* --- A check ---------------------------------------------------------------------------------- */

void check_freeze(void)
{
    check_spaces_lock();
    for (struct space *s = NULL; (s = check_next_space(s));)
        mutex_lock(&s->lock);
    nfindings = 0;
    ipi_pause_others();
}

void check_audit(void)
{
    uint64 committed = commit_other();

    for (struct space *s = NULL; (s = check_next_space(s));)
        check_space(s, &committed);
    if (committed != commit_total())
        check_count(check_broken(RULE_V12, "what is promised in all is not the sum over spaces"),
                    committed, commit_total());
    check_stores();
    check_kernel();
    check_frames(find_cached);
}

uint check_thaw(void)
{
    ipi_resume_others();
    uint n = nfindings;
    for (uint i = 0; i < n && i < MOST; i++)
        tell(&findings[i]);
    if (n > MOST)
        printf("    and %u more findings\n", n - MOST);
    for (struct space *s = NULL; (s = check_next_space(s));)
        mutex_unlock(&s->lock);
    check_spaces_unlock();
    return n;
}

uint check_machine(void)
{
    check_freeze();
    check_audit();
    return check_thaw();
}

struct frame *check_frame(paddr pa)
{
    if (pa < frame_base || pa - frame_base >= frame_count << PGSHIFT)
        return NULL;
    struct frame *f = frame_of(pa);
    return frame_known(f) ? f : NULL;
}
#endif
