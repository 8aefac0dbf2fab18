#ifndef USER_EXTRA_H
#define USER_EXTRA_H

#include "user/user.h"

/* Library functions that programs written for xv6 do not know, with their meaning in ISO C. */

void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n); /* on failure 0, and p stays as it was */

/* Bytes that the whole text has; `to` gets as many as fit and a NUL, unless size is 0. */
int snprintf(char *to, size_t size, const char *format, ...) USER_FORMAT(3, 4);
int vsnprintf(char *to, size_t size, const char *format, __builtin_va_list args) USER_FORMAT(3, 0);
int vfprintf(int fd, const char *format, __builtin_va_list args) USER_FORMAT(2, 0);
int vprintf(const char *format, __builtin_va_list args) USER_FORMAT(1, 0);

int strncmp(const char *a, const char *b, size_t n);
char *strrchr(const char *s, char c);
char *strstr(const char *s, const char *part);
char *strdup(const char *s); /* to be freed; 0 without memory */

/* Copies what fits into size bytes with a NUL; returns strlen(from).  Not ISO C but safe. */
size_t strlcpy(char *to, const char *from, size_t size);

#endif
