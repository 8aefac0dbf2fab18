// sources: kernel/vm/mprotect.c kernel/vm/promise.c kernel/vm/heap.c kernel/vm/shm.c
// sources: kernel/vm/rmap.c kernel/vm/reclaim.c kernel/vm/store.c kernel/vm/pmap_fork.c
// sources: kernel/vm/fault.c kernel/vm/space.c kernel/vm/area.c kernel/vm/stat.c
// sources: kernel/vm/commit.c kernel/vm/pmap.c kernel/vm/tlb.c kernel/vm/usercopy.c
// sources: kernel/lib/avl.c tests/host/vm_shim.c
/* Address spaces on the model machine of vm_shim.h: one rule after the other. */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/vm.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/mmap.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/stat.h"
#include "kernel/vm/tlb.h"
#include "kernel/vm/usercopy.h"
#include "tests/host/vm_shim.h"

#define TEXT 0UL
#define DATA 0x4000UL
#define END  0x8000UL
#define RW   (AREA_R | AREA_W)
#define RX   (AREA_R | AREA_X)

static uint64 frames_before, objects_before;
static bool left_over; /* by the test before: what follows would only repeat that */

static int setup(void **state)
{
    (void)state;
    assert_false(left_over);
    left_over = true;
    shim_reset(16);
    frames_before = shim_frames_used();
    objects_before = shim_objects_used();
    return 0;
}

/* Every test gives back what it took. */
static int teardown(void **state)
{
    (void)state;
    shim_hart(0);
    assert_int_equal(shim_frames_used(), frames_before);
    assert_int_equal(shim_objects_used(), objects_before);
    assert_int_equal(commit_total(), 0);
    left_over = false;
    return 0;
}

static void activate(struct space *s)
{
    irq_push();
    space_activate(s);
    irq_pop();
}

/* Program text of our own, as a debugger or a compiler at run time makes it. */
static void load_text(struct space *s, uint64 word)
{
    struct pin pin;
    assert_int_equal(space_mprotect(s, TEXT, 4 * PGSIZE, RW), 0);
    assert_int_equal(user_pin(s, TEXT, 4 * PGSIZE, PIN_WRITE, &pin), 4 * PGSIZE);
    for (int i = 0; i < pin.iov.n; i++)
        *(uint64 *)(void *)pin.iov.piece[i].at = word + (uint64)i;
    user_unpin(&pin);
    assert_int_equal(space_mprotect(s, TEXT, 4 * PGSIZE, RX), 0);
}

/* A program of four pages of text and four of data, ready to run on this hart. */
static struct space *program(void)
{
    struct space *s = space_new();
    assert_non_null(s);
    assert_int_equal(space_map(s, TEXT, DATA, RX, AREA_TEXT), 0);
    assert_int_equal(space_map(s, DATA, END, RW, AREA_DATA), 0);
    assert_int_equal(space_set_stack(s, END - 100), 0);
    load_text(s, 1000);
    activate(s);
    return s;
}

static struct space *fork_of(struct space *s)
{
    struct space *child = NULL;
    assert_int_equal(space_fork(s, FORK_COW, &child), 0);
    return child;
}

static uint64 load(struct space *s, uint64 va)
{
    uint64 v = 0;
    activate(s);
    assert_int_equal(shim_load(s, va, &v), FAULT_OK);
    return v;
}

static void store(struct space *s, uint64 va, uint64 v)
{
    activate(s);
    assert_int_equal(shim_store(s, va, v), FAULT_OK);
}

static const pte_t *pte_of(struct space *s, uint64 va)
{
    const pte_t *slot = pmap_find(s, va);
    assert_non_null(slot);
    return slot;
}

static struct frame *frame_at(struct space *s, uint64 va)
{
    assert_true(*pte_of(s, va) & PTE_V);
    return frame_of(PTE2PA(*pte_of(s, va)));
}

static void check(struct space *a, struct space *b)
{
    struct space *const all[] = {a, b};
    shim_check(all, b ? 2 : 1);
}

static void reads_share_the_zero_frame(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 before = shim_frames_used();
    assert_int_equal(load(s, DATA), 0);
    assert_int_equal(load(s, DATA + PGSIZE), 0);
    assert_int_equal(shim_frames_used(), before);
    assert_ptr_equal(frame_at(s, DATA), pmap_zero);
    assert_int_equal(pmap_zero->refs, 1);

    store(s, DATA, 7);
    assert_ptr_not_equal(frame_at(s, DATA), pmap_zero);
    assert_int_equal(load(s, DATA), 7);
    assert_int_equal(load(s, DATA + PGSIZE), 0);
    check(s, NULL);
    space_put(s);
}

static void permissions_hold(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 v;
    assert_int_equal(shim_store(s, TEXT, 1), FAULT_PROT);
    assert_int_equal(shim_fetch(s, DATA, &v), FAULT_PROT);
    assert_int_equal(shim_fetch(s, TEXT + PGSIZE, &v), FAULT_OK);
    assert_int_equal(v, 1001);
    assert_int_equal(shim_load(s, END, &v), FAULT_BAD);
    assert_int_equal(shim_load(s, 0xffffffc080000000UL, &v), FAULT_BAD);
    assert_int_equal(shim_load(s, MAXVA, &v), FAULT_BAD);

    struct space *child = fork_of(s);
    activate(child);
    assert_int_equal(shim_store(child, TEXT, 1), FAULT_PROT);
    assert_int_equal(shim_fetch(child, TEXT, &v), FAULT_OK);
    assert_int_equal(v, 1000);
    check(s, child);
    space_put(s);
    space_put(child);
}

