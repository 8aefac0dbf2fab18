#ifndef USER_LIB_TINY_H
#define USER_LIB_TINY_H

/*
 * Writes the smallest program to `path`: a page of code that does nothing but exit(0), and if
 * pages > 1 more pages of text that never run.  0 or -1.
 */
int tiny_write(const char *path, int pages);

enum tiny_way { TINY_FORK, TINY_VFORK, TINY_SPAWN };

/* Runs it in a child that is made in this way, and waits for it; 0, or -1 if anything fails. */
int tiny_run(const char *path, enum tiny_way way);

#endif
