/*
 * Memory allocator.  A block of LARGE bytes or more is a mapping of its own, which free() takes
 * down, so its memory comes back whatever lives beside it.  All others come from the heap: one or
 * more regions of memory obtained with sbrk().  A region is a gapless row of chunks and ends with a
 * chunk of size 0 that is always in use:
 *
 *     | below | size | payload ... | below | size | payload ... | below | 0, used |
 *
 * `below` is the size of the chunk just below, so both neighbours of a chunk are found at once and
 * two free chunks never touch.  A free chunk is on the list of its size class: up to 512 bytes a
 * class has one size, above it reaches to the next power of two.  An allocation takes the first
 * chunk of its own class that is large enough, else any of the next class that has one, and gives
 * back what is left over.  A region grows in place as long as nobody else moved the break.
 *
 * A mapping begins with a header, too: its size with MAPPED in it, and in `below` the complement of
 * that, which tells it from the heap.
 *
 * There is one thread in a process, so there is no lock.  A pointer that free() or realloc() gets
 * is checked against the neighbouring chunks; if it is not ours the program ends with a message.
 */
#include "user/extra.h"
#include "user/lib/start.h"
#include "kernel/mman.h"
#include "kernel/riscv.h"

#define USED         1ul
#define MAPPED       2ul
#define HEADER       16ul
#define ALIGNMENT    16ul
#define SMALLEST     sizeof(struct chunk)
#define LARGE        (128 * 1024ul)
#define LARGEST      (1ul << 38)    /* there is no room for more */
#define STEP         (64 * 1024ul)  /* the heap grows by this at least */
#define SURPLUS      (512 * 1024ul) /* a free end of the heap of this size is given back */
#define MOST_AT_ONCE (1ul << 30)    /* that much of it: sbrk() takes an int */
#define NEXACT       33             /* classes of one size: multiples of 16 up to 512 */
#define NCLASS       (NEXACT + 22)

/* A program written for xv6 may have a function of its own with this name. */
#define WEAK __attribute__((weak))

struct chunk {
    uint64 below;              /* size of the chunk below, 0 for the first of a region */
    uint64 size;               /* of this chunk, its header included; USED, MAPPED are in it */
    struct chunk *next, *prev; /* of the class, while it is free; payload otherwise */
};

static struct chunk *classes[NCLASS];
static char *region_end; /* where the region that may still grow ends */

static uint64 chunk_size(const struct chunk *c)
{
    return c->size & ~(USED | MAPPED);
}

static struct chunk *chunk_at(struct chunk *c, long distance)
{
    return (struct chunk *)((char *)c + distance);
}

static struct chunk *chunk_above(struct chunk *c)
{
    return chunk_at(c, chunk_size(c));
}

static uint class_of(uint64 size)
{
    uint class = NEXACT;

    if (size <= 512)
        return size / ALIGNMENT;
    for (size >>= 10; size > 0; size >>= 1)
        class ++;
    return class;
}

static void class_add(struct chunk *c)
{
    struct chunk **head = &classes[class_of(c->size)];

    c->prev = 0;
    c->next = *head;
    if (c->next != 0)
        c->next->prev = c;
    *head = c;
}

static void class_remove(struct chunk *c)
{
    if (c->prev != 0)
        c->prev->next = c->next;
    else
        classes[class_of(c->size)] = c->next;
    if (c->next != 0)
        c->next->prev = c->prev;
}

static struct chunk *class_find(uint64 size)
{
    uint class = class_of(size);

    for (struct chunk *c = classes[class]; c != 0; c = c->next)
        if (c->size >= size)
            return c;
    while (++class < NCLASS)
        if (classes[class] != 0)
            return classes[class];
    return 0;
}

static void set_size(struct chunk *c, uint64 size, uint64 used)
{
    c->size = size | used;
    chunk_above(c)->below = size;
}

/* Makes c, which is on no list, free: joined with free neighbours and on the list of its class. */
static struct chunk *release(struct chunk *c)
{
    struct chunk *above = chunk_above(c);
    uint64 size = chunk_size(c);

    if (!(above->size & USED)) {
        class_remove(above);
        size += above->size;
    }
    if (c->below != 0) {
        struct chunk *below = chunk_at(c, -(long)c->below);
        if (!(below->size & USED)) {
            class_remove(below);
            size += below->size;
            c = below;
        }
    }
    set_size(c, size, 0);
    class_add(c);
    return c;
}

/* Cuts c, which is on no list, down to `size` and marks it used; the rest becomes free. */
static void trim(struct chunk *c, uint64 size)
{
    uint64 rest = chunk_size(c) - size;

    if (rest < SMALLEST) {
        c->size |= USED;
        return;
    }
    set_size(c, size, USED);
    set_size(chunk_above(c), rest, 0);
    release(chunk_above(c));
}

/* More memory as a free chunk with at least `size` bytes; 0 if there is none. */
static struct chunk *grow(uint64 size)
{
    uint64 bytes = PGROUNDUP(size + 3 * HEADER);
    char *at = sbrk(bytes > STEP ? bytes : STEP);

    if (at != SBRK_ERROR)
        bytes = bytes > STEP ? bytes : STEP;
    else if (bytes >= STEP || (at = sbrk(bytes)) == SBRK_ERROR)
        return 0;

