#ifndef LIB_ATOMIC_H
#define LIB_ATOMIC_H

/*
 * The orderings that the kernel uses, under short names; see the RISC-V unprivileged manual,
 * "A" extension and appendix "RVWMO".
 */
#define load_acquire(p)     __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define load_relaxed(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define store_relaxed(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define atomic_add(p, v)    __atomic_add_fetch(p, v, __ATOMIC_ACQ_REL) /* new value */
#define atomic_sub(p, v)    __atomic_sub_fetch(p, v, __ATOMIC_ACQ_REL) /* new value */
#define atomic_or(p, v)     __atomic_fetch_or(p, v, __ATOMIC_ACQ_REL)  /* old value */
#define atomic_and(p, v)    __atomic_fetch_and(p, v, __ATOMIC_ACQ_REL) /* old value */
#define atomic_swap(p, v)   __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL)
#define full_fence()        __atomic_thread_fence(__ATOMIC_SEQ_CST)

/*
 * Stores `want` if *p is `old`; true if it did.  Up to version 12, GCC takes the fence for the
 * release half from the order for a failure, which must therefore be the strongest.
 */
#define atomic_cas(p, old, want)                                                                   \
    __extension__({                                                                                \
        __typeof__(*(p)) expected_ = (old);                                                        \
        __atomic_compare_exchange_n(p, &expected_, want, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);   \
    })

#endif
