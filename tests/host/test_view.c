// sources: kernel/vm/promise.c kernel/vm/heap.c kernel/vm/shm.c
// sources: kernel/vm/rmap.c kernel/vm/reclaim.c kernel/vm/store.c kernel/vm/pmap_fork.c
// sources: kernel/vm/view.c kernel/vm/fault.c kernel/vm/space.c kernel/vm/area.c
// sources: kernel/vm/commit.c kernel/vm/pmap.c kernel/vm/tlb.c kernel/vm/usercopy.c
// sources: kernel/vm/stat.c kernel/lib/avl.c tests/host/vm_shim.c
/* What vm/view.c tells of spaces, against a look at every single page. */
#include "tests/host/unit.h"

#include "kernel/vm.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/shm.h"
#include "kernel/vm/view.h"
#include "tests/host/seed.h"
#include "tests/host/vm_shim.h"

#define RW    (AREA_R | AREA_W)
#define PAGES 600 /* looked at one by one: more than one table */
#define BASE  (511 * SUPERPGSIZE - 100 * PGSIZE)

static int setup(void **state)
{
    (void)state;
    shim_reset(16);
    return 0;
}

static void activate(struct space *s)
{
    irq_push();
    space_activate(s);
    irq_pop();
}

/* Takes the space off this hart and frees it. */
static void drop(struct space *s)
{
    activate(NULL);
    space_put(s);
}

static struct space *new_space(void)
{
    struct space *s = space_new();
    assert_non_null(s);
    activate(s);
    return s;
}

static struct pageinfo page_at(struct space *s, uint64 va)
{
    struct pageinfo page;

    assert_int_equal(view_pages(s, va, &page, 1), 1);
    return page;
}

static void same(uint64 va, const char *field, uint64 told, uint64 right)
{
    if (told != right)
        fail_msg("page_at(0x%lx).%s is %lu, expected %lu", va, field, told, right);
}

static void test_empty(void **state)
{
    (void)state;
    struct space *s = new_space();
    struct areainfo area[2];
    struct pageinfo page;
    uint64 va = 0;

    assert_int_equal(view_areas(s, &va, area, 2), 0);
    page = page_at(s, 0);
    assert_int_equal(page.state, PAGE_NONE);
    assert_int_equal(page.run, USER_END / PGSIZE);
    assert_int_equal(view_pages(s, USER_END, &page, 1), 0);
    assert_int_equal(view_pages(s, USER_END - PGSIZE, &page, 1), 1);
    assert_int_equal(page.run, 1);
    drop(s);
}

/* A promise of 200 GiB of which three pages were kept, far apart. */
static void test_sparse(void **state)
{
    (void)state;
    struct space *s = new_space();
    struct areainfo area;
    struct pageinfo page[3];
    uint64 va = 0, value;

    assert_int_equal(space_set_stack(s, 0), 0);
    uint64 heap = (uint64)space_sbrk(s, 200L << 30, SBRK_LAZY), far = heap + (100UL << 30);
    assert_int_equal(shim_store(s, heap, 1), FAULT_OK);
    assert_int_equal(shim_store(s, far, 1), FAULT_OK);
    assert_int_equal(shim_load(s, far + PGSIZE, &value), FAULT_OK);
    va = heap;
    assert_int_equal(view_areas(s, &va, &area, 1), 1);
    assert_int_equal(va, heap + (200UL << 30));
    assert_int_equal(area.resident, 2);
    assert_int_equal(area.zero, 1);
    assert_int_equal(area.shared, 0);
    assert_int_equal(area.charged, 0);
    for (uint64 pages = 1; pages * PGSIZE < far - heap; pages *= 3)
        same(far - pages * PGSIZE, "run", page_at(s, far - pages * PGSIZE).run, pages);
    assert_int_equal(view_pages(s, far - PGSIZE, page, 3), 3);
    same(far - PGSIZE, "state", page[0].state, PAGE_ABSENT);
    same(far - PGSIZE, "run", page[0].run, 1);
    same(far, "state", page[1].state, PAGE_PRIVATE);
    same(far, "rights", page[1].rights, RW);
    same(far + PGSIZE, "state", page[2].state, PAGE_ZERO);
    same(far + PGSIZE, "rights", page[2].rights, AREA_R);
    same(far + PGSIZE, "refs", page[2].refs, 0);
    drop(s);
}

/* Pieces of any size give the same as one look. */
static void test_pieces(void **state)
{
    (void)state;
    struct space *s = new_space();
    struct areainfo all[8], piece[8];
    uint64 va = 0, n = 0;

    for (uint64 i = 0; i < 7; i++)
        assert_int_equal(space_map(s, (3 * i + 1) * PGSIZE, (3 * i + 3) * PGSIZE,
                                   i % 2 ? RW : AREA_R, AREA_DATA),
                         0);
    assert_int_equal(view_areas(s, &va, all, 8), 7);
    va = 0;
    for (uint got; (got = view_areas(s, &va, piece + n, 3)) > 0; n += got)
        assert_true(got <= 3);
    assert_int_equal(n, 7);
    assert_memory_equal(all, piece, 7 * sizeof all[0]);
    drop(s);
}

