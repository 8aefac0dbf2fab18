#ifndef PROC_ELF_H
#define PROC_ELF_H

#include "kernel/elf.h"

#define ELF_HEADERS  64 /* program headers of one program, at most */
#define ELF_SEGMENTS 16 /* of those, loadable segments */

/* A loadable segment after all checks; pages start .. end do not overlap those of another. */
struct elf_load {
    uint64 start, end;   /* pages that it occupies */
    uint64 vaddr, memsz; /* what of them the header speaks of */
    uint64 offset;       /* of `start` in the file, page-aligned */
    uint64 bytes; /* the file's from there on, then zeros; if none follow, its pages as a whole */
    int prot;     /* AREA_* of vm/space.h */
};

/*
 * Checks a header: magic, class, machine, type, sizes, at most ELF_HEADERS program headers.
 * 0 or -ENOEXEC.
 */
int elf_check_header(const struct elf_header *h, uint64 file_size);

/*
 * Checks one program header and appends it to loads[0..*n-1] if it is to be loaded.  Refused with
 * -ENOEXEC: sizes that wrap, parts outside the file or at or above `limit`, an address that is not
 * congruent to the offset modulo PGSIZE, segments both writable and executable, pages that are not
 * above those of the segment before, more than ELF_SEGMENTS.
 */
int elf_check_segment(const struct elf_segment *s, uint64 file_size, uint64 limit,
                      struct elf_load *loads, int *n);

/* 0 if `entry` is inside an executable one of the loads, else -ENOEXEC. */
int elf_check_entry(uint64 entry, const struct elf_load *loads, int n);

#endif
