#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "kernel/types.h"

/*
 * As in C; long runs move word by word.  strlcpy() always ends dst with a NUL if size > 0 and
 * returns strlen(src).
 */
void *memset(void *dst, int byte, unsigned long n);
void *memcpy(void *restrict dst, const void *restrict src, unsigned long n);
void *memmove(void *dst, const void *src, unsigned long n);
int memcmp(const void *a, const void *b, unsigned long n);
unsigned long strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, unsigned long n);
unsigned long strlcpy(char *dst, const char *src, unsigned long size);

/* One page, 8-byte aligned; unrolled, about one instruction a word and access. */
void page_clear(void *page);
void page_copy(void *dst, const void *src);

#endif
