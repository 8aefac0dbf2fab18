/*
 * Random bytes from ChaCha20 with fast key erasure (D. J. Bernstein, "Fast-key-erasure
 * random-number generators", 2017).
 *
 * Model: each request makes one block of key stream from the secret key.  One half replaces the
 * key, so what was handed out cannot be computed from what is in memory later; the other half is
 * the key of this request alone and yields as many blocks as it needs.  The clock goes into every
 * block as its nonce.  The quality rests on the seed: QEMU gives 256 bits in the device tree.
 *
 * Lock: random_lock guards the key and is held for one block, however long the request is.
 */
#include "kernel/dev/chacha.h"
#include "kernel/dev/dev.h"
#include "kernel/lib/string.h"
#include "kernel/riscv.h"
#include "kernel/sync/spinlock.h"

static struct spinlock random_lock = SPINLOCK_INIT("random", RANK_RANDOM);
static uint32 secret[8];

/* Replaces the secret key and makes the key of one request. */
static void next_key(uint32 key[8])
{
    uint8 block[CHACHA_BYTES];
    spin_lock(&random_lock);
    uint64 now = r_time();
    uint32 nonce[3] = {now, now >> 32, hart_self()->id};
    chacha_block(block, secret, 0, nonce);
    memcpy(secret, block, sizeof(secret));
    spin_unlock(&random_lock);
    memcpy(key, block + sizeof(secret), sizeof(secret));
}

void random_init(const uint8 seed[32])
{
    uint32 unused[8];
    memcpy(secret, seed, sizeof(secret));
    next_key(unused);
}

void random_bytes(void *dst, uint64 n)
{
    static const uint32 nonce[3];
    uint8 block[CHACHA_BYTES], *to = dst;
    uint32 key[8];

    next_key(key);
    for (uint32 counter = 0; n > 0; counter++) {
        uint64 part = n < CHACHA_BYTES ? n : CHACHA_BYTES;
        chacha_block(block, key, counter, nonce);
        memcpy(to, block, part);
        to += part;
        n -= part;
    }
}
