/*
 * pmap [-p] [PID]: the address space of a process (of pmap itself if none is named), high addresses
 * on top, with the nothing between.  Numbers are pages; those of a range that is no promise are
 * blank.  What comes from a file has its inode number, and where in it the area begins.  -p adds a
 * picture of each area, one letter a page, low addresses first.
 */
#include "kernel/memlayout.h"
#include "kernel/param.h"
#include "kernel/vmview.h"
#include "user/lib/prog.h"

#define USAGE        "pmap [-p] [PID]"
#define USER_END     ((uint64)USYSCALL) /* nothing is ever promised from here on */
#define STACK        2                  /* areainfo's kind */
#define LINE         64                 /* pages in one line of a picture */
#define WINDOW       128                /* pages asked for at a time */
#define DIRECT_BASE  0xffffffc000000000ul

#define PAGES(bytes) ((bytes) / PGSIZE)
#define COLUMNS      "%8s %8s %7s %7s %7s %7s %s\n"
#define RANGE        "0x%010lx 0x%010lx %s %-10s"

struct line {
    uint64 start; /* address of the first page */
    int n;
    char letter[LINE + 1];
};

static int pid, pictures, written;

/* All areas; *n is their number.  Ends the program if there is no such process. */
static struct areainfo *fetch(int *n)
{
    struct areainfo *area = 0;

    for (int room = 64;; room *= 2) {
        free(area);
        area = malloc(room * sizeof *area);
        if (area == 0)
            exit(prog_fail("cannot hold %d areas", room));
        *n = pmap(pid, area, room);
        if (*n < 0)
            exit(prog_fail("cannot look at process %d", pid));
        if (*n < room)
            return area;
    }
}

static void show_gap(uint64 start, uint64 end, const char *what)
{
    if (start < end)
        written |= printf(RANGE "%8lu\n", start, end, "---", what, PAGES(end - start));
}

static const char *promise_of(const struct areainfo *a)
{
    if (a->charged)
        return "charged";
    return a->file || a->shared_map ? "backed" : "lazy";
}

static void show_area(const struct areainfo *a)
{
    static const char *const kinds[] = {"text", "data", "stack", "heap", "mapping"};
    char rights[] = "---";

    for (int i = 0; i < 3; i++)
        if (a->prot & 1 << i)
            rights[i] = "rwx"[i];
    written |=
        printf(RANGE "%8lu %8lu %7lu %7lu %7lu %7lu %s%s", a->start, a->end, rights, kinds[a->kind],
               PAGES(a->end - a->start), a->resident, a->shared, a->resident - a->shared, a->zero,
               a->swapped, promise_of(a), a->shared_map ? " shared" : "");
    if (a->file)
        written |= printf(" inode %lu from 0x%lx", a->file, a->offset);
    written |= printf("\n");
}

/* --- Pictures --------------------------------------------------------------------------------- */

static void flush(struct line *line)
{
    line->letter[line->n] = 0;
    if (line->n > 0)
        written |= printf("    0x%010lx  %s\n", line->start, line->letter);
    line->n = 0;
}

static void put(struct line *line, uint64 va, char letter)
{
    if (line->n == 0)
        line->start = va;
    line->letter[line->n++] = letter;
    if (line->n == LINE)
        flush(line);
}

static char letter_of(const struct pageinfo *p)
{
    if (p->state == PAGE_SHARED)
        return p->refs <= 9 ? '0' + p->refs : '+';
    if (p->state == PAGE_FILE)
        return p->rights & 2 ? 'F' : 'f';
    return "-.zp"[p->state];
}

/* Draws what `window` tells of the pages from va on; returns the first address not drawn. */
static uint64 draw_window(struct line *line, uint64 va, uint64 end, const struct pageinfo *window,
                          int n)
{
    for (int i = 0; i < n && va < end; i++, va += PGSIZE) {
        uint64 run = window[i].run < PAGES(end - va) ? window[i].run : PAGES(end - va);
        if (run > LINE) {
            flush(line);
            written |= printf("    0x%010lx  %c (%lu pages)\n", va, letter_of(&window[i]), run);
            return va + run * PGSIZE;
        }
        put(line, va, letter_of(&window[i]));
    }
    return va;
}

static void draw(const struct areainfo *a)
{
    struct pageinfo window[WINDOW];
    struct line line = {.n = 0};

    for (uint64 va = a->start; va < a->end;) {
        int n = pagemap(pid, va, window, WINDOW);
        if (n <= 0)
            exit(prog_fail("cannot look at process %d any more", pid));
        va = draw_window(&line, va, a->end, window, n);
    }
    flush(&line);
}

/* ---------------------------------------------------------------------------------------------- */

/* What lies below an area, down to `floor`. */
static void show_below(const struct areainfo *a, uint64 floor)
{
    uint64 end = a->start;

    if (a->kind == STACK) {
        uint64 low = a->end - USERSTACK * PGSIZE, guard = low - PGSIZE;
        show_gap(low, end, "stack room");
        show_gap(guard, low, "guard page");
        end = guard;
    }
    show_gap(floor, end, "nothing");
}

static void show_sum(const struct areainfo *area, int n)
{
    uint64 pages = 0, resident = 0, shared = 0, zero = 0, swapped = 0;

    for (int i = 0; i < n; i++) {
        pages += PAGES(area[i].end - area[i].start);
        resident += area[i].resident;
        shared += area[i].shared;
        zero += area[i].zero;
        swapped += area[i].swapped;
    }
    written |= printf("%-40s%8lu %8lu %7lu %7lu %7lu %7lu\n", "all areas", pages, resident, shared,
                      resident - shared, zero, swapped);
}

static void show_all(const struct areainfo *area, int n)
{
    written |= printf("%-12s %-12s %-3s %-10s" COLUMNS, "from", "to", "may", "what", "pages",
                      "resident", "shared", "private", "zero", "swapped", "promise");
    if (n > 0)
        show_gap(area[n - 1].end, USER_END, "nothing");
    for (int i = n - 1; i >= 0; i--) {
        show_area(&area[i]);
        if (pictures)
            draw(&area[i]);
        show_below(&area[i], i > 0 ? area[i - 1].end : 0);
    }
    show_sum(area, n);
    written |= printf("0x%lx and up: the kernel, the same in every space, closed to programs\n",
                      DIRECT_BASE);
    if (pictures)
        written |=
            printf("p private, 2-9 and + a frame that so many hold, f of a file, F the same, "
                   "dirty, z the zero frame, . not touched, - gone\n");
}

int main(int argc, char **argv)
{
    uint flags;
    int n, i = prog_flags(argc, argv, "p", USAGE, &flags);

    if (argc - i > 1 || (argc - i == 1 && (!prog_number(argv[i], &pid) || pid <= 0)))
        prog_usage(USAGE);
    pictures = flags & 1;
    if (pid == 0)
        pid = getpid();
    const struct areainfo *area = fetch(&n);
    show_all(area, n);
    return written < 0 ? prog_fail("write error") : 0;
}
