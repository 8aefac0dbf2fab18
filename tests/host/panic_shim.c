/* panic() for unit tests; see panic_shim.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/host/panic_shim.h"

jmp_buf panic_escape;
int panic_expected;
char panic_text[256];

void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

void panic(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(panic_text, sizeof panic_text, fmt, ap);
    va_end(ap);
    if (panic_expected)
        longjmp(panic_escape, 1);
    fprintf(stderr, "panic: %s\n", panic_text);
    abort();
}
