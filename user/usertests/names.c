/* Directories, paths and the names in them. */
#include "user/testlib/tests.h"

void name_lengths(void)
{
    struct stat a, b;
    file_touch("1234567890123");
    file_touch("abcdefghijklmn");
    file_touch("ABCDEFGHIJKLMNO"); /* one too long: cut */
    SAME(dir_count("."), 5);
    CHECK(file_exists("ABCDEFGHIJKLMN"));
    SAME(stat("ABCDEFGHIJKLMN-and-more", &a), 0);
    SAME(stat("ABCDEFGHIJKLMNO", &b), 0);
    SAME(a.ino, b.ino);
    CHECK(!file_exists("123456789012"));
    CHECK(!file_exists("12345678901234"));
    CHECK(!file_exists("abcdefghijklm"));
    MUST(mkdir("directory-name-cut"));
    REFUSED(mkdir("directory-name-cut-as-well"), EEXIST);
    file_touch("directory-name/x");
    SAME(unlink("directory-name-c/x"), 0);
    SAME(unlink("directory-name"), 0);
    SAME(unlink("ABCDEFGHIJKLMNOPQ"), 0);
    SAME(dir_count("."), 4);
}

/* A path has room for 127 bytes and its NUL. */
void name_path_limit(void)
{
    char path[MAXPATH + 2];
    memset(path, 'p', sizeof path);
    path[MAXPATH - 1] = 0;
    file_touch(path);
    CHECK(file_exists("pppppppppppppp"));
    path[MAXPATH - 1] = 'p';
    path[MAXPATH] = 0;
    REFUSED(open(path, O_RDONLY), ENAMETOOLONG);
    REFUSED(open(path, O_CREATE | O_RDWR), ENAMETOOLONG);
    REFUSED(mkdir(path), ENAMETOOLONG);
    REFUSED(unlink(path), ENAMETOOLONG);
    REFUSED(chdir(path), ENAMETOOLONG);
    REFUSED(link("x", path), ENAMETOOLONG);
    REFUSED(symlink("x", path), ENAMETOOLONG);
    REFUSED(mknod(path, DEV_NULL, 0), ENAMETOOLONG);
    for (int i = 0; i < MAXPATH - 2; i += 2)
        memmove(path + i, "./", 2);
    strcpy(path + MAXPATH - 2, "p");
    REFUSED(open(path, O_RDONLY), ENOENT);
}

void name_slashes(void)
{
    struct stat a, b;
    MUST(mkdir("d"));
    file_touch("d/f");
    SAME(stat("d/f", &a), 0);
    static const char *const same[] = {"d//f", "./d/f", "d/./f", "d/../d/f", ".//d///.//f"};
    for (uint i = 0; i < sizeof same / sizeof same[0]; i++) {
        SAME(stat(same[i], &b), 0);
        SAME(b.ino, a.ino);
    }
    SAME(stat("/", &a), 0);
    SAME(stat("/..", &b), 0);
    SAME(a.ino, b.ino);
    SAME(stat("/../../.", &b), 0);
    SAME(a.ino, b.ino);
    REFUSED(open("", O_RDONLY), ENOENT);
    REFUSED(open("", O_CREATE | O_RDWR), ENOENT);
    REFUSED(mkdir(""), ENOENT);
    REFUSED_ANY(mkdir("/"));
    REFUSED(open("d/f/x", O_RDONLY), ENOTDIR);
    REFUSED(open("d/f/x", O_CREATE | O_RDWR), ENOTDIR);
    REFUSED(open("nosuch/x", O_CREATE | O_RDWR), ENOENT);
}

/* Every byte but '/' and NUL may be in a name. */
void name_bytes(void)
{
    char name[4] = "x?y";
    for (int c = 1; c < 256; c++) {
        name[1] = (char)c;
        if (c != '/')
            file_touch(name);
    }
    SAME(dir_count("."), 2 + 254);
    for (int c = 1; c < 256; c++) {
        name[1] = (char)c;
        if (c != '/')
            SAME(unlink(name), 0);
    }
    SAME(dir_count("."), 2);
}

void dir_make_remove(void)
{
    struct stat st;
    MUST(mkdir("d"));
    REFUSED(mkdir("d"), EEXIST);
    file_touch("f");
    REFUSED(mkdir("f"), EEXIST);
    REFUSED(mkdir("f/d"), ENOTDIR);
    REFUSED(mkdir("nosuch/d"), ENOENT);
    MUST(mkdir("d/e"));
    SAME(stat("d/e/..", &st), 0);
    REFUSED(unlink("d"), ENOTEMPTY);
    REFUSED_ANY(unlink("d/."));
    REFUSED_ANY(unlink("d/.."));
    REFUSED_ANY(unlink("d/e/."));
    REFUSED_ANY(unlink("/"));
    SAME(unlink("d/e"), 0);
    file_touch("d/f");
    REFUSED(unlink("d"), ENOTEMPTY);
    SAME(unlink("d/f"), 0);
    SAME(unlink("d"), 0);
    REFUSED(unlink("d"), ENOENT);
    REFUSED(open("d/f", O_CREATE | O_RDWR), ENOENT);
}

void dir_not_written(void)
{
    MUST(mkdir("d"));
    REFUSED(open("d", O_WRONLY), EISDIR);
    REFUSED(open("d", O_RDWR), EISDIR);
    REFUSED(open("d", O_CREATE | O_RDWR), EISDIR);
    REFUSED_ANY(open("d", O_RDONLY | O_TRUNC));
    REFUSED_ANY(open(".", O_WRONLY));
    int fd = MUST(open("d", O_RDONLY));
    REFUSED(write(fd, "x", 1), EBADF);
    SAME(close(fd), 0);
    SAME(dir_count("d"), 2);
}

