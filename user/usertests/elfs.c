/*
 * exec against files that are no good programs.  Each starts as a small correct program, built
 * here byte by byte, which exits with ANSWER; then one thing is made wrong.
 */
#include "kernel/vmstat.h"
#include "user/testlib/tests.h"
#include "user/lib/elf.h"

#define TEXT_OFF 0x200
#define TEXT_AT  (0x10000ul + TEXT_OFF)
#define DATA_AT  (0x20000ul + TEXT_OFF)
#define ANSWER   42

struct program {
    struct elf_header head;
    struct elf_segment seg[4];
    char rest[1024 - sizeof(struct elf_header) - 4 * sizeof(struct elf_segment)];
};

/* li a7, SYS_exit; li a0, ANSWER; ecall: RISC-V unprivileged manual, "addi" and "ecall" */
static const uint code_answer[] = {0x00000893 | SYS_exit << 20, 0x00000513 | ANSWER << 20, 0x73};

static void program_text(struct program *p, const uint *code, uint bytes)
{
    memmove((char *)p + TEXT_OFF, code, bytes);
    p->seg[0].filesz = p->seg[0].memsz = bytes;
}

static struct program *program_new(void)
{
    static struct program p;
    memset(&p, 0, sizeof p);
    p.head = elf_head(TEXT_AT, 2);
    p.seg[0] = elf_to_load(ELF_R | ELF_X, TEXT_OFF, TEXT_AT, 0);
    p.seg[1] = elf_to_load(ELF_R | ELF_W, TEXT_OFF, DATA_AT, 8);
    p.seg[1].memsz = 3 * PGSIZE;
    program_text(&p, code_answer, sizeof code_answer);
    return &p;
}

/* Runs the first n bytes of p as a program. */
static int program_run(const struct program *p, int n)
{
    char *argv[] = {"elf", 0};
    int fd = MUST(open("elf", O_CREATE | O_TRUNC | O_WRONLY));
    SAME(write(fd, p, n), n);
    SAME(close(fd), 0);
    return child_exec("elf", argv);
}

#define RUNS(p, status) SAME(program_run(p, sizeof *(p)), status)
#define REFUSES(p)      SAME(program_run(p, sizeof *(p)), EXEC_REFUSED)

void elf_correct(void)
{
    struct program *p = program_new();
    RUNS(p, ANSWER);
    p->head.phnum = 3; /* a segment of another type does no harm, whatever it says */
    p->seg[2] = (struct elf_segment){.type = 7, .offset = -1ul, .filesz = -1ul, .vaddr = -1ul};
    RUNS(p, ANSWER);
    p = program_new();
    p->head.phoff = 0x300; /* headers may be anywhere */
    memmove((char *)p + 0x300, p->seg, 2 * sizeof p->seg[0]);
    memset(p->seg, 0xff, sizeof p->seg);
    RUNS(p, ANSWER);
}

