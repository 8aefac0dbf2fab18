#ifndef HOST_PANIC_SHIM_H
#define HOST_PANIC_SHIM_H

/*
 * panic() for unit tests (panic_shim.c): ends the program, unless expect_panic() waits for it.
 * Include after <cmocka.h>, <setjmp.h> and <string.h>.
 */
extern jmp_buf panic_escape;
extern int panic_expected;
extern char panic_text[256];

/* Fails unless `statement` panics with a message that contains `words`. */
#define expect_panic(statement, words)                                                             \
    do {                                                                                           \
        panic_expected = 1;                                                                        \
        if (setjmp(panic_escape) == 0) {                                                           \
            statement;                                                                             \
            panic_expected = 0;                                                                    \
            fail_msg("no panic: %s", #statement);                                                  \
        }                                                                                          \
        panic_expected = 0;                                                                        \
        if (!strstr(panic_text, words))                                                            \
            fail_msg("panic of %s said \"%s\"", #statement, panic_text);                           \
    } while (0)

#endif
