/* Mappings made in a known way, and children that touch them when told. */
#include "user/vmtests/maps.h"

extern char end[]; /* user.ld: the end of data */

static char *mapped(void *p)
{
    MUST((long)p);
    return p;
}

char *map_pages(int n)
{
    return mapped(mmap(0, (size_t)n * PGSIZE, RW, ANON, -1, 0));
}

char *map_fixed(char *at, int n, int prot)
{
    return mapped(mmap(at, (size_t)n * PGSIZE, prot, FIXED, -1, 0));
}

char *map_shared(int n)
{
    return mapped(mmap(0, (size_t)n * PGSIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

char *map_file(const char *path, int n)
{
    int fd = (int)MUST(open(path, O_RDWR));
    char *p = mapped(mmap(0, (size_t)n, RW, MAP_SHARED, fd, 0));
    SAME(close(fd), 0);
    return p;
}

char *heap_end(void)
{
    uint64 now = (uint64)sbrk(0);
    MUST((long)sbrk((int)(PGROUNDUP(now) - now)));
    return sbrk(0);
}

char *stack_room(void)
{
    return (char *)PGROUNDUP((uint64)end) + PGSIZE; /* docs/vm.md, The picture */
}

int areas_in(const char *p, int n)
{
    static struct areainfo all[1100];
    int found = 0, total = (int)MUST(pmap(0, all, 1100));
    for (int i = 0; i < total; i++)
        found += all[i].end > (uint64)p && all[i].start < (uint64)p + (uint64)n * PGSIZE;
    return found;
}

long committed(void)
{
    static struct kstat k;
    SAME(kstat(&k), 0);
    return (long)k.frames_committed;
}

struct pageinfo page_of(int pid, const void *p)
{
    struct pageinfo info;
    SAME(pagemap(pid, PGROUNDDOWN((uint64)p), &info, 1), 1);
    return info;
}

/* --- puppets ---------------------------------------------------------------------------------- */

struct order {
    char *at;
    int store; /* -1: load */
};

static struct puppet {
    int pid, orders[2], answers[2];
} puppet[PUPPETS];

/* Until nobody can give orders any more. */
static void obey(struct puppet *me)
{
    struct order o;
    while (read(me->orders[0], &o, sizeof o) == sizeof o) {
        if (o.store >= 0)
            *(volatile char *)o.at = (char)o.store;
        int got = *(volatile char *)o.at;
        SAME(write(me->answers[1], &got, sizeof got), sizeof got);
    }
    exit(STATUS_PASSED);
}

static void close_ends(int i)
{
    SAME(close(puppet[i].orders[1]) + close(puppet[i].answers[0]), 0);
    puppet[i].pid = 0;
}

void puppet_start(int i)
{
    struct puppet *me = &puppet[i];
    MUST(pipe(me->orders));
    MUST(pipe(me->answers));
    me->pid = child_fork();
    if (me->pid == 0) {
        for (int other = 0; other < PUPPETS; other++)
            if (other != i && puppet[other].pid)
                close_ends(other); /* else those would never see the end of their orders */
        SAME(close(me->orders[1]) + close(me->answers[0]), 0);
        obey(me);
    }
    SAME(close(me->orders[0]) + close(me->answers[1]), 0);
}

static int order(int i, char *p, int store)
{
    struct order o = {p, store};
    int got;
    SAME(write(puppet[i].orders[1], &o, sizeof o), sizeof o);
    SAME(read(puppet[i].answers[0], &got, sizeof got), sizeof got);
    return got;
}

void puppet_store(int i, char *p, int mark)
{
    order(i, p, mark);
}

int puppet_load(int i, const char *p)
{
    return order(i, (char *)p, -1);
}

struct pageinfo puppet_page(int i, const char *p)
{
    return page_of(puppet[i].pid, p);
}

void puppet_end(int i)
{
    int pid = puppet[i].pid;
    close_ends(i);
    SAME(child_wait(pid), STATUS_PASSED);
}
