#ifndef VMTESTS_VM_H
#define VMTESTS_VM_H

#include "kernel/vmstat.h"
#include "kernel/vmview.h"
#include "user/testlib/tests.h"

/* --- count.c: faults, counted ---------------------------------------------------------------- */

/*
 * Counts from now on what process `who` does, a pid or VMSTAT_CHILDREN.  The stack and the data of
 * the caller are made its own first, so that afterwards only the pages under test fault.  A fork
 * shares them again: begin after it.
 */
void faults_begin(int who);

/* Since then, or 0 after a failed check. */
uint64 faults_of(enum fault_kind kind);
struct vmstat faults_now(void);

/*
 * Since faults_begin() there were exactly these faults, FAULTS_WERE([KIND_LAZY] = 2), and those of
 * kinds not named did not occur; but SPURIOUS may always occur: a hart that remembers less than the
 * table says, or a kernel that was told to make such faults.
 */
#define FAULTS_WERE(...) faults_check(__func__, __LINE__, (const uint64[FAULT_KINDS]){__VA_ARGS__})
void faults_check(const char *where, int line, const uint64 want[FAULT_KINDS]);

/* --- pages.c: memory, alone and shared ------------------------------------------------------- */

void page_load(long address);  /* reads a byte */
void page_store(long address); /* writes a byte */
void page_jump(long address);  /* calls what is there */

void stack_store(long sp); /* stores at a stack pointer of that value, and exits if it can */

/* Moves the stack pointer down by `bytes`, loads there, or stores, and comes back: the address. */
uint64 stack_reach(uint64 bytes, long store);

void pages_load(char *p, int n);            /* a byte of each page */
void pages_store(char *p, int n, int mark); /* `mark` to the first byte of each page */

/* n fresh pages full of pattern `seed`. */
char *pages_filled(int n, int seed);

/* A child that does nothing but hold a copy of all memory, and its end. */
void holder_start(void);
void holder_end(void);

/* What the page table says of the page at p. */
struct pageinfo page_info(const void *p);

/* Frames that are free or could be, after everything late has been freed. */
long frames_left(void);

#endif
