// sources: kernel/mem/frame.c kernel/mem/buddy.c kernel/mem/hartcache.c
// sources: tests/host/sync_shim.c tests/host/panic_shim.c tests/host/page_shim.c
/* The frame allocator on 48 MiB of memory that straddle the 4 GiB line. */
#include "tests/host/unit.h"

#include <pthread.h>

#include "kernel/mem/hartcache.h"
#include "kernel/riscv.h"
#include "kernel/sync/hart.h"
#include "tests/host/panic_shim.h"
#include "tests/host/ram.h"
#include "tests/host/seed.h"
#include "tests/host/sync_shim.h"

#define MiB       (1UL << 20)
#define SPLIT     (4UL << 30)
#define RAM       (SPLIT - 24 * MiB)
#define RAM_END   (SPLIT + 24 * MiB)
#define MAX_HELD  16384
#define CACHE_MAX 64 /* frames that one hart may keep */

static struct frame *held[MAX_HELD];
static uint64 nheld;

/* A machine just booted; its memory is full of rubbish, which nobody may rely on. */
static int setup(void **state)
{
    (void)state;
    ram_map(RAM, RAM_END);
    memset(virt(RAM), 0xff, 2 * MiB);
    sync_shim_reset();
    frame_set_reclaim(NULL);
    nheld = 0;
    paddr end = frame_init(RAM, RAM_END, RAM + 64 * PGSIZE);
    frame_add(end, RAM_END);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ram_unmap(RAM, RAM_END);
    return 0;
}

/* Takes frames one by one until there are no more. */
static void hold_all(int flags)
{
    while ((held[nheld] = frame_alloc(FRAME_ANON, flags)))
        nheld++;
}

static void put_all(void)
{
    while (nheld > 0)
        assert_true(frame_put(held[--nheld]));
}

/* Blocks of the largest order that can be had now; they are put back. */
static uint64 whole_blocks(void)
{
    uint64 n = 0;
    struct frame *blocks[16];

    while ((blocks[n] = frame_alloc_order(FRAME_WIRED, MAX_ORDER, FRAME_RESERVE)))
        n++;
    for (uint64 i = 0; i < n; i++)
        frame_put(blocks[i]);
    return n;
}

static void test_boot(void **state)
{
    uint64 table = (frame_count * sizeof(struct frame) + PGSIZE - 1) / PGSIZE;

    (void)state;
    assert_int_equal(frame_count, 48 * MiB / PGSIZE);
    assert_int_equal(frame_managed_count(), frame_count - 64 - table);
    assert_int_equal(frame_free_count(), frame_managed_count());
    assert_int_equal(frame_reserve_count(), 64);
    assert_int_equal(frame_of(RAM)->state, FRAME_RESERVED);
    assert_int_equal(frame_of(RAM + (63 + table) * PGSIZE)->state, FRAME_RESERVED);
    assert_int_equal(frame_of(RAM + (64 + table) * PGSIZE)->state, FRAME_FREE);
}

static void test_odd_ranges(void **state)
{
    (void)state;
    paddr end = frame_init(RAM + 3 * PGSIZE, RAM_END - 5 * PGSIZE, RAM + 64 * PGSIZE);
    assert_int_equal(frame_base, RAM);
    frame_add(end + 1, end + PGSIZE);          /* no whole frame */
    frame_add(end + 1, end + 3 * PGSIZE - 1);  /* one */
    frame_add(SPLIT - PGSIZE, SPLIT + PGSIZE); /* one in each zone */
    frame_add(RAM_END - 6 * PGSIZE, RAM_END - 5 * PGSIZE);
    assert_int_equal(frame_managed_count(), 4);
    assert_true(frame_known(frame_of(SPLIT)));
    assert_int_equal(frame_of(SPLIT)->state, FRAME_FREE);
    assert_int_equal(frame_of(SPLIT + PGSIZE)->state, FRAME_RESERVED);
    assert_false(frame_known(frame_of(SPLIT + 8 * MiB)));
    hold_all(FRAME_RESERVE);
    assert_int_equal(nheld, 4);
    put_all();
    assert_int_equal(frame_free_count(), 4);
}