static pte_t entry(struct space *s, uint64 va)
{
    const pte_t *slot = pmap_find(s, va);

    return slot ? *slot : 0;
}

/* Counted from above: a page that is not there adds one to the next run of its area, or of none. */
static void check_runs(struct space *s, const struct pageinfo *page)
{
    const struct area *above = NULL;
    uint64 run = USER_END / PGSIZE - (BASE / PGSIZE + PAGES);

    for (uint64 i = PAGES; i-- > 0;) {
        uint64 va = BASE + i * PGSIZE;
        const struct area *a = area_find(&s->areas, va);
        run = entry(s, va) ? 0 : a == above ? run + 1 : 1;
        same(va, "run", page[i].run, run);
        above = a;
    }
}

static void check_page(struct space *s, uint64 va, const struct pageinfo *page)
{
    pte_t pte = entry(s, va);

    if (pte == 0) {
        same(va, "state", page->state, area_find(&s->areas, va) ? PAGE_ABSENT : PAGE_NONE);
        same(va, "frame", page->frame, 0);
        return;
    }
    struct frame *f = frame_of(PTE2PA(pte));
    same(va, "frame", page->frame, (uint64)(f - frame_table));
    same(va, "rights", page->rights,
         (pte & PTE_R ? AREA_R : 0) + (pte & PTE_W ? AREA_W : 0) + (pte & PTE_X ? AREA_X : 0));
    same(va, "refs", page->refs, f == pmap_zero ? 0 : f->refs);
    same(va, "state", page->state,
         f == pmap_zero            ? PAGE_ZERO
         : f->state == FRAME_CACHE ? PAGE_FILE
         : f->refs > 1             ? PAGE_SHARED
                                   : PAGE_PRIVATE);
}

/* Whole windows, and what areas say of themselves, against the entries one by one. */
static void check_all(struct space *s)
{
    static struct pageinfo page[PAGES];
    struct areainfo area[64];
    uint64 va = 0, count[PAGE_FILE + 1] = {0}, resident = 0, shared = 0, zero = 0;

    assert_int_equal(view_pages(s, BASE, page, PAGES), PAGES);
    check_runs(s, page);
    for (uint64 i = 0; i < PAGES; i++) {
        check_page(s, BASE + i * PGSIZE, &page[i]);
        count[page[i].state]++;
    }
    uint n = view_areas(s, &va, area, 64);
    for (uint i = 0; i < n; i++) {
        resident += area[i].resident;
        shared += area[i].shared;
        zero += area[i].zero;
    }
    assert_int_equal(resident, s->resident);
    assert_int_equal(resident, count[PAGE_PRIVATE] + count[PAGE_SHARED] + count[PAGE_FILE]);
    assert_int_equal(shared, count[PAGE_SHARED] + count[PAGE_FILE]);
    assert_int_equal(zero, count[PAGE_ZERO]);
}

/* Memory that relatives share, whose frames are those of a store. */
static void map_shared(struct space *s, uint64 start, uint64 pages)
{
    struct area like = {.prot = RW, .kind = AREA_MAP, .bytes = AREA_ALL_BYTES, .shared = true};
    struct store *store;

    assert_int_equal(shm_new(pages, false, &store), 0);
    like.store = store;
    assert_int_equal(space_map_like(s, start, start + pages * PGSIZE, &like), 0);
    store->ops->put(store, false);
}

static void test_random(void **state)
{
    (void)state;
    struct space *s = new_space(), *child = NULL;
    uint64 value;

    for (uint64 i = 0; i < PAGES; i += 60)
        assert_int_equal(space_map(s, BASE + i * PGSIZE, BASE + (i + 40) * PGSIZE,
                                   i % 120 ? RW : AREA_R, AREA_DATA),
                         0);
    map_shared(s, BASE + 40 * PGSIZE, 10); /* next to another area */
    for (int step = 0; step < 400; step++) {
        uint64 va = BASE + random_below(PAGES) * PGSIZE;
        if (random_below(2))
            shim_store(s, va, 1);
        else
            shim_load(s, va, &value);
        if (step == 200)
            assert_int_equal(space_fork(s, FORK_COW, &child), 0);
        check_all(s);
        if (child)
            check_all(child);
    }
    drop(child);
    drop(s);
}

int main(void)
{
    random_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty, setup),
        cmocka_unit_test_setup(test_sparse, setup),
        cmocka_unit_test_setup(test_pieces, setup),
        cmocka_unit_test_setup(test_random, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
