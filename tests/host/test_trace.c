// sources: kernel/trace/trace.c
/* The rings of fault events: what is kept, what is lost, and readers beside writers. */
#include "tests/host/unit.h"

#include <pthread.h>

#include "kernel/trace/trace.h"

#define FIRST_FRAME 0x80000UL /* physical number of frame 0 */
#define MANY        (40UL * TRACE_EVENTS)

struct hart harts[NCPU];
uint nharts = 3;
static struct fault_event rings[NCPU][TRACE_EVENTS];

static uint64 pte_of(uint64 frame)
{
    return frame ? (FIRST_FRAME + frame) << 10 | 0xd7 : 0;
}

/* A hart's event at `time`; its fields say so, that a mixture of two events is seen. */
static void write_frames(uint hart, uint64 time, uint64 before, uint64 after)
{
    struct hart *self = &harts[hart];
    struct fault_event *e = trace_begin(self);

    if (e == NULL)
        return;
    e->time = time;
    e->va = time * 3;
    e->pc = time * 5;
    e->before = pte_of(before);
    e->after = pte_of(after);
    e->refs = (uint)time;
    e->pid = (int)hart + 1;
    e->kind = KIND_COW;
    e->access = 2;
    e->result = FAULT_OK;
    trace_end(self);
}

static void write_event(uint hart, uint64 time)
{
    write_frames(hart, time, 0, time % 100000 + 1);
}

static void assert_whole(const struct fault_event *e)
{
    assert_int_equal(e->va, e->time * 3);
    assert_int_equal(e->pc, e->time * 5);
    assert_int_equal(e->frame, e->time % 100000 + 1);
    assert_int_equal(e->refs, (uint)e->time);
    assert_int_equal(e->pid, e->hart + 1);
    assert_int_equal(e->lost, 0);
}

static int setup(void **state)
{
    (void)state;
    memset(harts, 0, sizeof harts);
    memset(rings, 0xa5, sizeof rings);
    for (uint i = 0; i < nharts; i++) {
        harts[i].id = i;
        trace_init(i, rings[i], FIRST_FRAME);
    }
    return 0;
}

static void events_come_as_written(void **unused)
{
    struct trace_cursor c = {0};
    struct fault_event e;
    (void)unused;

    assert_false(trace_next(&c, &e));
    for (uint64 t = 0; t < 10; t++)
        write_event(1, t);
    for (uint64 t = 0; t < 10; t++) {
        assert_true(trace_next(&c, &e));
        assert_int_equal(e.time, t);
        assert_int_equal(e.hart, 1);
        assert_int_equal(e.kind, KIND_COW);
        assert_whole(&e);
    }
    assert_false(trace_next(&c, &e));
    write_event(1, 77);
    assert_true(trace_next(&c, &e));
    assert_int_equal(e.time, 77);
}

static void harts_are_merged_by_time(void **unused)
{
    struct trace_cursor c = {0};
    struct fault_event e;
    (void)unused;

    for (uint64 t = 0; t < 300; t++)
        write_event(t * 7 / 3 % 3, t);
    for (uint64 t = 0; t < 300; t++) {
        assert_true(trace_next(&c, &e));
        assert_int_equal(e.time, t);
        assert_int_equal(e.hart, t * 7 / 3 % 3);
    }
    assert_false(trace_next(&c, &e));
}

/* As many are kept as the contract says, and the rest is one event that counts them. */
static void what_is_overwritten_is_counted(void **unused)
{
    (void)unused;
    for (uint64 extra = 0; extra < 3 * TRACE_EVENTS; extra += 97) {
        struct trace_cursor c = {0};
        struct fault_event e;
        setup(NULL);
        for (uint64 t = 0; t < TRACE_KEPT + extra; t++)
            write_event(2, t);
        assert_true(trace_next(&c, &e));
        if (extra) {
            assert_int_equal(e.kind, FAULT_LOST);
            assert_int_equal(e.lost, extra);
            assert_int_equal(e.hart, 2);
            assert_int_equal(e.time, extra);
            assert_true(trace_next(&c, &e));
        }
        for (uint64 t = extra; t < TRACE_KEPT + extra; t++) {
            assert_int_equal(e.time, t);
            assert_whole(&e);
            assert_int_equal(trace_next(&c, &e), t + 1 < TRACE_KEPT + extra);
        }
    }
}

static void readers_do_not_disturb_each_other(void **unused)
{
    struct trace_cursor a = {0}, b = {0};
    struct fault_event e;
    (void)unused;

    for (uint64 t = 0; t < 20; t++)
        write_event(0, t);
    for (uint64 t = 0; t < 20; t++)
        assert_true(trace_next(&a, &e) && e.time == t);
    for (uint64 t = 0; t < 20; t++)
        assert_true(trace_next(&b, &e) && e.time == t);
    assert_false(trace_next(&a, &e) || trace_next(&b, &e));
}

