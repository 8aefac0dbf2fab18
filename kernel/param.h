#ifndef KERNEL_PARAM_H
#define KERNEL_PARAM_H

/* Limits of the system.  Tables grow on demand up to these; reaching one is an error return. */

#define NPROC       1024   /* live processes */
#define NCPU        8      /* harts */
#define NOFILE      64     /* open files of one process; must not exceed the bits of a uint64 */
#define NFILE       2048   /* open files of the system */
#define NINODE      1024   /* inodes in memory that somebody uses */
#define NDEV        16     /* device majors */
#define ROOTDEV     1      /* device number that stat() reports for the root file system */
#define MAXARG      32     /* arguments of exec */
#define MAXPATH     128    /* bytes of a path, its NUL included */
#define MAXSYMLINK  10     /* symbolic links followed in one look-up */
#define USERSTACK   64     /* pages that a user stack may grow to */
#define FSSIZE      200000 /* blocks of the image that mkfs makes by default */
#define LOGSIZE     2048   /* blocks of its journal */
#define MAXOPBLOCKS 24     /* blocks that one file-system operation may dirty */
#define NBUF        256    /* pages that the file cache may have however little memory is free */

#define TICK_HZ     10 /* ticks a second, as uptime() and pause() count them */

#endif
