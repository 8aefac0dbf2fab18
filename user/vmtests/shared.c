/* Memory that relatives share: MAP_SHARED | MAP_ANONYMOUS. */
#include "user/vmtests/maps.h"

/* A counter that four children raise; each waits for its turn. */
static volatile int *turns;

static void take_turns(long me)
{
    for (int round = 0; round < 25; round++) {
        while (__atomic_load_n(turns, __ATOMIC_ACQUIRE) != round * 4 + me)
            yield();
        __atomic_store_n(turns, round * 4 + (int)me + 1, __ATOMIC_RELEASE);
    }
}

void shared_between_children(void)
{
    turns = (int *)map_shared(1);
    crowd(4, take_turns);
    SAME(*turns, 100);
}

/* Charged once, in full, with the tables of its own; freed with the last who has it. */
void shared_charged_once(void)
{
    long before = committed(), left = frames_left();
    char *p = map_shared(600); /* two tables of 512, and one above them */
    long promised = committed();
    SAME(promised > before + 603 && promised <= before + 606, 1); /* and page tables for all */
    pages_store(p, 600, 1);
    SAME(committed(), promised);
    puppet_start(0);
    SAME(puppet_load(0, p + 599 * PGSIZE), 1);
    SAME(munmap(p, 600 * PGSIZE), 0);
    CHECK(frames_left() <= left - 600); /* the child has it still */
    puppet_store(0, p + 300 * PGSIZE, 5);
    puppet_end(0);
    SAME(committed(), before);
    CHECK(frames_left() > left - 60);
}

/* A part that nobody maps any more stays until the last area goes: it may be what a child has. */
void shared_in_parts(void)
{
    char *p = map_shared(6);
    for (int i = 0; i < 6; i++)
        p[i * PGSIZE] = (char)(10 + i);
    SAME(munmap(p + 2 * PGSIZE, 2 * PGSIZE), 0);
    SAME(areas_in(p, 6), 2);
    puppet_start(0);
    SAME(puppet_load(0, p + 5 * PGSIZE), 15);
    puppet_store(0, p + 5 * PGSIZE, 1);
    SAME(p[5 * PGSIZE], 1);
    SAME(p[PGSIZE], 11);
    SAME(munmap(p, 2 * PGSIZE), 0);
    puppet_store(0, p, 2);
    puppet_end(0);
    SAME(madvise(p + 4 * PGSIZE, 2 * PGSIZE, MADV_DONTNEED), 0); /* forgotten here, not there */
    SAME(p[4 * PGSIZE], 14);
}

/* Children of children, and after those between are gone. */
static void grandchild(long at)
{
    char *p = (char *)at;
    SAME(p[0], 1);
    p[PGSIZE] = 2;
}

static void child_of_child(long at)
{
    PASSES(grandchild, at);
    ((char *)at)[2 * PGSIZE] = 3;
}

void shared_over_generations(void)
{
    char *p = map_shared(3);
    *p = 1;
    for (int eager = 0; eager < 2; eager++) {
        forkmode(eager ? FORK_EAGER : FORK_COW);
        PASSES(child_of_child, p);
        SAME(p[PGSIZE], 2);
        SAME(p[2 * PGSIZE], 3);
    }
}

/* Rights are those of each process, the memory is one. */
void pitfall_07_shared_not_private(void)
{
    char *p = map_shared(2);
    pages_store(p, 2, 1);
    SAME(mprotect(p, PGSIZE, PROT_READ), 0);
    puppet_start(0);
    SAME(mprotect(p, PGSIZE, RW), 0);
    faults_begin(getpid());
    *p = 4;
    FAULTS_WERE([KIND_DIRTY] = 1);
    SAME(puppet_load(0, p), 4);
    SAME(page_of(0, p).frame, puppet_page(0, p).frame);
    KILLED(page_jump, p);
    puppet_end(0);
    SAME(munmap(p, 2 * PGSIZE), 0);
    p = mmap(0, PGSIZE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST((long)p);
    KILLED(page_load, p);
    SAME(mprotect(p, PGSIZE, RW), 0);
    PASSES(page_store, p);
    REFUSED(mprotect(p, PGSIZE, RW | PROT_EXEC), EACCES);
}

/* A system call writes into it like the program itself. */
void shared_by_kernel(void)
{
    char *p = map_shared(2);
    int ends[2];
    MUST(pipe(ends));
    puppet_start(0);
    SAME(write(ends[1], "abcd", 4), 4);
    SAME(read(ends[0], p + PGSIZE - 2, 4), 4);
    SAME(puppet_load(0, p + PGSIZE - 1), 'b');
    SAME(puppet_load(0, p + PGSIZE), 'c');
    puppet_store(0, p + PGSIZE, 'x');
    SAME(write(ends[1], p + PGSIZE, 1), 1);
    char c;
    SAME(read(ends[0], &c, 1), 1);
    SAME(c, 'x');
    puppet_end(0);
}
