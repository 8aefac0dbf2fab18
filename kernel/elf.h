#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include "kernel/types.h"

/*
 * System V gABI, chapters "ELF Header", "Program Header", "Sections" and "Symbol Table"; 64-bit
 * little-endian RISC-V only.
 */

#define ELF_MAGIC   0x464c457fu /* 0x7f "ELF" */
#define ELF_CLASS64 2
#define ELF_LSB     1
#define ELF_EXEC    2
#define ELF_RISCV   243
#define ELF_LOAD    1 /* program header: load this segment */
#define ELF_X       1 /* its permissions */
#define ELF_W       2
#define ELF_R       4
#define ELF_SYMTAB  2 /* section: symbols, with the section of their names in `link` */
#define ELF_STRTAB  3 /* section: strings */
#define ELF_FUNC    2 /* symbol: the type, the low four bits of `info`, of a function */

struct elf_header {
    uint magic;
    uchar class;
    uchar encoding;
    uchar ident_version;
    uchar pad[9];
    ushort type;
    ushort machine;
    uint version;
    uint64 entry;
    uint64 phoff;
    uint64 shoff;
    uint flags;
    ushort ehsize;
    ushort phentsize;
    ushort phnum;
    ushort shentsize;
    ushort shnum;
    ushort shstrndx;
};

struct elf_segment {
    uint type;
    uint flags;
    uint64 offset;
    uint64 vaddr;
    uint64 paddr;
    uint64 filesz;
    uint64 memsz;
    uint64 align;
};

struct elf_section {
    uint name;
    uint type;
    uint64 flags;
    uint64 addr;
    uint64 offset;
    uint64 size;
    uint link;
    uint info;
    uint64 align;
    uint64 entsize;
};

struct elf_symbol {
    uint name; /* offset in the strings */
    uchar info;
    uchar other;
    ushort section; /* 0 = not defined here */
    uint64 value;
    uint64 size; /* 0 = not known */
};

#endif