static void fork_copies_on_write(void **state)
{
    (void)state;
    struct space *s = program();
    store(s, DATA, 1);
    store(s, DATA + PGSIZE, 2);
    struct space *child = fork_of(s);
    uint64 cows = fault_count_of(KIND_COW), reuses = fault_count_of(KIND_REUSE);

    assert_ptr_equal(frame_at(s, DATA), frame_at(child, DATA));
    store(s, DATA, 10); /* through the stale, once writable translation of the parent */
    assert_int_equal(load(child, DATA), 1);
    assert_int_equal(load(s, DATA), 10);
    store(child, DATA, 11); /* the last owner: no copy */
    assert_int_equal(load(s, DATA), 10);
    assert_int_equal(load(child, DATA), 11);
    assert_int_equal(fault_count_of(KIND_COW), cows + 1);
    assert_int_equal(fault_count_of(KIND_REUSE), reuses + 1);
    check(s, child);
    space_put(child);
    store(s, DATA + PGSIZE, 20);
    assert_int_equal(fault_count_of(KIND_COW), cows + 1);
    assert_int_equal(load(s, DATA + PGSIZE), 20);
    space_put(s);
}

/* What a fork and the faults after it did is counted for the parent, and for the machine. */
static void forks_are_counted(void **state)
{
    (void)state;
    struct space *s = program(), *child = NULL, *eager = NULL;
    shim_set_sp(s, s->stack_top);
    struct vmstat machine, after, *mine = &s->user->stat, before = *mine;
    vm_stat_machine(&machine);
    store(s, DATA, 1);
    store(s, DATA + PGSIZE, 2);
    assert_int_equal(mine->frames_zeroed, before.frames_zeroed + 2);
    uint64 frames = s->resident, tables = mine->tables;

    child = fork_of(s);
    assert_int_equal(mine->forks, before.forks + 1);
    assert_int_equal(mine->frames_shared, before.frames_shared + frames);
    assert_int_equal(mine->tables, tables + child->tables);
    assert_int_equal(mine->frames_copied, before.frames_copied);
    store(s, DATA, 3);
    assert_int_equal(mine->frames_copied, before.frames_copied + 1);

    assert_int_equal(space_fork(s, FORK_EAGER, &eager), 0);
    assert_int_equal(mine->forks, before.forks + 2);
    assert_int_equal(mine->frames_shared, before.frames_shared + frames);
    assert_int_equal(mine->frames_copied, before.frames_copied + 1 + frames);
    assert_int_equal(mine->tables, tables + child->tables + eager->tables);

    assert_true(space_sbrk(s, 3 * SUPERPGSIZE, SBRK_EAGER) > 0);
    assert_int_equal(mine->tables, tables + child->tables + eager->tables + 3);
    vm_stat_machine(&after);
    assert_int_equal(after.forks - machine.forks, mine->forks - before.forks);
    assert_int_equal(after.frames_copied - machine.frames_copied,
                     mine->frames_copied - before.frames_copied);
    assert_int_equal(after.tables - machine.tables, mine->tables - before.tables);
    space_put(s);
    space_put(child);
    space_put(eager);
}

/* The child has frames of its own, with the area's rights, and the parent keeps its own. */
static void eager_fork_copies_at_once(void **state)
{
    (void)state;
    struct space *s = program(), *child = NULL, *eager = NULL;
    store(s, DATA, 1);
    store(s, DATA + PGSIZE, 2);
    assert_int_equal(load(s, DATA + 2 * PGSIZE), 0);
    uint64 frames = s->resident, used = shim_frames_used(), fences = shim_fences(), v;
    assert_int_equal(space_fork(s, FORK_EAGER, &eager), 0);
    assert_int_equal(eager->resident, frames);
    assert_in_range(shim_frames_used() - used, frames + 3, frames + 4); /* and tables */
    assert_int_equal(shim_fences(), fences);
    assert_true(*pte_of(s, DATA) & PTE_W);
    assert_true(*pte_of(eager, DATA) & PTE_W);
    assert_ptr_not_equal(frame_at(s, DATA), frame_at(eager, DATA));
    assert_ptr_equal(frame_at(eager, DATA + 2 * PGSIZE), pmap_zero);
    check(s, eager);

    child = fork_of(s); /* what is shared between two is copied all the same */
    space_put(eager);
    assert_int_equal(space_fork(s, FORK_EAGER, &eager), 0);
    assert_true(*pte_of(eager, DATA) & PTE_W);
    store(eager, DATA, 30);
    store(child, DATA, 20);
    assert_int_equal(load(s, DATA), 1);
    assert_int_equal(load(eager, DATA), 30);
    assert_int_equal(load(eager, DATA + PGSIZE), 2);
    assert_int_equal(shim_store(eager, TEXT, 1), FAULT_PROT);
    assert_int_equal(shim_fetch(eager, TEXT, &v), FAULT_OK);
    assert_int_equal(v, 1000);
    struct space *const all[] = {s, child, eager};
    shim_check(all, 3);
    space_put(s);
    space_put(child);
    space_put(eager);
}

