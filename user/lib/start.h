#ifndef USER_LIB_START_H
#define USER_LIB_START_H

extern const char *start_name; /* argv[0], for messages; never 0 */

#endif
