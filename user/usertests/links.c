/* Hard and symbolic links. */
#include "user/testlib/tests.h"

void link_shares(void)
{
    struct stat st;
    file_make("a", 1, 2000);
    MUST(mkdir("d"));
    SAME(link("a", "d/b"), 0);
    file_check("d/b", 1, 2000);
    int fd = MUST(open("d/b", O_WRONLY));
    data_fill(scratch, 2, 0, 2000);
    SAME(write(fd, scratch, 2000), 2000);
    SAME(close(fd), 0);
    file_check("a", 2, 2000);
    SAME(unlink("a"), 0);
    file_check("d/b", 2, 2000);
    SAME(stat("d/b", &st), 0);
    SAME(st.nlink, 1);
}

void link_refused(void)
{
    file_touch("f");
    file_touch("g");
    MUST(mkdir("d"));
    REFUSED(link("f", "f"), EEXIST);
    REFUSED(link("f", "g"), EEXIST);
    REFUSED(link("f", "d"), EEXIST);
    REFUSED(link("nosuch", "x"), ENOENT);
    REFUSED(link("f", "nosuch/x"), ENOENT);
    REFUSED(link("f", "g/x"), ENOTDIR);
    REFUSED(link("d", "x"), EPERM);
    REFUSED(link("./", "x"), EPERM);
    REFUSED(link("/", "x"), EPERM);
    REFUSED(link("f", ""), ENOENT);
    REFUSED(link("", "x"), ENOENT);
    REFUSED_ANY(link("f", "."));
    struct stat st;
    SAME(stat("f", &st), 0);
    SAME(st.nlink, 1);
    SAME(dir_count("."), 5);
}

/* To the limit of the link count, in directories of moderate size. */
void link_limit(void)
{
    enum { PER_DIR = 512 };
    char path[40];
    struct stat st;
    file_make("f", 1, 10);
    int made = 1;
    for (; made < FS_NLINK_MAX; made++) {
        if (made == 1 || made % PER_DIR == 0)
            MUST(mkdir(file_name(path, "d", made / PER_DIR)));
        file_name(path, "d", made / PER_DIR);
        file_name(path + strlen(path), "/", made);
        MUST(link("f", path));
    }
    SAME(stat("f", &st), 0);
    SAME(st.nlink, FS_NLINK_MAX);
    for (int i = 0; i < 3; i++)
        REFUSED(link("f", "more"), EMLINK);
    SAME(stat("f", &st), 0);
    SAME(st.nlink, FS_NLINK_MAX);
    SAME(unlink("d0/1"), 0);
    SAME(link("f", "more"), 0);
    file_check("more", 1, 10);
}

void symlink_follows(void)
{
    struct stat st;
    file_make("f", 1, 500);
    MUST(mkdir("d"));
    MUST(symlink("../f", "d/up"));
    MUST(symlink("d/up", "twice"));
    MUST(symlink("d", "dir"));
    MUST(symlink("/", "root"));
    file_check("d/up", 1, 500); /* a target is seen from the link's directory */
    file_check("twice", 1, 500);
    file_check("dir/up", 1, 500);
    SAME(stat("root", &st), 0);
    SAME(st.ino, ROOTINO);
    CHECK(file_exists("root/usertests"));
    file_touch("dir/new");
    CHECK(file_exists("d/new"));
    SAME(chdir("dir"), 0);
    CHECK(file_exists("new"));
    SAME(chdir(".."), 0); /* of the directory, not of the link */
    CHECK(file_exists("twice"));
    file_make("twice", 2, 300);
    file_check("f", 2, 300);
    SAME(unlink("twice"), 0); /* the link, not its target */
    file_check("f", 2, 300);
    SAME(unlink("f"), 0);
    REFUSED(open("d/up", O_RDONLY), ENOENT);
}

