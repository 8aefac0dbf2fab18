/* overcommit [on|off]: shows or sets whether memory may be promised that there is not. */
#include "kernel/vm.h"
#include "user/extra.h"
#include "user/lib/prog.h"

int main(int argc, char **argv)
{
    int value = -1;

    if (argc == 2 && strcmp(argv[1], "on") == 0)
        value = 1;
    else if (argc == 2 && strcmp(argv[1], "off") == 0)
        value = 0;
    else if (argc != 1)
        prog_usage("overcommit [on|off]");
    int before = vmctl(VMCTL_OVERCOMMIT, value);
    if (before < 0)
        return prog_fail("overcommit");
    if (value < 0)
        printf("%s\n", before ? "on" : "off");
    return 0;
}
