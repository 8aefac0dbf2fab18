/*
 * rm [-rf] FILE...: removes files, links and empty directories; -r also what is in directories, -f
 * does not mind names that do not exist.
 */
#include "kernel/errno.h"
#include "kernel/param.h"
#include "user/lib/dir.h"
#include "user/lib/prog.h"

enum { RECURSIVE = 1, FORCE = 2 };

static uint flags;

static int remove(const char *path);

/* Removes what is in the directory; the exit status. */
static int empty(const char *path)
{
    struct dir_entry *list;
    char inner[MAXPATH];
    int status = 0, n = dir_read(path, &list);

    if (n < 0)
        return prog_fail("%s", path);
    for (int i = 0; i < n; i++) {
        if (strcmp(list[i].name, ".") == 0 || strcmp(list[i].name, "..") == 0)
            continue;
        status |= dir_join(inner, path, list[i].name) ? remove(inner) : 1;
    }
    free(list);
    return status;
}

static int remove(const char *path)
{
    if (unlink(path) == 0)
        return 0;
    if (errcode() == ENOENT && (flags & FORCE))
        return 0;
    if (errcode() != ENOTEMPTY || !(flags & RECURSIVE))
        return prog_fail("%s", path);
    if (empty(path) != 0)
        return 1;
    return unlink(path) == 0 ? 0 : prog_fail("%s", path);
}

int main(int argc, char **argv)
{
    const char *usage = "rm [-rf] FILE...";
    int status = 0, i = prog_flags(argc, argv, "rf", usage, &flags);

    if (i == argc && !(flags & FORCE))
        prog_usage(usage);
    for (; i < argc; i++)
        status |= remove(argv[i]);
    return status;
}
