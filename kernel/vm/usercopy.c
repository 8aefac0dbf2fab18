/*
 * The one gate to user memory: find the page's entry, fault it in if it does not permit what is
 * wanted, then touch the frame through the direct map.  Permission is always that of the user: an
 * entry that permits was granted by an area that allows.
 *
 * Lock: s->lock is held from the look at the entry until the bytes are copied or the frame has a
 * reference, so no one can take the page away in between.  The kernel's side of a copy is never
 * pageable, so a copy under the lock does not fault.
 */
#include "kernel/vm/usercopy.h"
#include "kernel/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/vm/fault.h"
#include "kernel/vm/mode.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/reclaim.h"
#include "kernel/vm/store.h"

static pte_t __attribute__((noinline))
fault_in(struct space *s, uint64 va, enum fault_access access)
{
    enum fault_result r = fault_resolve(s, va, access);
    if (r == FAULT_NOMEM)
        r = fault_hungry(s, va, access);
    return r == FAULT_OK ? *pmap_find(s, va) : 0;
}

/*
 * The entry of va's page, which permits `access` now; 0 if the user may not.  Lock held, but not
 * all the time: if memory is short it is given up and taken again.
 */
static inline pte_t reach(struct space *s, uint64 va, enum fault_access access)
{
    const pte_t *slot = pmap_find(s, va);

    ledger_check(s, "user copy");
    if (slot && fault_is_ready(*slot, access) && !mode_again())
        return *slot;
    return fault_in(s, va, access);
}

/* The byte at va, whose page has this entry, as the kernel sees it. */
static inline uint8 *byte_at(pte_t pte, uint64 va)
{
    return (uint8 *)virt(PTE2PA(pte)) + (va & (PGSIZE - 1));
}

/* Bytes from va to the end of its page, at most n. */
static uint64 within_page(uint64 va, uint64 n)
{
    uint64 left = PGSIZE - (va & (PGSIZE - 1));
    return left < n ? left : n;
}

int copyin(struct space *s, void *dst, uint64 uva, uint64 n)
{
    uint8 *to = dst;
    int r = 0;

    mutex_lock(&s->lock);
    while (n > 0) {
        uint64 m = within_page(uva, n);
        pte_t pte = reach(s, uva, ACCESS_READ);
        if (pte == 0) {
            r = -EFAULT;
            break;
        }
        memcpy(to, byte_at(pte, uva), m);
        to += m;
        uva += m;
        n -= m;
    }
    space_unlock(s);
    return r;
}

int copyout(struct space *s, uint64 uva, const void *src, uint64 n)
{
    const uint8 *from = src;
    int r = 0;

    mutex_lock(&s->lock);
    while (n > 0) {
        uint64 m = within_page(uva, n);
        pte_t pte = reach(s, uva, ACCESS_WRITE);
        if (pte == 0) {
            r = -EFAULT;
            break;
        }
        memcpy(byte_at(pte, uva), from, m);
        from += m;
        uva += m;
        n -= m;
    }
    space_unlock(s);
    return r;
}

/* Copies up to m bytes, up to and including a NUL; returns bytes before the NUL, m if none. */
static uint64 copy_until_nul(char *dst, const uint8 *src, uint64 m)
{
    uint64 i = 0;
    while (i < m && (dst[i] = (char)src[i]) != '\0')
        i++;
    return i;
}

int copyinstr(struct space *s, char *dst, uint64 uva, uint64 max)
{
    uint64 done = 0;
    int r = -ENAMETOOLONG;

    mutex_lock(&s->lock);
    while (done < max) {
        uint64 m = within_page(uva + done, max - done);
        pte_t pte = reach(s, uva + done, ACCESS_READ);
        if (pte == 0) {
            r = -EFAULT;
            break;
        }
        uint64 n = copy_until_nul(dst + done, byte_at(pte, uva + done), m);
        done += n;
        if (n < m) {
            r = (int)done;
            break;
        }
    }
    space_unlock(s);
    return r;
}

/* DEBUG builds know which references are pins. */
static inline void count_pin(struct frame *f, int n)
{
#ifdef DEBUG
    atomic_add(&f->pins, (uint)n);
#else
    (void)f;
    (void)n;
#endif
}

int64 user_pin(struct space *s, uint64 uva, uint64 n, enum pin_access access, struct pin *p)
{
    uint64 done = 0;
    int i = 0;

    p->space = access == PIN_WRITE ? s : NULL;
    p->va = uva;
    mutex_lock(&s->lock);
    for (uint64 len; done < n && i < IOV_PIECES; done += len, i++) {
        uint64 va = uva + done;
        pte_t pte = reach(s, va, (enum fault_access)access);
        if (pte == 0)
            break;
        len = within_page(va, n - done);
        p->iov.piece[i].at = byte_at(pte, va);
        p->iov.piece[i].len = len;
        p->frame[i] = frame_of(PTE2PA(pte));
        frame_get(p->frame[i]);
        count_pin(p->frame[i], 1);
    }
    space_unlock(s);
    p->iov.n = i;
    p->iov.total = done;
    return done == 0 && n > 0 ? -EFAULT : (int64)done;
}

/*
 * The frame was pinned, and its page dirty, but it may have been written back since, before these
 * bytes came: no entry stood in their way.  The process has not changed its areas meanwhile.
 */
static void __attribute__((noinline)) tell_store(struct space *s, uint64 va)
{
    mutex_lock(&s->lock);
    const struct area *a = area_find(&s->areas, va);
    if (a && a->store && a->shared)
        a->store->ops->dirty(a->store, area_index(a, va));
    space_unlock(s);
    reclaim_throttle();
}

void user_unpin(struct pin *p)
{
    while (p->iov.n > 0) {
        struct frame *f = p->frame[--p->iov.n];
        if (p->space && f->state == FRAME_CACHE)
            tell_store(p->space, p->va + (uint64)p->iov.n * PGSIZE);
        whole_begin();
        count_pin(f, -1);
        frame_put(f);
        whole_end();
    }
}
