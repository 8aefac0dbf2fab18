// sources: kernel/mem/slab.c kernel/mem/kmalloc.c kernel/mem/frame.c kernel/mem/buddy.c
// sources: kernel/mem/hartcache.c tests/host/sync_shim.c
// sources: tests/host/panic_shim.c tests/host/page_shim.c
/* Slabs and kmalloc on 8 MiB of memory. */
#include "tests/host/unit.h"

#include <pthread.h>

#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/riscv.h"
#include "tests/host/panic_shim.h"
#include "tests/host/ram.h"
#include "tests/host/seed.h"
#include "tests/host/sync_shim.h"

#define RAM     (1UL << 31)
#define RAM_END (RAM + (8UL << 20))
#define OBJECTS 3000

/* Caches live for ever, so they are made once. */
static struct slab_cache small, large, whole, odd;

static int setup(void **state)
{
    (void)state;
    ram_map(RAM, RAM_END);
    frame_add(frame_init(RAM, RAM_END, RAM), RAM_END);
    slab_init(&small, "small", 1);
    slab_init(&odd, "odd", 1300);
    slab_init(&whole, "whole", (uint)PGSIZE);
    slab_init(&large, "large", 5000);
    kmalloc_init();
    return 0;
}

static uint64 frames_used(void)
{
    return frame_managed_count() - frame_free_count();
}

static void test_geometry(void **state)
{
    (void)state;
    assert_int_equal(small.size, 16);
    assert_int_equal(small.per_slab, 256);
    assert_int_equal(odd.size, 1312);
    assert_int_equal(odd.order, 0);
    assert_int_equal(odd.per_slab, 3);
    assert_int_equal(whole.order, 0);
    assert_int_equal(whole.per_slab, 1);
    assert_int_equal(large.size, 5008);
    assert_true(large.per_slab * large.size <= PGSIZE << large.order);
    assert_true((PGSIZE << large.order) - large.per_slab * large.size <= PGSIZE << large.order >>
                3);
    expect_panic(slab_init(&(struct slab_cache){0}, "huge", 40000), "huge");
    expect_panic(slab_init(&(struct slab_cache){0}, "nothing", 0), "nothing");
}

/* Allocates and frees at random; every object keeps the bytes that were written to it. */
static void churn(struct slab_cache *c, uint64 most)
{
    uint8 **object = calloc(most, sizeof *object);
    uint64 n = 0;

    assert_non_null(object);
    for (uint64 round = 0; round < 10 * most; round++) {
        bool grow = random_below(100) < (round / most % 2 ? 35 : 65);
        if (grow && n < most) {
            uint8 *o = slab_alloc(c);
            assert_non_null(o);
            assert_int_equal((uint64)o % 16, 0);
            memset(o, (int)(round % 251), c->size);
            object[n++] = o;
        } else if (n > 0) {
            uint64 i = random_below(n);
            for (uint k = 1; k < c->size; k++)
                assert_int_equal(object[i][k], object[i][0]);
            slab_free(c, object[i]);
            object[i] = object[--n];
        }
        assert_int_equal(c->in_use, n);
    }
    while (n > 0)
        slab_free(c, object[--n]);
    assert_int_equal(c->in_use, 0);
    assert_int_equal(c->nempty, 1); /* one is kept, the others went back */
    free(object);
}

static void test_churn(void **state)
{
    (void)state;
    uint64 before = frames_used();
    churn(&small, OBJECTS);
    churn(&odd, OBJECTS / 4);
    churn(&whole, OBJECTS / 8);
    churn(&large, OBJECTS / 8);
    uint64 idle = slab_idle_frames();
    assert_int_equal(idle, 1 + 1 + 1 + (1UL << large.order));
    assert_int_equal(frames_used(), before + idle);
    assert_int_equal(slab_shrink(), idle);
    assert_int_equal(slab_idle_frames(), 0);
    assert_int_equal(frames_used(), before);
}

/* Room in slabs that were full is used before new ones are made. */
static void test_reuse(void **state)
{
    void *object[9];

    (void)state;
    for (int i = 0; i < 9; i++)
        object[i] = slab_alloc(&odd);
    uint64 frames = frames_used();
    for (int i = 0; i < 9; i += 4)
        slab_free(&odd, object[i]);
    for (int i = 0; i < 9; i += 4)
        object[i] = slab_alloc(&odd);
    assert_int_equal(frames_used(), frames);
    for (int i = 0; i < 9; i++)
        slab_free(&odd, object[i]);
    slab_shrink();
}

