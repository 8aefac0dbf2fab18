// sources: kernel/vm/promise.c kernel/vm/heap.c kernel/vm/shm.c kernel/vm/mmap.c
// sources: kernel/vm/rmap.c kernel/vm/reclaim.c kernel/vm/store.c kernel/vm/pmap_fork.c
// sources: kernel/vm/fault.c kernel/vm/space.c kernel/vm/area.c kernel/vm/stat.c
// sources: kernel/vm/commit.c kernel/vm/pmap.c kernel/vm/tlb.c kernel/vm/usercopy.c
// sources: kernel/lib/avl.c tests/host/vm_shim.c tests/host/store_shim.c
/* Memory that is shared: what a store is told of writes, the reverse map, and relatives. */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/vm.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/mmap.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/reclaim.h"
#include "kernel/vm/rmap.h"
#include "tests/host/store_shim.h"

static void shared_writes_reach_the_store(void **state)
{
    (void)state;
    struct space *a = mapped(RW, true, 3), *b = mapped(AREA_R, true, 3);
    load(a, BASE);
    assert_false(file.is_dirty[0]);
    store(a, BASE, 5); /* DIRTY */
    assert_true(file.is_dirty[0]);
    store(a, BASE + PGSIZE, 6); /* FILE, dirty at once */
    assert_true(file.is_dirty[1] && !file.is_dirty[2]);
    assert_int_equal(load(b, BASE), 5);
    assert_int_equal(file_word(1), 6);
    assert_int_equal(file.writers, 1);
    assert_int_equal(commit_total(), a->committed + b->committed);
    check(a, b);
    space_put(a);
    space_put(b);
}

static void clean_pages_are_told_of_the_next_write(void **state)
{
    (void)state;
    struct space *a = mapped(RW, true, 3), *b = mapped(RW, true, 3);
    shim_hart(1);
    store(b, BASE + PGSIZE, 1);
    shim_hart(0);
    store(a, BASE, 1);
    store(a, BASE + PGSIZE, 2);
    file.is_dirty[0] = file.is_dirty[1] = false;
    rmap_protect(&file.store, 1, 2);
    store(a, BASE, 3);
    assert_false(file.is_dirty[0]); /* outside the range */
    assert_int_equal(load(a, BASE + PGSIZE), 2);
    assert_false(file.is_dirty[1]);
    shim_hart(1);
    store(b, BASE + PGSIZE, 4);
    assert_true(file.is_dirty[1]);
    file.is_dirty[1] = false;
    shim_hart(0);
    store(a, BASE + PGSIZE, 5);
    assert_true(file.is_dirty[1]);
    check(a, b);
    space_put(a);
    shim_hart(1);
    space_activate(NULL);
    space_put(b);
}

static void unmapping_leaves_private_copies(void **state)
{
    (void)state;
    struct space *a = mapped(RW, false, 4), *b = mapped(RW, true, 4);
    store(a, BASE, 50);
    load(a, BASE + PGSIZE);
    shim_hart(1);
    store(b, BASE + PGSIZE, 60);
    shim_hart(0);
    struct frame *old = file.page[1];
    frame_get(old);
    file_forget(1);
    rmap_unmap(&file.store, 0, 4);
    assert_int_equal(old->refs, 1);
    frame_put(old);
    assert_int_equal(load(a, BASE), 50);
    assert_int_equal(load(a, BASE + PGSIZE), 1);
    shim_hart(1);
    assert_int_equal(load(b, BASE + PGSIZE), 1);
    check(a, b);
    space_activate(NULL);
    shim_hart(0);
    space_put(a);
    space_put(b);
}

/* The store has become shorter than what is mapped of it. */
static void a_page_that_went_is_the_end(void **state)
{
    (void)state;
    struct space *s = mapped(RW, true, 2);
    load(s, BASE);
    file.length = 0;
    assert_true(shim_store(s, BASE, 1) == FAULT_EOF); /* DIRTY */
    check(s, NULL);
    space_put(s);
}

static uint waits;

static void wait_for_the_disk(void)
{
    waits++;
}

