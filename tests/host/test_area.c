// sources: kernel/vm/area.c kernel/lib/avl.c
/* The tree of areas: random operations against an array that has one entry for each page. */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/lib/list.h"

/* area_find() turns each node that it visits into its area by container_of(): that is counted. */
static uint64_t visited;
#undef container_of
#define container_of(ptr, type, field)                                                             \
    (visited++, (type *)(void *)((char *)(ptr)-offsetof(type, field)))

#include "kernel/mem/slab.h"
#include "kernel/vm/area.h"

#define PAGE  4096UL
#define PAGES 256
#define MANY  10000 /* areas */

static long objects;
static bool full;

void rmap_add(struct area *a)
{
    assert_non_null(a->store);
}

void rmap_remove(struct area *a)
{
    assert_non_null(a->store);
}

void rmap_begin_change(void)
{
}

void rmap_end_change(void)
{
}

void rmap_split(struct area *a, struct area *b)
{
    assert_ptr_equal(a->store, b->store);
    a->end = b->start;
}

void rmap_join(struct area *a, struct area *b)
{
    assert_ptr_equal(a->store, b->store);
    a->end = b->end;
}

void slab_init(struct slab_cache *c, const char *name, uint size)
{
    c->name = name;
    c->size = size;
}

void *slab_alloc_flags(struct slab_cache *c, int frame_flags)
{
    (void)frame_flags;
    if (full)
        return NULL;
    objects++;
    return malloc(c->size);
}

void slab_free(struct slab_cache *c, void *p)
{
    (void)c;
    objects--;
    free(p);
}

static struct avl_tree tree;
static uchar model[PAGES]; /* 0 = free, else prot of the page */

static int start_empty(void **state)
{
    (void)state;
    area_init();
    tree.root = NULL;
    full = false;
    objects = 0;
    memset(model, 0, sizeof model);
    return 0;
}

static int add(uint64 from, uint64 to, uchar prot)
{
    struct area like = {.prot = prot, .kind = AREA_MAP, .charged = prot & 1};
    return area_add(&tree, from * PAGE, to * PAGE, &like, 0);
}

/* Removes a range as space_unmap() does. */
static int cut(uint64 from, uint64 to)
{
    struct area *a = area_overlap(&tree, from * PAGE, to * PAGE);
    if (a && a->start < from * PAGE && to * PAGE < a->end && area_split(&tree, a, to * PAGE, 0) < 0)
        return -ENOMEM;
    while ((a = area_overlap(&tree, from * PAGE, to * PAGE)) != NULL)
        area_cut(&tree, a, a->start > from * PAGE ? a->start : from * PAGE,
                 a->end < to * PAGE ? a->end : to * PAGE);
    return 0;
}

static int height(const struct avl_node *n)
{
    if (n == NULL)
        return 0;
    int l = height(n->child[0]), r = height(n->child[1]);
    assert_in_range(l - r + 1, 0, 2);
    return 1 + (l > r ? l : r);
}

static struct area *last(void)
{
    struct area *a = area_first(&tree);
    while (a && area_next(a))
        a = area_next(a);
    return a;
}

/* The tree says of each page what the model says, and neighbours that could be one are one. */
static void compare(void)
{
    struct area *before = NULL;
    long n = 0;

    height(tree.root);
    for (uint64 page = 0; page < PAGES; page++) {
        struct area *a = area_find(&tree, page * PAGE + page % PAGE);
        assert_int_equal(a ? a->prot : 0, model[page]);
        struct area *above = area_above(&tree, page * PAGE);
        uint64 next = page;
        while (next < PAGES && model[next] == 0)
            next++;
        if (next == PAGES)
            assert_null(above);
        else
            assert_true(above->end > next * PAGE && above->start <= next * PAGE);
        if (model[page] == 0)
            assert_ptr_equal(area_below(&tree, page * PAGE), above ? area_prev(above) : last());
    }
    for (struct area *a = area_first(&tree); a; before = a, a = area_next(a), n++) {
        assert_ptr_equal(area_prev(a), before);
        if (before && before->end == a->start)
            assert_int_not_equal(before->prot, a->prot);
    }
    assert_int_equal(n, objects);
}

static void random_operations(void **state)
{
    (void)state;
    srand(7);
    for (int i = 0; i < 20000; i++) {
        uint64 from = (uint64)rand() % PAGES, to = from + 1 + (uint64)rand() % 24;
        if (to > PAGES)
            to = PAGES;
        bool vacant = true;
        for (uint64 p = from; p < to; p++)
            vacant = vacant && model[p] == 0;
        assert_int_equal(vacant, area_overlap(&tree, from * PAGE, to * PAGE) == NULL);
        full = rand() % 8 == 0;
        uchar prot = (uchar)(1 + rand() % 3);
        int r;
        if (vacant)
            r = add(from, to, prot);
        else
            r = cut(from, to);
        if (r == 0)
            memset(model + from, vacant ? prot : 0, to - from);
        else
            assert_true(full);
        compare();
    }
    full = false;
    cut(0, PAGES);
    assert_null(tree.root);
    assert_int_equal(objects, 0);
}