/* A page that is copy-on-write already stays so through further forks. */
static void grandchildren_see_their_own(void **state)
{
    (void)state;
    struct space *line[20];
    line[0] = program();
    store(line[0], DATA, 100);
    for (uint i = 1; i < 20; i++) {
        line[i] = fork_of(line[i - 1]);
        if (i % 3 == 0)
            store(line[i], DATA, 100 + i);
    }
    for (uint i = 0; i < 20; i++)
        assert_int_equal(load(line[i], DATA), 100 + i - i % 3);
    shim_check(line, 20);
    for (uint i = 0; i < 20; i++)
        space_put(line[i]);
}

static void three_hundred_children_share_one_page(void **state)
{
    (void)state;
    static struct space *child[300];
    struct space *s = program();
    store(s, DATA, 5);
    for (uint i = 0; i < 300; i++)
        child[i] = fork_of(s);
    assert_int_equal(frame_at(s, DATA)->refs, 301);
    for (uint i = 0; i < 300; i++)
        space_put(child[i]);
    assert_int_equal(frame_at(s, DATA)->refs, 1);
    space_put(s);
}

static void stack_grows_to_its_limit(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 v, top = s->stack_top, low = s->stack_low;
    assert_int_equal(top - low, USERSTACK * PGSIZE);
    assert_int_equal(s->heap, top);
    const struct area *stack = area_find(&s->areas, top - 1);
    if (stack == NULL || stack->start != top - PGSIZE)
        fail_msg("a new stack has %lu pages", stack ? (top - stack->start) / PGSIZE : 0);

    uint64 sp = top - 5 * PGSIZE + 64;
    shim_set_sp(s, sp);
    if (shim_store(s, sp - 8, 1) != FAULT_BAD)
        fail_msg("the stack grew to 8 bytes below its pointer");
    assert_int_equal(shim_store(s, sp, 1), FAULT_OK);
    assert_int_equal(area_find(&s->areas, top - 1)->start, top - 5 * PGSIZE);
    assert_int_equal(load(s, top - 3 * PGSIZE), 0);
    assert_int_equal(load(s, DATA), 0); /* what was pushed went to no page of others */
    shim_set_sp(s, low);
    assert_int_equal(shim_store(s, low, 2), FAULT_OK);
    shim_set_sp(s, 0); /* whatever the program makes of its stack pointer */
    assert_int_equal(shim_store(s, low - 8, 3), FAULT_BAD);
    assert_int_equal(shim_load(s, END, &v), FAULT_BAD);
    check(s, NULL);
    space_put(s);
}

static void sbrk_keeps_its_contract(void **state)
{
    (void)state;
    struct space *s = program();
    int64 heap = (int64)s->heap;
    uint64 v;
    assert_int_equal(space_sbrk(s, 0, SBRK_EAGER), heap);
    assert_int_equal(space_sbrk(s, 3 * PGSIZE + 10, SBRK_EAGER), heap);
    store(s, (uint64)heap, 1);
    store(s, (uint64)heap + 3 * PGSIZE, 2);
    assert_int_equal(shim_load(s, (uint64)heap + 4 * PGSIZE, &v), FAULT_BAD);

    assert_int_equal(space_sbrk(s, -10 - 2 * PGSIZE + 8, SBRK_EAGER), heap + 3 * PGSIZE + 10);
    assert_int_equal(load(s, (uint64)heap), 1);
    assert_int_equal(shim_load(s, (uint64)heap + 3 * PGSIZE, &v), FAULT_BAD);
    assert_int_equal(space_sbrk(s, 2 * PGSIZE, SBRK_EAGER), heap + PGSIZE + 8);
    assert_int_equal(load(s, (uint64)heap + 3 * PGSIZE), 0); /* grown again: zero */

    int64 now = heap + 3 * PGSIZE + 8;
    assert_int_equal(space_sbrk(s, -now, SBRK_EAGER), -EINVAL);
    assert_int_equal(space_sbrk(s, heap - now - 1, SBRK_EAGER), -EINVAL);
    assert_int_equal(space_sbrk(s, -now - 1, SBRK_EAGER), now);
    assert_int_equal(space_sbrk(s, INT64_MIN, SBRK_EAGER), now);
    assert_int_equal(space_sbrk(s, INT64_MAX, SBRK_LAZY), -ENOMEM);
    assert_int_equal(space_sbrk(s, (int64)USER_END - now + 1, SBRK_LAZY), -ENOMEM);
    assert_int_equal(space_sbrk(s, 0, SBRK_EAGER), now);
    assert_int_equal(space_sbrk(s, (int64)USER_END - now, SBRK_LAZY), now);
    assert_int_equal(space_sbrk(s, 1, SBRK_LAZY), -ENOMEM);
    store(s, USER_END - 8, 9);
    assert_int_equal(shim_load(s, USER_END, &v), FAULT_BAD);
    check(s, NULL);
    assert_int_equal(space_sbrk(s, heap - (int64)s->brk, SBRK_EAGER), (int64)USER_END);
    check(s, NULL);
    space_put(s);
}