    struct chunk *c;
    char *end = (char *)((uint64)(at + bytes) & ~(ALIGNMENT - 1));
    if (at == region_end) {
        c = (struct chunk *)(at - HEADER); /* the mark at the end of the region becomes a chunk */
    } else {
        c = (struct chunk *)(((uint64)at + ALIGNMENT - 1) & ~(ALIGNMENT - 1));
        c->below = 0;
    }
    region_end = end;
    set_size(c, end - HEADER - (char *)c, 0);
    chunk_above(c)->size = USED;
    return release(c);
}

/* Gives memory back if c, which is free, is the large end of the heap. */
static void shrink(struct chunk *c)
{
    if (c->size < SURPLUS || (char *)chunk_above(c) + HEADER != region_end || sbrk(0) != region_end)
        return;
    uint64 bytes = PGROUNDDOWN(c->size - STEP);
    if (bytes > MOST_AT_ONCE)
        bytes = MOST_AT_ONCE;
    class_remove(c);
    set_size(c, c->size - bytes, 0);
    chunk_above(c)->size = USED;
    class_add(c);
    region_end -= bytes;
    sbrk(-(int)bytes);
}

/* --- blocks that are mappings ----------------------------------------------------------------- */

static int is_mapped(const struct chunk *c)
{
    return (uint64)c % PGSIZE == 0 && c->below == ~c->size && (c->size & MAPPED);
}

static void map_mark(struct chunk *c, uint64 size)
{
    c->size = size | USED | MAPPED;
    c->below = ~c->size;
}

/* A fresh mapping for n bytes, all of them 0, as a block; 0 without memory. */
static void *map_new(size_t n)
{
    uint64 size = PGROUNDUP(n + HEADER);
    struct chunk *c = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ((char *)c == MAP_FAILED)
        return 0;
    map_mark(c, size);
    return chunk_at(c, HEADER);
}

/* Cuts the mapping down to what n bytes need, if that is less than it has. */
static void map_shrink(struct chunk *c, size_t n)
{
    uint64 have = chunk_size(c), size = PGROUNDUP(n + HEADER);
    if (size < have && munmap((char *)c + size, have - size) == 0)
        map_mark(c, size);
}

/* --- what programs call ----------------------------------------------------------------------- */

static uint64 size_for(size_t n)
{
    uint64 size = (n + HEADER + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    return size > SMALLEST ? size : SMALLEST;
}

/* The chunk that p is the payload of. */
static struct chunk *owned(void *p, const char *function)
{
    struct chunk *c = chunk_at(p, -(long)HEADER);
    const char *wrong = 0;

    if ((uint64)p % ALIGNMENT == 0 && is_mapped(c))
        return c;
    if ((uint64)p % ALIGNMENT != 0 || chunk_size(c) % ALIGNMENT != 0)
        wrong = "not memory from malloc";
    else if (!(c->size & USED))
        wrong = "memory is free already";
    else if (chunk_above(c)->below != chunk_size(c))
        wrong = "memory was written beyond its end, or is free already";
    if (wrong == 0)
        return c;
    fprintf(2, "%s: %s(%p): %s\n", start_name, function, p, wrong);
    exit(-1);
}

void *malloc(size_t n)
{
    if (n > LARGEST)
        return 0;
    if (n >= LARGE)
        return map_new(n);
    uint64 size = size_for(n);
    struct chunk *c = class_find(size);
    if (c == 0)
        c = grow(size);
    if (c == 0)
        return 0;
    class_remove(c);
    trim(c, size);
    return chunk_at(c, HEADER);
}

void free(void *p)
{
    if (p == 0)
        return;
    struct chunk *c = owned(p, "free");
    if (c->size & MAPPED)
        munmap(c, chunk_size(c));
    else
        shrink(release(c));
}

WEAK void *calloc(size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        return 0;
    void *p = malloc(bytes);
    if (p != 0 && bytes < LARGE) /* a mapping is clear */
        memset(p, 0, bytes);
    return p;
}

/* Makes a block of the heap fit for n bytes where it stands; false if there is no room. */
static int resize_in_place(struct chunk *c, size_t n)
{
    struct chunk *above = chunk_above(c);
    uint64 size = size_for(n), have = chunk_size(c);
    if (have < size && !(above->size & USED) && have + above->size >= size) {
        class_remove(above);
        have += above->size;
        set_size(c, have, USED);
    }
    if (have < size)
        return 0;
    trim(c, size);
    return 1;
}

/* A mapping that becomes small moves to the heap, if there is room. */
WEAK void *realloc(void *p, size_t n)
{
    if (p == 0)
        return malloc(n);
    if (n > LARGEST)
        return 0;

    struct chunk *c = owned(p, "realloc");
    uint64 room = chunk_size(c) - HEADER;
    int mapped = (c->size & MAPPED) != 0, shrinks = n <= room;
    if (mapped && shrinks)
        map_shrink(c, n);
    if (mapped ? shrinks && n >= LARGE : resize_in_place(c, n))
        return p;

    void *other = malloc(n);
    if (other == 0)
        return mapped && shrinks ? p : 0;
    memcpy(other, p, n < room ? n : room);
    free(p);
    return other;
}
