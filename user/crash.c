/*
 * crash [NAME [TICKS]]: makes one typical mistake, after some time, so that its explanation on the
 * console can be read.  Without a name it lists them.  Each mistake is a function of its own, which
 * the explanation names.
 */
#include "user/lib/prog.h"
#include "kernel/mman.h"
#include "kernel/riscv.h"
#include "kernel/signal.h"
#include "kernel/stat.h"

#define MISTAKE static void __attribute__((noinline))

extern char end[]; /* user.ld: one past the program's data */

int main(int argc, char **argv);

static const char constant[] = "may be read";
static uint data[4] = {0x8082}; /* the instruction `ret` */

/* Hides from the compiler where a pointer leads.  Inlined: the mistake is its caller's. */
static volatile uint64 target;

static inline __attribute__((always_inline)) void store(uint64 address)
{
    target = address;
    *(volatile char *)target = 1;
}

static inline __attribute__((always_inline)) void load(uint64 address)
{
    target = address;
    (void)*(volatile char *)target;
}

MISTAKE null(void)
{
    store(8);
}

MISTAKE text(void)
{
    store((uint64)main + PGSIZE);
}

MISTAKE rodata(void)
{
    store((uint64)constant);
}

/* Calls itself, with an array in each frame, until no room is left. */
MISTAKE stack(void)
{
    char room[400];
    memset(room, (int)target, sizeof room);
    if (target == 0)
        stack();
    target += (uint64)room[target & 255];
}

MISTAKE below(void)
{
    load(r_sp() - 100);
    load(r_sp() - 3 * PGSIZE);
}

MISTAKE guard(void)
{
    load(PGROUNDUP((uint64)end) + 8);
}

MISTAKE heap(void)
{
    sbrk(PGSIZE);
    store((uint64)sbrk(0));
}

MISTAKE kernel(void)
{
    load(0xffffffc080000000UL);
}

static void on_signal(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
    store(8);
}

MISTAKE handler(void)
{
    struct sigaction a = {on_signal, 0, 0};
    if (sigaction(SIGUSR1, &a, 0) == 0)
        sigsend(getpid(), SIGUSR1);
}

MISTAKE beyond(void)
{
    load(MAXVA);
}

MISTAKE exec_data(void)
{
    target = (uint64)data;
    ((void (*)(void))target)();
    target = 0; /* a call, not a jump as the last step */
}

MISTAKE wild(void)
{
    sbrk(PGSIZE);
    load(0x2000000000UL);
}

MISTAKE string(void)
{
    char *pointer;
    memcpy(&pointer, "overrun", 8);
    load((uint64)pointer);
}

/* A mapping may be longer than its file, but what the file does not have cannot be reached. */
MISTAKE end_of_file(void)
{
    int fd = open("/crash", O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    uint64 beyond = PGROUNDUP(st.size);
    char *map = mmap(0, beyond + PGSIZE, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map != MAP_FAILED)
        load((uint64)map + beyond);
}

/* The page is there, but its entry is not valid. */
MISTAKE closed(void)
{
    char *map = mmap(0, PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return;
    *map = 1;
    if (mprotect(map, PGSIZE, PROT_NONE) == 0)
        load((uint64)map);
}

MISTAKE memory(void)
{
    for (;;) {
        char *more = sbrklazy(1 << 20);
        for (int i = 0; i < 1 << 20; i += PGSIZE)
            store((uint64)more + i);
    }
}

MISTAKE illegal(void)
{
    asm volatile(".4byte 0xffffffff");
}

MISTAKE zeros(void)
{
    asm volatile(".2byte 0");
}

MISTAKE fpu(void)
{
    asm volatile(".4byte 0x00007053"); /* fadd.s ft0, ft0, ft0 */
}

MISTAKE csr(void)
{
    asm volatile("csrr a0, satp");
}

MISTAKE brk(void)
{
    asm volatile("ebreak");
}

MISTAKE align(void)
{
    asm volatile("lr.d a0, (%0)" ::"r"((char *)data + 4) : "a0");
}

static const struct {
    const char *name;
    void (*make)(void);
    const char *what;
} mistakes[] = {
    {"null", null, "write through a null pointer"},
    {"text", text, "write to the program's text"},
    {"rodata", rodata, "write to a string constant"},
    {"stack", stack, "recursion without an end"},
    {"below", below, "read far below the stack pointer"},
    {"guard", guard, "read beyond the program's data"},
    {"heap", heap, "write beyond the break"},
    {"kernel", kernel, "read the kernel's memory"},
    {"beyond", beyond, "read where no program's memory can be"},
    {"exec", exec_data, "jump into data"},
    {"handler", handler, "write through a null pointer, in the handler of a signal"},
    {"wild", wild, "read far away from everything"},
    {"string", string, "read by a pointer that a string was written over"},
    {"eof", end_of_file, "read from a mapping where its file has ended"},
    {"closed", closed, "read memory that the program has closed"},
    {"memory", memory, "touch more memory than there is"},
    {"illegal", illegal, "execute what is no instruction"},
    {"zeros", zeros, "execute zeros"},
    {"fpu", fpu, "calculate with floating point"},
    {"csr", csr, "read a register of the kernel's"},
    {"break", brk, "stop at a breakpoint that nobody waits for"},
    {"align", align, "reserve eight bytes at an address that is no multiple of 8"},
};

int main(int argc, char **argv)
{
    int ticks = 0;
    if (argc > 3 || (argc > 1 && argv[1][0] == '-') ||
        (argc == 3 && (!prog_number(argv[2], &ticks) || ticks < 0)))
        prog_usage("crash [NAME [TICKS]]");
    sleep(ticks);
    for (uint i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        if (argc < 2)
            printf("crash %-8s %s\n", mistakes[i].name, mistakes[i].what);
        else if (strcmp(argv[1], mistakes[i].name) == 0)
            mistakes[i].make();
    }
    if (argc < 2)
        return 0;
    prog_warn("%s: no such mistake, or nothing happened; crash alone lists them", argv[1]);
    return 2;
}
