/* ln [-s] OLD NEW: another name for a file; -s makes a symbolic link, whose OLD need not exist. */
#include "user/lib/prog.h"

int main(int argc, char **argv)
{
    const char *usage = "ln [-s] OLD NEW";
    uint symbolic;
    int i = prog_flags(argc, argv, "s", usage, &symbolic);

    if (argc - i != 2)
        prog_usage(usage);
    const char *old = argv[i], *new = argv[i + 1];
    if ((symbolic ? symlink(old, new) : link(old, new)) < 0)
        return prog_fail("%s -> %s", new, old);
    return 0;
}
