/* sync: returns when everything written so far is on the disk. */
#include "user/lib/prog.h"

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        prog_usage("sync");
    return sync() < 0 ? prog_fail("cannot write to the disk") : 0;
}
