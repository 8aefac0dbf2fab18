#ifndef TESTLIB_RUN_H
#define TESTLIB_RUN_H

#include "user/testlib/tests.h"

/* All that a program of tests does, as driver.c says; `name` is for its messages. */
int driver_main(const char *name, int argc, char *argv[]);

/*
 * The tables of a program of tests, and its main(): LIST(QUICK, SLOW) names the tests by
 * QUICK(name) and SLOW(name), HELPERS(HELPER) the helpers.
 */
#define TEST_PROGRAM(program, LIST, HELPERS)                                                       \
    LIST(TEST_DECLARED, TEST_DECLARED)                                                             \
    const struct test all_tests[] = {LIST(TEST_QUICK, TEST_SLOW){0, 0, 0}};                        \
    HELPERS(HELPER_DECLARED)                                                                       \
    const struct helper all_helpers[] = {HELPERS(HELPER_ROW){0, 0}};                               \
    int main(int argc, char *argv[])                                                               \
    {                                                                                              \
        return driver_main(program, argc, argv);                                                   \
    }

#define TEST_DECLARED(name)   void name(void);
#define TEST_QUICK(name)      {#name, name, 0},
#define TEST_SLOW(name)       {#name, name, 1},
#define HELPER_DECLARED(name) int helper_##name(int argc, char *argv[]);
#define HELPER_ROW(name)      {#name, helper_##name},

enum result { PASSED, FAILED, SKIPPED };

/*
 * Runs one test from a fresh start: its own process and directory, a watchdog, and the kernel's
 * counts compared before and after.  Unless it passed, `reason` says why in at most n - 1 bytes.
 */
enum result run_test(const struct test *t, char *reason, int n);

/* Removes TEST_DIR with all that is in it. */
void run_remove_directory(void);

/* Waits until the rest of the system, say a shell that starts a pipeline, is at rest (5 s). */
void leak_settle(void);

enum { LEAK_FRAMES = 1, LEAK_PIECES = 2 }; /* of memory; and anything else, that is counted */

/*
 * Compares what the kernel holds with `before`, waiting a little for what is freed late.  0 if
 * nothing of these kinds has leaked; else the kinds that have, and the numbers in `reason`.
 */
int leak_found(const struct kstat *before, int kinds, char *reason, int n);

#endif
