#ifndef USER_LIB_DIR_H
#define USER_LIB_DIR_H

#include "user/user.h"
#include "kernel/fs.h"

struct dir_entry {
    uint ino;
    char name[DIRSIZ + 1];
};

/*
 * Reads the directory, `.` and `..` included, sorted by name.  Returns the number of entries and
 * in *list the entries, to be freed; -1 on failure, errcode() says why.
 */
int dir_read(const char *path, struct dir_entry **list);

/* Writes dir/name to `to`, which has MAXPATH bytes; false, with a message, if that is too short. */
int dir_join(char *to, const char *dir, const char *name);

/* stat() of a symbolic link itself. */
int dir_lstat(const char *path, struct stat *st);

#endif