void symlink_loops(void)
{
    char name[16], target[16];
    MUST(symlink("self", "self"));
    MUST(symlink("b", "a"));
    MUST(symlink("a", "b"));
    MUST(symlink("./again/again", "again"));
    REFUSED(open("self", O_RDONLY), ELOOP);
    REFUSED(open("self/x", O_RDONLY), ELOOP);
    REFUSED(open("a", O_RDONLY), ELOOP);
    REFUSED(open("a", O_CREATE | O_RDWR), ELOOP);
    REFUSED(open("again", O_RDONLY), ELOOP);
    REFUSED(chdir("b"), ELOOP);
    file_make("l0", 3, 50);
    for (int i = 1; i <= MAXSYMLINK + 1; i++)
        MUST(symlink(file_name(target, "l", i - 1), file_name(name, "l", i)));
    file_check(file_name(name, "l", MAXSYMLINK), 3, 50);
    REFUSED(open(file_name(name, "l", MAXSYMLINK + 1), O_RDONLY), ELOOP);
}

void symlink_itself(void)
{
    struct stat st;
    file_make("f", 1, 1000);
    MUST(symlink("f", "s"));
    int fd = MUST(open("s", O_NOFOLLOW | O_RDONLY));
    SAME(fstat(fd, &st), 0);
    SAME(st.type, T_SYMLINK);
    SAME(st.size, 1);
    SAME(st.nlink, 1);
    SAME(close(fd), 0);
    SAME(stat("s", &st), 0);
    SAME(st.type, T_FILE);
    fd = MUST(open("f", O_NOFOLLOW | O_RDONLY)); /* no link: as ever */
    SAME(read(fd, scratch, SCRATCH), 1000);
    SAME(close(fd), 0);
    MUST(symlink("nowhere", "dangling"));
    fd = MUST(open("dangling", O_NOFOLLOW | O_RDONLY));
    SAME(close(fd), 0);
}

void symlink_read(void)
{
    char target[MAXPATH];
    memset(target, 't', sizeof target);
    target[MAXPATH - 1] = 0;
    file_touch("f");
    MUST(mkdir("d"));
    MUST(symlink("some/where", "s"));
    MUST(symlink(target, "long"));
    memset(scratch, '#', 200);
    SAME(readlink("s", scratch, 100), 10);
    SAME(memcmp(scratch, "some/where#", 11), 0); /* no NUL */
    SAME(readlink("s", scratch, 4), 4);
    SAME(readlink("long", scratch, 200), MAXPATH - 1);
    SAME(memcmp(scratch, target, MAXPATH - 1), 0);
    REFUSED(readlink("s", scratch, 0), EINVAL);
    REFUSED(readlink("f", scratch, 10), EINVAL);
    REFUSED(readlink("d", scratch, 10), EINVAL);
    REFUSED(readlink("nosuch", scratch, 10), ENOENT);
}

void symlink_refused(void)
{
    file_touch("f");
    MUST(symlink("f", "s"));
    REFUSED(symlink("x", "f"), EEXIST);
    REFUSED(symlink("x", "s"), EEXIST);
    REFUSED(symlink("x", "nosuch/s"), ENOENT);
    REFUSED(symlink("x", "f/s"), ENOTDIR);
    REFUSED(symlink("x", ""), ENOENT);
    REFUSED(symlink("", "t"), ENOENT);
    REFUSED(mkdir("s"), EEXIST);
    REFUSED(link("f", "s"), EEXIST);
    SAME(dir_count("."), 4);
}

static void flip_symlink(long i)
{
    for (int round = 0; round < 40; round++) {
        if (i == 0) {
            unlink("s");
            symlink(round % 2 ? "one" : "two", "s");
            continue;
        }
        int fd = open("s", O_RDONLY);
        if (fd < 0) {
            SAME(errcode(), ENOENT);
            continue;
        }
        SAME(read(fd, scratch, 10), 10);
        CHECK(data_good(scratch, 1, 0, 10) || data_good(scratch, 2, 0, 10));
        SAME(close(fd), 0);
    }
}

void symlink_races(void)
{
    file_make("one", 1, 10);
    file_make("two", 2, 10);
    crowd(4, flip_symlink);
}
