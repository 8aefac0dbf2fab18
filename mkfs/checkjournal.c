/*
 * The journal of an image: is it sound, and does it hold a transaction that a mount would replay?
 *
 * Replay is a table from home block to journal block; check_block() looks through it, so all later
 * stages see the disk as the kernel will leave it, and the image stays as it is.  A half that is
 * not valid is no damage if the other is: the machine stopped while it was written.  If that had
 * come as far as its header, the other half has nothing that is not home.
 */
#include "mkfs/checker.h"
#include <stddef.h>

struct half {
    const struct journal_header *header;
    const uint *home;
    uint64 images; /* block number of the first one */
    bool whole;    /* the header */
    bool valid;
};

static const void *raw_block(const struct checker *c, uint64 b)
{
    return c->image + b * BSIZE;
}

/* Not valid is what a write that was cut off can leave; what none can leave is damage. */
static struct half read_half(struct checker *c, uint which)
{
    uint64 start = c->sb.journal + (uint64)which * (c->sb.njournal / 2);
    const struct journal_header *h = raw_block(c, start);
    struct half half = {.header = h, .home = (const uint *)(h + 1)};
    if (h->magic != JOURNAL_MAGIC || h->selfcheck != layout_journal_selfcheck(h) ||
        (h->seq & 1) != which)
        return half;
    half.whole = true;
    uint64 list = layout_list_blocks(h->count);
    if (list + h->count > c->sb.njournal / 2) {
        check_error(c, "journal: %u images cannot stand in half of %u blocks", h->count,
                    c->sb.njournal);
        return half;
    }
    uint sum = fs_checksum(FS_CHECKSUM_SEED, half.home, (uint64)h->count * sizeof(uint));
    half.images = start + list;
    half.valid = sum == h->checksum;
    return half;
}

static void replay_one(struct checker *c, uint b, uint64 image)
{
    if (b < c->sb.inodes || b >= c->sb.nblocks)
        check_error(c, "journal: an image belongs to block %u, which no operation writes", b);
    else if (c->replay[b])
        check_error(c, "journal: two images belong to block %u", b);
    else
        c->replay[b] = (uint)image;
}

static void replay(struct checker *c, const struct half *half)
{
    uint count = half->header->count;
    if (!count)
        return;
    check_note(c, "journal: transaction %u is committed; checked as after its replay (%u blocks)",
               half->header->seq, count);
    for (uint i = 0; i < count; i++)
        replay_one(c, half->home[i], half->images + i);
    c->report->replayed = count;
}

void checkjournal_read(struct checker *c)
{
    struct half half[2] = {read_half(c, 0), read_half(c, 1)};
    if (!half[0].valid && !half[1].valid) {
        check_error(c, "journal: no half has a valid header");
        return;
    }
    bool newest = half[1].valid;
    if (half[0].valid && half[1].valid)
        newest = (int)(half[1].header->seq - half[0].header->seq) > 0;
    else
        check_note(c, "journal: the half of transaction %u was being written",
                   half[newest].header->seq + 1);
    bool begun =
        !half[!newest].whole || (int)(half[!newest].header->seq - half[newest].header->seq) > 0;
    if (!begun)
        replay(c, &half[newest]);
}
