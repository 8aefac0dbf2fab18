// sources: mkfs/check.c mkfs/checkjournal.c mkfs/checkmap.c mkfs/checktree.c
// sources: mkfs/image.c mkfs/layout.c
/* The checker on images in memory: sound ones pass, and thousands of damaged ones harm nothing. */
#include "tests/host/unit.h"

#include <stdbool.h>
#include <time.h>

#include "kernel/stat.h"
#include "mkfs/check.h"
#include "mkfs/image.h"

#define NBLOCKS  800
#define NJOURNAL 60
#define NINODES  48
#define SIZE     ((uint64)NBLOCKS * BSIZE)
#define TURNS    6000

static uint64 seed;
static uint64 state;

static uint random_below(uint64 limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint)(state % limit);
}

static void add_file(struct image *img, const char *path, uint64 size)
{
    uchar *content;
    assert_null(image_file(img, path, size, &content));
    if (size)
        memset(content, 'f', size);
}

/* The caller frees what it gets. */
static uchar *sound_image(void)
{
    struct image img = {0};
    assert_null(image_init(&img, NBLOCKS, NJOURNAL, NINODES));
    assert_null(image_device(&img, "/dev/console", 1, 0));
    assert_null(image_link(&img, "/dev/console", "/console"));
    add_file(&img, "/empty", 0);
    add_file(&img, "/small", 100);
    add_file(&img, "/a/b/c/single", 40 * BSIZE);
    add_file(&img, "/a/b/double", 280 * BSIZE);
    for (int i = 0; i < 70; i++) {
        char path[32];
        snprintf(path, sizeof(path), "/many/%d", i);
        assert_null(image_link(&img, "/small", path));
    }
    image_finish(&img);
    uchar *bytes = malloc(SIZE);
    assert_non_null(bytes);
    memcpy(bytes, img.bytes, SIZE);
    image_free(&img);
    return bytes;
}

static void count_line(void *arg, const char *line)
{
    assert_true(strlen(line) > 5 && !strchr(line, '\n'));
    ++*(uint64 *)arg;
}

static int check(const uchar *bytes, uint64 size)
{
    uint64 lines = 0;
    struct check_report report = {.print = count_line, .arg = &lines, .max_lines = 20};
    int result = check_image(bytes, size, &report);
    uint64 findings = report.errors + report.notes;
    assert_int_equal(result, report.errors ? CHECK_DAMAGED : CHECK_CLEAN);
    assert_int_equal(lines, findings < 20 ? findings : 20);
    return result;
}

static struct superblock *super(uchar *bytes)
{
    return (struct superblock *)(bytes + FS_SUPER * BSIZE);
}

static struct journal_header *half(uchar *bytes, uint which)
{
    return (struct journal_header *)(bytes + (FS_SUPER + 1 + which * (NJOURNAL / 2)) * BSIZE);
}

static void test_layout(void **unused)
{
    (void)unused;
    struct superblock sb;
    assert_null(layout_init(&sb, FS_BLOCKS_MAX, LAYOUT_MIN_JOURNAL, LAYOUT_MAX_INODES));
    assert_int_equal(sb.inodes, 2 + LAYOUT_MIN_JOURNAL);
    assert_int_equal(sb.bitmap, sb.inodes + 4096);
    assert_int_equal(sb.data, sb.bitmap + FS_BLOCKS_MAX / BPB);
    assert_non_null(layout_init(&sb, FS_BLOCKS_MAX + 1, 100, 100));
    assert_non_null(layout_init(&sb, 0x100000000, 100, 100));
    assert_non_null(layout_init(&sb, 1000, LAYOUT_MIN_JOURNAL - 1, 100));
    assert_non_null(layout_init(&sb, 9000, 100, LAYOUT_MAX_INODES + 1));
    assert_non_null(layout_init(&sb, 1000, ~0ul, 100));
    assert_non_null(layout_init(&sb, ~0ul, 100, 100));
    assert_non_null(layout_init(&sb, 1000, 100, ~0ul));
    assert_int_equal(layout_list_blocks(JOURNAL_HOMES), 1);
    assert_int_equal(layout_list_blocks(JOURNAL_HOMES + 1), 2);
    assert_int_equal(layout_list_blocks(JOURNAL_HOMES + NINDIRECT + 1), 3);
}

/* The first block that does not fit gives an error, and what fits exactly is sound. */
static void test_full_image(void **unused)
{
    (void)unused;
    struct image img = {0};
    uchar *content;
    assert_null(image_init(&img, 120, 50, 8));
    uint left = 120 - img.next;
    assert_null(image_file(&img, "a", 11 * BSIZE, &content));
    assert_null(image_file(&img, "b", (uint64)(left - 11 - 1) * BSIZE, &content));
    assert_int_equal(img.next, 120);
    image_finish(&img);
    assert_int_equal(check(img.bytes, 120 * BSIZE), CHECK_CLEAN);
    assert_non_null(image_file(&img, "c", 1, &content));
    image_free(&img);
}

static void test_sound(void **unused)
{
    (void)unused;
    uchar *bytes = sound_image();
    struct check_report report = {0};
    assert_int_equal(check_image(bytes, SIZE, &report), CHECK_CLEAN);
    assert_int_equal(report.notes, 0);
    assert_int_equal(report.inodes_used, 11);
    assert_int_equal(report.inodes_total, NINODES);
    assert_int_equal(report.blocks_total, NBLOCKS);
    assert_int_equal(report.blocks_used, 8 + 41 + 283);
    free(bytes);
}

