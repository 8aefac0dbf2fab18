/*
 * The cases of copy-on-write: a private page written after the fork, memory that is shared and
 * stays so, a page that had been copied before the fork, and the rule that follows from it.
 */
#include "user/vmtests/vm.h"

#define PAGES 16

/* In a child: not seen here. */
static void write_private(long p)
{
    pages_store((char *)p, PAGES, 1);
}

/* Writes to them while a child looks on: not seen there. */
static void write_under_child(char *p, int mark)
{
    int ends[2];
    char c;
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        close(ends[1]);
        SAME(read(ends[0], &c, 1), 0); /* until the parent has written */
        for (int i = 0; i < PAGES; i++)
            SAME(p[i * PGSIZE], mark);
        exit(STATUS_PASSED);
    }
    pages_store(p, PAGES, mark + 1);
    SAME(close(ends[0]) + close(ends[1]), 0);
    SAME(child_wait(pid), STATUS_PASSED);
}

/* 1: a private page, written after the fork by either: two pages from then on. */
void case_1_private_written_later(void)
{
    char *p = heap_pages(PAGES);
    pages_store(p, PAGES, 7);
    PASSES(write_private, p);
    for (int i = 0; i < PAGES; i++)
        SAME(p[i * PGSIZE], 7);
    write_under_child(p, 7);
}

/* 2: memory that is shared, not private: no copy, both see what either writes. */
void case_2_shared(void)
{
    volatile char *p = pages_filled(1, 1);
    int pid = vfork();
    if (pid == 0) {
        *p = 0x5a;
        exit(STATUS_PASSED);
    }
    SAME(child_wait(MUST(pid)), STATUS_PASSED);
    SAME(*p, 0x5a);
}

/* 3: a page that was copied before this fork, so that its entry was writable again. */
static void copied_then_forked(long p)
{
    pages_store((char *)p, PAGES, 2); /* ours now */
    PASSES(write_private, p);
    for (int i = 0; i < PAGES; i++)
        SAME(((char *)p)[i * PGSIZE], 2);
    write_under_child((char *)p, 2);
}

void case_3_copied_before_fork(void)
{
    char *p = pages_filled(PAGES, 1);
    PASSES(copied_then_forked, p);
    CHECK(data_good(p, 1, 0, PAGES * PGSIZE));
}

/* 4: so fork makes every private page read-only, in parent and child, whoever held it before. */
static void none_writable(char *p)
{
    for (int i = 0; i < PAGES; i++) {
        struct pageinfo page = page_info(p + i * PGSIZE);
        SAME(page.rights & 2, 0);
        SAME(page.state, PAGE_SHARED);
        SAME(page.refs, 2);
    }
}

void case_4_all_read_only(void)
{
    char *p = pages_filled(PAGES, 1);
    SAME(page_info(p).rights, 3);
    SAME(page_info(p).state, PAGE_PRIVATE);
    holder_start();
    none_writable(p);
    pages_store(p, 1, 2);
    SAME(page_info(p).rights, 3);
    holder_end();
    SAME(page_info(p + PGSIZE).refs, 1);
    holder_start();
    none_writable(p);
    holder_end();
}