/* A slot that is being written never looks like an event. */
static void a_reader_in_the_middle_of_a_write_is_not_deceived(void **unused)
{
    struct trace_cursor c = {0};
    struct fault_event e;
    (void)unused;

    for (uint64 t = 0; t < TRACE_EVENTS; t++)
        write_event(0, t);
    struct fault_event *half = trace_begin(&harts[0]);
    memset(half, 0xff, sizeof *half);
    assert_true(trace_next(&c, &e));
    assert_int_equal(e.lost, TRACE_EVENTS - TRACE_KEPT);
    for (uint64 t = e.lost; t < TRACE_EVENTS; t++) {
        assert_true(trace_next(&c, &e));
        assert_int_equal(e.time, t);
        assert_whole(&e);
    }
    assert_false(trace_next(&c, &e));
}

static void the_last_of_a_frame_is_found(void **unused)
{
    struct fault_event e;
    (void)unused;

    assert_false(trace_last_of(5, &e));
    write_frames(0, 10, 0, 5);
    write_frames(1, 20, 5, 6);
    write_frames(2, 30, 5, 5);
    write_frames(0, 40, 0, 8);
    assert_true(trace_last_of(5, &e));
    assert_int_equal(e.time, 30);
    assert_true(trace_last_of(6, &e));
    assert_int_equal(e.time, 20);
    assert_int_equal(e.hart, 1);
    assert_int_equal(e.frame, 6);
    assert_false(trace_last_of(7, &e));
    for (uint64 t = 50; t < 50 + TRACE_EVENTS; t++)
        write_frames(0, t, 0, 9);
    assert_false(trace_last_of(8, &e));
}

static void recent_events_count_back(void **unused)
{
    struct fault_event e;
    (void)unused;

    assert_false(trace_recent(0, 0, &e));
    for (uint64 t = 0; t < TRACE_EVENTS + 5; t++)
        write_event(0, t);
    for (uint64 back = 0; back < TRACE_KEPT; back++) {
        assert_true(trace_recent(0, back, &e));
        assert_int_equal(e.time, TRACE_EVENTS + 4 - back);
    }
    assert_false(trace_recent(0, TRACE_KEPT, &e));
    assert_false(trace_recent(1, 0, &e));
}

static void it_can_be_switched_off(void **unused)
{
    struct trace_cursor c = {0};
    struct fault_event e;
    (void)unused;

    write_event(0, 1);
    assert_int_equal(trace_switch(-1), 1);
    assert_int_equal(trace_switch(0), 1);
    write_event(0, 2);
    assert_int_equal(trace_switch(-1), 0);
    assert_int_equal(trace_switch(1), 0);
    write_event(0, 3);
    assert_true(trace_next(&c, &e) && e.time == 1);
    assert_true(trace_next(&c, &e) && e.time == 3);
    assert_false(trace_next(&c, &e));
}

static void *write_many(void *hart)
{
    for (uint64 t = 0; t < MANY; t++)
        write_event((uint)(uintptr_t)hart, t);
    return NULL;
}

/* While two harts write: every event is whole, in order, seen once or counted as lost. */
static void nothing_is_torn_or_silently_lost(void **unused)
{
    struct trace_cursor c = {0};
    struct fault_event e;
    pthread_t writer[2];
    uint64 next[2] = {0, 0};
    (void)unused;

    for (uintptr_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&writer[i], NULL, write_many, (void *)i), 0);
    while (next[0] < MANY || next[1] < MANY) {
        if (!trace_next(&c, &e))
            continue;
        assert_in_range(e.hart, 0, 1);
        if (e.kind == FAULT_LOST) {
            next[e.hart] += e.lost;
            continue;
        }
        assert_whole(&e);
        assert_int_equal(e.time, next[e.hart]++);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(writer[i], NULL);
    assert_false(trace_next(&c, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(events_come_as_written, setup),
        cmocka_unit_test_setup(harts_are_merged_by_time, setup),
        cmocka_unit_test_setup(what_is_overwritten_is_counted, setup),
        cmocka_unit_test_setup(readers_do_not_disturb_each_other, setup),
        cmocka_unit_test_setup(a_reader_in_the_middle_of_a_write_is_not_deceived, setup),
        cmocka_unit_test_setup(the_last_of_a_frame_is_found, setup),
        cmocka_unit_test_setup(recent_events_count_back, setup),
        cmocka_unit_test_setup(it_can_be_switched_off, setup),
        cmocka_unit_test_setup(nothing_is_torn_or_silently_lost, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
