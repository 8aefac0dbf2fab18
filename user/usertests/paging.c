/* Programs whose pages come from their files: what is shared, and with whom. */
#include "kernel/vmview.h"
#include "user/testlib/tests.h"

#define MANY 64

static const char constant[2 * PGSIZE] = {1};
static char data[3 * PGSIZE] = {1};

static struct pageinfo page_of(int pid, const void *p)
{
    struct pageinfo page;
    SAME(pagemap(pid, (uint64)p, &page, 1), 1);
    return page;
}

static struct areainfo area_of(int pid, const void *p)
{
    static struct areainfo area[MANY];
    int n = (int)MUST(pmap(pid, area, MANY)), i = 0;
    while (i < n && area[i].end <= (uint64)p)
        i++;
    CHECK(i < n && area[i].start <= (uint64)p);
    return area[i];
}

static void wait_byte(int fd)
{
    char c;
    SAME(read(fd, &c, 1), 1);
}

static void send_byte(int fd)
{
    SAME(write(fd, "", 1), 1);
}

/* Says that it runs, then waits to be looked at. */
int helper_looked_at(int argc, char *argv[])
{
    (void)argv;
    send_byte(1);
    wait_byte(0);
    return argc;
}

/* This program once more, in a process that is no relative of our memory; `go` lets it end. */
static int start_again(int *go)
{
    char *argv[] = {"usertests", "@looked_at", 0};
    int in[2], out[2];
    MUST(pipe(in));
    MUST(pipe(out));
    int pid = child_fork();
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        exec("/usertests", argv);
        exit(1);
    }
    wait_byte(out[0]);
    *go = in[1];
    return pid;
}

/* Text and constants are the frames of the page cache, for every process that runs the program. */
void paging_text_shared(void)
{
    const void *text = (void *)helper_looked_at; /* it runs there; here it is only read */
    int go, pid = start_again(&go);
    SAME(*(volatile const char *)constant, 1);
    (void)*(volatile const char *)text;
    struct pageinfo mine = page_of(0, text), theirs = page_of(pid, text);
    SAME(mine.state, PAGE_FILE);
    SAME(theirs.state, PAGE_FILE);
    SAME(mine.frame, theirs.frame);
    SAME(mine.rights, 5);
    CHECK(mine.refs >= 3); /* the cache, and two who map it */
    SAME(page_of(0, constant).state, PAGE_FILE);
    SAME(page_of(0, constant).rights, 1);
    struct frameinfo frame;
    SAME(memmap(mine.frame, &frame, 1), 1);
    SAME(frame_kind(&frame), FRAME_KIND_MAPPED);
    send_byte(go);
    SAME(child_wait(pid), 0);
}

/* Areas name the file; nothing of it is charged but what may be written. */
void paging_areas(void)
{
    int go, pid = start_again(&go);
    struct areainfo text = area_of(pid, (void *)wait_byte), rodata = area_of(pid, constant);
    struct areainfo writable = area_of(pid, data);
    CHECK(text.file > 0 && !text.charged && !text.shared_map && text.shared == text.resident);
    CHECK(rodata.file == text.file && !rodata.charged && rodata.prot == 1);
    CHECK(writable.file == text.file && writable.charged && writable.prot == 3);
    CHECK(text.offset % PGSIZE == 0 && writable.offset > text.offset);
    SAME(area_of(0, constant).file, text.file);
    send_byte(go);
    SAME(child_wait(pid), 0);
}

/* Data is the file's until it is written, then a copy that nobody else sees. */
void paging_data_private(void)
{
    char *p = (char *)PGROUNDUP((uint64)data); /* its page is data's alone */
    CHECK(*(volatile char *)p == 0);
    struct pageinfo before = page_of(0, p);
    SAME(before.state, PAGE_FILE);
    SAME(before.rights, 1);
    *p = 7;
    struct pageinfo after = page_of(0, p);
    SAME(after.state, PAGE_PRIVATE);
    SAME(after.rights, 3);
    CHECK(after.frame != before.frame);
    int go, pid = start_again(&go);
    CHECK(page_of(pid, p).frame != after.frame);
    send_byte(go);
    SAME(child_wait(pid), 0);
}
