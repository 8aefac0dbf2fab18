#ifndef KERNEL_FCNTL_H
#define KERNEL_FCNTL_H

/* open() */
#define O_RDONLY   0x000
#define O_WRONLY   0x001
#define O_RDWR     0x002
#define O_CREATE   0x200
#define O_TRUNC    0x400
#define O_APPEND   0x800
#define O_NOFOLLOW 0x1000 /* open a symbolic link itself, not what it names */

/* mmap() */
#define PROT_NONE     0
#define PROT_READ     1
#define PROT_WRITE    2
#define PROT_EXEC     4
#define MAP_SHARED    0x01
#define MAP_PRIVATE   0x02
#define MAP_FIXED     0x10
#define MAP_ANONYMOUS 0x20

#endif
