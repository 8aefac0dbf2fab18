/*
 * AVL trees.  Each node knows the height of its subtree; the heights of its two children differ by
 * at most one.  Linking or unlinking a node may break that on the path to the root only, and
 * retrace() mends the path from the bottom up, ending where a height did not change.
 *
 * `side` is 0 or 1 throughout: what holds for one side holds mirrored for the other.
 * The caller holds the lock that guards the tree.
 */
#include "kernel/lib/avl.h"

static int height(const struct avl_node *n)
{
    return n ? n->height : 0;
}

static int taller_child(const struct avl_node *n)
{
    return height(n->child[1]) > height(n->child[0]);
}

static void adopt(struct avl_node *parent, int side, struct avl_node *n)
{
    parent->child[side] = n;
    if (n)
        n->parent = parent;
}

/* Puts n (maybe NULL) where `old` hangs: below old's parent or at the root. */
static void replace(struct avl_tree *t, const struct avl_node *old, struct avl_node *n)
{
    struct avl_node *parent = old->parent;

    if (parent) {
        adopt(parent, parent->child[1] == old, n);
    } else {
        t->root = n;
        if (n)
            n->parent = NULL;
    }
}

static void measure(struct avl_node *n)
{
    n->height = 1 + height(n->child[taller_child(n)]);
}

/* Lifts child[side] of n into n's place, n becomes its other child; returns the lifted node. */
static struct avl_node *lift(struct avl_tree *t, struct avl_node *n, int side)
{
    struct avl_node *up = n->child[side];

    replace(t, n, up);
    adopt(n, side, up->child[!side]);
    adopt(up, !side, n);
    measure(n);
    measure(up);
    return up;
}

/* Restores balance and height of n, whose subtrees are right; returns the subtree's new top. */
static struct avl_node *balance(struct avl_tree *t, struct avl_node *n)
{
    int side = taller_child(n);
    struct avl_node *tall = n->child[side];

    if (height(tall) - height(n->child[!side]) <= 1) {
        measure(n);
        return n;
    }
    if (height(tall->child[!side]) > height(tall->child[side]))
        lift(t, tall, !side);
    return lift(t, n, side);
}

/* Mends the path from n, the lowest node with a changed subtree, towards the root. */
static void retrace(struct avl_tree *t, struct avl_node *n)
{
    while (n) {
        int before = n->height;
        n = balance(t, n);
        if (n->height == before)
            return;
        n = n->parent;
    }
}

void avl_insert(struct avl_tree *t, struct avl_node *parent, int side, struct avl_node *n)
{
    n->child[0] = n->child[1] = NULL;
    n->parent = NULL;
    n->height = 1;
    if (parent)
        adopt(parent, side, n);
    else
        t->root = n;
    t->count++;
    retrace(t, parent);
}

void avl_remove(struct avl_tree *t, struct avl_node *n)
{
    struct avl_node *changed = n->parent;

    t->count--;
    if (!n->child[0] || !n->child[1]) {
        replace(t, n, n->child[n->child[0] == NULL]);
    } else {
        struct avl_node *heir = avl_next(n); /* below n and without a left child */
        changed = heir->parent == n ? heir : heir->parent;
        replace(t, heir, heir->child[1]);
        replace(t, n, heir);
        adopt(heir, 0, n->child[0]);
        adopt(heir, 1, n->child[1]);
        heir->height = n->height;
    }
    retrace(t, changed);
}

/* The outermost node of n's subtree on that side. */
static struct avl_node *outermost(struct avl_node *n, int side)
{
    while (n && n->child[side])
        n = n->child[side];
    return n;
}

/* The neighbour of n in the tree's order on that side, NULL at the end. */
static struct avl_node *neighbour(const struct avl_node *n, int side)
{
    if (n->child[side])
        return outermost(n->child[side], !side);
    while (n->parent && n->parent->child[side] == n)
        n = n->parent;
    return n->parent;
}

struct avl_node *avl_first(const struct avl_tree *t)
{
    return outermost(t->root, 0);
}

struct avl_node *avl_last(const struct avl_tree *t)
{
    return outermost(t->root, 1);
}

struct avl_node *avl_next(const struct avl_node *n)
{
    return neighbour(n, 1);
}

struct avl_node *avl_prev(const struct avl_node *n)
{
    return neighbour(n, 0);
}
