/*
 * What fork does to a page, in four cases, with the frames that the page tables name: a child and
 * its parent have the same page if and only if they name the same frame.
 */
#include "user/vmtests/maps.h"

#define SAME_FRAME(i, p)   SAME(puppet_page(i, p).frame, page_of(0, p).frame)
#define OTHER_FRAME(i, p)  CHECK(puppet_page(i, p).frame != page_of(0, p).frame)
#define WRITABLE(page, is) SAME((page).rights & 2, (is) ? 2 : 0)

/* A private page that is written after the fork: one frame until then, two from then on. */
void c15_private_after_fork(void)
{
    char *p = map_pages(1);
    *p = 1;
    uint64 frame = page_of(0, p).frame;
    puppet_start(0);
    SAME_FRAME(0, p);
    SAME(page_of(0, p).refs, 2);
    WRITABLE(page_of(0, p), 0);
    WRITABLE(puppet_page(0, p), 0);
    puppet_store(0, p, 2);
    OTHER_FRAME(0, p);
    SAME(page_of(0, p).frame, frame);
    SAME(*p, 1);
    *p = 3;
    SAME(page_of(0, p).frame, frame); /* ours alone again: no copy */
    SAME(puppet_load(0, p), 2);
    puppet_end(0);
}

/* A shared page: no copy, ever, and both see what either writes. */
static void shared(int mode)
{
    forkmode(mode);
    char *p = map_shared(2);
    *p = 1;
    uint64 frame = page_of(0, p).frame;
    puppet_start(0);
    SAME_FRAME(0, p);
    puppet_store(0, p, 2);
    SAME(*p, 2);
    faults_begin(getpid());
    *p = 3;
    SAME(faults_of(KIND_COW) + faults_of(KIND_REUSE) + faults_of(KIND_FILE_COW), 0);
    SAME(puppet_load(0, p), 3);
    puppet_store(0, p + PGSIZE, 4); /* touched by nobody before the fork */
    SAME(p[PGSIZE], 4);
    SAME_FRAME(0, p);
    SAME_FRAME(0, p + PGSIZE);
    SAME(page_of(0, p).frame, frame);
    puppet_end(0);
    SAME(*p, 3);
    SAME(munmap(p, 2 * PGSIZE), 0);
}

void c15_shared(void)
{
    shared(FORK_COW);
    shared(FORK_EAGER);
}

/*
 * A private page that had been copied before this fork, so that its entry was writable: a page
 * table copied as it is would share a writable page.
 */
void c15_private_copied_before_fork(void)
{
    char *p = map_pages(1);
    *p = 1;
    puppet_start(0);
    uint64 first = page_of(0, p).frame;
    *p = 2; /* COW: ours is a copy now, and writable */
    uint64 copy = page_of(0, p).frame;
    CHECK(copy != first);
    WRITABLE(page_of(0, p), 1);
    puppet_start(1);
    SAME_FRAME(1, p);
    SAME(page_of(0, p).frame, copy);
    WRITABLE(page_of(0, p), 0);
    WRITABLE(puppet_page(1, p), 0);
    *p = 3;
    OTHER_FRAME(1, p);
    SAME(puppet_load(1, p), 2);
    SAME(puppet_load(0, p), 1);
    SAME(puppet_page(0, p).frame, first);
    puppet_end(0);
    puppet_end(1);
}

/* Each child that writes takes a copy; the last owner keeps the frame. */
void c15_second_child_and_last_owner(void)
{
    char *p = map_pages(1);
    *p = 1;
    uint64 frame = page_of(0, p).frame;
    puppet_start(0);
    puppet_start(1);
    SAME(page_of(0, p).refs, 3);
    puppet_store(0, p, 2);
    OTHER_FRAME(0, p);
    SAME(page_of(0, p).refs, 2);
    SAME_FRAME(1, p);
    puppet_end(1); /* without having written */
    SAME(page_of(0, p).refs, 1);
    faults_begin(getpid());
    *p = 4;
    SAME(faults_of(KIND_REUSE), 1);
    SAME(faults_of(KIND_COW), 0);
    SAME(page_of(0, p).frame, frame);
    SAME(puppet_load(0, p), 2);
    puppet_end(0);
}
