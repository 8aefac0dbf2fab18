/*
 * big [N]...: a program of a MiB of text, of which only the pages run that are named, each a
 * function that returns its number; 0 if all did.
 */
#include "user/extra.h"

#define PAGES 256

asm(".pushsection .text.big, \"ax\"\n"
    ".balign 4096\n"
    "big_page:\n"
    ".set number, 0\n"
    ".rept 256\n"
    "li a0, number\n"
    "ret\n"
    ".balign 4096\n"
    ".set number, number + 1\n"
    ".endr\n"
    ".popsection\n");

extern char big_page[];

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int n = atoi(argv[i]);
        int (*run)(void) = (int (*)(void))(big_page + n * 4096);
        if (n < 0 || n >= PAGES || run() != n)
            return 1;
    }
    return 0;
}
