/* The names of the rows of docs/fault.md, for programs that show counters and events. */
#include "user/lib/faultnames.h"

const char *const fault_names[FAULT_KINDS] = {
    [KIND_BAD] = "BAD",     [KIND_PROT] = "PROT",         [KIND_EOF] = "EOF",
    [KIND_STACK] = "STACK", [KIND_ZERO] = "ZERO",         [KIND_LAZY] = "LAZY",
    [KIND_FILE] = "FILE",   [KIND_FILE_COW] = "FILE+COW", [KIND_COW] = "COW",
    [KIND_REUSE] = "REUSE", [KIND_DIRTY] = "DIRTY",       [KIND_SPURIOUS] = "SPURIOUS",
};
