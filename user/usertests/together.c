/* Several processes at work in the same directory, on the same names and files. */
#include "user/testlib/tests.h"

static void create_own(long i)
{
    char name[16];
    for (int round = 0; round < 3; round++) {
        for (int k = 0; k < 20; k++)
            file_make(file_name(name, "p", (int)i * 100 + k), (int)i, 200 + k);
        for (int k = 0; k < 20; k++)
            file_check(file_name(name, "p", (int)i * 100 + k), (int)i, 200 + k);
        for (int k = 0; k < 20; k++)
            if (round < 2 || k % 2)
                SAME(unlink(file_name(name, "p", (int)i * 100 + k)), 0);
    }
}

void together_create(void)
{
    char name[16];
    crowd(4, create_own);
    SAME(dir_count("."), 2 + 4 * 10);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 20; k += 2)
            file_check(file_name(name, "p", i * 100 + k), i, 200 + k);
}

/* Creating and removing one and the same name. */
static void fight_for_name(long i)
{
    for (int round = 0; round < 60; round++) {
        if ((round + i) % 2) {
            int fd = MUST(open("one", O_CREATE | O_RDWR));
            SAME(write(fd, "content", 7), 7);
            SAME(close(fd), 0);
        } else if (unlink("one") < 0) {
            SAME(errcode(), ENOENT);
        }
    }
}

void together_same_name(void)
{
    crowd(4, fight_for_name);
    CHECK(dir_count(".") <= 3);
    file_make("one", 1, 100);
    file_check("one", 1, 100);
}

/* Of several that make the same directory, exactly one does. */
static void make_in_turn(long i)
{
    char name[16];
    int won = 0;
    for (int round = 0; round < 30; round++) {
        if (mkdir(file_name(name, "r", round)) == 0)
            won++;
        else
            SAME(errcode(), EEXIST);
    }
    SAME(mkdir(file_name(name, "w", (int)i * 100 + won)), 0);
}

void together_mkdir(void)
{
    char name[16];
    int won = 0;
    crowd(4, make_in_turn);
    for (int i = 0; i < 4; i++)
        for (int n = 0; n <= 30; n++)
            won += file_exists(file_name(name, "w", i * 100 + n)) ? n : 0;
    SAME(won, 30);
    SAME(dir_count("."), 2 + 30 + 4);
}

static void remove_in_turn(long i)
{
    char name[16];
    int won = 0;
    for (int round = 0; round < 30; round++) {
        if (unlink(file_name(name, "r", round)) == 0)
            won++;
        else
            SAME(errcode(), ENOENT);
    }
    SAME(mkdir(file_name(name, "w", (int)i * 100 + won)), 0);
}

void together_unlink(void)
{
    char name[16];
    int won = 0;
    for (int i = 0; i < 30; i++) {
        file_name(name, "r", i);
        if (i % 2)
            file_make(name, i, 3000);
        else
            MUST(mkdir(name));
    }
    crowd(4, remove_in_turn);
    for (int i = 0; i < 4; i++)
        for (int n = 0; n <= 30; n++)
            won += file_exists(file_name(name, "w", i * 100 + n)) ? n : 0;
    SAME(won, 30);
    SAME(dir_count("."), 2 + 4);
}

static void link_and_unlink(long i)
{
    char name[16];
    file_name(name, "l", (int)i);
    for (int round = 0; round < 50; round++) {
        SAME(link("f", name), 0);
        if (i % 2)
            file_check(name, 1, 600);
        SAME(unlink(name), 0);
    }
}

void together_link(void)
{
    struct stat st;
    file_make("f", 1, 600);
    crowd(4, link_and_unlink);
    SAME(stat("f", &st), 0);
    SAME(st.nlink, 1);
    file_check("f", 1, 600);
}

