#ifndef USER_LIB_PRINTF_H
#define USER_LIB_PRINTF_H

#include "user/user.h"

/* fprintf() with the arguments in a list; -1 if a write failed. */
int printf_to(int fd, const char *format, __builtin_va_list args) USER_FORMAT(2, 0);

#endif
