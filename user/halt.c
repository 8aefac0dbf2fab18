/* halt [STATUS]: puts everything on the disk and ends the machine; QEMU exits with the status. */
#include "user/lib/prog.h"

int main(int argc, char **argv)
{
    int status = 0;

    if (argc > 2)
        prog_usage("halt [STATUS]");
    if (argc == 2 && (!prog_number(argv[1], &status) || status < 0 || status > 127)) {
        prog_warn("%s: not a status from 0 to 127", argv[1]);
        return 2;
    }
    halt(status);
}
