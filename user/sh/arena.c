/* Memory that lives as long as a line: blocks in a list, each filled from its start. */
#include "user/sh/sh.h"

#define BLOCK (4096 - 64ul)

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    uint64 space[];
};

void *arena_new(struct arena *a, size_t n)
{
    struct arena_block *b = a->blocks;

    n = (n + sizeof(uint64) - 1) & ~(sizeof(uint64) - 1);
    if (b == 0 || b->size - b->used < n) {
        size_t size = n > BLOCK ? n : BLOCK;
        b = malloc(sizeof(*b) + size);
        if (b == 0)
            return 0;
        b->next = a->blocks;
        b->used = 0;
        b->size = size;
        a->blocks = b;
    }
    void *p = (char *)b->space + b->used;
    b->used += n;
    return memset(p, 0, n);
}

void arena_free(struct arena *a)
{
    while (a->blocks != 0) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
}
