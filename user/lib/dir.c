/* Directories as programs want them: whole, sorted, and closed again before they are looked at. */
#include "user/extra.h"
#include "user/lib/dir.h"
#include "user/lib/prog.h"
#include "kernel/fcntl.h"
#include "kernel/param.h"
#include "kernel/stat.h"

/* Shell sort with gaps halved: simple, and fast enough for what a directory holds. */
static void sort(struct dir_entry *e, int n)
{
    for (int gap = n / 2; gap > 0; gap /= 2)
        for (int i = gap; i < n; i++) {
            struct dir_entry moving = e[i];
            int j = i;
            for (; j >= gap && strcmp(e[j - gap].name, moving.name) > 0; j -= gap)
                e[j] = e[j - gap];
            e[j] = moving;
        }
}

/* Reads everything to a buffer of its own; -1 on failure. */
static int read_entries(int fd, struct dir_entry **list)
{
    struct dirent raw[64];
    int n = 0, size = 0, got;

    while ((got = read(fd, raw, sizeof(raw))) > 0) {
        int more = got / sizeof(raw[0]);
        if (n + more > size) {
            size = 2 * size + more;
            struct dir_entry *larger = realloc(*list, size * sizeof(**list));
            if (larger == 0)
                return -1;
            *list = larger;
        }
        for (int i = 0; i < more; i++) {
            if (raw[i].inum == 0)
                continue;
            struct dir_entry *e = &(*list)[n++];
            e->ino = raw[i].inum;
            memcpy(e->name, raw[i].name, DIRSIZ);
            e->name[DIRSIZ] = 0;
        }
    }
    return got < 0 ? -1 : n;
}

int dir_read(const char *path, struct dir_entry **list)
{
    int fd = open(path, O_RDONLY);

    *list = 0;
    if (fd < 0)
        return -1;
    int n = read_entries(fd, list);
    close(fd);
    if (n < 0) {
        free(*list);
        *list = 0;
    } else {
        sort(*list, n);
    }
    return n;
}

int dir_join(char *to, const char *dir, const char *name)
{
    uint n = strlen(dir);
    const char *slash = n > 0 && dir[n - 1] == '/' ? "" : "/";

    if (snprintf(to, MAXPATH, "%s%s%s", dir, slash, name) < MAXPATH)
        return 1;
    prog_warn("%s%s%s: path too long", dir, slash, name);
    return 0;
}

int dir_lstat(const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    int result = fstat(fd, st);
    close(fd);
    return result;
}
