/*
 * Operations on names: each is one atomic operation of the journal.
 *
 * A path is walked first, then the operation begun, then the directory locked: what the walk found
 * is looked at again under the lock.  Something new starts as an inode without links, which is an
 * orphan; entering its name is the last step that can fail, and a failure before it leaves
 * the orphan to the last inode_put().
 *
 * Locks: the tree lock is held by whoever locks two directories that others can reach (removing a
 * directory), so that no cycle of waiting can arise, however damaged the tree is.  It is taken
 * before the operation is begun: who waits for it keeps no transaction from being closed.
 */
#include "kernel/fs/names.h"
#include "kernel/errno.h"
#include "kernel/fs/alloc.h"
#include "kernel/fs/journal.h"
#include "kernel/fs/path.h"
#include "kernel/lib/string.h"
#include "kernel/param.h"
#include "kernel/vm/rmap.h"

static struct mutex tree_lock;

/* What to create. */
struct plan {
    uint type;
    uint major, minor;  /* T_DEVICE */
    const char *target; /* T_SYMLINK */
};

void names_init(void)
{
    mutex_init(&tree_lock, "tree");
}

/* Once more, if the disk seemed full only because freed blocks had not thawed yet. */
static bool try_again(int r, int *turn)
{
    return r == -ENOSPC && (*turn)++ == 0 && alloc_thaw();
}

/* --- creating --------------------------------------------------------------------------------- */

static int write_new(struct inode *ip, const void *bytes, uint64 n)
{
    struct iov v;
    iov_one(&v, (void *)bytes, n); /* only read */
    int64 r = data_write(ip, &v, 0, 0, n);
    return r < 0 ? (int)r : 0;
}

/* Gives the new inode its contents. */
static int fill_new(struct inode *ip, struct inode *dp, const struct plan *plan)
{
    switch (plan->type) {
    case T_DIR: {
        struct dirent dots[2] = {{.inum = (ushort)ip->num, .name = "."},
                                 {.inum = (ushort)dp->num, .name = ".."}};
        return write_new(ip, dots, sizeof(dots));
    }
    case T_SYMLINK: return write_new(ip, plan->target, strlen(plan->target));
    case T_DEVICE:
        ip->d.major = (ushort)plan->major;
        ip->d.minor = (ushort)plan->minor;
        return 0;
    default: return 0;
    }
}

static int enter_new(struct inode *dp, const struct dirent *key, struct inode *ip,
                     const struct plan *plan)
{
    bool dir = plan->type == T_DIR;
    int r = fill_new(ip, dp, plan);
    if (r == 0 && dir)
        r = inode_prepare(dp);
    if (r == 0)
        r = dir_add(dp, key, ip->num);
    if (r < 0) {
        ip->d.type = T_FILE; /* an orphan may be cut to any size */
    } else {
        ip->d.nlink = dir ? 2 : 1;
        dp->d.nlink += dir;
    }
    inode_update(ip);
    if (r == 0 && dir)
        inode_update(dp);
    return r;
}

/* dp is locked.  Sets *out also on failure if there is an orphan to put. */
static int create_in(struct inode *dp, const struct dirent *key, const struct plan *plan,
                     struct inode **out)
{
    uint inum;
    uint64 off;
    if (dp->d.nlink == 0)
        return -ENOENT;
    int r = dir_find(dp, key, &inum, &off);
    if (r != -ENOENT)
        return r == 0 ? -EEXIST : r;
    if (plan->type == T_DIR && dp->d.nlink >= FS_NLINK_MAX)
        return -EMLINK;
    struct inode *ip;
    r = inode_create(plan->type, &ip);
    if (r < 0)
        return r;
    mutex_lock(&ip->lock);
    r = enter_new(dp, key, ip, plan);
    mutex_unlock(&ip->lock);
    *out = ip;
    return r;
}

