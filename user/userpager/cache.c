/*
 * Paging: an array larger than the memory that it may have.  A page is absent (no rights), clean
 * (may be read) or dirty (may be written), which is all that a page table says as well.  A fault
 * fetches the page or makes it dirty; the page that came first goes when there is no more room, and
 * only a dirty one has to be sent back.
 */
#include "user/userpager/userpager.h"

enum { PAGES = 64, ROOM = 8 };

static uchar state[PAGES]; /* the rights: PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE */
static int here[ROOM];     /* pages that are not absent, in a ring */
static int n_here, oldest;

static void set_state(int page, int rights)
{
    state[page] = (uchar)rights;
    region_allow(page, 1, rights);
}

static void evict(void)
{
    int page = here[oldest];

    oldest = (oldest + 1) % ROOM;
    n_here--;
    if (state[page] & PROT_WRITE) {
        remote_put(page, region_page(page));
        counts.out++;
    }
    require(madvise(region_page(page), PGSIZE, MADV_DONTNEED) == 0, "madvise failed");
    set_state(page, PROT_NONE);
}

static void fetch(int page)
{
    if (n_here == ROOM)
        evict();
    here[(oldest + n_here++) % ROOM] = page;
    set_state(page, PROT_READ | PROT_WRITE);
    remote_get(page, region_page(page));
    counts.in++;
}

static void fault(int page, int access)
{
    if (state[page] == PROT_NONE)
        fetch(page);
    set_state(page, access == SEGV_WRITE ? PROT_READ | PROT_WRITE : PROT_READ);
}

static uint64 sum_of(volatile uint64 *array, int first, int n)
{
    uint64 sum = 0;

    for (uint64 i = first * WORDS; i < (first + n) * WORDS; i++)
        sum += array[i];
    counts.accesses += n * WORDS;
    return sum;
}

/* The pages of the region that have a frame now. */
static int resident(void)
{
    uchar in[PAGES];
    int n = 0;

    require(mincore(region_page(0), PAGES * PGSIZE, in) == 0, "mincore failed");
    for (int i = 0; i < PAGES; i++)
        n += in[i] & 1;
    return n;
}

void show_cache(void)
{
    uint64 sum = 0;

    remote_start(PAGES);
    volatile uint64 *array = region_new(PAGES, PROT_NONE, fault);
    for (uint64 i = 0; i < PAGES * WORDS; i++)
        sum += word_of(i);
    require(sum_of(array, 0, PAGES) == sum, "the remote array was read wrong");
    report("remote array: all of it, front to back");
    for (int round = 0; round < 50; round++)
        sum_of(array, 20, 6);
    report("remote array: 6 pages, 50 times");
    for (int page = 0; page < PAGES; page += 3, counts.accesses++) {
        array[page * WORDS + 7] += 1000;
        sum += 1000;
    }
    report("remote array: a word in every third page");
    require(sum_of(array, 0, PAGES) == sum, "what was written is lost");
    report("remote array: all of it again");
    require(resident() <= ROOM, "too many pages are here");
    while (n_here > 0)
        evict();
    require(remote_stop() == sum, "what was written did not arrive");
    region_free();
}
