// sources: kernel/vm/promise.c kernel/vm/heap.c kernel/vm/shm.c
// sources: kernel/vm/rmap.c kernel/vm/reclaim.c kernel/vm/store.c kernel/vm/pmap_fork.c
// sources: kernel/vm/fault.c kernel/vm/space.c kernel/vm/area.c kernel/vm/stat.c
// sources: kernel/vm/commit.c kernel/vm/pmap.c kernel/vm/tlb.c kernel/vm/usercopy.c
// sources: kernel/lib/avl.c tests/host/vm_shim.c tests/host/store_shim.c
/* Areas with a store: what faults ask it, what becomes of its answer, and memory runs short. */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/vm.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/reclaim.h"
#include "kernel/vm/usercopy.h"
#include "tests/host/store_shim.h"

static void reads_map_the_frame_of_the_store(void **state)
{
    (void)state;
    struct space *a = mapped(AREA_R, false, 3), *b = mapped(RW, false, 3);
    assert_int_equal(load(a, BASE + 2 * PGSIZE), 2);
    assert_int_equal(load(b, BASE + 2 * PGSIZE), 2);
    assert_ptr_equal(frame_at(a, BASE + 2 * PGSIZE), file.page[2]);
    assert_ptr_equal(frame_at(b, BASE + 2 * PGSIZE), file.page[2]);
    assert_int_equal(file.page[2]->refs, 3);
    check(a, b);
    space_put(a);
    space_put(b);
}

static void private_writes_copy(void **state)
{
    (void)state;
    struct space *a = mapped(RW, false, 3), *b = mapped(RW, false, 3);
    store(a, BASE, 77);          /* FILE+COW */
    load(a, BASE + PGSIZE);      /* FILE */
    store(a, BASE + PGSIZE, 78); /* COW */
    assert_int_equal(file_word(0), 0);
    assert_int_equal(file_word(1), 1);
    assert_int_equal(load(b, BASE), 0);
    assert_int_equal(load(a, BASE), 77);
    assert_int_equal(load(a, BASE + PGSIZE), 78);
    assert_false(file.is_dirty[0] || file.is_dirty[1]);
    check(a, b);
    space_put(b);
    file_forget(1); /* what is alone with a frame of a store does not own it */
    store(a, BASE + PGSIZE, 79);
    space_put(a);
}

static void a_dropped_frame_is_nobodys(void **state)
{
    (void)state;
    struct space *s = mapped(RW, false, 1);
    load(s, BASE);
    struct frame *f = file.page[0];
    frame_get(f);
    file_forget(0);
    frame_put(f); /* the entry has the last reference */
    store(s, BASE, 5);
    assert_ptr_not_equal(frame_at(s, BASE), f);
    assert_int_equal(frame_at(s, BASE)->state, FRAME_ANON);
    space_put(s);
}

/* Each answer of the store has a result of its own, and none costs anything. */
static void the_store_says_no(void **state)
{
    (void)state;
    struct space *s = mapped(RW, false, FILE_PAGES);
    uint64 v, before = shim_frames_used();
    file.length = 2;
    assert_true(shim_load(s, BASE + 2 * PGSIZE, &v) == FAULT_EOF);
    assert_true(file.fetches == 0); /* pages() has said it */
    file.answer = -EIO;
    assert_true(shim_load(s, BASE, &v) == FAULT_IO);
    file.answer = -ENOMEM;
    assert_true(shim_store(s, BASE, 1) == FAULT_NOMEM);
    file.answer = -ERANGE;
    uint64 seen = fault_count_of(KIND_EOF);
    assert_true(shim_load(s, BASE + 2 * PGSIZE, &v) == FAULT_EOF);
    assert_true(fault_count_of(KIND_EOF) == seen + 1);
    assert_true(shim_frames_used() <= before + 4);
    check(s, NULL);
    space_put(s);
}

/* A fault for which the disk was waited is counted; one that finds the page in memory is not. */
static void reads_of_the_disk_are_counted(void **state)
{
    (void)state;
    struct space *a = mapped(AREA_R, false, 3), *b = mapped(RW, false, 3);
    uint64 before = harts[0].vmstat.reads;
    load(a, BASE + PGSIZE);
    assert_true(harts[0].vmstat.reads == before + 1);
    load(b, BASE + PGSIZE);
    store(b, BASE + PGSIZE, 5);
    assert_true(harts[0].vmstat.reads == before + 1);
    store(b, BASE + 2 * PGSIZE, 5);
    assert_true(harts[0].vmstat.reads == before + 2);
    space_put(a);
    space_put(b);
}

