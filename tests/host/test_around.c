// sources: kernel/vm/promise.c kernel/vm/heap.c kernel/vm/shm.c
// sources: kernel/vm/rmap.c kernel/vm/reclaim.c kernel/vm/store.c kernel/vm/pmap_fork.c
// sources: kernel/vm/fault.c kernel/vm/space.c kernel/vm/area.c kernel/vm/stat.c
// sources: kernel/vm/commit.c kernel/vm/pmap.c kernel/vm/tlb.c kernel/vm/usercopy.c
// sources: kernel/lib/avl.c tests/host/vm_shim.c tests/host/store_shim.c
/* Areas with a store, page by page: where its bytes end, and what comes with a page. */
#include "tests/host/unit.h"

#include "kernel/vm/pmap.h"
#include "kernel/vm/rmap.h"
#include "kernel/vmstat.h"
#include "tests/host/store_shim.h"

static void the_part_behind_the_bytes_is_zero(void **state)
{
    (void)state;
    struct area like = mapping(RW, false);
    struct space *s = space_new();
    like.bytes = PGSIZE + 16;
    map_at(s, BASE, 2, &like);
    assert_int_equal(load(s, BASE + PGSIZE), 1);
    assert_int_equal(load(s, BASE + PGSIZE + 8), 1 + (1UL << 32));
    assert_int_equal(load(s, BASE + PGSIZE + 16), 0);
    assert_int_equal(load(s, BASE + 2 * PGSIZE - 8), 0);
    assert_int_not_equal(load(s, BASE + PGSIZE - 8), 0);
    assert_int_equal(file_word(1), 1);
    check(s, NULL);
    /* Where the area begins later, it still ends there. */
    assert_int_equal(space_unmap(s, BASE, BASE + PGSIZE), 0);
    rmap_unmap(&file.store, 0, FILE_PAGES);
    assert_int_equal(load(s, BASE + PGSIZE + 16), 0);
    space_put(s);
}

static void neighbours_come_along(void **state)
{
    (void)state;
    struct area like = mapping(RX, false);
    struct space *s = space_new();
    like.offset = 3 * PGSIZE;
    map_at(s, BASE + 5 * PGSIZE, 30, &like);
    for (uint64 i = 0; i < FILE_PAGES; i += 2)
        file_page(i);
    activate(s);
    uint64 v;
    assert_int_equal(shim_fetch(s, BASE + 9 * PGSIZE, &v), FAULT_OK);
    assert_int_equal(v, 7);
    for (uint64 i = 5; i < 35; i++) {
        struct frame *f = frame_at(s, BASE + i * PGSIZE);
        bool in_window = i / AROUND_PAGES == 9 / AROUND_PAGES, there = i == 9 || i % 2 == 0;
        assert_ptr_equal(f, in_window && there ? file.page[i - 2] : NULL);
    }
    check(s, NULL);
    assert_int_equal(shim_fetch(s, BASE + 8 * PGSIZE, &v), FAULT_OK);
    assert_int_equal(v, 6);
    space_put(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_part_behind_the_bytes_is_zero),
        TEST(neighbours_come_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
