#ifndef USER_LIB_FAULTNAMES_H
#define USER_LIB_FAULTNAMES_H

#include "kernel/vmstat.h"

extern const char *const fault_names[FAULT_KINDS]; /* "COW" */

#endif
