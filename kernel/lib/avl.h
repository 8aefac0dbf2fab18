#ifndef LIB_AVL_H
#define LIB_AVL_H

#include "kernel/types.h"
#include <stdbool.h>
#include <stddef.h>

/*
 * An intrusive AVL tree.  The user finds the place of a new node by its own comparison and links
 * it with avl_insert(); removal and rebalancing need no comparison.  G. M. Adelson-Velsky and
 * E. M. Landis, 1962; height at most 1.44 log2(n).
 */
struct avl_node {
    struct avl_node *parent, *child[2]; /* child[0] sorts before the node */
    int height;                         /* of the subtree: 1 for a leaf */
};

struct avl_tree {
    struct avl_node *root;
    uint count; /* of its nodes */
};

/* Links n as child[side] of `parent` (NULL: as the root of an empty tree), which must be free. */
void avl_insert(struct avl_tree *t, struct avl_node *parent, int side, struct avl_node *n);
void avl_remove(struct avl_tree *t, struct avl_node *n);

struct avl_node *avl_first(const struct avl_tree *t);
struct avl_node *avl_last(const struct avl_tree *t);
struct avl_node *avl_next(const struct avl_node *n); /* NULL after the last */
struct avl_node *avl_prev(const struct avl_node *n);

#endif
