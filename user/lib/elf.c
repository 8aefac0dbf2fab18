/*
 * Headers of program files, for programs that write other programs: the smallest one (tiny.c), and
 * those of the tests, which then damage them.
 */
#include "user/lib/elf.h"
#include "kernel/riscv.h"

struct elf_header elf_head(uint64 entry, int n)
{
    return (struct elf_header){
        .magic = ELF_MAGIC,
        .class = ELF_CLASS64,
        .encoding = ELF_LSB,
        .ident_version = 1,
        .type = ELF_EXEC,
        .machine = ELF_RISCV,
        .version = 1,
        .entry = entry,
        .phoff = sizeof(struct elf_header),
        .ehsize = sizeof(struct elf_header),
        .phentsize = sizeof(struct elf_segment),
        .phnum = (ushort)n,
    };
}

struct elf_segment elf_to_load(uint rights, uint64 offset, uint64 at, uint64 bytes)
{
    return (struct elf_segment){.type = ELF_LOAD,
                                .flags = rights,
                                .offset = offset,
                                .vaddr = at,
                                .filesz = bytes,
                                .memsz = bytes,
                                .align = PGSIZE};
}