/* A sparse reader gets the zero frame for nothing, but is charged for the tables that map it. */
static void tables_are_charged(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 start = s->heap, n = 0, v, used = shim_frames_used();
    assert_int_equal(space_sbrk(s, 200L << 30, SBRK_LAZY), start);
    enum fault_result r = FAULT_OK;
    while (r == FAULT_OK)
        r = shim_load(s, start + n++ * SUPERPGSIZE, &v);
    assert_int_equal(r, FAULT_NOMEM);
    assert_int_equal(s->tables, shim_frames_used() - used + 2);
    assert_true(s->committed >= s->tables);
    assert_in_range(commit_limit() - commit_total(), 1, 256);
    check(s, NULL);
    space_put(s);
}

/* Once promised, charged memory needs frames only: with the limit reached, no page is missing. */
static void charged_pages_need_no_tables(void **state)
{
    (void)state;
    struct space *s = program(), *hog = space_new();
    uint64 start = s->heap, end = 3UL << 30;
    assert_int_equal(space_sbrk(s, 2000 * PGSIZE, SBRK_EAGER), start);
    assert_int_equal(space_map(s, end - 8 * PGSIZE, end + 8 * PGSIZE, RW, AREA_MAP), 0);
    assert_int_equal(space_set_stack(hog, PGSIZE), 0);
    while (space_sbrk(hog, PGSIZE, SBRK_EAGER) >= 0)
        ;
    uint64 committed = s->committed, tables = s->tables;
    for (uint64 i = 0; i < 2000; i++)
        store(s, start + i * PGSIZE, i);
    for (uint64 i = 0; i < 16; i++)
        store(s, end - 8 * PGSIZE + i * PGSIZE, i);
    assert_int_equal(s->committed, committed);
    assert_int_equal(s->tables, tables);
    check(s, hog);
    space_put(hog);
    space_put(s);
}

/* What is charged and what is not stay apart, and the totals follow. */
static void charges_follow_the_promises(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 start = s->heap, base = s->committed, tables = s->tables;
    assert_int_equal(tables, 2);
    space_sbrk(s, 4 * PGSIZE, SBRK_EAGER);
    assert_int_equal(s->committed, base + 4);
    space_sbrk(s, 1000 * PGSIZE, SBRK_LAZY);
    assert_int_equal(s->committed, base + 4);
    space_sbrk(s, 4 * PGSIZE, SBRK_EAGER);
    assert_int_equal(s->committed, base + 8 + 1); /* the table for these comes with the promise */
    store(s, start + 10 * PGSIZE, 1);
    assert_int_equal(load(s, start + 11 * PGSIZE), 0);
    assert_int_equal(s->committed, base + 10);
    assert_int_equal(load(s, start + 600 * PGSIZE), 0); /* a table of its own, made at the fault */
    assert_int_equal(s->committed, base + 11);
    assert_int_equal(s->tables, tables + 2);
    struct space *child = fork_of(s);
    assert_int_equal(commit_total(), 2 * s->committed);
    store(child, start + 11 * PGSIZE, 1);
    store(child, start + 10 * PGSIZE, 1);
    assert_int_equal(child->committed, s->committed + 1);
    check(s, child);
    space_put(child);
    space_sbrk(s, -1008 * PGSIZE, SBRK_EAGER);
    assert_int_equal(s->committed, base);
    check(s, NULL);
    space_put(s);
}

static void promises_end_before_memory_does(void **state)
{
    (void)state;
    struct space *s = program();
    int64 n = (int64)(commit_limit() - commit_total());
    assert_int_equal(space_sbrk(s, (n + 1) * PGSIZE, SBRK_EAGER), -ENOMEM);
    int64 brk = space_sbrk(s, SHIM_FRAMES * 4 * PGSIZE, SBRK_LAZY);
    assert_true(brk > 0);
    enum fault_result r = FAULT_OK;
    uint64 touched = 0;
    for (; r == FAULT_OK; touched++)
        r = shim_store(s, (uint64)brk + touched * PGSIZE, touched);
    assert_int_equal(r, FAULT_NOMEM);
    assert_in_range(commit_limit() - commit_total(), 1, 256); /* kept for init and the shell */
    assert_int_equal(space_sbrk(s, PGSIZE, SBRK_EAGER), -ENOMEM);
    struct space *child = NULL;
    assert_int_equal(space_fork(s, FORK_COW, &child), -ENOMEM);
    assert_null(child);
    for (uint64 i = 0; i + 1 < touched; i += 97)
        assert_int_equal(load(s, (uint64)brk + i * PGSIZE), i);
    check(s, NULL);
    space_put(s);
}

