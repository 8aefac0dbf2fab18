#ifndef KERNEL_ERRNO_H
#define KERNEL_ERRNO_H

/*
 * Reasons for a failure.  Inside the kernel a failing function returns one of these negated; the
 * system call returns -1 and errcode() tells the reason.
 */
#define EPERM        1  /* not allowed */
#define ENOENT       2  /* no such file */
#define ESRCH        3  /* no such process */
#define EINTR        4  /* a signal came while waiting */
#define EIO          5  /* device error */
#define E2BIG        7  /* argument list too long */
#define ENOEXEC      8  /* not an executable */
#define EBADF        9  /* bad file descriptor */
#define ECHILD       10 /* no children */
#define EAGAIN       11 /* no more processes */
#define ENOMEM       12 /* out of memory */
#define EACCES       13 /* permission denied */
#define EFAULT       14 /* bad address */
#define EBUSY        16 /* in use */
#define EEXIST       17 /* exists already */
#define EXDEV        18 /* on another device */
#define ENODEV       19 /* no such device */
#define ENOTDIR      20 /* not a directory */
#define EISDIR       21 /* is a directory */
#define EINVAL       22 /* invalid argument */
#define ENFILE       23 /* too many open files in the system */
#define EMFILE       24 /* too many open files in the process */
#define ENOTTY       25 /* not a console */
#define ETXTBSY      26 /* the program is running, or the file being written */
#define EFBIG        27 /* file too large */
#define ENOSPC       28 /* no space on the disk */
#define EROFS        30 /* file system is read-only */
#define EMLINK       31 /* too many links */
#define EPIPE        32 /* nobody reads the pipe */
#define ERANGE       34 /* beyond the end */
#define ENAMETOOLONG 36 /* path too long */
#define ENOSYS       38 /* no such system call */
#define ENOTEMPTY    39 /* directory not empty */
#define ELOOP        40 /* too many symbolic links */

#endif