static uint64 nothing(uint64 n)
{
    (void)n;
    return 0;
}

/* So that a process does not write faster than the disk; nobody waits who makes nothing dirty. */
static void who_makes_pages_dirty_waits(void **state)
{
    (void)state;
    static const struct reclaim_ops files = {nothing, wait_for_the_disk};
    struct space *s = mapped(RW, true, 3), *private = mapped(RW, false, 3);
    reclaim_set(&files);
    waits = 0;
    load(s, BASE);
    store(private, BASE, 1);
    load(private, BASE + PGSIZE);
    store(private, BASE + PGSIZE, 1);
    assert_true(waits == 0);
    store(s, BASE, 1); /* DIRTY */
    assert_true(waits == 1);
    store(s, BASE + 2 * PGSIZE, 1); /* FILE */
    assert_true(waits == 2);
    space_put(s);
    space_put(private);
}

static void pieces_keep_their_references(void **state)
{
    (void)state;
    struct space *s = mapped(RW, true, 10);
    for (uint64 i = 0; i < 10; i++)
        store(s, BASE + i * PGSIZE, 100 + i);
    assert_int_equal(space_unmap(s, BASE + 3 * PGSIZE, BASE + 5 * PGSIZE), 0);
    assert_int_equal(file.users, 2);
    assert_int_equal(file.writers, 2);
    check(s, NULL);
    rmap_unmap(&file.store, 0, FILE_PAGES);
    assert_int_equal(s->resident, 0);
    assert_int_equal(load(s, BASE + 6 * PGSIZE), 106);
    assert_ptr_equal(frame_at(s, BASE + 6 * PGSIZE), file.page[6]);
    assert_int_equal(space_unmap(s, BASE, BASE + 3 * PGSIZE), 0);
    assert_int_equal(file.users, 1);
    assert_int_equal(space_unmap(s, BASE + 5 * PGSIZE, BASE + 6 * PGSIZE), 0);
    assert_int_equal(load(s, BASE + 7 * PGSIZE), 107);
    check(s, NULL);
    space_put(s);
}

/* Else a process that divides and joins areas all the time would hold up a walk for ever. */
static void pieces_are_not_new_to_a_walk(void **state)
{
    (void)state;
    struct space *s = mapped(RW, true, 4);
    struct area *a = area_find(&s->areas, BASE), *dead;
    rmap_protect(&file.store, 0, FILE_PAGES);
    assert_int_equal(a->round, file.store.round);
    assert_int_equal(area_split(&s->areas, a, BASE + PGSIZE, 0), 0);
    struct area *b = area_next(a);
    assert_int_equal(b->round, file.store.round);
    assert_true(area_join(&s->areas, a, &dead));
    area_free_dead(dead);
    assert_int_equal(a->round, file.store.round);
    assert_int_equal(area_split(&s->areas, a, BASE + PGSIZE, 0), 0);
    a->round = 0; /* as if a walk had dealt with the second only */
    assert_true(area_join(&s->areas, a, &dead));
    area_free_dead(dead);
    assert_int_equal(a->round, 0);
    check(s, NULL);
    space_put(s);
}

static void forks(bool shared, int mode)
{
    struct space *s = mapped(RW, shared, 4), *child;
    store(s, BASE, 1);
    load(s, BASE + PGSIZE);
    assert_int_equal(space_fork(s, mode, &child), 0);
    check(s, child);
    store(child, BASE, 2);
    store(s, BASE + PGSIZE, 3);
    store(child, BASE + 2 * PGSIZE, 4);
    assert_int_equal(load(s, BASE), shared ? 2 : 1);
    assert_int_equal(load(child, BASE + PGSIZE), shared ? 3 : 1);
    assert_int_equal(load(s, BASE + 2 * PGSIZE), shared ? 4 : 2);
    check(s, child);
    memset(file.is_dirty, 0, sizeof file.is_dirty);
    rmap_protect(&file.store, 0, FILE_PAGES);
    store(child, BASE, 5);
    assert_int_equal(file.is_dirty[0], shared);
    rmap_unmap(&file.store, 0, FILE_PAGES);
    assert_int_equal(load(child, BASE), 5);
    check(s, child);
    space_put(s);
    space_put(child);
}

