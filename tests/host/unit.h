#ifndef TESTS_HOST_UNIT_H
#define TESTS_HOST_UNIT_H

/* What every unit test includes first: cmocka, what cmocka wants before it, and C's library. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
