/* sleep TIME: waits for so many ticks, or seconds if an `s` follows. */
#include "kernel/param.h"
#include "user/extra.h"
#include "user/lib/prog.h"

int main(int argc, char **argv)
{
    char number[16];
    int ticks;

    if (argc != 2)
        prog_usage("sleep TICKS, or sleep SECONDSs (sleep 3s); a second has 10 ticks");
    uint n = strlcpy(number, argv[1], sizeof(number));
    int seconds = n > 0 && n < sizeof(number) && number[n - 1] == 's';
    if (seconds)
        number[n - 1] = 0;
    int most = 0x7fffffff / (seconds ? TICK_HZ : 1);
    if (n >= sizeof(number) || !prog_number(number, &ticks) || ticks < 0 || ticks > most) {
        prog_warn("%s: not a time", argv[1]);
        return 2;
    }
    return sleep(seconds ? ticks * TICK_HZ : ticks) < 0 ? prog_fail("interrupted") : 0;
}
