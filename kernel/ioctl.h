#ifndef KERNEL_IOCTL_H
#define KERNEL_IOCTL_H

/* Requests of ioctl() on the console. */
#define TTY_COOKED 1 /* lines, echo and editing; arg unused */
#define TTY_RAW    2 /* every byte as it comes, no echo, no ^C; arg unused */
#define TTY_SETFG  3 /* arg: process group that ^C sends SIGINT to, 0 for none */
#define TTY_GETFG  4 /* returns that group */
#define TTY_BREAKS 5 /* returns how often ^C was typed since the start, modulo 2^31; arg unused */

/* Device majors; minors are 0. */
#define DEV_CONSOLE 1
#define DEV_NULL    2
#define DEV_ZERO    3
#define DEV_RANDOM  4
#define DEV_FAULTS  5 /* kernel/faultlog.h */

#endif