/* Reading a directory gives its raw entries. */
void dir_read(void)
{
    struct dirent e;
    struct stat here, st;
    int seen = 0;
    file_touch("one");
    MUST(mkdir("two"));
    SAME(stat(".", &here), 0);
    int fd = MUST(open(".", O_RDONLY));
    while (MUST(read(fd, &e, sizeof e)) == sizeof e) {
        char name[DIRSIZ + 1] = "";
        if (!e.inum)
            continue;
        memmove(name, e.name, DIRSIZ);
        SAME(stat(name, &st), 0);
        SAME(st.ino, e.inum);
        seen |= strcmp(name, ".") == 0     ? 1
                : strcmp(name, "..") == 0  ? 2
                : strcmp(name, "one") == 0 ? 4
                : strcmp(name, "two") == 0 ? 8
                                           : 16;
    }
    SAME(seen, 15);
    SAME(close(fd), 0);
}

void chdir_refused(void)
{
    struct stat before, after;
    file_touch("f");
    MUST(mkdir("d"));
    SAME(stat(".", &before), 0);
    REFUSED(chdir("f"), ENOTDIR);
    REFUSED(chdir("nosuch"), ENOENT);
    REFUSED(chdir(""), ENOENT);
    REFUSED(chdir("f/.."), ENOTDIR);
    SAME(stat(".", &after), 0);
    SAME(before.ino, after.ino);
    SAME(chdir("d"), 0);
    REFUSED(chdir("f"), ENOENT);
    SAME(chdir("../d/.."), 0);
    CHECK(file_exists("f"));
}

/* A directory that was removed while somebody is in it: empty, without a way out. */
void dir_orphaned(void)
{
    struct stat st;
    for (int i = 0; i < 20; i++) {
        MUST(mkdir("d"));
        SAME(chdir("d"), 0);
        SAME(unlink("../d"), 0);
        REFUSED_ANY(open("f", O_CREATE | O_RDWR));
        REFUSED_ANY(mkdir("e"));
        REFUSED_ANY(mknod("n", DEV_NULL, 0));
        REFUSED_ANY(link("/usertests", "r"));
        REFUSED_ANY(symlink("x", "s"));
        REFUSED(stat(".", &st), ENOENT);
        REFUSED(stat("..", &st), ENOENT);
        REFUSED(open("../f", O_CREATE | O_RDWR), ENOENT);
        REFUSED(chdir(".."), ENOENT);
        REFUSED(unlink("../d"), ENOENT);
        REFUSED_ANY(unlink(".."));
        SAME(chdir(TEST_DIR), 0);
    }
}

static void use_orphan(long gone)
{
    char c;
    SAME(read((int)gone, &c, 1), 0); /* until the directory is gone */
    REFUSED_ANY(open("f", O_CREATE | O_RDWR));
    REFUSED_ANY(mkdir("d"));
    chdir("../..");
}

/* Several processes in the lowest of two directories that are both removed. */
void dir_orphaned_family(void)
{
    int ready[2], gone[2];
    char c;
    MUST(pipe(ready));
    MUST(pipe(gone));
    MUST(mkdir("d"));
    MUST(mkdir("d/e"));
    int pid = child_fork();
    if (pid == 0) {
        SAME(chdir("d/e"), 0);
        close(gone[1]);
        SAME(write(ready[1], "r", 1), 1);
        for (int i = 0; i < 4; i++)
            if (child_fork() == 0)
                break;
        use_orphan(gone[0]);
        while (wait(0) > 0)
            ;
        exit(0);
    }
    SAME(read(ready[0], &c, 1), 1);
    SAME(unlink("d/e"), 0);
    SAME(unlink("d"), 0);
    SAME(close(gone[1]), 0);
    SAME(child_wait(pid), 0);
}

void dir_deep(void)
{
    enum { DEPTH = 120 };
    struct stat start, st;
    SAME(stat(".", &start), 0);
    for (int i = 0; i < DEPTH; i++) {
        MUST(mkdir("d"));
        SAME(chdir("d"), 0);
    }
    file_make("bottom", 1, 100);
    file_check("bottom", 1, 100);
    SAME(unlink("bottom"), 0);
    for (int i = 0; i < DEPTH; i++) {
        SAME(chdir(".."), 0);
        if (i % 2)
            SAME(unlink("d"), 0);
        else
            SAME(unlink("./d"), 0);
    }
    SAME(stat(".", &st), 0);
    SAME(st.ino, start.ino);
}

/* Many names in one directory; gaps are used again. */
void dir_many(void)
{
    enum { NAMES = 400 };
    char name[16];
    struct stat before, after;
    for (int i = 0; i < NAMES; i++)
        file_touch(file_name(name, "n", i));
    SAME(dir_count("."), 2 + NAMES);
    SAME(stat(".", &before), 0);
    for (int i = 0; i < NAMES; i += 2)
        SAME(unlink(file_name(name, "n", i)), 0);
    SAME(dir_count("."), 2 + NAMES / 2);
    for (int i = 0; i < NAMES; i++)
        SAME(file_exists(file_name(name, "n", i)), i % 2);
    for (int i = 0; i < NAMES; i += 2)
        file_touch(file_name(name, "m", i));
    SAME(stat(".", &after), 0);
    SAME(after.size, before.size);
    SAME(dir_count("."), 2 + NAMES);
    for (int i = 0; i < NAMES; i++)
        SAME(unlink(file_name(name, i % 2 ? "n" : "m", i)), 0);
    SAME(dir_count("."), 2);
}
