// sources: kernel/dev/chacha.c tests/host/sync_shim.c tests/host/panic_shim.c
/* The ChaCha20 block function against its RFC, and the generator that is built on it. */
#include "tests/host/unit.h"

#include "kernel/types.h"

static uint64 now;

static uint64 r_time(void)
{
    return now;
}

#include "kernel/dev/random.c"

/* RFC 8439, section 2.3.2. */
static void block_of_the_rfc(void **unused)
{
    (void)unused;
    static const uint8 expected[CHACHA_BYTES] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
    };
    static const uint32 nonce[3] = {0x09000000, 0x4a000000, 0};
    uint8 key_bytes[32], out[CHACHA_BYTES];
    uint32 key[8];
    for (int i = 0; i < 32; i++)
        key_bytes[i] = i;
    memcpy(key, key_bytes, sizeof(key));
    chacha_block(out, key, 1, nonce);
    assert_memory_equal(out, expected, CHACHA_BYTES);
}

/* RFC 8439, appendix A.1, test vector 1: everything 0. */
static void block_of_zeros(void **unused)
{
    (void)unused;
    static const uint8 begin[16] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90,
                                    0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28};
    static const uint32 key[8], nonce[3];
    uint8 out[CHACHA_BYTES];
    chacha_block(out, key, 0, nonce);
    assert_memory_equal(out, begin, sizeof(begin));
}

static const uint8 seed[32] = "thirty-two bytes, all of a seed";

static void take(uint8 *out, uint64 n, const uint8 *with_seed, uint64 at)
{
    now = at;
    random_init(with_seed);
    random_bytes(out, n);
}

static void the_seed_and_the_clock_decide(void **unused)
{
    (void)unused;
    uint8 other[32], a[40], b[40];
    memcpy(other, seed, sizeof(other));
    other[31] ^= 1;
    take(a, sizeof(a), seed, 5);
    take(b, sizeof(b), seed, 5);
    assert_memory_equal(a, b, sizeof(a));
    take(b, sizeof(b), other, 5);
    assert_memory_not_equal(a, b, sizeof(a));
    take(b, sizeof(b), seed, 6);
    assert_memory_not_equal(a, b, sizeof(a));
    take(b, sizeof(b), seed, 5 + (1UL << 32));
    assert_memory_not_equal(a, b, sizeof(a));
}

/* A request gives exactly its bytes, whatever its length, and the next one gives others. */
static void requests_of_all_lengths(void **unused)
{
    (void)unused;
    uint8 whole[300], part[302], next[300];
    take(whole, sizeof(whole), seed, 7);
    random_bytes(next, sizeof(next));
    assert_memory_not_equal(whole, next, 32);
    for (uint n = 0; n <= sizeof(whole); n++) {
        memset(part, 0xa5, sizeof(part));
        take(part + 1, n, seed, 7);
        assert_int_equal(part[0], 0xa5);
        assert_int_equal(part[n + 1], 0xa5);
        assert_memory_equal(part + 1, whole, n);
    }
}

/* What was handed out cannot be computed from the key that is in memory afterwards. */
static void the_key_is_erased(void **unused)
{
    (void)unused;
    uint8 out[64];
    uint32 before[8];
    now = 9;
    random_init(seed);
    memcpy(before, secret, sizeof(before));
    random_bytes(out, sizeof(out));
    assert_memory_not_equal(before, secret, sizeof(before));
    assert_memory_not_equal(out, secret, sizeof(secret));
    assert_memory_not_equal(out + 32, secret, sizeof(secret));
}

static void the_bits_are_balanced(void **unused)
{
    (void)unused;
    static uint8 bytes[1 << 17];
    uint64 ones = 0;
    take(bytes, sizeof(bytes), seed, 1);
    for (uint64 i = 0; i < sizeof(bytes); i++)
        ones += __builtin_popcount(bytes[i]);
    /* 2^20 bits: standard deviation 512. */
    assert_in_range(ones, (1 << 19) - 5 * 512, (1 << 19) + 5 * 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_of_the_rfc),
        cmocka_unit_test(block_of_zeros),
        cmocka_unit_test(the_seed_and_the_clock_decide),
        cmocka_unit_test(requests_of_all_lengths),
        cmocka_unit_test(the_key_is_erased),
        cmocka_unit_test(the_bits_are_balanced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