static void test_table_must_fit(void **state)
{
    (void)state;
    expect_panic(frame_init(RAM, RAM + MiB, RAM + MiB - PGSIZE), "does not fit");
}

/* 8 GiB cost no more than a few touched pages: the table fills as blocks are used. */
static void test_large_ram(void **state)
{
    const paddr ram = 2UL << 30, end = ram + (8UL << 30);

    (void)state;
    ram_unmap(RAM, RAM_END);
    ram_map(ram, end);
    paddr table_end = frame_init(ram, end, ram + MiB);
    frame_add(table_end, end);
    assert_int_equal(frame_managed_count(), (end - table_end) / PGSIZE);
    struct frame *f = frame_alloc(FRAME_ANON, FRAME_ZEROED);
    assert_non_null(f);
    assert_true(frame_known(f));
    assert_false(frame_known(frame_of(end - PGSIZE)));
    frame_put(f);
    ram_unmap(ram, end);
    ram_map(RAM, RAM_END);
}

static void test_fresh_frame(void **state)
{
    (void)state;
    struct frame *f = frame_alloc(FRAME_ANON, 0);
    memset(frame_virt(f), 0x77, PGSIZE);
    f->owner[0] = f->owner[1] = 1;
    frame_put(f);
    assert_int_equal(f->state, FRAME_FREE);

    struct frame *g = frame_alloc(FRAME_CACHE, FRAME_ZEROED);
    assert_ptr_equal(f, g); /* the hart's cache is a stack */
    assert_int_equal(g->state, FRAME_CACHE);
    assert_int_equal(g->refs, 1);
    assert_true(list_empty(&g->link));
    assert_true(g->owner[0] == 0 && g->owner[1] == 0);
    for (int i = 0; i < PGSIZE; i++)
        assert_int_equal(((char *)frame_virt(g))[i], 0);
    frame_put(g);
}

