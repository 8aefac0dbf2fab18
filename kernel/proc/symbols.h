#ifndef PROC_SYMBOLS_H
#define PROC_SYMBOLS_H

#include "kernel/types.h"
#include <stdbool.h>

struct inode;

#define SYMBOL_NAME 48 /* bytes of a name with its NUL; what is longer is cut */

/* Where in a program an address lies: offset bytes into function `name`. */
struct symbol {
    char name[SYMBOL_NAME];
    uint64 offset;
};

/*
 * Finds the function of program file `exe` that holds address pc: the one that begins closest
 * below it, within the same executable segment, and is not known to end before it.  False, with an
 * empty name, if the file names none or is not sound; the file may have been changed since it was
 * loaded, and is not trusted.  Reads at most SYMBOLS_MAX symbols.  May sleep.
 */
#define SYMBOLS_MAX 16384
bool symbols_find(struct inode *exe, uint64 pc, struct symbol *out);

#endif