static void fork_shares_what_is_shared(void **state)
{
    (void)state;
    forks(true, FORK_COW);
    forks(true, FORK_EAGER);
}

static void fork_divides_what_is_private(void **state)
{
    (void)state;
    forks(false, FORK_COW);
    for (uint64 i = 0; i < FILE_PAGES; i++)
        if (file.page[i])
            file_forget(i);
    forks(false, FORK_EAGER);
}

static void fork_fails_as_a_whole(void **state)
{
    (void)state;
    struct space *s = mapped(RW, true, 4), *child;
    store(s, BASE, 1);
    int n = 0;
    for (uint64 i = 1;; i++) {
        shim_fail_nth(i);
        int r = space_fork(s, FORK_COW, &child);
        shim_fail_nth(0);
        if (r == 0)
            break;
        n++;
        assert_int_equal(file.users, 1);
        check(s, NULL);
    }
    assert_true(n > 3);
    space_put(child);
    space_put(s);
}

/* --- Memory of no file ------------------------------------------------------------------------ */

static struct mapping shm(uint64 pages)
{
    return (struct mapping){.bytes = pages * PGSIZE, .prot = RW, .shared = true, .may_write = true};
}

/* Pages are one for a family, whoever touches them first; the last who goes frees them. */
static void relatives_share(void **state)
{
    struct space *s = space_new(), *child;
    struct mapping m = shm(600);
    (void)state;
    uint64 at = (uint64)space_mmap(s, &m);
    store(s, at, 1);
    for (int mode = FORK_COW; mode <= FORK_EAGER; mode++) {
        assert_int_equal(space_fork(s, mode, &child), 0);
        shim_hart(1);
        assert_int_equal(load(child, at), mode);
        store(child, at, (uint64)mode + 1);
        store(child, at + 599 * PGSIZE, 9);
        space_activate(NULL);
        space_put(child);
        shim_hart(0);
        assert_int_equal(load(s, at), mode + 1);
        assert_int_equal(load(s, at + 599 * PGSIZE), 9);
    }
    assert_int_equal(commit_other(), 600 + 2 + 1);
    assert_int_equal(space_munmap(s, at, 600 * PGSIZE), 0);
    assert_int_equal(commit_other(), 0);
    space_put(s);
}

/* Each of a call that would replace a part of a mapping, in turn: then nothing has changed. */
static void every_allocation_may_fail(void **state)
{
    struct space *s = space_new();
    struct mapping whole = {.bytes = 6 * PGSIZE, .prot = RW}, part = shm(2);
    (void)state;
    uint64 at = (uint64)space_mmap(s, &whole), n;
    store(s, at + 3 * PGSIZE, 3);
    uint64 promised = s->promised, committed = commit_total(), frames = shim_frames_used();
    part.addr = at + 2 * PGSIZE;
    part.fixed = true;
    for (n = 1; shim_fail_nth(n), space_mmap(s, &part) == -ENOMEM; n++) {
        shim_fail_nth(0);
        assert_true(s->promised == promised);
        assert_true(commit_total() == committed);
        assert_true(shim_frames_used() == frames);
        assert_null(area_next(area_first(&s->areas)));
        assert_int_equal(load(s, at + 3 * PGSIZE), 3);
        check(s, NULL);
    }
    shim_fail_nth(0);
    assert_true(n > 1);
    assert_int_equal(load(s, at + 3 * PGSIZE), 0);
    space_put(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shared_writes_reach_the_store),
        TEST(clean_pages_are_told_of_the_next_write),
        TEST(unmapping_leaves_private_copies),
        TEST(a_page_that_went_is_the_end),
        TEST(who_makes_pages_dirty_waits),
        TEST(pieces_keep_their_references),
        TEST(pieces_are_not_new_to_a_walk),
        TEST(fork_shares_what_is_shared),
        TEST(fork_divides_what_is_private),
        TEST(fork_fails_as_a_whole),
        TEST(relatives_share),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
