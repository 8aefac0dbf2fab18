#ifndef USER_LIB_ELF_H
#define USER_LIB_ELF_H

#include "kernel/elf.h"

/* Parts of a program's file, for those who build one byte by byte. */

/* The header of a program for this machine whose n program headers follow it. */
struct elf_header elf_head(uint64 entry, int n);

/*
 * A segment to be loaded: `bytes` bytes from `offset` on in the file, at address `at`.  Both leave
 * the same remainder modulo the page size (System V gABI, "Program Header": p_align).
 */
struct elf_segment elf_to_load(uint rights, uint64 offset, uint64 at, uint64 bytes);

#endif
