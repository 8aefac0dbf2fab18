/*
 * userpager: a program that keeps its own promises.  It takes the rights to pages away with
 * mprotect(); the accesses that fail then are signals, whose handler does what a kernel would do in
 * a page fault, and the instruction is tried again.  Three uses of that:
 *
 *     a remote array    64 pages that another process has, of which 8 at most are here (cache.c)
 *     a snapshot        the state of memory at a moment, while the program goes on (snapshot.c)
 *     a write barrier   a collector looks only at what was written since last time (barrier.c)
 *
 * Each line of the table tells how often the program touched the region and how many faults that
 * were.  At the end the kernel's own count of refused accesses has to be the same.
 */
#include "kernel/vmstat.h"
#include "user/lib/prog.h"
#include "user/userpager/userpager.h"

struct counts counts;

static struct {
    char *start;
    int pages;
    void (*fault)(int page, int access);
} region;

static uint64 faults; /* all that the handler has seen */

void require(int good, const char *what)
{
    if (good)
        return;
    prog_warn("%s", what);
    exit(1);
}

/* What is not ours to mend is tried once more without us: the kernel explains it. */
static void on_fault(int sig, struct siginfo *info)
{
    static const struct sigaction forget = {.handler = SIG_DFL};
    uint64 offset = info->addr - (uint64)region.start;

    if (offset >= (uint64)region.pages * PGSIZE) {
        sigaction(sig, &forget, 0);
        return;
    }
    faults++;
    if (info->access == SEGV_WRITE)
        counts.writes++;
    else
        counts.reads++;
    region.fault((int)(offset / PGSIZE), info->access);
}

volatile uint64 *region_new(int pages, int prot, void (*fault)(int page, int access))
{
    struct sigaction a = {.handler = on_fault};

    region.start = mmap(0, (size_t)pages * PGSIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(region.start != MAP_FAILED, "no memory for the region");
    region.pages = pages;
    region.fault = fault;
    require(sigaction(SIGSEGV, &a, 0) == 0, "sigaction failed");
    return (volatile uint64 *)region.start;
}

void region_free(void)
{
    require(munmap(region.start, (size_t)region.pages * PGSIZE) == 0, "munmap failed");
    region.pages = 0;
}

char *region_page(int page)
{
    return region.start + (uint64)page * PGSIZE;
}

void region_allow(int page, int n, int prot)
{
    require(mprotect(region_page(page), (size_t)n * PGSIZE, prot) == 0, "mprotect failed");
}

void report(const char *name)
{
    printf("%-42s %8lu %7lu %7lu %6lu %6lu\n", name, counts.accesses, counts.reads, counts.writes,
           counts.in, counts.out);
    counts = (struct counts){0};
}

static uint64 refused_accesses(void)
{
    struct vmstat v;

    require(vmstat(getpid(), &v) == 0, "vmstat failed");
    return v.fault[KIND_PROT];
}

int main(void)
{
    uint64 before = refused_accesses();

    printf("%-42s %8s %7s %7s %6s %6s\n", "", "accesses", "faults:", "faults:", "pages", "pages");
    printf("%-42s %8s %7s %7s %6s %6s\n", "", "", "read", "write", "in", "out");
    show_cache();
    show_snapshot();
    show_barrier();
    uint64 refused = refused_accesses() - before;
    printf("%lu faults handled here, %lu accesses refused by the kernel\n", faults, refused);
    require(faults == refused, "the two are not the same");
    return 0;
}
