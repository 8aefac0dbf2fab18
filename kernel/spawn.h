#ifndef KERNEL_SPAWN_H
#define KERNEL_SPAWN_H

/*
 * What spawn() does in the new process before the program starts, in the order given, except that
 * SPAWN_GROUP and SPAWN_FOREGROUND take effect together, when all has gone well.
 */
struct spawn_action {
    int what;         /* SPAWN_* */
    int fd;           /* the descriptor that is opened, closed, replaced, or a console */
    int arg;          /* SPAWN_OPEN: flags; SPAWN_DUP: the descriptor copied; SPAWN_GROUP: pgid */
    const char *path; /* SPAWN_OPEN only */
};

#define SPAWN_OPEN  1 /* fd = open(path, arg) */
#define SPAWN_CLOSE 2 /* close(fd) */
#define SPAWN_DUP   3 /* dup2(arg, fd) */
#define SPAWN_GROUP 4 /* setpgid(0, arg); 0 for a group of its own */
/* ioctl(fd, TTY_SETFG, group of the process): when the program starts, ^C reaches it already */
#define SPAWN_FOREGROUND 5

#define SPAWN_MAX        32 /* actions of one call */

#endif
