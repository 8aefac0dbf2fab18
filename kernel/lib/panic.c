/*
 * The end of the machine, told as fully as possible.
 *
 * Nothing that panic() calls may depend on the kernel being sound: it takes no lock, allocates
 * nothing, and a fault on the way (which comes back here) only ends it sooner.  The first hart to
 * panic owns the console; `owner` says which one that is.
 */
#include "kernel/lib/panic.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/csr.h"
#include "kernel/lib/printf.h"
#include "kernel/sync/hart.h"
#include <stddef.h>

static struct hart *owner;
static void (*halt_hook)(void);
static void (*describe_hook)(void);
static void (*stop_hook)(void) __attribute__((noreturn));

void panic_set_halt_others(void (*halt)(void))
{
    halt_hook = halt;
}

void panic_set_describe(void (*describe)(void))
{
    describe_hook = describe;
}

void panic_set_stop(void (*stop)(void) __attribute__((noreturn)))
{
    stop_hook = stop;
}

static void __attribute__((noreturn)) sleep_for_ever(void)
{
    for (;;)
        wait_for_interrupt();
}

static void __attribute__((noreturn)) stop(void)
{
    if (stop_hook)
        stop_hook();
    sleep_for_ever();
}

static void print_message(const char *intro, const char *fmt, va_list ap)
{
    printf("\n%s", intro);
    vprintf(fmt, ap);
    printf("\n");
}

void panic_begin(void)
{
    irq_off();
    if (owner == hart_self())
        return;
    if (!atomic_cas(&owner, NULL, hart_self()))
        sleep_for_ever();
    printf_enter_panic();
    if (halt_hook)
        halt_hook();
}

void panic(const char *fmt, ...)
{
    static uint depth; /* only the owner's */
    va_list ap;

    panic_begin();
    va_start(ap, fmt);
    if (++depth > 2) /* not even the stop hook works */
        sleep_for_ever();
    if (depth == 2) {
        print_message("panic inside a panic: ", fmt, ap);
        stop();
    }

    const uint64 *frame = __builtin_frame_address(0);
    print_message("panic: ", fmt, ap);
    if (describe_hook)
        describe_hook();
    /* Inside the call: behind it another function may begin. */
    backtrace((uint64)__builtin_return_address(0) - 1, frame[-2]);
    stop();
}
