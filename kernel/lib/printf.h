#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>

/* In unit tests these names belong to the host's C library. */
#if defined(HOST_TEST) && !defined(printf)
#define printf  kernel_printf
#define vprintf kernel_vprintf
#endif

/*
 * Formats: %d %i %u %x %X %p %s %c %% with flags `-`, `0`, `+`, width, precision (also `*`) and
 * the lengths l, ll, z.  Nothing else.
 */

/* Formats into dst[size], always NUL-ended if size > 0; returns the length without truncation. */
int vsnprintf(char *dst, unsigned long size, const char *fmt, va_list ap);
int snprintf(char *dst, unsigned long size, const char *fmt, ...)
    __attribute__((format(__printf__, 3, 4)));

/*
 * Prints to the kernel's console, whole: one call's output is not mixed with another's.
 * May be called anywhere, also with locks held or interrupts off.
 */
void printf(const char *fmt, ...) __attribute__((format(__printf__, 1, 2)));
void vprintf(const char *fmt, va_list ap);

/* Where printf() writes to: set once at boot by the console's owner. */
void printf_set_sink(void (*write)(const char *bytes, unsigned long n));

/*
 * For panic(): from printf_enter_panic() on, printf() takes no lock and writes to the panic sink,
 * which must neither lock nor wait for an interrupt; without one, to the usual sink.
 */
void printf_set_panic_sink(void (*write)(const char *bytes, unsigned long n));
void printf_enter_panic(void);

#endif