/* No frame is left, although the page could be charged: nothing has changed. */
static void a_fault_without_a_frame_costs_nothing(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 start = s->heap;
    assert_int_equal(space_sbrk(s, 4 * PGSIZE, SBRK_LAZY), start);
    assert_int_equal(load(s, start), 0); /* so there is a table */
    uint64 before = s->committed;
    for (uint64 page = 0; page < 2; page++) {
        shim_fail_nth(1);
        assert_int_equal(shim_store(s, start + page * PGSIZE, 1), FAULT_NOMEM);
        assert_true(shim_failed());
    }
    shim_fail_nth(0);
    uint64 failed = s->committed - before;
    store(s, start, 5);
    uint64 stored = s->committed - before - failed;
    space_put(s); /* before it fails: the next test begins with nothing */
    if (failed != 0)
        fail_msg("faults that got no frame charged %ld pages", failed);
    if (stored != 1)
        fail_msg("a frame in a lazy heap charged %ld pages", stored);
}

/* With overcommit promises have no limit but the addresses; what ends is memory, in a fault. */
static void overcommit_refuses_nothing(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 start = s->heap, tables = s->tables, touched = 0;
    assert_false(commit_set_overcommit(true));
    assert_int_equal(space_sbrk(s, 20 * SHIM_FRAMES * PGSIZE, SBRK_EAGER), start);
    assert_int_equal(s->tables, tables);
    assert_true(s->committed > 20 * SHIM_FRAMES && commit_total() > commit_limit());
    struct space *child = fork_of(s);
    enum fault_result r = FAULT_OK;
    activate(s);
    for (; r == FAULT_OK; touched++)
        r = shim_store(s, start + touched * PGSIZE, touched);
    assert_int_equal(r, FAULT_NOMEM);
    assert_true(touched > commit_limit());
    check(s, child);
    assert_true(commit_set_overcommit(false)); /* what is promised stays, nothing is added */
    assert_int_equal(space_sbrk(s, PGSIZE, SBRK_EAGER), -ENOMEM);
    struct space *none = NULL;
    assert_int_equal(space_fork(s, FORK_COW, &none), -ENOMEM);
    space_put(child);
    assert_int_equal(load(s, start + PGSIZE), 1);
    space_put(s);
}

static void sparse_heap_costs_what_it_touches(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 start = s->heap;
    assert_int_equal(space_sbrk(s, 240L << 30, SBRK_LAZY), start);
    uint64 before = shim_frames_used();
    for (uint64 gib = 0; gib < 240; gib += 60)
        store(s, start + (gib << 30), gib + 1);
    assert_true(shim_frames_used() - before <= 4 * 3);
    struct space *child = fork_of(s);
    for (uint64 gib = 0; gib < 240; gib += 60)
        assert_int_equal(load(child, start + (gib << 30)), gib + 1);
    check(s, child);
    space_put(child);
    assert_int_equal(space_sbrk(s, -(240L << 30), SBRK_LAZY), start + (240UL << 30));
    assert_int_equal(shim_frames_used(), before); /* tables included */
    space_put(s);
}

static void overlaps_and_nonsense_are_refused(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 low = s->stack_low;
    assert_int_equal(space_map(s, DATA, DATA + PGSIZE, RW, AREA_MAP), -EINVAL);
    assert_int_equal(space_map(s, low - PGSIZE, low, RW, AREA_MAP), -EINVAL);
    assert_int_equal(space_map(s, low, low + PGSIZE, RW, AREA_MAP), -EINVAL);
    assert_int_equal(space_map(s, 1UL << 30, 1UL << 30, RW, AREA_MAP), -EINVAL);
    assert_int_equal(space_map(s, (1UL << 30) + 8, 2UL << 30, RW, AREA_MAP), -EINVAL);
    assert_int_equal(space_map(s, 1UL << 30, 2UL << 30, AREA_W | AREA_X, AREA_MAP), -EINVAL);
    assert_int_equal(space_map(s, USER_END - PGSIZE, USER_END + PGSIZE, RW, AREA_MAP), -EINVAL);
    assert_int_equal(space_map(s, -PGSIZE, PGSIZE, RW, AREA_MAP), -EINVAL);
    assert_int_equal(space_map(s, 1UL << 30, 200UL << 30, RW, AREA_MAP), -ENOMEM);
    assert_int_equal(space_set_stack(s, 1UL << 31), -EINVAL);
    check(s, NULL);
    space_put(s);
}

static void holes_are_cut_anywhere(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 at = (1UL << 30) - 8 * PGSIZE, v;
    assert_int_equal(space_map(s, at, at + 16 * PGSIZE, RW, AREA_MAP), 0);
    for (uint64 i = 0; i < 16; i++)
        store(s, at + i * PGSIZE, i);
    assert_int_equal(space_unmap(s, at + 4 * PGSIZE, at + 6 * PGSIZE), 0);
    assert_int_equal(space_unmap(s, at + 4 * PGSIZE, at + 6 * PGSIZE), 0);
    assert_int_equal(space_unmap(s, at, at + PGSIZE), 0);
    assert_int_equal(space_unmap(s, at + 15 * PGSIZE, at + 20 * PGSIZE), 0);
    for (uint64 i = 0; i < 16; i++) {
        bool gone = i == 0 || i == 4 || i == 5 || i == 15;
        assert_int_equal(shim_load(s, at + i * PGSIZE, &v), gone ? FAULT_BAD : FAULT_OK);
        if (!gone)
            assert_int_equal(v, i);
    }
    check(s, NULL);
    space_put(s);
}