/* One of the numbers that the format is made of, at a place where it hurts. */
static void mutate(uchar *bytes)
{
    static const uint values[] = {0, 1, 2, 3, 0xffff, 0xffffffff, 0x80000000, MAXFILE * BSIZE};
    struct superblock *sb = super(bytes);
    const uint area[][2] = {{FS_SUPER, 1},  {sb->journal, 3}, {sb->inodes, 3}, {sb->bitmap, 1},
                            {sb->data, 20}, {sb->data, 360},  {0, NBLOCKS}};
    uint which = random_below(sizeof(area) / sizeof(area[0]));
    uint64 offset = (uint64)area[which][0] * BSIZE + random_below((uint64)area[which][1] * BSIZE);
    uint value = values[random_below(sizeof(values) / sizeof(values[0]))];
    if (random_below(2))
        value = random_below(NBLOCKS);
    switch (random_below(4)) {
    case 0: bytes[offset % SIZE] ^= (uchar)(1u << random_below(8)); break;
    case 1: bytes[offset % SIZE] = (uchar)value; break;
    case 2: memcpy(&bytes[offset % SIZE & ~1ul], &value, 2); break;
    default: memcpy(&bytes[offset % SIZE & ~3ul], &value, 4); break;
    }
}

/* Makes checksums right again, so that the damage gets past them. */
static void repair_checksums(uchar *bytes)
{
    struct superblock *sb = super(bytes);
    sb->checksum = layout_super_checksum(sb);
    for (uint which = 0; which < 2; which++) {
        struct journal_header *h = half(bytes, which);
        if (h->count < NJOURNAL)
            h->checksum = fs_checksum(FS_CHECKSUM_SEED, h + 1, h->count * sizeof(uint));
        h->selfcheck = layout_journal_selfcheck(h);
    }
}

/* A transaction with the images of blocks as they are; later mutations make it interesting. */
static void fill_journal(uchar *bytes)
{
    struct journal_header *h = half(bytes, random_below(2));
    uint *home = (uint *)(h + 1);
    h->seq += 2 * random_below(2);
    h->count = 1 + random_below(10);
    for (uint i = 0; i < h->count; i++) {
        home[i] = super(bytes)->inodes + random_below(30);
        memcpy((uchar *)h + (i + 1) * BSIZE, bytes + (uint64)home[i] * BSIZE, BSIZE);
    }
}

/* In a buffer of exactly this size, so that the sanitizer sees a step beyond it. */
static void check_cut(const uchar *bytes, uint64 size)
{
    uchar *cut = malloc(size + 1);
    assert_non_null(cut);
    memcpy(cut, bytes, size);
    cut = realloc(cut, size ? size : 1);
    check(cut, size);
    free(cut);
}

static void test_mutations(void **unused)
{
    (void)unused;
    uchar *sound = sound_image();
    uchar *bytes = malloc(SIZE);
    assert_non_null(bytes);
    uint clean = 0;
    printf("SEED=%lu\n", seed);
    for (int turn = 0; turn < TURNS; turn++) {
        memcpy(bytes, sound, SIZE);
        if (random_below(3) == 0)
            fill_journal(bytes);
        for (uint n = random_below(6); n > 0; n--)
            mutate(bytes);
        if (random_below(8))
            repair_checksums(bytes);
        if (random_below(20) == 0)
            check_cut(bytes, random_below(SIZE));
        else
            clean += check(bytes, SIZE) == CHECK_CLEAN;
    }
    free(bytes);
    free(sound);
    assert_in_range(clean, TURNS / 10, TURNS / 10 * 9);
}

/* No fsck can know that these are wrong: another device, a size that needs the same blocks. */
static bool any_value_is_right(const struct dinode *d, uint bit)
{
    bool number = bit / 16 == 2 || bit / 16 == 3;
    bool size = bit / 32 == 2;
    return (d->type == T_DEVICE && number) || (d->type == T_FILE && size) ||
           (d->type == T_DIR && size && bit % 32 >= 4);
}

static void test_every_bit_of_an_inode(void **unused)
{
    (void)unused;
    uchar *bytes = sound_image();
    struct dinode *table = (struct dinode *)(bytes + (uint64)super(bytes)->inodes * BSIZE);
    for (uint inum = 1; inum < 12; inum++) {
        for (uint bit = 0; bit < sizeof(struct dinode) * 8; bit++) {
            uchar *byte = (uchar *)&table[inum] + bit / 8;
            bool skip = any_value_is_right(&table[inum], bit);
            *byte ^= (uchar)(1u << bit % 8);
            if (!skip && check(bytes, SIZE) != CHECK_DAMAGED)
                fail_msg("inode %u, bit %u", inum, bit);
            *byte ^= (uchar)(1u << bit % 8);
        }
    }
    assert_int_equal(check(bytes, SIZE), CHECK_CLEAN);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_full_image),
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_every_bit_of_an_inode),
    };
    const char *given = getenv("SEED");
    seed = given ? strtoull(given, NULL, 0) : (uint64)time(NULL);
    state = seed * 2654435761u + 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
