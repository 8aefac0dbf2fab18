#ifndef USER_LIB_FORMAT_H
#define USER_LIB_FORMAT_H

#include "user/user.h"

/* Where formatted text goes; put() gets it in pieces of n > 0 bytes. */
struct format_sink {
    void (*put)(struct format_sink *sink, const char *text, size_t n);
};

/*
 * Formats as ISO C's printf does: d i u x X p s c %, modifiers l ll z, flags - 0 + space #, width
 * and precision, both also as *.  A pointer always has 16 digits.  An unknown conversion is copied
 * as it stands; `%l` alone is a long in decimal.  Returns the bytes put.
 */
size_t format_to(struct format_sink *sink, const char *format, __builtin_va_list args);

#endif