static void copies_reach_promised_pages_only(void **state)
{
    (void)state;
    struct space *s = program();
    static char buf[3 * PGSIZE], back[3 * PGSIZE];
    memset(buf, 'x', sizeof buf);
    assert_int_equal(copyout(s, DATA + 100, buf, 2 * PGSIZE), 0);
    assert_int_equal(copyin(s, back, DATA + 100, 2 * PGSIZE), 0);
    assert_memory_equal(buf, back, 2 * PGSIZE);
    assert_int_equal(copyin(s, back, DATA + 3 * PGSIZE, PGSIZE), 0); /* never touched: zero */
    assert_int_equal(back[17], 0);

    assert_int_equal(copyout(s, TEXT, buf, 8), -EFAULT);
    assert_int_equal(load(s, TEXT), 1000);
    assert_int_equal(copyout(s, END - 8, buf, 16), -EFAULT);
    assert_int_equal(copyin(s, back, END - 8, 16), -EFAULT);
    assert_int_equal(copyin(s, back, 0xffffffc080000000UL, 8), -EFAULT);
    assert_int_equal(copyin(s, back, -8UL, 16), -EFAULT);
    assert_int_equal(copyin(s, back, MAXVA - 8, 16), -EFAULT);
    assert_int_equal(copyin(s, back, -1UL, 0), 0);

    struct space *child = fork_of(s);
    assert_int_equal(copyout(child, DATA + 100, "child", 5), 0);
    assert_int_equal(copyin(s, back, DATA + 100, 5), 0);
    assert_memory_equal(back, "xxxxx", 5);
    check(s, child);
    space_put(child);
    space_put(s);
}

static void strings_end_in_time(void **state)
{
    (void)state;
    struct space *s = program();
    char buf[64];
    copyout(s, DATA + PGSIZE - 4, "abcdefg", 8);
    assert_int_equal(copyinstr(s, buf, DATA + PGSIZE - 4, sizeof buf), 7);
    assert_string_equal(buf, "abcdefg");
    assert_int_equal(copyinstr(s, buf, DATA + PGSIZE - 4, 8), 7);
    assert_int_equal(copyinstr(s, buf, DATA + PGSIZE - 4, 7), -ENAMETOOLONG);
    assert_int_equal(copyinstr(s, buf, DATA, 0), -ENAMETOOLONG);
    copyout(s, END - 4, "abcd", 4);
    assert_int_equal(copyinstr(s, buf, END - 4, sizeof buf), -EFAULT);
    assert_int_equal(copyinstr(s, buf, 0xffffffc080000000UL, sizeof buf), -EFAULT);
    space_put(s);
}

static void pins_hold_their_frames(void **state)
{
    (void)state;
    struct space *s = program();
    struct pin p, q;
    assert_int_equal(user_pin(s, END - PGSIZE - 8, 3 * PGSIZE, PIN_WRITE, &p), PGSIZE + 8);
    assert_int_equal(p.iov.n, 2);
    memset(p.iov.piece[0].at, 'p', 8);
    assert_int_equal(load(s, END - PGSIZE - 8), 0x7070707070707070);
    user_unpin(&p);
    assert_int_equal(user_pin(s, END, 8, PIN_READ, &p), -EFAULT);
    assert_int_equal(user_pin(s, TEXT, 8, PIN_WRITE, &p), -EFAULT);
    assert_int_equal(user_pin(s, TEXT, 0, PIN_WRITE, &p), 0);

    int64 heap = space_sbrk(s, 20 * PGSIZE, SBRK_EAGER);
    assert_int_equal(user_pin(s, (uint64)heap + 1, 20 * PGSIZE - 1, PIN_READ, &p),
                     IOV_PIECES * PGSIZE - 1);
    user_unpin(&p);
    assert_int_equal(pmap_zero->refs, 1);

    /* A pinned frame is not ours alone: after a fork, who writes gets a copy. */
    store(s, DATA, 1);
    assert_int_equal(user_pin(s, DATA, 8, PIN_READ, &q), 8);
    struct space *child = fork_of(s);
    space_put(child);
    store(s, DATA, 2);
    assert_int_equal(*(uint64 *)(void *)q.iov.piece[0].at, 1);
    user_unpin(&q);
    check(s, NULL);
    space_put(s);
}

/* The frame outlives the space it was pinned in. */
static void pins_outlive_the_page(void **state)
{
    (void)state;
    struct space *s = program();
    struct pin p;
    store(s, DATA, 77);
    assert_int_equal(user_pin(s, DATA, 8, PIN_READ, &p), 8);
    space_put(s);
    assert_int_equal(*(uint64 *)(void *)p.iov.piece[0].at, 77);
    user_unpin(&p);
}

