/*
 * mutants SEED N: N damaged copies of a small correct program, one after the other, started by
 * exec after fork, by exec after vfork, by spawn.  Each runs, is refused, or dies by itself; what
 * started it must have every byte, descriptor and break as before.  SEED decides what is damaged.
 */
#include "kernel/fcntl.h"
#include "kernel/riscv.h"
#include "kernel/stat.h"
#include "kernel/syscall.h"
#include "user/extra.h"
#include "user/lib/elf.h"

#define ANSWER   42
#define PAGES    6
#define TEXT_OFF 0x200
#define DATA_OFF 0x300
#define TEXT_AT  (0x10000ul + TEXT_OFF)
#define DATA_AT  (0x20000ul + DATA_OFF)

enum { REFUSED = 100, HARMED };

struct program {
    struct elf_header head;
    struct elf_segment seg[3];
    char gap[TEXT_OFF - sizeof(struct elf_header) - 3 * sizeof(struct elf_segment)];
    uint text[(DATA_OFF - TEXT_OFF) / 4];
    uint data[64];
};

/* Exits with the OR of a word that the file has, one behind it in its page, and one of the bss. */
static const uint code[] = {
    0x000005b7 | (DATA_AT - DATA_OFF),              /* lui a1 */
    0x0005a503 | DATA_OFF << 20,                    /* lw a0, DATA_OFF(a1) */
    0x0005a603 | (DATA_OFF + 16) << 20,             /* lw a2, DATA_OFF+16(a1) */
    0x00c56533,                                     /* or a0, a0, a2 */
    0x000005b7 | (DATA_AT - DATA_OFF + 2 * PGSIZE), /* lui a1 */
    0x0005a603,                                     /* lw a2, 0(a1) */
    0x00c56533,                                     /* or a0, a0, a2 */
    0x00a5a023,                                     /* sw a0, 0(a1) */
    0x00000893 | SYS_exit << 20,                    /* li a7, SYS_exit */
    0x00000073,                                     /* ecall */
};

static uint64 state;
static char *heap;
static int counter; /* its offset counts what was started */

/* xorshift64*: S. Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64 random(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dul;
}

static void make(struct program *p)
{
    memset(p, 0, sizeof *p);
    p->head = elf_head(TEXT_AT, 3);
    p->seg[0] = elf_to_load(ELF_R | ELF_X, TEXT_OFF, TEXT_AT, sizeof code);
    p->seg[1] = elf_to_load(ELF_R | ELF_W, DATA_OFF, DATA_AT, 16);
    p->seg[1].memsz = 3 * PGSIZE;
    p->seg[2].type = 0x6474e551; /* what linkers add: PT_GNU_STACK */
    memcpy(p->text, code, sizeof code);
    memset(p->data, 0xff, sizeof p->data);
    p->data[0] = ANSWER;
}

static uint64 special(void)
{
    static const uint64 values[] = {
        0,         1,         7,       PGSIZE - 1, PGSIZE,
        0x200,     0x300,     0x10200, 0x20300,    0x3fffff0000ul,
        1ul << 38, 1ul << 63, -PGSIZE, -1ul,       sizeof(struct program)};
    return values[random() % (sizeof values / sizeof values[0])];
}

/* Bytes, bits and whole fields of the headers, or one of these added to a field. */
static void damage(struct program *p)
{
    uint64 at = random() % (sizeof p->head + sizeof p->seg), *field = (uint64 *)p + at / 8;
    uchar *byte = (uchar *)p + at;
    switch (random() % 5) {
    case 0: *byte = (uchar)random(); break;
    case 1: *byte ^= (uchar)(1u << random() % 8); break;
    case 2: *field = special(); break;
    case 3: *field += special(); break;
    default: p->seg[random() % 3] = p->seg[random() % 3];
    }
}

static void fill(void)
{
    for (int i = 0; i < PAGES * PGSIZE; i++)
        heap[i] = (char)(i * 7 + (i >> 12));
}

/* Memory, the break and the descriptor are those of the program that has started `n` others. */
static int intact(int n)
{
    struct stat st;
    for (int i = 0; i < PAGES * PGSIZE; i++)
        if (heap[i] != (char)(i * 7 + (i >> 12)))
            return 0;
    return sbrk(0) == heap + PAGES * PGSIZE && fstat(counter, &st) == 0 && st.size == (uint)n;
}

/* Runs "mutant"; REFUSED, HARMED or what it ended with. */
static int run(int n)
{
    char *argv[] = {"mutant", 0};
    int status, way = n % 3, pid;

    if (way == 2 && (pid = spawn(argv[0], argv, 0, 0)) < 0)
        return REFUSED;
    if (way < 2 && (pid = way ? vfork() : fork()) == 0) {
        exec(argv[0], argv);
        exit(intact(n) ? REFUSED : HARMED);
    }
    return wait(&status) == pid ? status : HARMED;
}

static int write_out(const struct program *p)
{
    int fd = open("mutant", O_CREATE | O_TRUNC | O_WRONLY);
    int ok = fd >= 0 && write(fd, p, sizeof *p) == sizeof *p && write(counter, "", 1) == 1;
    close(fd);
    return ok;
}

int main(int argc, char **argv)
{
    static struct program p;
    int n = argc == 3 ? atoi(argv[2]) : 0, ran = 0, refused = 0, died = 0;

    state = argc == 3 ? 0x9e3779b97f4a7c15ul ^ (uint64)atoi(argv[1]) : 0;
    heap = sbrk(PAGES * PGSIZE);
    counter = open("counter", O_CREATE | O_TRUNC | O_WRONLY);
    fill();
    for (int i = 0; i < n; i++) {
        make(&p);
        for (int changes = i ? 1 + (int)(random() % 3) : 0; changes > 0; changes--)
            damage(&p);
        int status = write_out(&p) ? run(i + 1) : HARMED;
        ran += status == ANSWER;
        refused += status == REFUSED;
        died += status == -1;
        if ((i == 0 && status != ANSWER) || status == HARMED || !intact(i + 1)) {
            printf("mutants: seed %s: number %d did harm, status %d\n", argv[1], i, status);
            return 1;
        }
    }
    unlink("mutant");
    unlink("counter");
    printf("mutants: seed %s: %d started, %d ran, %d refused, %d died\n", argv[1], n, ran, refused,
           died);
    return n == 0;
}
