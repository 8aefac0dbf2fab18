// sources: kernel/lib/avl.c
/* AVL trees against a set of numbers; every rule is checked after every operation. */
#include "tests/host/unit.h"

#include "kernel/lib/avl.h"
#include "kernel/lib/list.h"
#include "tests/host/seed.h"

#define KEYS 200
#define MANY 10000

struct item {
    struct avl_node node;
    int key;
    bool in_tree;
};

static struct item *item_of(const struct avl_node *n)
{
    return container_of(n, struct item, node);
}

static void insert(struct avl_tree *t, struct item *item)
{
    struct avl_node *parent = NULL, *at = t->root;
    int side = 0;

    while (at) {
        parent = at;
        side = item->key > item_of(at)->key;
        at = at->child[side];
    }
    avl_insert(t, parent, side, &item->node);
    item->in_tree = true;
}

static void take_out(struct avl_tree *t, struct item *item)
{
    avl_remove(t, &item->node);
    item->in_tree = false;
}

/* Checks links, heights and balance below n; returns the height. */
static int check_shape(const struct avl_node *n, const struct avl_node *parent)
{
    if (!n)
        return 0;
    assert_ptr_equal(n->parent, parent);
    int low = check_shape(n->child[0], n), high = check_shape(n->child[1], n);
    assert_true(low - high >= -1 && low - high <= 1);
    int height = 1 + (low > high ? low : high);
    assert_int_equal(n->height, height);
    return height;
}

/* The tree must hold exactly the items marked so, in order, seen from both ends. */
static void check(const struct avl_tree *t, const struct item *items, int n)
{
    struct avl_node *up = avl_first(t), *down = avl_last(t);

    check_shape(t->root, NULL);
    for (int i = 0; i < n; i++) {
        if (items[i].in_tree) {
            assert_ptr_equal(up, &items[i].node);
            up = avl_next(up);
        }
        if (items[n - 1 - i].in_tree) {
            assert_ptr_equal(down, &items[n - 1 - i].node);
            down = avl_prev(down);
        }
    }
    assert_null(up);
    assert_null(down);
}

static void test_random(void **state)
{
    struct item items[KEYS];
    struct avl_tree t = {NULL};

    (void)state;
    for (int i = 0; i < KEYS; i++)
        items[i] = (struct item){.key = i};
    for (int round = 0; round < 20000; round++) {
        /* The share of insertions swings, so that the tree grows and shrinks. */
        bool wants_in = random_below(100) < (round / 1000 % 2 ? 70 : 30);
        struct item *item = &items[random_below(KEYS)];
        if (wants_in && !item->in_tree)
            insert(&t, item);
        else if (!wants_in && item->in_tree)
            take_out(&t, item);
        check(&t, items, KEYS);
    }
}

/* Every shape that a small tree can have, and every removal from it. */
static void test_all_small(void **state)
{
    (void)state;
    for (int code = 0; code < 6 * 5 * 4 * 3 * 2; code++) {
        for (int victim = 0; victim < 6; victim++) {
            struct item items[6];
            struct avl_tree t = {NULL};
            for (int i = 0; i < 6; i++)
                items[i] = (struct item){.key = i};
            for (int left = 6, rest = code; left > 0; rest /= left--) {
                int skip = rest % left, i = 0;
                while (items[i].in_tree || skip-- > 0)
                    i++;
                insert(&t, &items[i]);
                check(&t, items, 6);
            }
            take_out(&t, &items[victim]);
            check(&t, items, 6);
        }
    }
}

static void test_height(void **state)
{
    struct item *items = calloc(MANY, sizeof *items);
    struct avl_tree t = {NULL};

    (void)state;
    assert_non_null(items);
    for (int i = 0; i < MANY; i++) {
        items[i].key = i;
        insert(&t, &items[i]);
    }
    check(&t, items, MANY);
    assert_true(t.root->height <= 19); /* 1.44 log2(10000) = 19.1 */
    for (int i = 0; i < MANY; i++)
        take_out(&t, &items[i]);
    assert_null(t.root);
    assert_null(avl_first(&t));
    assert_null(avl_last(&t));
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_all_small),
        cmocka_unit_test(test_height),
    };

    random_start();
    return cmocka_run_group_tests_name("avl", tests, NULL, NULL);
}
