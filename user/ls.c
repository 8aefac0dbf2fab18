/*
 * ls [FILE...]: for each file, and for each entry of a directory, its name, type (1 directory,
 * 2 file, 3 device, 4 symbolic link), inode number and size in bytes; `.` if nothing is named.
 */
#include "kernel/param.h"
#include "kernel/stat.h"
#include "user/lib/dir.h"
#include "user/lib/prog.h"

static int deaf; /* nobody reads what is written: one complaint is enough */

/* One line of output, which may end with the target of the link at `path`; the exit status. */
static int show(const char *path, const char *name, const struct stat *st)
{
    char target[MAXPATH];
    int n = st->type == T_SYMLINK ? readlink(path, target, sizeof(target)) : 0;

    if (n < 0)
        return prog_fail("%s", path);
    n = printf("%-*s %d %u %lu%s%.*s\n", DIRSIZ, name, st->type, st->ino, st->size,
               n > 0 ? " -> " : "", n, target);
    deaf = n < 0;
    return deaf ? prog_fail("write error") : 0;
}

static int several; /* files are named: a directory's entries follow its name */

static int show_directory(const char *path)
{
    struct dir_entry *list;
    struct stat st;
    char inner[MAXPATH];
    int status = 0, n = dir_read(path, &list);

    if (n < 0)
        return prog_fail("%s", path);
    if (several)
        printf("%s:\n", path);
    for (int i = 0; i < n && !deaf; i++) {
        if (!dir_join(inner, path, list[i].name))
            status = 1;
        else if (dir_lstat(inner, &st) < 0)
            status = prog_fail("%s", inner);
        else
            status |= show(inner, list[i].name, &st);
    }
    free(list);
    return status;
}

/* A symbolic link to a directory is listed as the directory. */
static int list(const char *path)
{
    struct stat st, followed;

    if (dir_lstat(path, &st) < 0)
        return prog_fail("%s", path);
    if (st.type == T_DIR)
        return show_directory(path);
    if (st.type == T_SYMLINK && stat(path, &followed) == 0 && followed.type == T_DIR)
        return show_directory(path);
    return show(path, path, &st);
}

int main(int argc, char **argv)
{
    uint flags;
    int status = 0, i = prog_flags(argc, argv, "", "ls [FILE...]", &flags);

    if (i == argc)
        return list(".");
    several = argc - i > 1;
    for (; i < argc && !deaf; i++)
        status |= list(argv[i]);
    return status;
}
