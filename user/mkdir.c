/* mkdir [-p] DIR...: makes directories; -p makes those above them too and accepts existing ones. */
#include "kernel/stat.h"
#include "user/user.h"
#include "user/lib/prog.h"

static int is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.type == T_DIR;
}

/* Makes every directory along the path that is missing; the path is cut at each slash in turn. */
static int make_all(char *path)
{
    for (char *slash = path;; slash++) {
        if (*slash != '/' && *slash != 0)
            continue;
        char kept = *slash;
        *slash = 0;
        int made = *path == 0 || is_directory(path) || mkdir(path) == 0;
        *slash = kept;
        if (!made)
            return 0;
        if (kept == 0)
            return 1;
    }
}

int main(int argc, char **argv)
{
    const char *usage = "mkdir [-p] DIR...";
    uint parents;
    int status = 0, i = prog_flags(argc, argv, "p", usage, &parents);

    if (i == argc)
        prog_usage(usage);
    for (; i < argc; i++)
        if (parents ? !make_all(argv[i]) : mkdir(argv[i]) < 0)
            status = prog_fail("%s", argv[i]);
    return status;
}
