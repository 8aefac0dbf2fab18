#ifndef LIB_KSYMS_H
#define LIB_KSYMS_H

#include "kernel/types.h"

/*
 * The kernel's own symbol table, for backtraces.  tools/ksyms makes it from the linked kernel;
 * kernel.ld puts it behind everything else, so that adding it moves no other address.
 *
 * It fills ksyms_start .. ksyms_end, begins with struct ksyms_header and is read-only.  A kernel
 * without a table has ksyms_start == ksyms_end: look before reading the header.
 *
 *   header | syms[nsyms] | lines[nlines] | files[nfiles] | names
 *
 * Everything is little-endian and 4-byte aligned.  "Address" below means bytes from text_start.
 * The name of files[i] is the NUL-ended string at names + files[i], and so for symbols.
 */
#define KSYMS_MAGIC 0x6d79736b /* "ksym" */

struct ksyms_header {
    uint magic;  /* KSYMS_MAGIC */
    uint size;   /* bytes of the whole table, the header included: <= ksyms_end - ksyms_start */
    uint nsyms;  /* functions */
    uint nlines; /* rows of the line table */
    uint nfiles; /* source files */
    uint syms;   /* where struct ksyms_sym[nsyms] begins, in bytes from ksyms_start; and so on: */
    uint lines;  /* struct ksyms_line[nlines] */
    uint files;  /* uint[nfiles]: offsets of file names from `names` */
    uint names;  /* the strings */
};

/* A function holds the addresses from `start` up to the next one's; sorted, no two start alike. */
struct ksyms_sym {
    uint start; /* address */
    uint name;  /* offset from `names` */
};

/* As symbols: sorted, and a row holds up to the next one. */
struct ksyms_line {
    uint start;  /* address */
    ushort file; /* index into files, KSYMS_NOFILE: no source line is known from here on */
    ushort line; /* from 1; 0 with KSYMS_NOFILE */
};

#define KSYMS_NOFILE 0xffff

/* From kernel.ld; addresses, not objects. */
extern const char ksyms_start[], ksyms_end[];
extern const char text_start[], text_end[];

#endif
