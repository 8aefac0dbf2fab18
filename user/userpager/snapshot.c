/*
 * Copy-on-write: the state of a region at one moment.  Everything may only be read from then on;
 * the first write to a page puts a copy of it aside.  So the snapshot costs what is changed after
 * it, not what there is.
 */
#include "user/userpager/userpager.h"

enum { PAGES = 32, CHANGED = 10, WRITES = 500 };

static uint64 *copy_of[PAGES]; /* as the page was; 0: as it is */

static void fault(int page, int access)
{
    require(access == SEGV_WRITE && copy_of[page] == 0, "a fault that should not be");
    copy_of[page] = malloc(PGSIZE);
    require(copy_of[page] != 0, "no memory for a copy");
    memmove(copy_of[page], region_page(page), PGSIZE);
    counts.out++;
    region_allow(page, 1, PROT_READ | PROT_WRITE);
}

static uint64 at_snapshot(volatile uint64 *now, uint64 i)
{
    const uint64 *copy = copy_of[i / WORDS];
    return copy != 0 ? copy[i % WORDS] : now[i];
}

void show_snapshot(void)
{
    volatile uint64 *array = region_new(PAGES, PROT_READ | PROT_WRITE, fault);
    uint64 changed = 0;

    for (uint64 i = 0; i < PAGES * WORDS; i++)
        array[i] = word_of(i);
    region_allow(0, PAGES, PROT_READ);
    for (int n = 0; n < WRITES; n++, counts.accesses++)
        array[(n % CHANGED) * 3 * WORDS + n] = 0;
    for (uint64 i = 0; i < PAGES * WORDS; i++) {
        require(at_snapshot(array, i) == word_of(i), "the snapshot has changed");
        changed += array[i] != word_of(i);
    }
    require(changed == WRITES, "a write is lost");
    report("snapshot: 500 writes to 10 of 32 pages");
    region_free();
    for (int page = 0; page < PAGES; page++)
        free(copy_of[page]);
}