void elf_truncated(void)
{
    struct program *p = program_new();
    int whole = TEXT_OFF + sizeof code_answer;
    static const int lengths[] = {0, 1, 3, 4, 16, 63, 64, 65, 119, 120, 175, 176, TEXT_OFF};
    SAME(program_run(p, whole), ANSWER);
    SAME(program_run(p, whole - 1), EXEC_REFUSED);
    for (uint i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        SAME(program_run(p, lengths[i]), EXEC_REFUSED);
}

void elf_identity(void)
{
    struct program *p = program_new();
    p->head.magic ^= 1;
    REFUSES(p);
    p = program_new();
    p->head.class = 1;
    REFUSES(p);
    p = program_new();
    p->head.encoding = 2;
    REFUSES(p);
    p = program_new();
    p->head.type = 1; /* an object file */
    REFUSES(p);
    p = program_new();
    p->head.machine = 62; /* another processor */
    REFUSES(p);
}

void elf_write_and_execute(void)
{
    struct program *p = program_new();
    p->seg[0].flags |= ELF_W;
    REFUSES(p);
    p = program_new();
    p->seg[1].flags |= ELF_X;
    REFUSES(p);
}

void elf_header_table(void)
{
    static const uint64 places[] = {
        sizeof(struct program) - 8, sizeof(struct program), 1ul << 32, -8ul, -64ul, 1ul << 63};
    for (uint i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct program *p = program_new();
        p->head.phoff = places[i];
        REFUSES(p);
    }
    static const ushort counts[] = {0, 100, 0x7fff, 0xffff};
    for (uint i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct program *p = program_new();
        p->head.phnum = counts[i];
        REFUSES(p);
    }
    static const ushort sizes[] = {0, 1, 55, 57, 0xffff};
    for (uint i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct program *p = program_new();
        p->head.phentsize = sizes[i];
        REFUSES(p);
    }
}

void elf_segment_sizes(void)
{
    struct program *p = program_new();
    p->seg[1].memsz = p->seg[1].filesz - 1;
    REFUSES(p);
    static const uint64 sizes[] = {-1ul, -DATA_AT, -DATA_AT + 1, 1ul << 63, 1ul << 40, MAXVA};
    for (uint i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        p = program_new();
        p->seg[1].memsz = sizes[i];
        REFUSES(p);
    }
    static const uint64 offsets[] = {-1ul, -8ul, 1ul << 63, sizeof(struct program) - 4};
    for (uint i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        p = program_new();
        p->seg[1].offset = offsets[i];
        REFUSES(p);
    }
}

void elf_segment_places(void)
{
    for (int i = 0; bad_addresses[i]; i++) {
        if (bad_addresses[i] < TRAPFRAME - (USERSTACK + 4) * PGSIZE)
            continue; /* not special in this address space */
        struct program *p = program_new();
        p->seg[1].vaddr = bad_addresses[i] + TEXT_OFF;
        REFUSES(p);
    }
    static const uint64 overlaps[] = {TEXT_AT, TEXT_AT + 8, TEXT_AT + 256, TEXT_AT - 2 * PGSIZE};
    for (uint i = 0; i < sizeof overlaps / sizeof overlaps[0]; i++) {
        struct program *p = program_new();
        p->seg[1].vaddr = overlaps[i];
        p->seg[1].offset = overlaps[i] % PGSIZE;
        REFUSES(p);
    }
}

/* A page of memory is a page of the file, so the two begin alike. */
void elf_segment_offsets(void)
{
    static const uint64 offsets[] = {
        0, 8, TEXT_OFF - 1, TEXT_OFF + 1, TEXT_OFF + 8, TEXT_OFF * 3 / 2};
    for (uint i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        struct program *p = program_new();
        p->seg[1].offset = offsets[i];
        REFUSES(p);
    }
    struct program *p = program_new();
    p->seg[1].offset += 64;
    p->seg[1].vaddr += 64;
    p->seg[1].align = 4; /* whatever it says */
    RUNS(p, ANSWER);
}

/* An entry in no segment, or in one without code. */
void elf_entry(void)
{
    static const uint64 entries[] = {
        0,        TEXT_AT - 4, TEXT_AT + sizeof code_answer, TEXT_AT + PGSIZE, DATA_AT, TRAPFRAME,
        KERNBASE, -4ul,
    };
    for (uint i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        struct program *p = program_new();
        p->head.entry = entries[i];
        REFUSES(p);
    }
    struct program *p = program_new();
    p->seg[0].type = p->seg[1].type = 0; /* nothing to load */
    REFUSES(p);
}

/*
 * A new program finds no register of the old one, nor of the kernel: it exits with the OR of all
 * but sp, a0 and a1.
 */
void elf_clean_registers(void)
{
    enum { RA = 1, T0 = 5, A0 = 10, A1 = 11, A7 = 17 };
    uint code[40], n = 0;
    code[n++] = 0x00000533 | RA << 15; /* add a0, ra, zero */
    for (uint reg = 3; reg < 32; reg++)
        if (reg != A0 && reg != A1)
            code[n++] = 0x00006533 | A0 << 15 | reg << 20; /* or a0, a0, reg */
    code[n++] = 0x02055293;                                /* srli t0, a0, 32 */
    code[n++] = 0x00006533 | A0 << 15 | T0 << 20;
    code[n++] = code_answer[0];
    code[n++] = code_answer[2];
    struct program *p = program_new();
    program_text(p, code, n * sizeof code[0]);
    for (int i = 0; i < 5; i++)
        RUNS(p, 0);
}

/*
 * Beyond its file part a segment is zero, although the file goes on there: this program exits with
 * the word behind it, after a look at the page before.  The page of the end came as a copy.
 */
void elf_zero_tail(void)
{
    static const uint code[] = {
        0x000002b7 | (DATA_AT - TEXT_OFF), /* lui t0, DATA_AT */
        0x00001337,                        /* lui t1, 1 */
        0x00628333,                        /* add t1, t0, t1 */
        0x0002b383,                        /* ld t2, 0(t0) */
        0x00033503 | (TEXT_OFF + 8) << 20, /* ld a0, 8(...) */
        0x00000893 | SYS_exit << 20,
        0x73,
    };
    static char file[3 * PGSIZE];
    struct vmstat before, after;
    struct program *p = program_new();
    program_text(p, code, sizeof code);
    p->seg[1].filesz = PGSIZE + 8;
    memset(file, 0x77, sizeof file);
    memmove(file, p, sizeof *p);
    SAME(vmstat(VMSTAT_CHILDREN, &before), 0);
    SAME(program_run((void *)file, sizeof file), 0);
    SAME(vmstat(VMSTAT_CHILDREN, &after), 0);
    CHECK(after.fault[KIND_FILE_COW] > before.fault[KIND_FILE_COW]);
}

/* Random damage to the headers: whatever happens, it happens to the program alone. */
static void mutate(struct program *p)
{
    uchar *bytes = (uchar *)p;
    uint headers = sizeof p->head + 2 * sizeof p->seg[0];
    for (int changes = 1 + data_random() % 3; changes > 0; changes--) {
        static const uchar likely[] = {0, 1, 0x7f, 0x80, 0xff};
        uint64 r = data_random();
        bytes[r % headers] = r >> 40 & 1 ? likely[(r >> 41) % sizeof likely] : (uchar)(r >> 48);
    }
}

void elf_mutants(void)
{
    for (int i = 0; i < 150; i++) {
        struct program *p = program_new();
        mutate(p);
        int status = program_run(p, sizeof *p);
        CHECK(status == ANSWER || status == -1 || status == EXEC_REFUSED);
    }
    RUNS(program_new(), ANSWER);
}

/* A running program whose file goes away, and one whose file is written over. */
void exec_then_unlink(void)
{
    char *argv[] = {"usertests", "@unlink_self", "copy", 0};
    int in = MUST(open("/usertests", O_RDONLY)), out = MUST(open("copy", O_CREATE | O_WRONLY)), n;
    while ((n = MUST(read(in, scratch, SCRATCH))) > 0)
        SAME(write(out, scratch, n), n);
    SAME(close(in), 0);
    SAME(close(out), 0);
    SAME(child_exec("copy", argv), ANSWER);
    CHECK(!file_exists("copy"));
}

int helper_unlink_self(int argc, char *argv[])
{
    return argc == 1 && unlink(argv[0]) == 0 && dir_count("/") > 2 ? ANSWER : 1;
}
