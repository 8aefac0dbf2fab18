/*
 * System calls of memory that a program arranges itself.  Here is what they may be asked for and
 * how it reaches the program; kernel/vm/mmap.h says what they do.
 *
 * A program needs a readable descriptor for any mapping of a file, since a page that may be written
 * may be read; and a writable one for a shared mapping that may be written, now or by mprotect().
 * The descriptor may be closed at once: the mapping holds the file by itself.
 *
 * Only the process itself changes its space, so what one call of vm finds the next one still finds.
 */
#include "kernel/errno.h"
#include "kernel/fs/fs.h"
#include "kernel/mman.h"
#include "kernel/param.h"
#include "kernel/proc/fd.h"
#include "kernel/proc/proc.h"
#include "kernel/trap/syscall.h"
#include "kernel/vm/mmap.h"
#include "kernel/vm/usercopy.h"

_Static_assert(PROT_READ == AREA_R && PROT_WRITE == AREA_W && PROT_EXEC == AREA_X,
               "what programs ask for are the rights of areas");

#define ALL_PROT  (PROT_READ | PROT_WRITE | PROT_EXEC)
#define ALL_FLAGS (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS)

static struct space *own_space(void)
{
    return proc_self()->space;
}

/* --- mmap ------------------------------------------------------------------------------------- */

/* What is mapped of the file behind fd. */
static int choose_file(struct mapping *m, int fd)
{
    struct file *f = fd_get(fd);
    if (!f)
        return -EBADF;
    int r = file_store(f, &m->store);
    if (r < 0)
        return r;
    if (!file_allows(f, false))
        return -EACCES;
    m->may_write = file_allows(f, true);
    return m->offset < MAXFILE * BSIZE ? 0 : -EINVAL;
}

int64 sys_mmap(const uint64 arg[6])
{
    int prot = (int)arg[2], flags = (int)arg[3], kind = flags & (MAP_SHARED | MAP_PRIVATE);
    struct mapping m = {.addr = arg[0],
                        .bytes = arg[1],
                        .prot = prot,
                        .fixed = flags & MAP_FIXED,
                        .shared = kind == MAP_SHARED,
                        .may_write = true,
                        .offset = arg[5]};

    if (prot & ~ALL_PROT || flags & ~ALL_FLAGS || (kind != MAP_SHARED && kind != MAP_PRIVATE))
        return -EINVAL;
    if (m.offset & (PGSIZE - 1))
        return -EINVAL;
    int r = 0;
    if (flags & MAP_ANONYMOUS)
        m.offset = 0;
    else
        r = choose_file(&m, (int)arg[4]);
    return r < 0 ? r : space_mmap(own_space(), &m);
}

/* --- What is mapped --------------------------------------------------------------------------- */

int64 sys_munmap(const uint64 arg[6])
{
    return space_munmap(own_space(), arg[0], arg[1]);
}

int64 sys_mprotect(const uint64 arg[6])
{
    int prot = (int)arg[2];
    return prot & ~ALL_PROT ? -EINVAL : space_mprotect(own_space(), arg[0], arg[1], prot);
}

int64 sys_msync(const uint64 arg[6])
{
    int flags = (int)arg[2];
    if (flags == MS_ASYNC)
        return space_promises(own_space(), arg[0], arg[1]);
    return flags == MS_SYNC ? space_msync(own_space(), arg[0], arg[1]) : -EINVAL;
}

int64 sys_madvise(const uint64 arg[6])
{
    int advice = (int)arg[2];
    if (advice == MADV_NORMAL)
        return space_promises(own_space(), arg[0], arg[1]);
    return advice == MADV_DONTNEED ? space_forget(own_space(), arg[0], arg[1]) : -EINVAL;
}

/* --- What of it is there, and in use ---------------------------------------------------------- */

#define PIECE 256 /* pages told at a time */

int64 sys_mincore(const uint64 arg[6])
{
    struct proc *p = proc_self();
    uint64 start = arg[0], vec = arg[2];
    int r = space_promises(p->space, start, arg[1]);
    if (r < 0)
        return r;
    for (uint64 n = PGROUNDUP(arg[1]) >> PGSHIFT, done = 0; r == 0 && done < n;) {
        uchar in[PIECE];
        uint most = n - done < PIECE ? (uint)(n - done) : PIECE;
        uint got = space_mincore(p->space, start + done * PGSIZE, most, in);
        r = got < most ? -ENOMEM : copyout(p->space, vec + done, in, got);
        done += got;
        if (r == 0 && proc_killed(p))
            r = -EINTR;
    }
    return r;
}

/*
 * The bits go to whole 32-bit words, since programs written for xv6 expect an unsigned int.  They
 * are pinned before anything is cleared, so that no answer is lost.
 */
int64 sys_pgaccess(const uint64 arg[6])
{
    uint8 bits[PGACCESS_MAX / 8] = {0};
    struct space *s = own_space();
    struct pin pin;
    int n = (int)arg[1];
    if (n < 0 || n > PGACCESS_MAX)
        return -EINVAL;
    uint64 bytes = ((uint64)n + 31) / 32 * 4;
    if (user_pin(s, arg[2], bytes, PIN_WRITE, &pin) != (int64)bytes) {
        user_unpin(&pin);
        return -EFAULT;
    }
    int r = space_pgaccess(s, PGROUNDDOWN(arg[0]), (uint)n, bits);
    if (r == 0)
        iov_write(&pin.iov, 0, bits, bytes);
    user_unpin(&pin);
    return r;
}
