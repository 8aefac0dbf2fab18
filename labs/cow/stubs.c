// in kernel/vm/pmap_fork.c

/*
 * Enters in the child what n entries of the parent map; `from` and `to` are the entries of the page
 * at va, and those of the pages behind it follow.  The child's are empty.  Entries of the parent
 * that are empty stay so in the child.
 *
 * A frame that the child maps, too, has a reference for that, and counts in child->resident; the
 * zero frame has neither (pmap.c).  Entries are written by put_entry() alone.  What is shared and
 * private is writable for nobody, and not dirty (D is set with W, and goes with it).  What
 * f->shared says is memory of both, which is mapped in the child as it is in the parent.  With
 * f->eager private frames are copied.
 *
 * -ENOMEM leaves a part done, of which entries, references and `resident` tell the same.
 *
 * In this kernel every fork is eager.
 */
static int fork_leaves(const struct fork *f, pte_t *from, const pte_t *to, uint64 va, uint64 n)
{
    int r = 0;

    for (uint64 i = 0; r == 0 && i < n; i++)
        if (from[i])
            r = copy_leaf(f, from[i], &to[i], va + i * PGSIZE);
    return r;
}

// in kernel/vm/space.c

/*
 * Maps in the child what the parent has, area by area (pmap_fork(), whose contract tells what the
 * caller has to do), and counts in the parent's statistics the child's tables, and the child's
 * resident frames as `frames_copied` or as `frames_shared`.  After a failure the child holds a
 * part, which space_fork() has taken apart.
 */
static int copy_pages(struct space *child, struct space *parent, bool eager)
{
    int r = 0;
    for (struct area *a = area_first(&parent->areas); a && r == 0; a = area_next(a))
        r = pmap_fork(parent, child, a, eager);
    vm_count(parent, VM_STAT(tables), child->tables);
    vm_count(parent, VM_STAT(frames_copied), child->resident);
    return r;
}

// in kernel/vm/fault.c

/*
 * The frame that this entry maps is held by nobody else, so that who maps it may write to it: not
 * by another space, a pin or the cache.  A frame of a store is never ours, also when the store has
 * let go of it (docs/fault.md), and the zero frame is nobody's.
 */
static bool is_alone(pte_t pte)
{
    (void)pte;
    return false;
}

/*
 * The frame that a write needs, with the bytes of the one fetched, in f->frame: one that is
 * allocated here has a reference, which map() gives to the entry, and f->owned is set.  The frame
 * that was fetched loses the reference that we have to it (f->fetched); that of an entry which
 * still maps it is not ours to give back.
 *
 * In an area that is not charged as a whole, the page is charged when it gets its first private
 * frame, and only then.  FAULT_NOMEM changes nothing: f->frame is what it was, nothing is charged.
 * Counted in the statistics: frames_zeroed, frames_copied.
 *
 * In this kernel no private frame has two owners, so one that is mapped already is kept.
 */
static enum fault_result own(struct fault *f)
{
    struct frame *from = f->frame;
    bool zero = from == pmap_zero;

    if (!needs_own(f))
        return FAULT_OK;
    if (!zero && from->state == FRAME_ANON) {
        frame_get(from); /* map() gives one back for the entry that it replaces */
        f->owned = true;
        return FAULT_OK;
    }
    bool charge = !f->area->charged;
    if (charge && space_charge(f->s, 1) < 0)
        return FAULT_NOMEM;
    f->frame = frame_alloc(FRAME_ANON, space_frame_flags(f->s));
    if (f->frame == NULL && charge)
        space_uncharge(f->s, 1);
    if (f->frame == NULL) {
        f->frame = from;
        return FAULT_NOMEM;
    }
    if (zero) {
        vm_count(f->s, VM_STAT(frames_zeroed), 1);
        page_clear(frame_virt(f->frame));
    } else {
        vm_count(f->s, VM_STAT(frames_copied), 1);
        page_copy(frame_virt(f->frame), frame_virt(from));
        if (f->fetched) {
            clear_tail(f->area, f->va, frame_virt(f->frame));
            frame_put(from);
        }
    }
    f->owned = true;
    return FAULT_OK;
}

// in kernel/vm/fault.h

/*
 * The row of the table in docs/fault.md for an access; its rows are tried from the top.  Pure.
 *   area   what holds the address, or the stack area if `grows`, or NULL
 *   grows  no area holds the address, but the stack may grow to it
 *   pte    the entry of the page, 0 = empty
 *   part   what the area's store has of the page; counts only if pte is empty
 *   alone  the frame in pte is private and nobody else holds a reference to it
 *
 * In this kernel there is no row REUSE.
 */
static inline enum fault_kind fault_classify(const struct area *area, bool grows, pte_t pte,
                                             enum fault_part part, bool alone,
                                             enum fault_access access)
{
    (void)alone;
    if (area == NULL)
        return KIND_BAD;
    if (!fault_allows(area, access))
        return KIND_PROT;
    if (grows)
        return KIND_STACK;
    if (pte == 0)
        return fault_classify_empty(area, part, fault_is_write(access));
    if (!fault_is_write(access) || fault_permits(pte, access))
        return KIND_SPURIOUS;
    return area->shared ? KIND_DIRTY : KIND_COW;
}

// also kernel/vm/usercopy.c
