/*
 * memview [-s]: every frame of RAM as one character, which says what it is used for; of user memory
 * that several hold, by how many.  Lines that repeat the one above are counted.  Then the totals,
 * which also explain the characters; -s prints only those.
 */
#include "kernel/memlayout.h"
#include "kernel/vmview.h"
#include "user/lib/prog.h"

#define USAGE  "memview [-s]"
#define LINE   64 /* frames in a line */
#define WINDOW (16 * LINE)

static uint64 frames[FRAME_KINDS], all, saved;
static int written;

static char above[LINE + 1]; /* the line printed last */
static uint64 repeated;      /* lines like it, not printed */

static void count(const struct frameinfo *f)
{
    int kind = frame_kind(f);

    frames[kind]++;
    all++;
    if (kind == FRAME_KIND_SHARED)
        saved += f->refs - 1;
    if (kind == FRAME_KIND_MAPPED)
        saved += f->refs - 2; /* the cache is a holder, too */
}

static char letter_of(const struct frameinfo *f)
{
    int kind = frame_kind(f);

    return kind == FRAME_KIND_SHARED && f->refs <= 9 ? '0' + f->refs : FRAME_KIND_LETTERS[kind];
}

static void end_repetition(void)
{
    if (repeated > 0)
        written |= printf("%11s  (%lu more like this)\n", "", repeated);
    repeated = 0;
}

static void draw_line(uint64 first, const struct frameinfo *f, int n)
{
    char line[LINE + 1];

    for (int i = 0; i < n; i++)
        line[i] = letter_of(&f[i]);
    line[n] = 0;
    if (strcmp(line, above) == 0) {
        repeated++;
        return;
    }
    end_repetition();
    written |= printf("0x%09lx  %s\n", KERNBASE + first * PGSIZE, line);
    strcpy(above, line);
}

static void look(int draw)
{
    static struct frameinfo window[WINDOW];
    uint64 first = 0;
    int n;

    for (; (n = memmap(first, window, WINDOW)) > 0; first += n) {
        for (int i = 0; i < n; i++)
            count(&window[i]);
        for (int i = 0; draw && i < n; i += LINE)
            draw_line(first + i, &window[i], n - i < LINE ? n - i : LINE);
    }
    if (n < 0)
        exit(prog_fail("cannot look at memory"));
    end_repetition();
}

static void show_totals(void)
{
    static const char *const names[] = FRAME_KIND_NAMES;

    for (int kind = 0; kind < FRAME_KINDS; kind++) {
        char letter[] = {FRAME_KIND_LETTERS[kind], 0};
        written |= printf("%-4s %-13s %8lu frames %10lu KiB\n",
                          kind == FRAME_KIND_SHARED ? "2-9+" : letter, names[kind], frames[kind],
                          frames[kind] * (PGSIZE / 1024));
    }
    written |= printf("%-4s %-13s %8lu frames %10lu KiB\n", "", "all", all, all * (PGSIZE / 1024));
    written |= printf("sharing saves %lu frames\n", saved);
}

int main(int argc, char **argv)
{
    uint flags;

    if (prog_flags(argc, argv, "s", USAGE, &flags) < argc)
        prog_usage(USAGE);
    look((flags & 1) == 0);
    show_totals();
    return written < 0 ? prog_fail("write error") : 0;
}