/* Files in a directory that others try to remove. */
static void file_against_directory(long i)
{
    for (int round = 0; round < 60; round++) {
        if (i == 0) {
            if (mkdir("d") < 0)
                SAME(errcode(), EEXIST);
        } else if (i == 1) {
            if (unlink("d") < 0)
                CHECK(errcode() == ENOENT || errcode() == ENOTEMPTY);
        } else {
            int fd = open("d/f", O_CREATE | O_RDWR);
            if (fd < 0) {
                SAME(errcode(), ENOENT);
                continue;
            }
            SAME(write(fd, "abc", 3), 3);
            SAME(close(fd), 0);
            if (unlink("d/f") < 0)
                SAME(errcode(), ENOENT);
        }
    }
}

void together_directory(void)
{
    crowd(4, file_against_directory);
    unlink("d/f");
    unlink("d");
    SAME(dir_count("."), 2);
}

/* Paths in opposite directions: no two look-ups wait for each other. */
static void walk_both_ways(long i)
{
    char name[16];
    SAME(chdir(i % 2 ? "a/b/c" : "."), 0);
    for (int round = 0; round < 60; round++) {
        if (i % 2) {
            file_name(name, "../../x", (int)i);
            file_touch(name);
            SAME(unlink(name), 0);
        } else {
            file_name(name, "a/b/c/y", (int)i);
            file_touch(name);
            SAME(unlink(name), 0);
        }
    }
}

void together_paths(void)
{
    MUST(mkdir("a"));
    MUST(mkdir("a/b"));
    MUST(mkdir("a/b/c"));
    crowd(4, walk_both_ways);
}

static void write_and_verify(long i)
{
    char name[16];
    file_name(name, "w", (int)i);
    for (int round = 0; round < 4; round++) {
        file_make(name, (int)i + round, 40000 + 1000 * (int)i);
        file_check(name, (int)i + round, 40000 + 1000 * (int)i);
    }
}

void together_write(void)
{
    crowd(6, write_and_verify);
}

/* One offset for all: no byte is lost and none is written over. */
void together_one_offset(void)
{
    enum { WRITERS = 4, RECORDS = 100 };
    char record[24];
    int count[WRITERS] = {0};
    int fd = MUST(open("f", O_CREATE | O_RDWR));
    for (int i = 0; i < WRITERS; i++) {
        if (child_fork() == 0) {
            memset(record, 'a' + i, sizeof record);
            for (int k = 0; k < RECORDS; k++)
                SAME(write(fd, record, sizeof record), sizeof record);
            exit(0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        MUST(wait(&status));
        SAME(status, 0);
    }
    SAME(close(fd), 0);
    fd = MUST(open("f", O_RDONLY));
    while (MUST(read(fd, record, sizeof record)) == sizeof record) {
        for (uint i = 1; i < sizeof record; i++)
            SAME(record[i], record[0]);
        count[record[0] - 'a']++;
    }
    for (int i = 0; i < WRITERS; i++)
        SAME(count[i], RECORDS);
    SAME(close(fd), 0);
}

/* Readers of a file that others overwrite see whole writes, at any time one or the other. */
static void read_or_write(long i)
{
    for (int round = 0; round < 50; round++) {
        int fd = MUST(open("f", i < 2 ? O_WRONLY : O_RDONLY));
        if (i < 2) {
            data_fill(scratch, (int)i + 1, 0, 600);
            SAME(write(fd, scratch, 600), 600);
        } else {
            SAME(read(fd, scratch, 600), 600);
            CHECK(data_good(scratch, 1, 0, 600) || data_good(scratch, 2, 0, 600));
        }
        SAME(close(fd), 0);
    }
}

void together_whole_writes(void)
{
    file_make("f", 1, 600);
    crowd(4, read_or_write);
}

static void sync_or_write(long i)
{
    for (int round = 0; round < 15; round++) {
        if (i < 2)
            SAME(sync(), 0);
        else
            write_and_verify(i);
    }
}

void together_sync(void)
{
    crowd(4, sync_or_write);
}
