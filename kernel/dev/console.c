/*
 * The console: one screen and keyboard, shared by all processes.
 *
 * Model: keys pass through the line editor (lineedit.c) into its ring, whether somebody reads or
 * not; readers take from there.  What a process writes goes to the UART's queue; when that is full
 * the process sleeps until it is half empty.  The bytes of one write or report are not mixed with
 * those of another; echo and what the kernel prints with printf() may stand between them.
 *
 * A newline is sent as it is: the terminal behind QEMU adds the carriage return, and a log that is
 * a file needs none.
 *
 * Lock: console_lock guards all of this.  The UART's lock is taken inside it, never the other way.
 */
#include "kernel/dev/dev.h"
#include "kernel/dev/lineedit.h"
#include "kernel/dev/machine.h"
#include "kernel/errno.h"
#include "kernel/ioctl.h"
#include "kernel/riscv.h"
#include "kernel/sync/waitq.h"
#include <stddef.h>

#define CHUNK 256 /* bytes that are copied under the lock at once */

static struct spinlock console_lock = SPINLOCK_INIT("console", RANK_CONSOLE);
static struct lineedit keys;
static struct waitq readers;
static struct waitq room;    /* the one writer, until the UART's queue has room */
static struct waitq writers; /* those that wait for the one */
static bool writing;
static uint breaks;    /* ^C typed so far */
static int foreground; /* process group that ^C interrupts, 0 = none */

static void (*interrupt_group)(int pgid);
static void (*show)(enum console_show what);

/* Input must not wait for output: when nobody takes what we print, the echo is lost. */
static void echo(const char *bytes, uint64 n)
{
    uart_try(bytes, n);
}

void console_init(void)
{
    lineedit_init(&keys, echo);
    waitq_init(&readers);
    waitq_init(&room);
    waitq_init(&writers);
}

void console_set_hooks(void (*interrupt)(int pgid), void (*show_hook)(enum console_show what))
{
    interrupt_group = interrupt;
    show = show_hook;
}

void console_input(char c)
{
    spin_lock(&console_lock);
    enum lineedit_event event = lineedit_key(&keys, c);
    int victim = foreground;
    breaks += event == LINEEDIT_INTERRUPT;
    /* The shell at its prompt is nobody's victim; an empty line makes it prompt again. */
    if (event == LINEEDIT_INTERRUPT && victim == 0)
        lineedit_empty_line(&keys);
    if (lineedit_readable(&keys))
        waitq_wake_all(&readers);
    spin_unlock(&console_lock);

    if (event == LINEEDIT_INTERRUPT && victim && interrupt_group)
        interrupt_group(victim);
    else if (event == LINEEDIT_LIST && show)
        show(CONSOLE_PROCESSES);
    else if (event == LINEEDIT_MEMORY && show)
        show(CONSOLE_MEMORY);
}

void console_room(void)
{
    spin_lock(&console_lock);
    waitq_wake_all(&room);
    spin_unlock(&console_lock);
}

int console_read(struct iov *dst, void *unused)
{
    (void)unused;
    char chunk[CHUNK];
    uint64 got = 0;
    bool over = false;

    spin_lock(&console_lock);
    while (dst->total > 0 && !lineedit_readable(&keys)) {
        int error = waitq_sleep_interruptible(&readers, &console_lock);
        if (error) {
            spin_unlock(&console_lock);
            return error;
        }
    }
    while (got < dst->total && !over) {
        uint64 left = dst->total - got;
        uint n = lineedit_read(&keys, chunk, left < CHUNK ? left : CHUNK, &over);
        iov_write(dst, got, chunk, n);
        got += n;
    }
    spin_unlock(&console_lock);
    return got;
}

/* How a writer waits. */
struct patience {
    bool insist;     /* also after it was killed, until */
    uint64 deadline; /* r_time(); 0 = not killed yet */
};

/* console_lock held.  0, or -EINTR if there is no more waiting; the caller looks again. */
static int wait_on(struct waitq *q, struct patience *w)
{
    int error = w->deadline ? -EINTR : waitq_sleep_killable(q, &console_lock);
    if (!error || !w->insist)
        return error;
    if (!w->deadline)
        w->deadline = r_time() + CONSOLE_LAST_WORDS * machine.timebase;
    else if (r_time() >= w->deadline)
        return error;
    else
        waitq_sleep_insist(q, &console_lock, w->deadline);
    return 0;
}

/* Queues bytes of src from `done` on; returns their number, -EINTR if killed before the first. */
static int write_some(struct iov *src, uint64 done, struct patience *w)
{
    char chunk[CHUNK];
    uint64 left = src->total - done, n = left < CHUNK ? left : CHUNK;
    iov_read(src, done, chunk, n);

    spin_lock(&console_lock);
    uint64 queued;
    int error = 0;
    while ((queued = uart_queue(chunk, n)) == 0 && !error)
        error = wait_on(&room, w);
    spin_unlock(&console_lock);
    return queued ? (int)queued : error;
}

static int begin_write(struct patience *w)
{
    int error = 0;
    spin_lock(&console_lock);
    while (writing && !error)
        error = wait_on(&writers, w);
    if (!error)
        writing = true;
    spin_unlock(&console_lock);
    return error;
}

static void end_write(void)
{
    spin_lock(&console_lock);
    writing = false;
    waitq_wake_all(&writers);
    spin_unlock(&console_lock);
}

static int write_all(struct iov *src, struct patience w)
{
    uint64 done = 0;
    int n = begin_write(&w);
    if (n < 0)
        return n;
    while (done < src->total && (n = write_some(src, done, &w)) > 0)
        done += n;
    end_write();
    return done ? (int)done : n;
}

int console_write(struct iov *src)
{
    return write_all(src, (struct patience){.insist = false});
}

void console_report(const char *text)
{
    struct iov v;
    iov_one(&v, (char *)text, strlen(text));
    write_all(&v, (struct patience){.insist = true});
}

static int set_raw(bool raw)
{
    lineedit_set_raw(&keys, raw);
    if (lineedit_readable(&keys))
        waitq_wake_all(&readers);
    return 0;
}

/* Taking the keyboard back from all groups also ends the raw mode that one of them left. */
static int set_foreground(uint64 pgid)
{
    if (pgid > 0x7fffffff)
        return -EINVAL;
    foreground = pgid;
    return pgid == 0 && keys.raw ? set_raw(false) : 0;
}

int console_ioctl(int request, uint64 arg)
{
    int r;
    spin_lock(&console_lock);
    switch (request) {
    case TTY_COOKED: r = set_raw(false); break;
    case TTY_RAW: r = set_raw(true); break;
    case TTY_SETFG: r = set_foreground(arg); break;
    case TTY_GETFG: r = foreground; break;
    case TTY_BREAKS: r = (int)(breaks & 0x7fffffff); break;
    default: r = -EINVAL;
    }
    spin_unlock(&console_lock);
    return r;
}
