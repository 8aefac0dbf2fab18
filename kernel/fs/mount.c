/*
 * The file system as a whole: mounting, and what the rest of the kernel asks of all of it.
 *
 * Mounting checks the superblock, recovers the journal, reads which blocks and inodes are in use
 * and frees the orphans: inodes that were unlinked while open when the machine stopped, or whose
 * freeing was cut short.
 */
#include "kernel/fs/alloc.h"
#include "kernel/dev/disk.h"
#include "kernel/errno.h"
#include "kernel/fs/evict.h"
#include "kernel/fs/dirindex.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "kernel/fs/names.h"
#include "kernel/fs/super.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/param.h"

struct superblock super_block;

/* The parts lie side by side, in the order of fs.h. */
static bool parts_fit(const struct superblock *sb)
{
    uint64 inodes = (uint64)sb->journal + sb->njournal;
    uint64 bitmap = inodes + (sb->ninodes + IPB - 1) / IPB;
    uint64 data = bitmap + ((uint64)sb->nblocks + BPB - 1) / BPB;
    return sb->journal == FS_SUPER + 1 && sb->njournal / 2 > MAXOPBLOCKS && sb->inodes == inodes &&
           sb->ninodes > ROOTINO && sb->ninodes <= 65536 && sb->bitmap == bitmap &&
           sb->data == data && data < sb->nblocks;
}

static const char *check_super(const struct superblock *sb)
{
    if (sb->magic != FS_MAGIC)
        return "the disk has no Faultline file system (bad magic number)";
    if (sb->checksum != fs_checksum(FS_CHECKSUM_SEED, sb, offsetof(struct superblock, checksum)))
        return "the superblock is damaged (bad checksum)";
    if (!parts_fit(sb))
        return "the superblock is damaged (impossible layout)";
    if (sb->nblocks > FS_BLOCKS_MAX)
        return "the file system is larger than 32 GiB";
    if (sb->nblocks > disk_blocks())
        return "the file system is larger than the disk";
    return NULL;
}

/* Straight from the disk: the cache is not to be used before the journal was recovered. */
static const char *read_super(void)
{
    struct frame *f = frame_alloc(FRAME_WIRED, 0);
    if (!f)
        return "too little memory to mount the file system";
    struct disk_request r = {.op = DISK_READ, .block = FS_SUPER, .npieces = 1};
    r.piece[0].at = frame_pa(f);
    r.piece[0].len = BSIZE;
    int bad = disk_blocks() > FS_SUPER ? disk_wait(&r) : -EIO;
    memcpy(&super_block, frame_virt(f), sizeof(super_block));
    frame_put(f);
    return bad ? "the superblock cannot be read" : check_super(&super_block);
}

/* Marks the inodes of one block of the table that are in use; *orphans grows by what it finds. */
static int scan_inodes(uint first, uint *orphans)
{
    struct page *pg;
    int r = cache_block(super_inode_block(first), &pg);
    if (r < 0)
        return r;
    const struct dinode *d = cache_bytes(pg, cache_slot(super_inode_block(first)));
    for (uint i = 0; i < IPB && first + i < super_inodes(); i++) {
        if (d[i].type == 0 || first + i < ROOTINO)
            continue;
        alloc_inode_used(first + i);
        *orphans += d[i].nlink == 0;
    }
    cache_put(pg);
    return 0;
}

static bool is_orphan(uint inum)
{
    struct page *pg;
    if (cache_block(super_inode_block(inum), &pg) < 0)
        return false;
    const struct dinode *d = cache_bytes(pg, cache_slot(super_inode_block(inum)));
    bool orphan = d[inum % IPB].type != 0 && d[inum % IPB].nlink == 0;
    cache_put(pg);
    return orphan;
}

static void free_orphans(uint orphans)
{
    for (uint inum = ROOTINO + 1; inum < super_inodes() && orphans > 0; inum++) {
        struct inode *ip;
        if (!is_orphan(inum))
            continue;
        orphans--;
        if (inode_open(inum, &ip) == 0)
            inode_put(ip);
    }
}

/* Block b of the inode table is next: lets the disk have one request for what is behind it. */
static void ask_for_inodes(uint b)
{
    uint first = super_block.inodes, end = super_block.bitmap;
    uint next = (b / CACHE_ASK + 1) * CACHE_ASK;
    if (b == first)
        cache_ask(b, end - b);
    if ((b == first || b % CACHE_ASK == 0) && next < end)
        cache_ask(next, end - next);
}

static const char *read_inodes(void)
{
    uint orphans = 0;
    for (uint inum = 0; inum < super_inodes(); inum += IPB) {
        ask_for_inodes(super_inode_block(inum));
        if (scan_inodes(inum, &orphans) < 0)
            return "the inode table cannot be read";
    }
    if (!disk_read_only())
        free_orphans(orphans);
    struct inode *root = inode_root();
    if (!root)
        return "the root directory is damaged";
    bool good = root->d.type == T_DIR && root->d.nlink > 0;
    inode_put(root);
    return good ? NULL : "the root is not a directory";
}

const char *fs_mount(void)
{
    if (!cache_init())
        return "too little memory for the file cache";
    inode_init();
    names_init();
    file_init();
    pipe_init();
    evict_init();
    const char *wrong = read_super();
    if (!wrong)
        wrong = journal_mount(&super_block);
    if (!wrong)
        wrong = alloc_mount(&super_block);
    if (!wrong && disk_read_only())
        printf("fs: the disk is read-only, and so is the file system\n");
    return wrong ? wrong : read_inodes();
}

int fs_sync(void)
{
    return journal_sync();
}

uint64 fs_shrink(uint64 frames)
{
    uint64 done = cache_shrink(frames);
    return done < frames ? done + inode_shrink(8) : done;
}

uint64 fs_cached(void)
{
    return cache_pages();
}

void fs_stat(struct kstat *k)
{
    alloc_stat(k);
    k->files = file_count();
    k->pipes = pipe_count();
    k->inodes = inode_count();
    k->frames_cache = cache_pages() + dirindex_frames();
    k->frames_dirty = cache_dirty_pages();
}
