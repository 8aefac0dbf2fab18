// sources: kernel/lib/iov.c tests/host/panic_shim.c
/* Buffers in pieces against one flat buffer with the same bytes. */
#include "tests/host/unit.h"

#include "kernel/lib/iov.h"
#include "tests/host/panic_shim.h"
#include "tests/host/seed.h"

#define LONGEST 60 /* bytes of a piece */
#define FLAT    (IOV_PIECES * LONGEST)

/* Some pieces, empty ones among them, each of its own allocation so that ASan guards its ends. */
static void pieces_new(struct iov *v, uint8 *flat)
{
    v->n = (int)random_below(IOV_PIECES) + 1;
    v->total = 0;
    for (int i = 0; i < v->n; i++) {
        v->piece[i].len = random_below(3) ? random_below(LONGEST) : 0;
        v->piece[i].at = malloc(v->piece[i].len + (v->piece[i].len == 0));
        for (uint64 k = 0; k < v->piece[i].len; k++)
            flat[v->total + k] = v->piece[i].at[k] = (uint8)random_below(256);
        v->total += v->piece[i].len;
    }
}

static void assert_same(const struct iov *v, const uint8 *flat)
{
    for (int i = 0; i < v->n; flat += v->piece[i++].len)
        assert_memory_equal(v->piece[i].at, flat, v->piece[i].len);
}

static void test_against_flat(void **state)
{
    uint8 flat[FLAT], buf[FLAT];
    struct iov v;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        pieces_new(&v, flat);
        uint64 off = random_below(v.total + 1), n = random_below(v.total - off + 1);
        switch (random_below(3)) {
        case 0:
            for (uint64 i = 0; i < n; i++)
                flat[off + i] = buf[i] = (uint8)random_below(256);
            iov_write(&v, off, buf, n);
            break;
        case 1:
            iov_read(&v, off, buf, n);
            assert_memory_equal(buf, flat + off, n);
            break;
        default: memset(flat + off, 0, n); iov_clear(&v, off, n);
        }
        assert_same(&v, flat);
        for (int i = 0; i < v.n; i++)
            free(v.piece[i].at);
    }
}

static void test_bounds(void **state)
{
    char bytes[8] = "", buf[9];
    struct iov v;

    (void)state;
    iov_one(&v, bytes, sizeof bytes);
    assert_int_equal(v.total, sizeof bytes);
    iov_read(&v, 8, buf, 0);
    expect_panic(iov_read(&v, 0, buf, 9), "iov");
    expect_panic(iov_write(&v, 9, buf, 0), "iov");
    expect_panic(iov_clear(&v, 1, ~0UL), "iov");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_flat),
        cmocka_unit_test(test_bounds),
    };

    random_start();
    return cmocka_run_group_tests_name("iov", tests, NULL, NULL);
}