static void spurious_faults_resolve(void **state)
{
    (void)state;
    struct space *s = program();
    store(s, DATA, 1);
    uint64 before = fault_count_of(KIND_SPURIOUS);
    assert_int_equal(vm_fault(s, DATA, ACCESS_WRITE), FAULT_OK);
    assert_int_equal(vm_fault(s, DATA, ACCESS_READ), FAULT_OK);
    assert_int_equal(fault_count_of(KIND_SPURIOUS), before + 2);
    assert_int_equal(load(s, DATA), 1);
    space_put(s);
}

/* A hart that faults for ever on what is permitted: the process ends, not the machine's time. */
static void spurious_faults_end(void **state)
{
    (void)state;
    struct space *s = program();
    shim_set_sp(s, s->stack_top);
    store(s, DATA, 1);
    store(s, DATA + PGSIZE, 1);
    for (uint64 pc = 0; pc < 100; pc++) { /* instructions that make progress may fault on */
        shim_set_pc(8 * pc);
        assert_int_equal(vm_fault(s, DATA, ACCESS_WRITE), FAULT_OK);
    }
    uint n = 0;
    while (n < 100 && vm_fault(s, DATA, ACCESS_WRITE) == FAULT_OK)
        n++;
    assert_in_range(n, SHIM_HARTS, 2 * NCPU);
    assert_int_equal(vm_fault(s, DATA, ACCESS_WRITE), FAULT_STUCK);
    assert_int_equal(vm_fault(s, DATA, ACCESS_READ), FAULT_OK); /* that is another fault */
    assert_int_equal(vm_fault(s, DATA + PGSIZE, ACCESS_READ), FAULT_OK);
    assert_int_equal(load(s, DATA), 1);
    check(s, NULL);
    space_put(s);
}

/* Each round something is taken away and given back: one fault each round is progress. */
static void spurious_faults_between_forks(void **state)
{
    (void)state;
    struct space *s = program();
    shim_set_sp(s, s->stack_top);
    shim_set_pc(0x100);
    store(s, DATA, 1);
    for (uint64 i = 0; i < 100; i++) {
        space_put(fork_of(s));                               /* the entry becomes read-only */
        load(s, DATA);                                       /* this hart remembers that */
        assert_int_equal(copyout(s, DATA, &i, sizeof i), 0); /* REUSE: nobody is told */
        assert_int_equal(shim_store(s, DATA, i), FAULT_OK);
    }
    space_put(s);
}

/* Takes `pages` touched pages away while all harts run in s and know them. */
static void take_from_all(struct space *s, uint64 pages)
{
    uint64 heap = (uint64)space_sbrk(s, 4 * PGSIZE, SBRK_EAGER), v;
    for (uint hart = 0; hart < SHIM_HARTS; hart++) {
        shim_hart(hart);
        for (uint64 i = 0; i < pages; i++)
            store(s, heap + i * PGSIZE, 1);
    }
    uint64 ipis = shim_ipis();
    shim_hart(0);
    assert_int_equal(space_sbrk(s, -4 * PGSIZE, SBRK_EAGER), heap + 4 * PGSIZE);
    assert_int_equal(shim_ipis(), ipis + 2);
    for (uint hart = 0; hart < SHIM_HARTS; hart++) {
        shim_hart(hart);
        for (uint64 i = 0; i < pages; i++)
            assert_int_equal(shim_load(s, heap + i * PGSIZE, &v), FAULT_BAD);
    }
    shim_hart(0);
}

static void other_harts_forget(void **state)
{
    (void)state;
    struct space *s = program();
    take_from_all(s, 1);
    take_from_all(s, 3);
    for (uint hart = 0; hart < SHIM_HARTS; hart++) {
        shim_hart(hart);
        activate(NULL);
    }
    shim_hart(0);
    space_put(s);
}

/* A hart that idles with the space loaded leaves it before it is freed. */
static void retired_spaces_are_loaded_nowhere(void **state)
{
    (void)state;
    struct space *s = program();
    shim_hart(1);
    load(s, TEXT);
    activate(NULL);
    shim_hart(0);
    activate(NULL);
    space_put(s);
    for (uint hart = 0; hart < SHIM_HARTS; hart++) {
        shim_hart(hart);
        struct space *t = program();
        load(t, TEXT);
        activate(NULL);
        shim_hart(0);
        space_put(t);
    }
}

/* The same frames hold another program's text: no hart runs the old instructions. */
static void new_code_is_fetched(void **state)
{
    (void)state;
    for (uint round = 0; round < 6; round++) {
        uint64 v;
        shim_hart(round % SHIM_HARTS);
        struct space *s = program();
        load_text(s, 1000 * round);
        struct space *child = fork_of(s);
        for (uint hart = 0; hart < SHIM_HARTS; hart++) {
            shim_hart(hart);
            activate(child);
            assert_int_equal(shim_fetch(child, TEXT, &v), FAULT_OK);
            assert_int_equal(v, 1000 * round);
            activate(NULL);
        }
        space_put(child);
        shim_hart(round % SHIM_HARTS);
        space_put(s);
    }
}

