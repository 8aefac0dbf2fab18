/* Contents that can be recognised again, and files and memory that hold them. */
#include "user/testlib/tests.h"

char scratch[SCRATCH];

/* Kernel text, direct map and page tables, device registers, holes, both ends of the halves. */
const uint64 bad_addresses[] = {
    MAXVA,
    MAXVA - 8,
    TRAMPOLINE,
    TRAPFRAME,
    USYSCALL,
    KERNBASE,
    KERNBASE + 0x200000,
    0x10000000,
    0x0c000000,
    0x02000000,
    1ul << 39,
    1ul << 63,
    0xffffffc000000000,
    0xffffffc080000000,
    0xffffffd000000000,
    0xffffffe000000000,
    0xfffffffffffff000,
    0xffffffff80000000,
    0xffffffffffffff00,
    0xfffffffffffffff8,
    0,
};

/* Inside 256 bytes the pattern grows by 7 from byte to byte: worth knowing for many megabytes. */
void data_fill(void *p, int seed, uint at, int n)
{
    char *to = p, byte = 0;
    for (int i = 0; i < n; i++, byte += 7) {
        if (i == 0 || (at + i) % 256 == 0)
            byte = data_byte(seed, at + i);
        to[i] = byte;
    }
}

int data_good(const void *p, int seed, uint at, int n)
{
    const char *from = p;
    char byte = 0;
    for (int i = 0; i < n; i++, byte += 7) {
        if (i == 0 || (at + i) % 256 == 0)
            byte = data_byte(seed, at + i);
        if (from[i] != byte)
            return 0;
    }
    return 1;
}

uint64 data_random(void)
{
    static uint64 x = 88172645463325252;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

void file_make(const char *path, int seed, int n)
{
    int fd = MUST(open(path, O_CREATE | O_TRUNC | O_WRONLY));
    for (int at = 0; at < n; at += SCRATCH) {
        int part = n - at < SCRATCH ? n - at : SCRATCH;
        data_fill(scratch, seed, at, part);
        SAME(write(fd, scratch, part), part);
    }
    SAME(close(fd), 0);
}

void file_check(const char *path, int seed, int n)
{
    int fd = MUST(open(path, O_RDONLY));
    int at = 0, got;
    while ((got = MUST(read(fd, scratch, SCRATCH))) > 0) {
        CHECK(data_good(scratch, seed, at, got));
        at += got;
    }
    SAME(at, n);
    SAME(close(fd), 0);
}

void file_touch(const char *path)
{
    SAME(close(MUST(open(path, O_CREATE | O_RDWR))), 0);
}

int file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

char *file_name(char *out, const char *prefix, int n)
{
    char digits[12];
    int i = sizeof digits - 1;
    digits[i] = 0;
    do
        digits[--i] = '0' + n % 10;
    while (n /= 10);
    strcpy(out, prefix);
    strcpy(out + strlen(prefix), digits + i);
    return out;
}

int dir_count(const char *path)
{
    struct dirent e;
    int fd = MUST(open(path, O_RDONLY)), n = 0;
    while (MUST(read(fd, &e, sizeof e)) == sizeof e)
        n += e.inum != 0;
    SAME(close(fd), 0);
    return n;
}

/* Removes what can be removed at once and returns the first directory that cannot, in `name`. */
static int clear_once(char name[DIRSIZ + 1])
{
    struct dirent e[16];
    int fd = MUST(open(".", O_RDONLY)), n, found = 0;
    name[DIRSIZ] = 0;
    while (!found && (n = MUST(read(fd, e, sizeof e))) > 0) {
        for (int i = 0; i < n / (int)sizeof e[0] && !found; i++) {
            memmove(name, e[i].name, DIRSIZ);
            int self = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
            found = e[i].inum && !self && unlink(name) < 0;
        }
    }
    SAME(close(fd), 0);
    return found;
}

void dir_clear(void)
{
    char name[DIRSIZ + 1];
    while (clear_once(name)) {
        SAME(errcode(), ENOTEMPTY);
        SAME(chdir(name), 0);
        dir_clear();
        SAME(chdir(".."), 0);
    }
}

struct kstat kernel_now(void)
{
    struct kstat k;
    SAME(sync(), 0);
    SAME(kstat(&k), 0);
    return k;
}

char *heap_pages(int n)
{
    char *end = sbrk(0);
    MUST(sbrk((int)(PGROUNDUP((uint64)end) - (uint64)end)));
    char *p = sbrk((int)(n * PGSIZE));
    MUST(p);
    return p;
}
