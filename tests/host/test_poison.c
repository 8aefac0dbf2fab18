// sources: tests/host/sync_shim.c tests/host/panic_shim.c tests/host/page_shim.c
/* What a DEBUG kernel finds beyond the others: writes to free memory, wild frame pointers. */
#include "tests/host/unit.h"

#define DEBUG
#include "kernel/mem/frame.c"
#include "kernel/mem/buddy.c"
#include "kernel/mem/hartcache.c"
#include "kernel/mem/slab.c"

#include "tests/host/panic_shim.h"
#include "tests/host/ram.h"
#include "tests/host/sync_shim.h"

#define RAM     (1UL << 31)
#define RAM_END (RAM + (16UL << 20))

static struct slab_cache cache;

static int setup(void **state)
{
    (void)state;
    ram_map(RAM, RAM_END);
    frame_add(frame_init(RAM, RAM_END, RAM), RAM_END);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ram_unmap(RAM, RAM_END);
    return 0;
}

static void test_free_frame_is_poison(void **state)
{
    (void)state;
    struct frame *f = frame_alloc(FRAME_ANON, FRAME_ZEROED);
    frame_put(f);
    const uint8 *bytes = frame_virt(f);
    for (int i = 0; i < PGSIZE; i++)
        assert_int_equal(bytes[i], POISON_FRAME);
    assert_ptr_equal(frame_alloc(FRAME_ANON, 0), f);
}

static void test_write_to_free_frame(void **state)
{
    (void)state;
    struct frame *f = frame_alloc(FRAME_ANON, 0);
    frame_put(f);
    ((uint8 *)frame_virt(f))[0x123] = 1;
    expect_panic(frame_alloc(FRAME_ANON, 0), "written at +0x123 while it was free");
}

/* The tail of a block is watched as well, also after it was merged and split. */
static void test_write_to_free_block(void **state)
{
    (void)state;
    struct frame *f = frame_alloc_order(FRAME_WIRED, 3, 0);
    frame_put(f);
    ((uint8 *)frame_virt(f + 5))[7] = 1;
    struct frame *g = frame_alloc_order(FRAME_WIRED, 2, 0);
    assert_ptr_equal(g, f);
    expect_panic(frame_alloc_order(FRAME_WIRED, 2, 0), "written at +0x7");
}

static void test_wild_pointers(void **state)
{
    (void)state;
    expect_panic(frame_put(frame_table - 1), "not a frame");
    expect_panic(frame_put(frame_table + frame_count), "not a frame");
    expect_panic(frame_put((struct frame *)((char *)frame_table + 8)), "not a frame");
    expect_panic(frame_get(&frame_table[frame_count - 1]), "not a frame that was handed out");
}

static void test_linked_frame(void **state)
{
    struct list list;

    (void)state;
    list_init(&list);
    struct frame *f = frame_alloc(FRAME_ANON, 0);
    list_add(&list, &f->link);
    expect_panic(frame_put(f), "list");
}

static void test_object(void **state)
{
    (void)state;
    slab_init(&cache, "thing", 48);
    uint8 *o = slab_alloc(&cache);
    for (uint i = sizeof(struct free_object); i < cache.size; i++)
        assert_int_equal(o[i], POISON_OBJECT);
    slab_free(&cache, o);
    o[47] = 0;
    expect_panic(slab_alloc(&cache), "\"thing\" was written while it was free");
    sync_shim_reset();
}

#define with_ram(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_ram(test_free_frame_is_poison), with_ram(test_write_to_free_frame),
        with_ram(test_write_to_free_block),  with_ram(test_wild_pointers),
        with_ram(test_linked_frame),         with_ram(test_object),
    };

    return cmocka_run_group_tests_name("poison", tests, NULL, NULL);
}
