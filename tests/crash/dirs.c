/* dirs N: makes N directories, then removes them; each costs the journal a block of its own. */
#include "user/extra.h"

static char *name_of(int i)
{
    static char name[] = "dir0000";
    for (int k = 6; k > 2; k--, i /= 10)
        name[k] = (char)('0' + i % 10);
    return name;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 0; i < n; i++)
        if (mkdir(name_of(i)) < 0)
            exit(1);
    for (int i = 0; i < n; i++)
        if (unlink(name_of(i)) < 0)
            exit(2);
    exit(0);
}
