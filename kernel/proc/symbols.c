/*
 * Names for addresses in programs, read from the symbol table of the program's file when somebody
 * asks: nothing is kept in memory.
 *
 * The file is whatever a user wrote there, before or after it was loaded.  So each size and offset
 * is checked against the size of the file, in a form that cannot wrap; tables are read one piece
 * after the other, never followed in circles; and the number of entries looked at has a limit.  A
 * wrong name is the worst that can come out.
 *
 * No lock: the caller has a reference to the inode, which does its own locking.
 */
#include "kernel/proc/symbols.h"
#include "kernel/fs/fs.h"
#include "kernel/proc/elf.h"

#define PIECE        32 /* symbols read at a time */
#define MAX_SECTIONS 64

struct search {
    struct inode *exe;
    uint64 size; /* of the file */
    uint64 pc;
    uint64 start;             /* of the executable segment that holds pc */
    struct elf_section names; /* strings of the symbol table */
    struct elf_symbol best;   /* section 0: none yet */
};

/* Part `off` .. `off + n` of the file, all of it or nothing. */
static bool read(const struct search *s, void *to, uint64 off, uint64 n)
{
    if (off > s->size || n > s->size - off)
        return false;
    for (uint64 done = 0; done < n;) {
        struct iov v;
        iov_one(&v, (char *)to + done, n - done);
        int64 got = inode_read(s->exe, &v, off + done);
        if (got <= 0)
            return false;
        done += (uint64)got;
    }
    return true;
}

/* Entry i of a table of entries of n bytes that begins at `off`. */
static bool read_entry(const struct search *s, void *to, uint64 off, uint i, uint64 n)
{
    return off <= s->size && read(s, to, off + i * n, n);
}

static bool find_segment(struct search *s, const struct elf_header *h)
{
    for (uint i = 0; i < h->phnum && i < ELF_HEADERS; i++) {
        struct elf_segment g;
        if (!read_entry(s, &g, h->phoff, i, sizeof g))
            return false;
        s->start = g.vaddr;
        if (g.type == ELF_LOAD && g.flags & ELF_X && s->pc >= g.vaddr && s->pc - g.vaddr < g.memsz)
            return true;
    }
    return false;
}

static bool is_inside(const struct search *s, const struct elf_section *part)
{
    return part->offset <= s->size && part->size <= s->size - part->offset;
}

/* The first symbol table, and in s->names its strings. */
static bool find_table(struct search *s, const struct elf_header *h, struct elf_section *table)
{
    if (h->shentsize != sizeof *table)
        return false;
    uint i = 0, n = h->shnum < MAX_SECTIONS ? h->shnum : MAX_SECTIONS;
    do {
        if (i == n || !read_entry(s, table, h->shoff, i++, sizeof *table))
            return false;
    } while (table->type != ELF_SYMTAB);
    return table->entsize == sizeof(struct elf_symbol) && is_inside(s, table) && table->link < n &&
           read_entry(s, &s->names, h->shoff, table->link, sizeof s->names) &&
           s->names.type == ELF_STRTAB && is_inside(s, &s->names);
}

static void consider(struct search *s, const struct elf_symbol *y)
{
    bool closer = !s->best.section || y->value > s->best.value;
    if ((y->info & 15) == ELF_FUNC && y->section && y->value >= s->start && y->value <= s->pc &&
        closer)
        s->best = *y;
}

static bool search_table(struct search *s, const struct elf_section *table)
{
    struct elf_symbol piece[PIECE];
    uint64 count = table->size / sizeof piece[0];
    if (count > SYMBOLS_MAX)
        count = SYMBOLS_MAX;
    for (uint64 done = 0, n; done < count; done += n) {
        n = count - done < PIECE ? count - done : PIECE;
        if (!read(s, piece, table->offset + done * sizeof piece[0], n * sizeof piece[0]))
            return false;
        for (uint64 i = 0; i < n; i++)
            consider(s, &piece[i]);
    }
    return s->best.section && (!s->best.size || s->pc - s->best.value < s->best.size);
}

/* What a terminal would not show as it stands becomes a question mark. */
static bool read_name(const struct search *s, char *name)
{
    if (s->best.name >= s->names.size)
        return false;
    uint64 n = s->names.size - s->best.name;
    if (n > SYMBOL_NAME - 1)
        n = SYMBOL_NAME - 1;
    if (!read(s, name, s->names.offset + s->best.name, n))
        return false;
    name[n] = '\0';
    for (char *c = name; *c; c++)
        if (*c <= ' ' || *c > '~')
            *c = '?';
    return name[0] != '\0';
}

bool symbols_find(struct inode *exe, uint64 pc, struct symbol *out)
{
    struct search s = {.exe = exe, .size = inode_size(exe), .pc = pc};
    struct elf_header h;
    struct elf_section table;

    out->name[0] = '\0';
    if (read(&s, &h, 0, sizeof h) && elf_check_header(&h, s.size) == 0 && find_segment(&s, &h) &&
        find_table(&s, &h, &table) && search_table(&s, &table) && !read_name(&s, out->name))
        out->name[0] = '\0';
    out->offset = pc - s.best.value;
    return out->name[0] != '\0';
}
