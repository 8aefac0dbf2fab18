#ifndef TESTLIB_RUN_H
#define TESTLIB_RUN_H

#include "user/testlib/tests.h"

/* All that a program of tests does, as driver.c says; `name` is for its messages. */
int driver_main(const char *name, int argc, char *argv[]);

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

/*
 * Compares what the kernel holds with `before`, waiting a little for what is freed late.  Returns
 * 1 and the numbers in `reason` if something has leaked; *frames_only is 1 if it is frames alone.
 */
int leak_found(const struct kstat *before, char *reason, int n, int *frames_only);

#endif
