/* What a program may not do with its own addresses: each attempt ends the child that makes it. */
#include "user/vmtests/vm.h"

static const char constant[] = "read only";
static uint initialised[4] = {0x00008067, 0x00008067}; /* jalr zero, ra, 0: a return */

void access_kernel(void)
{
    for (int i = 0; bad_addresses[i]; i++) {
        KILLED(page_load, bad_addresses[i]);
        KILLED(page_store, bad_addresses[i]);
        KILLED(page_jump, bad_addresses[i]);
    }
}

/* All of the kernel's half, a probe in each GiB of it. */
static void probe_half(long first)
{
    for (uint64 i = 0; i < 256; i += 16)
        KILLED(page_load, (uint64)first + (i << 30));
}

void access_upper_half(void)
{
    probe_half((long)(0ul - (256ul << 30)));
}

void access_text(void)
{
    uint word = *(uint *)access_text;
    KILLED(page_store, access_text);
    KILLED(page_store, 0);
    SAME(*(uint *)access_text, word);
    PASSES(page_load, access_text);
}

/* Neither fork nor a write of the child makes text writable. */
static void store_in_grandchild(long address)
{
    *(volatile int *)scratch = 1;
    KILLED(page_store, address);
    KILLED(page_store, address);
}

void pitfall_04_text_after_fork(void)
{
    PASSES(store_in_grandchild, access_text);
    PASSES(store_in_grandchild, constant);
    KILLED(page_store, access_text);
}

void access_constants(void)
{
    KILLED(page_store, constant);
    SAME(strcmp(constant, "read only"), 0);
}

void access_no_execute(void)
{
    uint *heap = (uint *)heap_pages(1), stack[4];
    memmove(heap, initialised, sizeof initialised);
    memmove(stack, initialised, sizeof initialised);
    KILLED(page_jump, initialised);
    KILLED(page_jump, heap);
    KILLED(page_jump, stack);
    KILLED(page_jump, heap + PGSIZE); /* never touched */
}

/* --- the stack ------------------------------------------------------------------------------- */

static int use_stack(int pages)
{
    volatile char page[PGSIZE];
    page[0] = page[PGSIZE - 1] = (char)pages;
    int below = pages > 0 ? use_stack(pages - 1) : 0;
    return below + (page[0] == (char)pages && page[PGSIZE - 1] == (char)pages);
}

static void use_some_stack(long pages)
{
    SAME(use_stack((int)pages), pages + 1);
}

void stack_grows(void)
{
    PASSES(use_some_stack, 10);
    PASSES(use_some_stack, USERSTACK - 6);
}

void stack_overflow(void)
{
    KILLED(use_some_stack, USERSTACK + 1);
    KILLED(use_some_stack, 100000);
}

/* Moves the stack pointer into the middle of a page far below, and stores so far from it. */
static void store_off_pointer(long offset)
{
    uint64 sp = PGROUNDDOWN(r_sp()) - 12 * PGSIZE + PGSIZE / 2;
    asm volatile("mv sp, %0\n"
                 "sd zero, 0(%1)\n" ::"r"(sp),
                 "r"(sp + (uint64)offset)
                 : "memory");
    exit(STATUS_PASSED);
}

/* Addresses below the stack pointer are no growth, however near. */
void pitfall_18_below_pointer(void)
{
    uint64 stack_page = PGROUNDDOWN(r_sp());
    KILLED(page_load, stack_page - 12 * PGSIZE);
    KILLED(page_store, stack_page - 12 * PGSIZE);
    KILLED(page_store, stack_page - (USERSTACK - 5) * PGSIZE);
    KILLED(store_off_pointer, -8);
    PASSES(store_off_pointer, 0);
}

/* The page between the program and its stack. */
void pitfall_18_guard(void)
{
    extern char end[]; /* user.ld: where the program ends */
    uint64 guard = PGROUNDUP((uint64)end);
    KILLED(page_load, guard);
    KILLED(page_store, guard);
    KILLED(page_store, guard + PGSIZE - 1);
    PASSES(page_store, guard - 1);
}

/* The kernel grows the stack as the program itself would: here it touches a page first. */
static void read_into_new_stack(long fd)
{
    char big[20 * PGSIZE];
    SAME(read((int)fd, big, sizeof big), sizeof big);
    CHECK(data_good(big, 4, 0, sizeof big));
}

void stack_grows_in_call(void)
{
    file_make("f", 4, 20 * PGSIZE);
    int fd = MUST(open("f", O_RDONLY));
    PASSES(read_into_new_stack, fd);
    SAME(close(fd), 0);
}

/* A read() below the stack pointer is refused: no growth on behalf of a bad pointer either. */
void pitfall_18_below_pointer_in_call(void)
{
    file_make("f", 4, 100);
    int fd = MUST(open("f", O_RDONLY));
    char *below = (char *)PGROUNDDOWN(r_sp()) - 12 * PGSIZE;
    REFUSED(read(fd, below, 100), EFAULT);
    SAME(close(fd), 0);
}

/* A stack pointer gone astray. */
void stack_pointer_astray(void)
{
    KILLED(stack_store, 0);
    KILLED(stack_store, KERNBASE);
    KILLED(stack_store, 0xffffffc000000000);
    KILLED(stack_store, -16);
    KILLED(stack_store, access_text);
    KILLED(stack_store, 1); /* misaligned, and in text */
}

/* --- instructions ----------------------------------------------------------------------------*/

static void instruction(long which)
{
    switch (which) {
    case 0: asm volatile(".word 0"); break;
    case 1: asm volatile("ebreak"); break;
    case 2: asm volatile(".word 0x10200073"); break; /* sret */
    case 3: asm volatile(".word 0x30200073"); break; /* mret */
    case 4: asm volatile("csrr t0, sstatus" ::: "t0"); break;
    case 5: asm volatile("csrw satp, zero"); break;
    case 6: asm volatile("csrr t0, mhartid" ::: "t0"); break;
    case 7: asm volatile(".word 0x12000073"); break; /* sfence.vma */
    case 8: asm volatile("csrw stvec, zero"); break;
    case 9: asm volatile("csrw sscratch, zero"); break;
    case 10: asm volatile(".word 0xffffffff"); break;
    }
}

void access_privileged(void)
{
    for (int i = 0; i <= 10; i++)
        KILLED(instruction, i);
}

static void smash(long n)
{
    volatile char small[8];
    volatile char *p = small; /* volatile: the compiler must not see what this does */
    close(2);                 /* the library's message is of no interest */
    for (long i = 0; i < n; i++)
        p[i] = 'A';
}

/* The canary: a function whose frame was overwritten does not return. */
void stack_canary(void)
{
    PASSES(smash, 8);
    int status = child_status(smash, 64);
    CHECK(status != STATUS_PASSED);
}