/* No failure of an allocation leaves a reference or a charge behind. */
static void nothing_is_lost_without_memory(void **state)
{
    (void)state;
    struct area like = mapping(RW, false);
    like.charged = false; /* so that keeping the promise is charged, too */
    for (uint64 n = 1; n < 20; n++) {
        struct space *s = space_new();
        map_at(s, BASE, 3, &like);
        file_page(0);
        activate(s);
        shim_fail_nth(n);
        enum fault_result r = shim_store(s, BASE, 9);
        bool failed = shim_failed();
        shim_fail_nth(0);
        assert_int_equal(r, failed ? FAULT_NOMEM : FAULT_OK);
        check(s, NULL);
        space_put(s);
        assert_int_equal(file.page[0]->refs, 1);
    }
}

static void hidden_pages_come_back(void **state)
{
    (void)state;
    struct space *s = mapped(RW, false, 2);
    store(s, BASE, 8);
    struct frame *f = frame_at(s, BASE);
    mutex_lock(&s->lock);
    area_find(&s->areas, BASE)->prot = 0;
    pmap_protect(s, BASE, BASE + 2 * PGSIZE, 0);
    space_unlock(s);
    uint64 v;
    char byte;
    assert_int_equal(shim_load(s, BASE, &v), FAULT_PROT);
    assert_int_equal(copyin(s, &byte, BASE, 1), -EFAULT);
    check(s, NULL);
    mutex_lock(&s->lock);
    area_find(&s->areas, BASE)->prot = RW;
    space_unlock(s);
    assert_int_equal(load(s, BASE), 8);
    store(s, BASE, 9);
    assert_ptr_equal(frame_at(s, BASE), f);
    check(s, NULL);
    space_put(s);
}

static uint64 give_back(uint64 n)
{
    uint64 done = 0;
    for (uint64 i = 0; i < FILE_PAGES && done < n; i++)
        if (file.page[i] && file.page[i]->refs == 1) {
            file_forget(i);
            done++;
        }
    return done;
}

static void nobody(void)
{
}

static struct frame *hoard[SHIM_FRAMES];
static uint hoarded;

static void take_all_memory(void)
{
    while ((hoard[hoarded] = frame_alloc(FRAME_WIRED, 0)) != NULL)
        hoarded++;
}

/* The files have nothing, but meanwhile another process has given back what it had. */
static uint64 others_give_back(uint64 n)
{
    (void)n;
    while (hoarded > 0)
        frame_put(hoard[--hoarded]);
    return 0;
}

static void memory_comes_from_others(void **state)
{
    (void)state;
    static const struct reclaim_ops files = {others_give_back, nobody};
    struct space *s = space_new();
    assert_int_equal(space_map(s, BASE, BASE + PGSIZE, RW, AREA_DATA), 0);
    take_all_memory();
    reclaim_set(&files);
    activate(s);
    assert_int_equal(shim_store(s, BASE, 1), FAULT_OK);
    check(s, NULL);
    space_put(s);
}

/* No promise is left; memory is, and more of it would not help. */
static void refused_charge_is_not_asked_for_again(void **state)
{
    (void)state;
    static const struct reclaim_ops files = {give_back, nobody};
    struct area like = {.prot = RW, .kind = AREA_DATA};
    struct space *s = space_new();
    uint64 others = 0, faults = fault_count_of(KIND_LAZY);
    assert_int_equal(space_map_like(s, BASE, BASE + 2 * PGSIZE, &like), 0);
    reclaim_set(&files);
    activate(s);
    assert_int_equal(shim_store(s, BASE, 1), FAULT_OK);
    for (; commit_charge_other(1, false) == 0; others++)
        ;
    assert_int_equal(shim_store(s, BASE + PGSIZE, 1), FAULT_NOMEM);
    assert_in_range(fault_count_of(KIND_LAZY) - faults, 2, 3);
    commit_uncharge_other(others);
    assert_int_equal(shim_store(s, BASE + PGSIZE, 1), FAULT_OK);
    check(s, NULL);
    space_put(s);
}

static void memory_is_asked_of_the_files(void **state)
{
    (void)state;
    static const struct reclaim_ops files = {give_back, nobody};
    struct space *s = space_new();
    char byte = 1;
    assert_int_equal(space_map(s, BASE, BASE + 4 * PGSIZE, RW, AREA_DATA), 0);
    for (uint64 i = 0; i < FILE_PAGES; i++)
        file_page(i);
    take_all_memory();
    activate(s);
    assert_int_equal(shim_store(s, BASE, 1), FAULT_NOMEM);
    assert_int_equal(copyout(s, BASE, &byte, 1), -EFAULT);
    reclaim_set(&files);
    assert_int_equal(copyout(s, BASE, &byte, 1), 0);
    assert_int_equal(shim_store(s, BASE + PGSIZE, 1), FAULT_OK);
    others_give_back(0);
    check(s, NULL);
    space_put(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_map_the_frame_of_the_store), TEST(private_writes_copy),
        TEST(a_dropped_frame_is_nobodys),       TEST(the_store_says_no),
        TEST(reads_of_the_disk_are_counted),    TEST(nothing_is_lost_without_memory),
        TEST(hidden_pages_come_back),           TEST(memory_is_asked_of_the_files),
        TEST(memory_comes_from_others),         TEST(refused_charge_is_not_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