static int create_once(struct inode *cwd, const char *path, const struct plan *plan,
                       struct inode **out)
{
    struct dirent key;
    struct inode *dp, *ip = NULL;
    int r = path_parent(cwd, path, &key, &dp);
    if (r < 0)
        return r == -EBUSY ? -EEXIST : r;
    r = journal_begin();
    if (r == 0) {
        mutex_lock(&dp->lock);
        r = create_in(dp, &key, plan, &ip);
        mutex_unlock(&dp->lock);
        journal_end();
    }
    inode_put(dp);
    if (r < 0 && ip)
        inode_put(ip);
    *out = ip;
    return r;
}

static int create(struct inode *cwd, const char *path, const struct plan *plan, struct inode **out)
{
    int r, turn = 0;
    do
        r = create_once(cwd, path, plan, out);
    while (try_again(r, &turn));
    return r;
}

static int create_and_put(struct inode *cwd, const char *path, const struct plan *plan)
{
    struct inode *ip;
    int r = create(cwd, path, plan, &ip);
    if (r == 0)
        inode_put(ip);
    return r;
}

int names_create_file(struct inode *cwd, const char *path, struct inode **out)
{
    struct plan plan = {.type = T_FILE};
    return create(cwd, path, &plan, out);
}

int fs_mkdir(struct inode *cwd, const char *path)
{
    struct plan plan = {.type = T_DIR};
    return create_and_put(cwd, path, &plan);
}

int fs_mknod(struct inode *cwd, const char *path, uint major, uint minor)
{
    struct plan plan = {.type = T_DEVICE, .major = major, .minor = minor};
    if (major == 0 || major >= NDEV || minor > 0xffff)
        return -EINVAL;
    return create_and_put(cwd, path, &plan);
}

int fs_symlink(struct inode *cwd, const char *target, const char *path)
{
    struct plan plan = {.type = T_SYMLINK, .target = target};
    if (*target == 0)
        return -ENOENT;
    return create_and_put(cwd, path, &plan);
}

/* --- link and unlink -------------------------------------------------------------------------- */

/* dp and ip are locked. */
static int link_in(struct inode *dp, const struct dirent *key, struct inode *ip)
{
    uint inum;
    uint64 off;
    if (dp->d.nlink == 0 || ip->d.nlink == 0)
        return -ENOENT;
    if (ip->d.nlink >= FS_NLINK_MAX)
        return -EMLINK;
    int r = dir_find(dp, key, &inum, &off);
    if (r != -ENOENT)
        return r == 0 ? -EEXIST : r;
    r = inode_prepare(ip);
    if (r == 0)
        r = dir_add(dp, key, ip->num);
    if (r < 0)
        return r;
    ip->d.nlink++;
    inode_update(ip);
    return 0;
}

static int link_once(struct inode *cwd, struct inode *ip, const char *path)
{
    struct dirent key;
    struct inode *dp;
    int r = path_parent(cwd, path, &key, &dp);
    if (r < 0)
        return r == -EBUSY ? -EEXIST : r;
    r = journal_begin();
    if (r == 0) {
        mutex_lock(&dp->lock);
        mutex_lock(&ip->lock);
        r = link_in(dp, &key, ip);
        mutex_unlock(&ip->lock);
        mutex_unlock(&dp->lock);
        journal_end();
    }
    inode_put(dp);
    return r;
}

int fs_link(struct inode *cwd, const char *old, const char *path)
{
    struct inode *ip;
    int turn = 0, r = path_lookup(cwd, old, false, &ip);
    if (r < 0)
        return r;
    if (ip->d.type == T_DIR) {
        r = -EPERM;
    } else {
        do
            r = link_once(cwd, ip, path);
        while (try_again(r, &turn));
    }
    inode_put(ip);
    return r;
}

static void drop_link(struct inode *ip)
{
    if (ip->d.nlink > 0) /* less only on a damaged disk */
        ip->d.nlink--;
    inode_update(ip);
}

