/* Checks of an executable's headers: pure functions, the file is not trusted (System V gABI). */
#include "kernel/proc/elf.h"
#include "kernel/errno.h"
#include "kernel/riscv.h"
#include "kernel/vm/space.h"

int elf_check_header(const struct elf_header *h, uint64 file_size)
{
    if (h->magic != ELF_MAGIC || h->class != ELF_CLASS64 || h->encoding != ELF_LSB ||
        h->type != ELF_EXEC || h->machine != ELF_RISCV)
        return -ENOEXEC;
    if (h->phentsize != sizeof(struct elf_segment) || h->phnum == 0 || h->phnum > ELF_HEADERS)
        return -ENOEXEC;
    uint64 table = (uint64)h->phnum * sizeof(struct elf_segment);
    return h->phoff <= file_size && table <= file_size - h->phoff ? 0 : -ENOEXEC;
}

static bool inside(uint64 start, uint64 len, uint64 limit)
{
    return start <= limit && len <= limit - start;
}

static int prot_of(uint flags)
{
    return (flags & ELF_R ? AREA_R : 0) | (flags & ELF_W ? AREA_R | AREA_W : 0) |
           (flags & ELF_X ? AREA_X : 0);
}

/*
 * Nothing is said of the rest of the last page unless the segment goes on in it: so a page of text
 * is the page of the file as it is, which all programs and the cache share.
 */
static uint64 bytes_of(const struct elf_segment *s, const struct elf_load *l)
{
    if (s->filesz == 0)
        return 0;
    return s->filesz == s->memsz ? l->end - l->start : s->vaddr - l->start + s->filesz;
}

int elf_check_segment(const struct elf_segment *s, uint64 file_size, uint64 limit,
                      struct elf_load *loads, int *n)
{
    if (s->type != ELF_LOAD || s->memsz == 0)
        return 0;
    if ((s->offset ^ s->vaddr) & (PGSIZE - 1))
        return -ENOEXEC; /* a page of memory would be parts of two pages of the file */
    if (*n == ELF_SEGMENTS || s->filesz > s->memsz || !inside(s->offset, s->filesz, file_size) ||
        !inside(s->vaddr, s->memsz, limit))
        return -ENOEXEC;
    int prot = prot_of(s->flags);
    if (prot == 0 || (prot & AREA_W && prot & AREA_X))
        return -ENOEXEC;
    struct elf_load l = {
        .start = PGROUNDDOWN(s->vaddr),
        .end = PGROUNDUP(s->vaddr + s->memsz),
        .vaddr = s->vaddr,
        .memsz = s->memsz,
        .offset = PGROUNDDOWN(s->offset),
        .prot = prot,
    };
    l.bytes = bytes_of(s, &l);
    if (*n > 0 && l.start < loads[*n - 1].end)
        return -ENOEXEC;
    loads[(*n)++] = l;
    return 0;
}

int elf_check_entry(uint64 entry, const struct elf_load *loads, int n)
{
    for (int i = 0; i < n; i++)
        if (entry >= loads[i].vaddr && entry - loads[i].vaddr < loads[i].memsz &&
            loads[i].prot & AREA_X)
            return 0;
    return -ENOEXEC;
}
