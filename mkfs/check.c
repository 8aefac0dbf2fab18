/*
 * The checker of a file system image: its entry point, its findings, the superblock.
 *
 * An image passes through three stages that each trust only what the one before proved:
 * checkjournal.c makes the view of the disk after replay, checkmap.c finds the owner of every
 * block and chains the data blocks of each file, checktree.c reads directories along these chains.
 * A block enters at most one chain, so nothing is read twice and no damage makes a stage run on.
 *
 * One struct checker belongs to one call; there is no global state and so no lock.
 */
#include "mkfs/checker.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_formatted(const struct checker *c, const char *format, va_list ap)
{
    char line[256];
    if (!c->report->print)
        return;
    vsnprintf(line, sizeof(line), format, ap);
    c->report->print(c->report->arg, line);
}

static void report_line(struct checker *c, const char *format, va_list ap)
{
    if (c->lines++ < c->report->max_lines)
        print_formatted(c, format, ap);
}

void check_error(struct checker *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    c->report->errors++;
    report_line(c, format, ap);
    va_end(ap);
}

void check_note(struct checker *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    c->report->notes++;
    report_line(c, format, ap);
    va_end(ap);
}

void check_tell(struct checker *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    print_formatted(c, format, ap);
    va_end(ap);
}

const void *check_block(const struct checker *c, uint b)
{
    uint at = c->replay[b] ? c->replay[b] : b;
    return c->image + (uint64)at * BSIZE;
}

const struct dinode *check_dinode(const struct checker *c, uint inum)
{
    const struct dinode *table = check_block(c, c->sb.inodes + inum / IPB);
    return &table[inum % IPB];
}

static void compare(struct checker *c, const char *field, uint found, uint right)
{
    if (found != right)
        check_error(c, "superblock: %s is %u, not %u", field, found, right);
}

/* The three free numbers are right; says whether everything derived from them is too. */
static bool layout_agrees(struct checker *c, const struct superblock *right)
{
    uint64 before = c->report->errors;
    compare(c, "start of the journal", c->sb.journal, right->journal);
    compare(c, "start of the inode table", c->sb.inodes, right->inodes);
    compare(c, "start of the bitmap", c->sb.bitmap, right->bitmap);
    compare(c, "start of the data", c->sb.data, right->data);
    compare(c, "checksum", c->sb.checksum, layout_super_checksum(&c->sb));
    return c->report->errors == before;
}

static bool read_super(struct checker *c, uint64 size)
{
    if (size < (FS_SUPER + 1) * BSIZE) {
        check_error(c, "superblock: the image ends before it");
        return false;
    }
    memcpy(&c->sb, c->image + FS_SUPER * BSIZE, sizeof(c->sb));
    if (c->sb.magic != FS_MAGIC) {
        check_error(c, "superblock: magic is %#x, not %#x: no file system", c->sb.magic, FS_MAGIC);
        return false;
    }
    struct superblock right;
    const char *why = layout_init(&right, c->sb.nblocks, c->sb.njournal, c->sb.ninodes);
    if (why) {
        check_error(c, "superblock: %u blocks, journal of %u, %u inodes: %s", c->sb.nblocks,
                    c->sb.njournal, c->sb.ninodes, why);
        return false;
    }
    if (c->sb.nblocks > size / BSIZE) {
        check_error(c, "superblock: %u blocks, but the image has only %llu", c->sb.nblocks,
                    (unsigned long long)(size / BSIZE));
        return false;
    }
    if (size / BSIZE > c->sb.nblocks)
        check_note(c, "the image goes on for %llu blocks after the file system",
                   (unsigned long long)(size / BSIZE - c->sb.nblocks));
    return layout_agrees(c, &right);
}

static bool allocate(struct checker *c)
{
    c->replay = calloc(c->sb.nblocks, sizeof(*c->replay));
    c->next = calloc(c->sb.nblocks, sizeof(*c->next));
    c->owner = calloc(c->sb.nblocks, sizeof(*c->owner));
    c->nodes = calloc(c->sb.ninodes, sizeof(*c->nodes));
    c->queue = calloc(c->sb.ninodes, sizeof(*c->queue));
    return c->replay && c->next && c->owner && c->nodes && c->queue;
}

static void release(struct checker *c)
{
    free(c->replay);
    free(c->next);
    free(c->owner);
    free(c->nodes);
    free(c->queue);
}

int check_image(const void *image, uint64 size, struct check_report *report)
{
    struct checker c = {.image = image, .report = report};
    if (!read_super(&c, size))
        return CHECK_DAMAGED;
    report->inodes_total = c.sb.ninodes;
    report->blocks_total = c.sb.nblocks;
    c.no_memory = !allocate(&c);
    if (!c.no_memory) {
        checkjournal_read(&c);
        checkmap_inodes(&c);
        checkmap_bitmap(&c);
        checktree_search(&c);
    }
    release(&c);
    if (c.no_memory)
        return CHECK_NO_MEMORY;
    return report->errors ? CHECK_DAMAGED : CHECK_CLEAN;
}
