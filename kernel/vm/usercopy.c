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
#include "kernel/lib/panic.h"
#include "kernel/vm/fault.h"
#include "kernel/vm/pmap.h"

/* The byte at va as the kernel sees it, for `access`; NULL if the user may not.  Lock held. */
static uint8 *reach(struct space *s, uint64 va, enum fault_access access)
{
    const pte_t *slot = pmap_find(s, va);

    if (slot == NULL || !fault_permits(*slot, access)) {
        if (fault_resolve(s, va, access) != FAULT_OK)
            return NULL;
        slot = pmap_find(s, va);
    }
    return (uint8 *)virt(PTE2PA(*slot)) + (va & (PGSIZE - 1));
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
        const uint8 *from = reach(s, uva, ACCESS_READ);
        if (from == NULL) {
            r = -EFAULT;
            break;
        }
        memcpy(to, from, m);
        to += m;
        uva += m;
        n -= m;
    }
    mutex_unlock(&s->lock);
    return r;
}

int copyout(struct space *s, uint64 uva, const void *src, uint64 n)
{
    const uint8 *from = src;
    int r = 0;

    mutex_lock(&s->lock);
    while (n > 0) {
        uint64 m = within_page(uva, n);
        uint8 *to = reach(s, uva, ACCESS_WRITE);
        if (to == NULL) {
            r = -EFAULT;
            break;
        }
        memcpy(to, from, m);
        from += m;
        uva += m;
        n -= m;
    }
    mutex_unlock(&s->lock);
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
        const uint8 *from = reach(s, uva + done, ACCESS_READ);
        if (from == NULL) {
            r = -EFAULT;
            break;
        }
        uint64 n = copy_until_nul(dst + done, from, m);
        done += n;
        if (n < m) {
            r = (int)done;
            break;
        }
    }
    mutex_unlock(&s->lock);
    return r;
}

static enum fault_access access_of(enum pin_access access)
{
    static const enum fault_access kinds[] = {
        [PIN_READ] = ACCESS_READ,
        [PIN_WRITE] = ACCESS_WRITE,
        [PIN_LOAD] = ACCESS_LOAD,
    };
    return kinds[access];
}

int64 user_pin(struct space *s, uint64 uva, uint64 n, enum pin_access access, struct pin *p)
{
    struct iov *v = &p->iov;

    v->n = 0;
    v->total = 0;
    mutex_lock(&s->lock);
    while (v->total < n && v->n < IOV_PIECES) {
        uint64 va = uva + v->total;
        uint8 *at = reach(s, va, access_of(access));
        if (at == NULL)
            break;
        uint64 m = within_page(va, n - v->total);
        p->frame[v->n] = frame_of(phys(at));
        frame_get(p->frame[v->n]);
        v->piece[v->n].at = at;
        v->piece[v->n].len = m;
        v->n++;
        v->total += m;
    }
    mutex_unlock(&s->lock);
    return v->total == 0 && n > 0 ? -EFAULT : (int64)v->total;
}

void user_unpin(struct pin *p)
{
    for (int i = 0; i < p->iov.n; i++)
        frame_put(p->frame[i]);
    p->iov.n = 0;
}
