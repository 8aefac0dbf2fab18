// in kernel/vm/fault.h

/*
 * The row for a page that is not mapped: of docs/fault.md those whose entry is empty.  Pure.
 * Here memory without a store has one row for every access; it needs two.
 */
static inline enum fault_kind fault_classify_empty(const struct area *area, enum fault_part part,
                                                   bool write)
{
    if (area->store == NULL)
        return KIND_LAZY;
    if (part == PART_NONE)
        return KIND_EOF;
    return part == PART_SOME || (write && !area->shared) ? KIND_FILE_COW : KIND_FILE;
}

// in kernel/vm/fault.c

/*
 * The stack area if it may grow down to va, which no area holds; else NULL.  When it may is said
 * below the table of docs/fault.md; s->user is NULL while exec builds the space, and what the user
 * registers were at the last entry to the kernel is in s->user->tf.
 * Here it never may.
 */
static struct area *stack_above(const struct space *s, uint64 va)
{
    (void)s, (void)va;
    return NULL;
}

/*
 * Sets f->frame to the frame with the bytes that the page has: what is mapped, else what the store
 * has, else zeros.  For zeros that is the zero frame, of which nobody counts references.
 * Here zeros are a new frame in every page that may ever be written.
 */
static enum fault_result fetch(struct fault *f)
{
    bool zeros = f->pte == 0 && f->area->store == NULL;

    if (zeros && f->area->charged) {
        f->frame = frame_alloc(FRAME_ANON, FRAME_ZEROED | space_frame_flags(f->s));
        f->owned = f->frame != NULL;
        return f->owned ? FAULT_OK : FAULT_NOMEM;
    }
    if (zeros)
        f->frame = pmap_zero;
    else if (f->pte)
        f->frame = frame_of(PTE2PA(f->pte));
    if (f->frame == NULL || f->kind == KIND_DIRTY)
        return fetch_from_store(f);
    return FAULT_OK;
}

/* The row gives the page a frame of its own, in place of the one that was fetched. */
static bool needs_own(const struct fault *f)
{
    return f->kind == KIND_FILE_COW || f->kind == KIND_COW;
}

/*
 * If the row needs it, puts a frame of the page's own in f->frame, with the bytes of the one that
 * was fetched, and sets f->owned; a reference to the fetched one, if we have it (f->fetched), goes.
 * The frame is counted as zeroed or as copied.  In an area that is not charged as a whole, a page
 * is charged when it gets its first private frame; a copy of a private frame costs no more.
 * FAULT_NOMEM changes nothing, neither f->frame nor what is charged.
 * Here every frame is a copy.
 */
static enum fault_result own(struct fault *f)
{
    struct frame *from = f->frame;

    if (!needs_own(f))
        return FAULT_OK;
    bool charge = !f->area->charged && from->state != FRAME_ANON;
    if (charge && space_charge(f->s, 1) < 0)
        return FAULT_NOMEM;
    f->frame = frame_alloc(FRAME_ANON, space_frame_flags(f->s));
    if (f->frame == NULL && charge)
        space_uncharge(f->s, 1);
    if (f->frame == NULL) {
        f->frame = from;
        return FAULT_NOMEM;
    }
    page_copy(frame_virt(f->frame), frame_virt(from));
    vm_count(f->s, VM_STAT(frames_copied), 1);
    f->owned = true;
    if (f->fetched) {
        clear_tail(f->area, f->va, frame_virt(f->frame));
        frame_put(from);
    }
    return FAULT_OK;
}

// in kernel/vm/heap.c

/*
 * Contract in vm/space.h.  Here the stack is there as a whole from the start: all of its room is
 * promised, and every page of it gets its frame.
 */
int space_set_stack(struct space *s, uint64 end)
{
    uint64 guard = PGROUNDUP(end);
    uint64 low = guard + PGSIZE, top = low + USERSTACK * PGSIZE;
    struct area like = {.prot = AREA_R | AREA_W, .kind = AREA_STACK, .charged = true};
    int r = -EINVAL;

    if (end > USER_END || top > USER_END)
        return -EINVAL;
    mutex_lock(&s->lock);
    if (s->stack_top == 0 && area_overlap(&s->areas, guard, top) == NULL)
        r = promise_make(s, low, top, &like);
    if (r == 0) {
        s->stack_low = low;
        s->stack_top = top;
        s->heap = s->brk = top;
    }
    space_unlock(s);
    for (uint64 va = low; r == 0 && va < top; va += PGSIZE)
        if (vm_fault(s, va, ACCESS_WRITE) != FAULT_OK)
            r = -ENOMEM; /* the caller gives up the space */
    return r;
}

/* Contract in vm/space.h.  Here a stack never grows: nobody calls this. */
struct area *space_grow_stack(struct space *s, struct area *stack, uint64 va)
{
    (void)s, (void)stack, (void)va;
    return NULL;
}

/*
 * Contract in vm/space.h; a page belongs to the call that first reached it.
 * Here every page of the heap gets its frame at once, whatever the mode; if one cannot be had, all
 * that the call took goes back.  A shrink takes away whatever lies there, also what the program
 * has mapped itself where it had unmapped the heap.
 */
int64 space_sbrk(struct space *s, int64 n, int mode)
{
    struct area like = {.prot = AREA_R | AREA_W, .kind = AREA_HEAP, .charged = true};
    uint64 old = s->brk, now = old + (uint64)n, first = PGROUNDUP(old), end = PGROUNDUP(now);
    int r = 0;

    (void)mode;
    if (n < 0 && now < s->heap)
        return -EINVAL;
    if (n > 0 && (uint64)n > USER_END - old)
        return -ENOMEM;
    if (end < first)
        r = space_unmap(s, end, first);
    if (first < end)
        r = space_map_like(s, first, end, &like);
    for (uint64 va = first; r == 0 && va < end; va += PGSIZE)
        if (vm_fault(s, va, ACCESS_WRITE) != FAULT_OK) {
            space_unmap(s, first, end);
            r = -ENOMEM;
        }
    if (r == 0)
        s->brk = now;
    return r == 0 ? (int64)old : -ENOMEM;
}
