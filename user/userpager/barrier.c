/*
 * The write barrier of a garbage collector.  Objects refer to each other; the collector keeps, for
 * each page, how many of its references lead to young objects, those of the upper half, so that it
 * need not look through the old ones.  Between two collections the pages may only be read; the
 * first write to one marks it dirty.  A collection looks at the dirty pages and finds what a look
 * at all of them would find.
 */
#include "user/userpager/userpager.h"

enum { PAGES = 128, CYCLES = 3, WRITES = 3000 };

#define OBJECTS (PAGES * WORDS) /* a word each: the number of another one */

static uchar dirty[PAGES];
static uint young[PAGES]; /* references to young objects, when last looked at */

static void fault(int page, int access)
{
    require(access == SEGV_WRITE && !dirty[page], "a fault that should not be");
    dirty[page] = 1;
    region_allow(page, 1, PROT_READ | PROT_WRITE);
}

static uint count_young(const volatile uint64 *object, int page)
{
    uint n = 0;

    for (uint64 i = page * WORDS; i < (page + 1) * WORDS; i++)
        n += object[i] >= OBJECTS / 2;
    return n;
}

/* Looks at the pages written since the last time; returns how many. */
static int collect(const volatile uint64 *object)
{
    int looked = 0;

    for (int page = 0; page < PAGES; page++) {
        if (!dirty[page])
            continue;
        young[page] = count_young(object, page);
        dirty[page] = 0;
        looked++;
    }
    region_allow(0, PAGES, PROT_READ);
    return looked;
}

static uint64 next_random(uint64 *state)
{
    *state = *state * 6364136223846793005 + 1442695040888963407; /* Knuth's MMIX */
    return *state >> 33;
}

/* As programs do: most writes hit few pages, more of them in each cycle. */
static void mutate(volatile uint64 *object, int cycle, uint64 *random)
{
    for (int n = 0; n < WRITES; n++, counts.accesses++) {
        uint64 page = next_random(random) % (4ul << cycle);
        object[page * 7 % PAGES * WORDS + next_random(random) % WORDS] =
            next_random(random) % OBJECTS;
    }
}

void show_barrier(void)
{
    volatile uint64 *object = region_new(PAGES, PROT_READ | PROT_WRITE, fault);
    uint64 random = 1;

    for (uint64 i = 0; i < OBJECTS; i++)
        object[i] = next_random(&random) % OBJECTS;
    memset(dirty, 1, sizeof(dirty));
    require(collect(object) == PAGES, "the first collection looks at everything");
    for (int cycle = 0; cycle < CYCLES; cycle++) {
        char name[64];
        mutate(object, cycle, &random);
        int looked = collect(object);
        require((uint64)looked == counts.writes, "a page was looked at for nothing");
        for (int page = 0; page < PAGES; page++)
            require(young[page] == count_young(object, page), "the collector missed a write");
        snprintf(name, sizeof(name), "barrier: cycle %d looks at %d of %d pages", cycle + 1, looked,
                 PAGES);
        report(name);
    }
    region_free();
}
