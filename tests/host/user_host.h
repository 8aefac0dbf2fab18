#ifndef TESTS_HOST_USER_HOST_H
#define TESTS_HOST_USER_HOST_H

/*
 * For tests of user/lib and user/sh, which define or declare functions with the names of the
 * host's library.  A test includes this first, then the .c files that it tests: in these and in
 * the rest of the test the names below mean ours.  What the test needs of the host's functions of
 * these names it takes from here, where they begin with host_.
 */

#include "tests/host/unit.h"

static void *(*const host_malloc)(size_t) = malloc;
static void (*const host_free)(void *) = free;
static void *(*const host_memcpy)(void *, const void *, size_t) = memcpy;
static void *(*const host_memmove)(void *, const void *, size_t) = memmove;
static void *(*const host_memset)(void *, int, size_t) = memset;
static int (*const host_memcmp)(const void *, const void *, size_t) = memcmp;
static size_t (*const host_strlen)(const char *) = strlen;
static int (*const host_strcmp)(const char *, const char *) = strcmp;
static int (*const host_strncmp)(const char *, const char *, size_t) = strncmp;
static char *(*const host_strchr)(const char *, int) = strchr;
static char *(*const host_strrchr)(const char *, int) = strrchr;
static char *(*const host_strstr)(const char *, const char *) = strstr;
static int (*const host_vsnprintf)(char *, size_t, const char *, va_list) = vsnprintf;
static int (*const host_atoi)(const char *) = atoi;

/* A test need not use all of them. */
#define HOST_UNUSED(f) ((void)(f))
static inline void host_names(void)
{
    HOST_UNUSED(host_malloc), HOST_UNUSED(host_free), HOST_UNUSED(host_memcpy);
    HOST_UNUSED(host_memmove), HOST_UNUSED(host_memset), HOST_UNUSED(host_memcmp);
    HOST_UNUSED(host_strlen), HOST_UNUSED(host_strcmp), HOST_UNUSED(host_strncmp);
    HOST_UNUSED(host_strchr), HOST_UNUSED(host_strrchr), HOST_UNUSED(host_strstr);
    HOST_UNUSED(host_vsnprintf), HOST_UNUSED(host_atoi);
}

#define fork      user_fork
#define exit      user_exit
#define wait      user_wait
#define pipe      user_pipe
#define write     user_write
#define read      user_read
#define close     user_close
#define kill      user_kill
#define exec      user_exec
#define open      user_open
#define mknod     user_mknod
#define unlink    user_unlink
#define fstat     user_fstat
#define link      user_link
#define mkdir     user_mkdir
#define chdir     user_chdir
#define dup       user_dup
#define dup2      user_dup2
#define getpid    user_getpid
#define sbrk      user_sbrk
#define mmap      user_mmap
#define munmap    user_munmap
#define pause     user_pause
#define sleep     user_sleep
#define symlink   user_symlink
#define readlink  user_readlink
#define sync      user_sync
#define fsync     user_fsync
#define setpgid   user_setpgid
#define ioctl     user_ioctl
#define sysinfo   user_sysinfo
#define stat      user_stat
#define printf    user_printf
#define fprintf   user_fprintf
#define vprintf   user_vprintf
#define vfprintf  user_vfprintf
#define snprintf  user_snprintf
#define vsnprintf user_vsnprintf
#define gets      user_gets
#define strcpy    user_strcpy
#define strcmp    user_strcmp
#define strncmp   user_strncmp
#define strchr    user_strchr
#define strrchr   user_strrchr
#define strstr    user_strstr
#define strdup    user_strdup
#define strlcpy   user_strlcpy
#define strlen    user_strlen
#define memset    user_memset
#define memmove   user_memmove
#define memcpy    user_memcpy
#define memcmp    user_memcmp
#define atoi      user_atoi
#define malloc    user_malloc
#define free      user_free
#define calloc    user_calloc
#define realloc   user_realloc
#define strerror  user_strerror
#define perror    user_perror

#endif
