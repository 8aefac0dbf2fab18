// in kernel/vm/mmap.c
/* What the call does, and what it refuses, mmap.h says. */
int64 space_mmap(struct space *s, const struct mapping *m)
{
    (void)s;
    (void)m;
    return -ENOSYS;
}

/* What the call does, and what it refuses, mmap.h says. */
int space_munmap(struct space *s, uint64 start, uint64 n)
{
    (void)s;
    (void)start;
    (void)n;
    return -ENOSYS;
}

// in kernel/vm/promise.c
/*
 * Takes all that is promised in start .. end out of the space, of whatever kind, holes or not: of
 * an area that reaches beyond the range, the rest stays as it was.  The numbers are page-aligned
 * and in the user half.  -ENOMEM: an area had to become two and there is no memory for that, and
 * nothing has changed.  It takes s->lock, which who calls it does not hold.
 */
int space_unmap(struct space *s, uint64 start, uint64 end)
{
    (void)s;
    (void)start;
    (void)end;
    return -ENOMEM;
}

// in kernel/vm/fault.c
/*
 * How much of the page of va the store of the area provides.  Nothing if there is no store, or if
 * its end lies before the page; a part if the bytes of the area end in the page (area.h).
 */
static inline enum fault_part part_of_store(const struct area *a, uint64 va)
{
    (void)a;
    (void)va;
    return PART_NONE;
}

/*
 * What only the store of f->area can do: for a page that is not mapped, to give its frame; for
 * KIND_DIRTY, where a frame is mapped, to be told that it will be written.  A private write is none
 * of the store's business (store.h says what `write` means).
 *
 * With FAULT_OK a frame that was given is f->frame, and f->fetched says that its reference is ours.
 * Without it there is no such reference.  f->dirtied tells a write that the store will have to
 * take to the disk.  A fault that waited for the disk is counted: VM_STAT(reads).
 *
 * The store may be shorter than when find() asked: then the kind is KIND_EOF after all, and the
 * result FAULT_EOF; -EIO is FAULT_IO, -ENOMEM is FAULT_NOMEM.
 */
static inline enum fault_result fetch_from_store(struct fault *f)
{
    (void)f;
    return FAULT_IO;
}

/*
 * `page` is a copy of what the store has of the page of va.  The area's bytes may end before the
 * page does: what lies behind them is zero for the process, whatever the file has there.
 */
static void __attribute__((noinline)) clear_tail(const struct area *a, uint64 va, uint8 *page)
{
    (void)a;
    (void)va;
    (void)page;
}

/*
 * Called after a FILE fault that only read: `slot` is the entry of va, and now maps its page.  Maps
 * those other pages of the aligned window of AROUND_PAGES pages around va that belong to the area
 * from end to end, and that the store has in memory; for nothing else does it wait or fail.  They
 * are counted: VM_STAT(around).  An aligned window lies in one page table.
 */
static void __attribute__((noinline))
map_around(struct space *s, const struct area *a, const pte_t *slot, uint64 va)
{
    (void)s;
    (void)a;
    (void)slot;
    (void)va;
}

// in kernel/proc/image.c
/*
 * Makes l->start .. l->end what the program header says: l->bytes of the file from l->offset on,
 * then zeros; private, with the rights l->prot; text (AREA_TEXT) if it may be executed, else data.
 *
 * Here it is read as a whole, to frames that are charged.
 */
static int map_segment(struct space *s, struct inode *file, const struct elf_load *l)
{
    enum area_kind kind = l->prot & AREA_X ? AREA_TEXT : AREA_DATA;
    int r = space_map(s, l->start, l->end, AREA_R | AREA_W, kind);
    int64 got = 1;

    for (uint64 done = 0; r == 0 && got > 0 && done < l->bytes; done += (uint64)got) {
        struct pin pin;
        int64 n = user_pin(s, l->start + done, l->bytes - done, PIN_WRITE, &pin);
        if (n < 0)
            return -ENOMEM;
        got = inode_read(file, &pin.iov, l->offset + done);
        user_unpin(&pin);
        r = got < 0 ? (int)got : 0;
    }
    return r < 0 ? r : space_mprotect(s, l->start, l->end - l->start, l->prot);
}