/* The same in a space that runs: text that is added to it takes frames of text that is gone. */
static void added_code_is_fetched(void **state)
{
    (void)state;
    struct space *s = program();
    uint64 v;
    for (uint64 round = 1; round < 4; round++) {
        uint64 at = round << 30, word = round * 11;
        struct pin pin;
        assert_int_equal(space_map(s, at, at + PGSIZE, RW, AREA_MAP), 0);
        assert_int_equal(user_pin(s, at, 8, PIN_WRITE, &pin), 8);
        *(uint64 *)(void *)pin.iov.piece[0].at = word;
        user_unpin(&pin);
        assert_int_equal(space_mprotect(s, at, PGSIZE, RX), 0);
        assert_int_equal(shim_fetch(s, at, &v), FAULT_OK);
        assert_int_equal(v, word);
        assert_int_equal(space_unmap(s, at, at + PGSIZE), 0);
    }
    space_put(s);
}

#define FAR (1UL << 33)

static void busy_scenario(struct space *s, int mode)
{
    struct space *child = NULL;
    uint64 v, heap = s->heap;
    activate(s);
    bool grew = space_sbrk(s, 6 * PGSIZE, SBRK_EAGER) > 0;
    if (grew && shim_store(s, heap, 41) == FAULT_OK) {
        bool far = space_map(s, FAR, FAR + PGSIZE, RW, AREA_MAP) == 0;
        if (far) /* with tables of its own, that fork needs when it has shared the heap */
            (void)shim_store(s, FAR, 43);
        uint64 gen = s->tlb_gen;
        int r = space_fork(s, mode, &child);
        if (!(*pmap_find(s, heap) & PTE_W))
            assert_true(s->tlb_gen > gen); /* harts forget what they could write, failed or not */
        if (r == 0) {
            activate(child);
            if (shim_store(child, heap, 42) == FAULT_OK)
                assert_int_equal(shim_load(child, heap, &v), FAULT_OK);
            shim_set_sp(s, s->stack_low);
            (void)shim_store(child, s->stack_low, 1);
            (void)space_map(child, 1UL << 32, (1UL << 32) + 8 * PGSIZE, RW, AREA_MAP);
            (void)space_unmap(child, (1UL << 32) + PGSIZE, (1UL << 32) + 2 * PGSIZE);
            (void)copyout(child, DATA, "abc", 4);
            check(s, child);
            activate(s);
            space_put(child);
        }
        assert_int_equal(shim_load(s, heap, &v), FAULT_OK);
        assert_int_equal(v, 41);
        if (far)
            assert_int_equal(space_unmap(s, FAR, FAR + PGSIZE), 0);
    }
    if (grew)
        assert_true(space_sbrk(s, -6 * PGSIZE, SBRK_EAGER) > 0); /* giving back cannot fail */
    check(s, NULL);
}

/* Each allocation of a scenario fails in turn: nothing leaks, nothing else changes. */
static void fail_each_allocation(int mode)
{
    uint64 n = 0;
    bool failed;
    do {
        struct space *s = program();
        store(s, DATA, 3);
        shim_fail_nth(++n);
        busy_scenario(s, mode);
        failed = shim_failed();
        shim_fail_nth(0);
        assert_int_equal(load(s, DATA), 3);
        activate(NULL);
        space_put(s);
        assert_int_equal(shim_frames_used(), frames_before);
        assert_int_equal(shim_objects_used(), objects_before);
        assert_int_equal(commit_total(), 0);
    } while (failed);
    assert_in_range(n, 12, 200);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    fail_each_allocation(FORK_COW);
    fail_each_allocation(FORK_EAGER);
}

static void new_spaces_may_fail(void **state)
{
    (void)state;
    for (uint64 n = 1; n <= 2; n++) {
        shim_fail_nth(n);
        assert_null(space_new());
        shim_fail_nth(0);
        assert_int_equal(shim_frames_used(), frames_before);
        assert_int_equal(shim_objects_used(), objects_before);
        assert_int_equal(commit_total(), 0);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_share_the_zero_frame),
        TEST(permissions_hold),
        TEST(fork_copies_on_write),
        TEST(eager_fork_copies_at_once),
        TEST(forks_are_counted),
        TEST(grandchildren_see_their_own),
        TEST(three_hundred_children_share_one_page),
        TEST(stack_grows_to_its_limit),
        TEST(sbrk_keeps_its_contract),
        TEST(tables_are_charged),
        TEST(charged_pages_need_no_tables),
        TEST(charges_follow_the_promises),
        TEST(promises_end_before_memory_does),
        TEST(a_fault_without_a_frame_costs_nothing),
        TEST(overcommit_refuses_nothing),
        TEST(sparse_heap_costs_what_it_touches),
        TEST(overlaps_and_nonsense_are_refused),
        TEST(holes_are_cut_anywhere),
        TEST(copies_reach_promised_pages_only),
        TEST(strings_end_in_time),
        TEST(pins_hold_their_frames),
        TEST(pins_outlive_the_page),
        TEST(spurious_faults_resolve),
        TEST(spurious_faults_end),
        TEST(spurious_faults_between_forks),
        TEST(other_harts_forget),
        TEST(retired_spaces_are_loaded_nowhere),
        TEST(new_code_is_fetched),
        TEST(added_code_is_fetched),
        TEST(every_allocation_may_fail),
        TEST(new_spaces_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
