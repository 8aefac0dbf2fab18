#ifndef VM_SHIM_H
#define VM_SHIM_H

#include "kernel/vm/fault.h"

/*
 * The machine under kernel/vm in host tests: frames in an array, objects from malloc(), and a
 * model of what the hardware does with the page tables.  Each hart has a translation cache and an
 * instruction cache that forget only what they are told to forget, so a missing fence shows as
 * wrong data, and so does one before the entry has changed: what a translation cache has forgotten
 * it loads again at once.  There is one thread; shim_hart() says which hart it plays.
 */
#define SHIM_FRAMES 8192
#define SHIM_HARTS  3

/* Starts over with nothing allocated, `asid_bits` implemented bits of ASID. */
void shim_reset(uint asid_bits);
void shim_hart(uint hart);

/* The n-th allocation from now on (frames and objects together) fails, once; 0 = none. */
void shim_fail_nth(uint64 n);
bool shim_failed(void); /* it has */

uint64 shim_frames_used(void);
uint64 shim_objects_used(void);
uint64 shim_fences(void);
uint64 shim_ipis(void);

/*
 * What an instruction of the program in s does, on this hart, which has s active: the page is
 * translated, faulted in if needed, and 8 bytes are loaded, stored or fetched.
 */
enum fault_result shim_load(struct space *s, uint64 va, uint64 *value);
enum fault_result shim_store(struct space *s, uint64 va, uint64 value);
enum fault_result shim_fetch(struct space *s, uint64 va, uint64 *value);

/* The process in s, of shim_set_sp(), goes on at this address. */
void shim_set_pc(uint64 pc);

/* s is used by a process whose user stack pointer is sp. */
void shim_set_sp(struct space *s, uint64 sp);

/* Rules V1, V2, V4, V5, V11, V12, V13 over n spaces, all that there are; fails if one is broken. */
void shim_check(struct space *const *space, uint n);

#endif