/* Takes the entry `key`, at `off`, which names ip, out of dp; both are locked. */
static int remove_entry(struct inode *dp, const struct dirent *key, uint64 off, struct inode *ip)
{
    bool dir = ip->d.type == T_DIR;
    int r = dir ? dir_check_empty(ip) : 0;
    if (r == 0)
        r = inode_prepare(ip);
    if (r == 0 && dir)
        r = inode_prepare(dp);
    if (r == 0)
        r = dir_remove(dp, key, off);
    if (r < 0)
        return r;
    if (dir) {
        ip->d.nlink = 1; /* its own "." goes with it */
        drop_link(dp);
    }
    drop_link(ip);
    return 0;
}

/* dp is locked, and the tree lock held.  Sets *out to an inode to put, or leaves it. */
static int unlink_in(struct inode *dp, const struct dirent *key, struct inode **out)
{
    uint64 off;
    struct inode *ip;
    int r = path_step(dp, key, &off, &ip);
    if (r < 0)
        return r;
    *out = ip;
    if (ip == dp || ip->num == ROOTINO) /* a damaged directory names itself, or the root */
        return -EBUSY;
    mutex_lock(&ip->lock);
    r = remove_entry(dp, key, off, ip);
    mutex_unlock(&ip->lock);
    return r;
}

int fs_unlink(struct inode *cwd, const char *path)
{
    struct dirent key;
    struct inode *dp, *ip = NULL;
    int r = path_parent(cwd, path, &key, &dp);
    if (r < 0)
        return r;
    mutex_lock(&tree_lock);
    r = dir_is_dots(&key) ? -EINVAL : journal_begin();
    if (r == 0) {
        mutex_lock(&dp->lock);
        r = unlink_in(dp, &key, &ip);
        mutex_unlock(&dp->lock);
        journal_end();
    }
    mutex_unlock(&tree_lock);
    if (ip)
        inode_put(ip);
    inode_put(dp);
    return r;
}

/* --- reading ---------------------------------------------------------------------------------- */

int fs_readlink(struct inode *cwd, const char *path, char *dst, uint max)
{
    struct inode *ip;
    int r = path_lookup(cwd, path, false, &ip);
    if (r < 0)
        return r;
    r = ip->d.type == T_SYMLINK ? path_read_link(ip, dst, max) : -EINVAL;
    inode_put(ip);
    return r;
}

int fs_opendir(struct inode *cwd, const char *path, struct inode **out)
{
    int r = path_lookup(cwd, path, true, out);
    if (r < 0)
        return r;
    if ((*out)->d.type == T_DIR)
        return 0;
    inode_put(*out);
    return -ENOTDIR;
}

/* --- truncation ------------------------------------------------------------------------------- */

/*
 * All blocks go over to an orphan in one operation, however many they are; freeing the orphan takes
 * as many as it needs.
 */
static int hand_over(struct inode *ip, struct inode **orphan)
{
    int r = inode_create(T_FILE, orphan);
    if (r < 0)
        return r;
    struct dinode *to = &(*orphan)->d;
    to->size = ip->d.size;
    memcpy(to->addr, ip->d.addr, sizeof(to->addr));
    inode_update(*orphan);
    ip->d.size = 0;
    memset(ip->d.addr, 0, sizeof(ip->d.addr));
    return 0;
}

/* ip is locked. */
static int truncate_in(struct inode *ip, struct inode **orphan)
{
    int r = inode_prepare(ip);
    if (r == 0)
        r = inode_nblocks(ip) <= NDIRECT ? map_shrink(ip) : hand_over(ip, orphan);
    if (r < 0)
        return r;
    inode_update(ip);
    cache_drop(&ip->store);
    ip->tail = 0;
    ip->ahead = ip->window = 0;
    return 0;
}

int names_truncate(struct inode *ip)
{
    struct inode *orphan = NULL;
    int r = journal_begin();
    if (r < 0)
        return r;
    mutex_lock(&ip->lock);
    if (ip->d.size > 0)
        r = truncate_in(ip, &orphan);
    mutex_unlock(&ip->lock);
    journal_end();
    if (r == 0)
        rmap_unmap(&ip->store, 0, ~0UL); /* after the pages, so that no fault brings one back */
    if (orphan)
        inode_put(orphan);
    return r;
}
