#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A circular doubly linked list whose links sit inside its members.  A list head and an unlinked
 * member both point to themselves, so list_del() of an unlinked member does nothing.  The caller
 * holds whatever lock guards the list.
 */
struct list {
    struct list *next, *prev;
};

/* The struct whose `field` is at ptr. */
#define container_of(ptr, type, field) ((type *)(void *)((char *)(ptr)-offsetof(type, field)))

/* for each link `it` of a list; the body may not unlink `it`. */
#define list_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)

/* As list_each, but the body may unlink and free `it`. */
#define list_each_safe(it, head)                                                                   \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                      \
         it = it##_next, it##_next = it->next)

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

/* Links `l` right after `at`: at the front if `at` is a head. */
static inline void list_add(struct list *at, struct list *l)
{
    l->prev = at;
    l->next = at->next;
    at->next->prev = l;
    at->next = l;
}

/* Links `l` right before `at`: at the back if `at` is a head. */
static inline void list_add_tail(struct list *at, struct list *l)
{
    list_add(at->prev, l);
}

static inline void list_del(struct list *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

/* Unlinks and returns the first member, NULL if there is none. */
static inline struct list *list_pop(struct list *head)
{
    struct list *l = head->next;
    if (l == head)
        return NULL;
    list_del(l);
    return l;
}

#endif