static void test_zeroed_block(void **state)
{
    (void)state;
    struct frame *f = frame_alloc_order(FRAME_WIRED, 3, 0);
    assert_int_equal(frame_pa(f) % (8 * PGSIZE), 0);
    memset(frame_virt(f), 0x77, 8 * PGSIZE);
    frame_put(f);
    f = frame_alloc_order(FRAME_WIRED, 3, FRAME_ZEROED);
    for (int i = 0; i < 8 * PGSIZE; i++)
        assert_int_equal(((char *)frame_virt(f))[i], 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(f[i].state, FRAME_WIRED);
    frame_put(f);
}

static void test_zones(void **state)
{
    (void)state;
    hold_all(FRAME_RESERVE);
    uint64 high = 24 * MiB / PGSIZE;
    for (uint64 i = 0; i < nheld; i++)
        assert_int_equal(frame_pa(held[i]) >= SPLIT, i < high);
    put_all();
}

static void test_exhaustion(void **state)
{
    (void)state;
    uint64 blocks = whole_blocks();
    hold_all(FRAME_RESERVE);
    assert_int_equal(nheld, frame_managed_count());
    assert_int_equal(frame_free_count(), 0);
    assert_null(frame_alloc_order(FRAME_WIRED, 1, FRAME_RESERVE));
    put_all();
    assert_int_equal(frame_free_count(), frame_managed_count());
    assert_int_equal(whole_blocks(), blocks); /* all merged again, cached ones too */
    assert_int_equal(frame_free_count(), frame_managed_count());
}

static void test_reserve(void **state)
{
    (void)state;
    hold_all(0);
    uint64 ordinary = nheld;
    assert_int_equal(ordinary, frame_managed_count() - frame_reserve_count());
    assert_null(frame_alloc_order(FRAME_WIRED, 2, 0));
    hold_all(FRAME_RESERVE);
    assert_int_equal(nheld, frame_managed_count());

    /* What comes back fills the reserve before anybody gets it. */
    for (uint64 i = 0; i < frame_reserve_count(); i++) {
        assert_true(frame_put(held[--nheld]));
        assert_null(frame_alloc(FRAME_ANON, 0));
    }
    assert_true(frame_put(held[--nheld]));
    held[nheld] = frame_alloc(FRAME_ANON, 0);
    assert_non_null(held[nheld++]);
    put_all();
}

static void test_caches_of_other_harts(void **state)
{
    (void)state;
    hold_all(FRAME_RESERVE);
    for (uint hart = 1; hart < NCPU; hart++) {
        harts[0].frames = &hartcaches[hart];
        for (int i = 0; i < CACHE_MAX * 2; i++)
            frame_put(held[--nheld]);
    }
    uint64 expected = frame_free_count() - frame_reserve_count(), got = 0;
    harts[0].frames = hartcaches;
    while ((held[nheld] = frame_alloc(FRAME_ANON, 0))) {
        nheld++;
        got++;
    }
    assert_int_equal(got, expected);

    /* The harts whose caches were emptied behind their backs do not notice. */
    for (uint hart = 1; hart < NCPU; hart++) {
        harts[0].frames = &hartcaches[hart];
        assert_null(frame_alloc(FRAME_ANON, 0));
        for (int i = 0; i < CACHE_MAX; i++)
            frame_put(held[--nheld]);
        for (int i = 0; i < CACHE_MAX; i++) {
            held[nheld] = frame_alloc(FRAME_ANON, 0);
            assert_non_null(held[nheld++]);
        }
    }
    put_all();
    assert_int_equal(frame_free_count(), frame_managed_count());
}

static struct frame *hoard;
static int reclaims;

static bool reclaim(void)
{
    reclaims++;
    if (!hoard)
        return false;
    frame_put(hoard);
    hoard = NULL;
    return true;
}

static void test_reclaim(void **state)
{
    (void)state;
    hoard = frame_alloc_order(FRAME_CACHE, 4, 0);
    frame_set_reclaim(reclaim);
    reclaims = 0;
    struct frame *f = frame_alloc(FRAME_ANON, 0);
    assert_int_equal(reclaims, 0);
    frame_put(f);
    hold_all(0);
    assert_null(hoard);
    assert_int_equal(reclaims, 2); /* once with success, once without */
    assert_int_equal(nheld, frame_managed_count() - frame_reserve_count());

    /* The reserve is for when nothing else helps. */
    hoard = held[--nheld];
    held[nheld++] = frame_alloc(FRAME_ANON, FRAME_RESERVE);
    assert_null(hoard);
    assert_int_equal(frame_free_count(), frame_reserve_count());
    put_all();
}

/* Single frames that the hook freed are merged for one who wants more than one. */
static struct frame *pair[2];

static bool reclaim_pair(void)
{
    for (int i = 0; i < 2; i++) {
        if (pair[i])
            frame_put(pair[i]);
        pair[i] = NULL;
    }
    return true;
}

static void test_reclaim_for_block(void **state)
{
    (void)state;
    hold_all(0);
    for (uint64 i = 0; i + 1 < nheld && !pair[1]; i++) {
        if (held[i + 1] == held[i] + 1 && (held[i] - frame_table) % 2 == 0) {
            pair[0] = held[i];
            pair[1] = held[i + 1];
            held[i] = held[--nheld];
            held[i + 1] = held[--nheld];
        }
    }
    assert_non_null(pair[1]);
    struct frame *first = pair[0];
    frame_set_reclaim(reclaim_pair);
    assert_ptr_equal(frame_alloc_order(FRAME_WIRED, 1, 0), first);
    frame_put(first);
    put_all();
}

static void test_references(void **state)
{
    (void)state;
    struct frame *f = frame_alloc(FRAME_ANON, 0);
    frame_get(f);
    frame_get(f);
    assert_false(frame_put(f));
    assert_false(frame_put(f));
    assert_true(frame_put(f));
    expect_panic(frame_put(f), "is free");
}

static void test_misuse(void **state)
{
    (void)state;
    struct frame *f = frame_alloc(FRAME_ANON, 0);
    f->refs = 0x7fffffff;
    expect_panic(frame_get(f), "too high");

    struct frame *block = frame_alloc_order(FRAME_WIRED, 2, 0);
    expect_panic(frame_put(block + 1), "no count of its own");
    frame_put(block);
    expect_panic(frame_get(block), "is free");
    expect_panic(frame_put(frame_of(RAM)), "was never handed out");
    expect_panic(frame_alloc_order(FRAME_WIRED, MAX_ORDER + 1, 0), "order");
    expect_panic(frame_alloc_order(FRAME_WIRED, -1, 0), "order");
}

/* Random work against an array that says who owns each frame. */
struct model {
    uchar owned[48 * MiB / PGSIZE];
    uchar order[48 * MiB / PGSIZE]; /* of the block that starts there */
    struct frame *block[MAX_HELD];
    uint64 n, frames;
};

static void model_alloc(struct model *m)
{
    int order = random_below(8) ? 0 : (int)random_below(MAX_ORDER + 1);
    struct frame *f = frame_alloc_order(FRAME_ANON, order, random_below(2) ? FRAME_RESERVE : 0);
    if (!f)
        return;
    uint64 first = (uint64)(f - frame_table);
    assert_int_equal(first % (1UL << order), 0);
    for (uint64 i = 0; i < 1UL << order; i++) {
        assert_false(m->owned[first + i]);
        assert_int_equal(f[i].state, FRAME_ANON);
        m->owned[first + i] = 1;
    }
    assert_int_equal(f->refs, 1);
    m->order[first] = (uchar)order;
    m->block[m->n++] = f;
    m->frames += 1UL << order;
}

static void model_put(struct model *m)
{
    uint64 i = random_below(m->n), first = (uint64)(m->block[i] - frame_table);
    uint64 frames = 1UL << m->order[first];

    memset(&m->owned[first], 0, frames);
    assert_true(frame_put(m->block[i]));
    m->block[i] = m->block[--m->n];
    m->frames -= frames;
}

static void test_model(void **state)
{
    struct model *m = calloc(1, sizeof *m);

    (void)state;
    assert_non_null(m);
    uint64 blocks = whole_blocks();
    for (int round = 0; round < 200000; round++) {
        harts[0].frames = &hartcaches[random_below(3)];
        bool grow = random_below(100) < (round / 20000 % 2 ? 40 : 60);
        if (grow && m->n < MAX_HELD)
            model_alloc(m);
        else if (m->n > 0)
            model_put(m);
        assert_int_equal(frame_free_count() + m->frames, frame_managed_count());
    }
    while (m->n > 0)
        model_put(m);
    assert_int_equal(frame_free_count(), frame_managed_count());
    assert_int_equal(whole_blocks(), blocks);
    free(m);
}

#define THREADS  4
#define PER_HOLD 3500 /* four times that is more than there is: caches are emptied often */

/* Each frame that a thread owns carries its number; another owner would change it. */
static void *worker(void *arg)
{
    unsigned long me = (unsigned long)arg, random = random_state + me;
    struct frame **mine = calloc(PER_HOLD + 1, sizeof *mine);
    uint64 n = 0;

    for (int round = 0; mine && round < 60000; round++) {
        if (n < PER_HOLD && random_next(&random) % 16 < 9) {
            int order = random_next(&random) % 32 ? 0 : 1 + (int)(random_next(&random) % 3);
            struct frame *f = frame_alloc_order(FRAME_ANON, order, 0);
            if (f) {
                f->owner[0] = me;
                mine[n++] = f;
            }
        } else if (n > 0) {
            uint64 i = random_next(&random) % n;
            if (mine[i]->owner[0] != me || !frame_put(mine[i]))
                return (void *)"a frame has two owners";
            mine[i] = mine[--n];
        }
    }
    while (n > 0)
        frame_put(mine[--n]);
    free(mine);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t thread[THREADS];
    void *result;

    (void)state;
    uint64 blocks = whole_blocks();
    for (unsigned long i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, worker, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], &result);
        assert_null(result);
    }
    assert_int_equal(frame_free_count(), frame_managed_count());
    assert_int_equal(whole_blocks(), blocks);
}

#define with_ram(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_ram(test_boot),           with_ram(test_odd_ranges),
        with_ram(test_table_must_fit), with_ram(test_large_ram),
        with_ram(test_fresh_frame),    with_ram(test_zeroed_block),
        with_ram(test_zones),          with_ram(test_exhaustion),
        with_ram(test_reserve),        with_ram(test_references),
        with_ram(test_misuse),         with_ram(test_caches_of_other_harts),
        with_ram(test_reclaim),        with_ram(test_reclaim_for_block),
        with_ram(test_model),          with_ram(test_threads),
    };

    random_start();
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
