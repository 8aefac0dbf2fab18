#ifndef PROC_ELF_H
#define PROC_ELF_H

#include "kernel/elf.h"

#define ELF_SEGMENTS 16 /* loadable segments of one program */

/* A loadable segment after all checks; pages start .. end do not overlap those of another. */
struct elf_load {
    uint64 start, end; /* pages that it occupies */
    uint64 vaddr, offset, filesz;
    int prot; /* AREA_* of vm/space.h */
};

/*
 * Checks a header: right magic, class, machine, type, sizes.  0 or -ENOEXEC.
 */
int elf_check_header(const struct elf_header *h, uint64 file_size);

/*
 * Checks one program header and appends it to loads[0..*n-1] if it is to be loaded.  Refused with
 * -ENOEXEC: sizes that wrap, parts outside the file or at or above `limit`, segments both writable
 * and executable, pages that are not above those of the segment before, more than ELF_SEGMENTS.
 */
int elf_check_segment(const struct elf_segment *s, uint64 file_size, uint64 limit,
                      struct elf_load *loads, int *n);

/* Is `entry` inside an executable one of the loads? */
int elf_check_entry(uint64 entry, const struct elf_load *loads, int n);

#endif