static void test_exhaustion(void **state)
{
    void **object = calloc(OBJECTS, sizeof *object);
    uint64 n = 0, before = frames_used();

    (void)state;
    assert_non_null(object);
    while ((object[n] = slab_alloc(&whole)))
        n++;
    assert_int_equal(frame_free_count(), frame_reserve_count());
    object[n] = slab_alloc_flags(&whole, FRAME_RESERVE);
    assert_non_null(object[n++]);
    while (n > 0)
        slab_free(&whole, object[--n]);
    slab_shrink();
    assert_int_equal(frames_used(), before);
    free(object);
}

static void test_kmalloc(void **state)
{
    void *object[PGSIZE + 1];

    (void)state;
    uint64 before = frames_used();
    assert_null(kmalloc(0));
    assert_null(kmalloc(PGSIZE + 1));
    assert_null(kmalloc(~0UL));
    kfree(NULL);
    for (uint64 size = 1; size <= PGSIZE; size += 1 + size / 16) {
        object[size] = kmalloc(size);
        assert_non_null(object[size]);
        memset(object[size], (int)(size % 251), size);
    }
    for (uint64 size = 1; size <= PGSIZE; size += 1 + size / 16) {
        for (uint64 i = 0; i < size; i++)
            assert_int_equal(((uint8 *)object[size])[i], size % 251);
        kfree(object[size]);
    }
    slab_shrink();
    assert_int_equal(frames_used(), before);
}

static void test_misuse(void **state)
{
    (void)state;
    uint8 *a = slab_alloc(&odd), *b = slab_alloc(&odd);
    slab_free(&odd, a);
    expect_panic(slab_free(&odd, a), "\"odd\" is free already");
    sync_shim_reset();
    expect_panic(slab_free(&small, b), "not in a slab of \"small\"");
    sync_shim_reset();
    expect_panic(slab_free(&odd, b + 8), "not the start of an object of \"odd\"");
    sync_shim_reset();
    expect_panic(kfree(b), "does not come from kmalloc");

    struct frame *f = frame_alloc(FRAME_WIRED, 0);
    expect_panic(kfree(frame_virt(f)), "does not come from kmalloc");
    frame_put(f);

    /* An object in use that happens to look free is freed all the same. */
    uint8 *c = slab_alloc(&odd);
    assert_ptr_equal(a, c);
    slab_free(&odd, c);
    uint64 mark = ((uint64 *)c)[1];
    assert_ptr_equal(slab_alloc(&odd), c);
    ((uint64 *)c)[1] = mark;
    slab_free(&odd, c);
    slab_free(&odd, b);
    assert_int_equal(odd.in_use, 0);
}

static void *worker(void *arg)
{
    unsigned long me = (unsigned long)arg, random = random_state + me;
    unsigned long *mine[100] = {NULL};

    for (int round = 0; round < 100000; round++) {
        uint64 i = random_next(&random) % 100;
        if (!mine[i]) {
            mine[i] = slab_alloc(&odd);
            if (mine[i])
                *mine[i] = me;
        } else if (*mine[i] != me) {
            return (void *)"an object has two owners";
        } else {
            slab_free(&odd, mine[i]);
            mine[i] = NULL;
        }
        if (round % 1000 == 0)
            slab_shrink();
    }
    for (int i = 0; i < 100; i++) {
        if (mine[i])
            slab_free(&odd, mine[i]);
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t thread[3];
    void *result;

    (void)state;
    for (unsigned long i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, worker, (void *)(i + 1)), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(thread[i], &result);
        assert_null(result);
    }
    assert_int_equal(odd.in_use, 0);
    slab_shrink();
    assert_int_equal(frames_used(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_geometry), cmocka_unit_test(test_churn),
        cmocka_unit_test(test_reuse),    cmocka_unit_test(test_exhaustion),
        cmocka_unit_test(test_kmalloc),  cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_threads),
    };

    random_start();
    return cmocka_run_group_tests_name("slab", tests, setup, NULL);
}
