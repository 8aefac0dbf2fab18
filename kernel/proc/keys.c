/*
 * What the console shows at a key: ^P the processes, ^T the memory.
 *
 * The interrupt of the key only notes what is wanted.  A kernel thread takes a snapshot and then
 * writes line by line as any program does, so it holds no lock and keeps no interrupt off while it
 * prints, and sleeps while the terminal takes nothing.  A key pressed again before its answer has
 * begun is answered once.
 *
 * Lock: keys_lock guards `wanted` and the thread's sleep; the rest belongs to the thread.
 */
#include "kernel/dev/dev.h"
#include "kernel/lib/printf.h"
#include "kernel/proc/proc.h"
#include "kernel/riscv.h"
#include "kernel/vm/view.h"

#define LINE    160 /* bytes of a line of text at most */
#define COLUMNS 64  /* of the picture of memory */
#define ROWS    16
#define PIECE   64 /* frames looked at at once */

static struct spinlock keys_lock = SPINLOCK_INIT("keys", RANK_PIPE);
static struct waitq sleeper;
static uint wanted; /* bit per enum console_show */

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
    char line[LINE];
    struct iov text;
    va_list args;

    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    iov_one(&text, line, n < LINE ? (uint64)n : LINE - 1);
    console_write(&text);
}

/* --- Processes -------------------------------------------------------------------------------- */

static void show_processes(void)
{
    static const char *const states[] = {"free", "new", "ready", "run", "sleep", "zombie"};
    static struct procinfo all[NPROC];
    int n = proc_list(all, NPROC);

    say("\n  PID  PPID STATE  HART  RESIDENT NAME\n");
    for (const struct procinfo *i = all; i < all + n; i++)
        say("%5d %5d %-6s %4d %6lu KiB %s\n", i->pid, i->ppid, states[i->state], i->hart,
            i->resident / 1024, i->name);
}

/* --- Memory ----------------------------------------------------------------------------------- */

/* Counts the frames first .. first + n by kind and returns the letter for them all. */
static char sum_up(uint64 first, uint64 n, uint64 total[FRAME_KINDS])
{
    struct frameinfo info[PIECE];
    uint64 count[FRAME_KINDS] = {0}, end = first + n;
    int most = FRAME_FREE;

    for (uint got; first < end; first += got) {
        got = view_frames(first, info, end - first < PIECE ? (uint)(end - first) : PIECE);
        for (uint i = 0; i < got; i++)
            count[frame_kind(&info[i])]++;
    }
    for (int kind = 0; kind < FRAME_KINDS; kind++) {
        total[kind] += count[kind];
        if (kind != FRAME_FREE && count[kind] > (most == FRAME_FREE ? 0 : count[most]))
            most = kind;
    }
    return FRAME_KIND_LETTERS[most];
}

static void show_totals(const uint64 total[FRAME_KINDS])
{
    static const char *const names[] = FRAME_KIND_NAMES;

    for (int kind = 0; kind < FRAME_KINDS; kind++)
        say("%c %-13s %8lu%s", FRAME_KIND_LETTERS[kind], names[kind], total[kind],
            kind % 3 == 2 || kind == FRAME_KINDS - 1 ? "\n" : "   ");
}

/* The frame table is made of blocks that divide evenly into the picture. */
static void show_memory(void)
{
    uint64 total[FRAME_KINDS] = {0}, cell = frame_count / (ROWS * COLUMNS);

    _Static_assert(FRAME_BLOCK % (ROWS * COLUMNS) == 0, "every cell stands for as many frames");
    say("\n%lu MiB, %lu KiB a character: what most of the frames in use there are\n",
        frame_count * PGSIZE >> 20, cell * PGSIZE >> 10);
    for (uint64 row = 0; row < ROWS; row++) {
        char line[COLUMNS + 1];
        uint64 first = row * COLUMNS * cell;
        for (uint64 i = 0; i < COLUMNS; i++)
            line[i] = sum_up(first + i * cell, cell, total);
        line[COLUMNS] = '\0';
        say("0x%09lx  %s\n", frame_pa(frame_table + first), line);
    }
    show_totals(total);
}

/* --- The thread ------------------------------------------------------------------------------- */

void keys_show(enum console_show what)
{
    spin_lock(&keys_lock);
    wanted |= 1u << what;
    waitq_wake_all(&sleeper);
    spin_unlock(&keys_lock);
}

static uint await(void)
{
    spin_lock(&keys_lock);
    while (wanted == 0)
        waitq_sleep(&sleeper, &keys_lock);
    uint now = wanted;
    wanted = 0;
    spin_unlock(&keys_lock);
    return now;
}

static void answer(void *unused)
{
    (void)unused;
    for (;;) {
        uint now = await();
        if (now & 1u << CONSOLE_PROCESSES)
            show_processes();
        if (now & 1u << CONSOLE_MEMORY)
            show_memory();
    }
}

void keys_init(void)
{
    waitq_init(&sleeper);
    kthread_start("keys", answer, NULL);
}
