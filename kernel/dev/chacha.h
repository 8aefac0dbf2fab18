#ifndef DEV_CHACHA_H
#define DEV_CHACHA_H

#include "kernel/types.h"

/* One block of the ChaCha20 key stream: RFC 8439, section 2.3.  Words are little-endian there. */
#define CHACHA_BYTES 64

void chacha_block(uint8 out[CHACHA_BYTES], const uint32 key[8], uint32 counter,
                  const uint32 nonce[3]);

#endif
