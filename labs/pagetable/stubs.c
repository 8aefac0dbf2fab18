// in kernel/vm/look.c

/*
 * Makes the walk that the hardware makes for l->va, and copies what it meets: l->pte[level] is the
 * entry of that level, from 2 downwards, and l->lowest the level of the last one.  The walk ends
 * at level 0 or at the first entry that is empty; no entry below that one is looked at, and its
 * element of l->pte stays 0.  Addresses from MAXVA on belong to no user: nothing is looked at,
 * l->lowest is 3.
 */
static void walk(const struct space *s, struct look *l)
{
    (void)s;
    l->lowest = 3;
}

// in kernel/trap/explain.c

/*
 * One line of the walk: the level, the index into the table, the entry as 16 hexadecimal digits,
 * and what it means.  Only the line of level 2 begins with the word "walk".
 *
 *     walk     level 2 entry   0: 0x0000000020fa9401 V------- table 0x83ea5000
 *              level 1 entry   0: 0x0000000020fa9801 V------- table 0x83ea6000
 *              level 0 entry   5: 0x0000000000000000 empty
 *
 * The flags are the lowest eight bits from V on, VRWXUGAD, each its letter or `-`.  The address is
 * physical: that of the table which an entry of levels 2 and 1 leads to, of the page in level 0.
 */
static void add_entry(struct text *t, const struct look *l, int level)
{
    add(t, "    %-8s level %d\n", level == 2 ? "walk" : "", level);
    (void)l;
}

// in kernel/vm/view.c

/*
 * The first entry of *va .. end, upwards, that maps something, *va becoming its address; NULL:
 * there is none.  *va is page-aligned when it comes, and so it is when it goes.  An entry of any
 * level that is empty is one step, so that the whole user half costs no more than the tables that
 * there are. An entry that is not empty maps something, valid or not (pmap_protect() tells why).
 */
static const pte_t *next_mapped(const struct space *s, uint64 *va, uint64 end)
{
    (void)s, (void)va, (void)end;
    return NULL;
}

/*
 * What pagemap() says of a page by its entry, which maps something: kernel/vmview.h tells what
 * each field means, for the zero frame too.  `rights` are those of the entry, not of the area.  A
 * frame of state FRAME_CACHE is PAGE_FILE, however many hold it.  Others change counts and states
 * meanwhile: refs is what holders() tells, read once; state is read with load_relaxed().
 */
static struct pageinfo mapped_page(pte_t pte)
{
    (void)pte;
    return (struct pageinfo){.state = PAGE_PRIVATE};
}

/*
 * The page at va, or the run of pages from there on that are not there: up to the next page that is
 * mapped, the end of the area (PAGE_ABSENT), or the start of the next area or USER_END (PAGE_NONE).
 * One area and the one behind it are two runs, even without a gap.  va is below USER_END.
 */
static struct pageinfo page_at(const struct space *s, uint64 va)
{
    uint64 at = va;
    const pte_t *slot = next_mapped(s, &at, va + PGSIZE);

    if (slot)
        return mapped_page(*slot);
    return (struct pageinfo){.state = PAGE_NONE, .run = (USER_END - va) >> PGSHIFT};
}

/*
 * Counts what is mapped in the area that *to describes already, to->start .. to->end, into
 * to->resident, to->shared and to->zero: kernel/vmview.h.  All three are 0 when it is called.
 */
static void count_pages(const struct space *s, struct areainfo *to)
{
    (void)s, (void)to;
}

// in kernel/vm/pmap.c

/*
 * See pmap.h.  An entry is written by put_entry(), as everywhere in this file: the ledger is told
 * of each change.  (No test shows it here, for the ledger keeps no book of A.)  Other harts may run
 * in the same space, and every hart keeps translations: when this returns none may go on using one
 * that it loaded while A was set (tlb.h), or the next use sets no bit.
 */
void pmap_take_accessed(struct space *s, uint64 start, uint n, uint8 bits[])
{
    (void)s, (void)start, (void)n, (void)bits;
}

// in kernel/trap/mistake.c

/*
 * A row of docs/fault.md: less than a page above 0 or, as a negative number, below it, so -4095 to
 * 4095.  "null pointer", "null pointer + 8", "null pointer - 8" for a read or a write; for a fetch
 * always "jump through a null pointer".
 */
static bool null_pointer(const struct crash *c, const struct words *w)
{
    (void)c, (void)w;
    return false;
}

/*
 * A row of docs/fault.md: at or above USER_END.  "kernel address" is one in the half that the
 * kernel has, and what Sv39 forbids altogether is "beyond the user half" like the rest.
 */
static bool beyond_user(const struct crash *c, const struct words *w)
{
    (void)c, (void)w;
    return false;
}

/*
 * A row of docs/fault.md: the result is FAULT_PROT.  A jump names the kind of the area, "jump into
 * the KIND: not executable"; so does a read, "read from the KIND, which may not be read"; a write
 * to the text is "write to program text (it is read-only)", to the data "write to constant data
 * (it is read-only)", elsewhere "write to KIND (it is read-only)".  Where there is no area the
 * stack would have grown, but not for this access: the kind is that of the stack.
 */
static bool forbidden(const struct crash *c, const struct words *w)
{
    (void)c, (void)w;
    return false;
}

/*
 * A row of docs/fault.md, in its order: in the guard page; in the stack's room, as the stack
 * pointer is, but below that; above the top of the stack by less than NEAR, while there is no heap
 * (its break is its start).  The byte at the top is beyond it by 1.
 */
static bool around_stack(const struct crash *c, const struct words *w)
{
    (void)c, (void)w;
    return false;
}

/*
 * A row of docs/fault.md: above the break by less than NEAR.  The byte at the break is beyond it
 * by 1.  Where there is no heap the break is the top of the stack, and around_stack() has answered.
 */
static bool beyond_break(const struct crash *c, const struct words *w)
{
    (void)c, (void)w;
    return false;
}