static void joins_both_sides(void **state)
{
    (void)state;
    add(0, 2, 3);
    add(4, 6, 3);
    assert_int_equal(objects, 2);
    full = true; /* joining needs no memory */
    assert_int_equal(add(2, 4, 3), 0);
    assert_int_equal(objects, 1);
    struct area *a = area_first(&tree);
    assert_int_equal(a->start, 0);
    assert_int_equal(a->end, 6 * PAGE);
    full = false;
    cut(0, 6);
}

static void copies_are_equal_or_nothing(void **state)
{
    (void)state;
    struct avl_tree copy = {NULL};
    for (uint64 p = 0; p < 64; p += 2)
        add(p, p + 1, (uchar)(1 + p % 3));
    assert_int_equal(area_copy_all(&copy, &tree, NULL, 0), 0);
    struct area *b = area_first(&copy);
    for (struct area *a = area_first(&tree); a; a = area_next(a), b = area_next(b)) {
        assert_non_null(b);
        assert_int_equal(a->start, b->start);
        assert_int_equal(a->end, b->end);
        assert_int_equal(a->prot, b->prot);
        assert_int_equal(a->charged, b->charged);
    }
    assert_null(b);
    while ((b = area_first(&copy)) != NULL)
        area_cut(&copy, b, b->start, b->end);
    long before = objects;
    full = true;
    assert_int_equal(area_copy_all(&copy, &tree, NULL, 0), -ENOMEM);
    full = false;
    while ((b = area_first(&copy)) != NULL)
        area_cut(&copy, b, b->start, b->end);
    assert_int_equal(objects, before);
    cut(0, PAGES);
}

/* However the tree came about, no look-up, also of what is not there, visits many nodes. */
static void check_lookups(void)
{
    uint64 most = 0, log = 0;

    while (objects >> (log + 1))
        log++;
    for (uint64 page = 0; page <= 2 * MANY; page++) {
        visited = 0;
        area_find(&tree, page * PAGE);
        most = visited > most ? visited : most;
    }
    assert_in_range(most, log, 145 * log / 100 + 2);
}

static void ten_thousand_areas_stay_shallow(void **state)
{
    (void)state;
    for (uint64 p = 0; p < MANY; p++)
        add(p * 2, p * 2 + 1, 1);
    assert_int_equal(objects, MANY);
    assert_in_range(height(tree.root), 14, 19); /* 1.44 log2(10000) = 19.1 */
    check_lookups();
    cut(0, 2 * MANY);
    for (uint64 p = MANY; p-- > 0;)
        add(p * 2, p * 2 + 1, 1);
    check_lookups();
    cut(0, 2 * MANY);
    assert_int_equal(objects, 0);
}

/* Ranges come and go at random among ten thousand areas, splitting and joining what is there. */
static void lookups_stay_short(void **state)
{
    (void)state;
    static uchar big[2 * MANY];
    memset(big, 1, sizeof big);
    srand(11);
    add(0, 2 * MANY, 1);
    for (uint64 p = 0; p < 2 * MANY; p += 2, big[p - 1] = 0)
        cut(p + 1, p + 2); /* each splits the last area */
    assert_int_equal(objects, MANY);
    check_lookups();
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 400; i++) {
            uint64 at = (uint64)rand() % (2 * MANY), end = at + 1 + (uint64)rand() % 3;
            end = end > 2 * MANY ? 2 * MANY : end;
            cut(at, end);
            uchar prot = (uchar)(rand() % 4);
            if (prot)
                add(at, end, prot);
            memset(big + at, prot, end - at);
        }
        uint64 from = (uint64)rand() % (2 * MANY - 200);
        cut(from, from + 200);
        memset(big + from, 0, 200);
        check_lookups();
        for (uint64 p = 0; p < 2 * MANY; p++) {
            struct area *a = area_find(&tree, p * PAGE);
            assert_int_equal(a ? a->prot : 0, big[p]);
        }
    }
    assert_in_range(objects, MANY / 2, 2 * MANY);
    cut(0, 2 * MANY);
    assert_int_equal(objects, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(random_operations, start_empty),
        cmocka_unit_test_setup(joins_both_sides, start_empty),
        cmocka_unit_test_setup(copies_are_equal_or_nothing, start_empty),
        cmocka_unit_test_setup(ten_thousand_areas_stay_shallow, start_empty),
        cmocka_unit_test_setup(lookups_stay_short, start_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
