/* SPDX-License-Identifier: MIT */
/*
 * Promise: a long window is looked at each full minute that brought something, with what was counted before that minute and no
 * number that may still sink; the window itself follows as if nobody had looked.
 */

#include "rig.h"

#include <math.h>

static const struct series_spec series[] = {
    {.name = "records", .kind = SERIES_RECORDS},
    {.name = "errors", .kind = SERIES_RATIO, .select = {.level_min = ODDLINE_LEVEL_ERROR}},
    {.name = "mean", .kind = SERIES_MEAN},
};
#define LONG .window_ns = 300 * NS_PER_S, .lateness_ns = NS_PER_S / 2

/* A first record alone is not believed: two in the first second. */
static struct rig begin(struct rig rig)
{
    rig_see(&rig, &rig.sources[0], 0.1);
    rig_see(&rig, &rig.sources[0], 0.2);
    return rig;
}

static void see(struct rig *rig, double seconds)
{
    rig_see(rig, &rig->sources[0], seconds);
    rig_drain(rig);
}

static int64_t glance_at(const struct rig *rig, size_t i)
{
    return (rig->glances[i].head.closed_ns - BASE) / (NS_PER_S / 2);
}

static void glance_comes_with_the_first_record_behind_a_full_minute(void **state)
{
    (void)state;
    struct rig rig = begin(rig_of(LONG));
    for (int i = 0; i < 10; i++)
        see(&rig, 50 + i);
    see(&rig, 60.2); // the minute is over with what may be late for it
    assert_int_equal(rig.glance_count, 0);
    see(&rig, 60.5);
    assert_int_equal(rig.glance_count, 1);
    const struct closed *head = &rig.glances[0].head;
    assert_int_equal(head->flags, ODDLINE_WINDOW_UNFINISHED);
    assert_int_equal(head->records, 13); // not the one that brought it
    assert_int_equal(head->index, 0);
    assert_true(head->start_ns == BASE && head->end_ns == BASE + 300 * NS_PER_S);
    assert_int_equal(glance_at(&rig, 0), 121);
    rig_close(&rig);
}

static void glance_is_of_the_minute_that_had_come_however_late_the_next_record_is(void **state)
{
    (void)state;
    struct rig rig = begin(rig_of(LONG));
    see(&rig, 5);
    see(&rig, 130);  // of the first minute
    see(&rig, 1000); // of the third, and the window closes
    assert_int_equal(rig.glance_count, 2);
    assert_int_equal(glance_at(&rig, 0), 121);
    assert_int_equal(rig.glances[0].head.records, 3);
    assert_int_equal(glance_at(&rig, 1), 361);
    assert_int_equal(rig.glances[1].head.records, 4);
    assert_int_equal(rig.seen[0].head.records, 4);
    assert_int_equal(rig.seen[0].head.flags, 0);
    rig_close(&rig);
}

static void glance_is_none_where_the_window_is_over_at_that_minute(void **state)
{
    (void)state;
    struct rig rig = rig_of(LONG);
    see(&rig, 290);
    see(&rig, 291);
    see(&rig, 400);
    assert_int_equal(rig.glance_count, 0);
    assert_int_equal(rig.count, 1);
    rig_close(&rig);
}

static void glance_is_none_at_windows_of_a_minute(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    for (int i = 0; i < 300; i++)
        see(&rig, i);
    assert_int_equal(rig.glance_count, 0);
    rig_close(&rig);
}

static void glance_has_no_number_that_may_sink(void **state)
{
    (void)state;
    struct rig rig = begin(rig_of(LONG, .series = series, .series_count = 3));
    see(&rig, 5);
    see(&rig, 70);
    assert_int_equal(rig.glance_count, 1);
    assert_true(rig.glances[0].values[0] == 3);
    assert_true(isnan(rig.glances[0].values[1]) && isnan(rig.glances[0].values[2]));
    assert_true(rig.glances[0].evidence[0].roles != 0);
    rig_close(&rig);
}

static void glance_waits_for_the_source_that_is_behind(void **state)
{
    (void)state;
    struct rig rig = begin(rig_of(LONG));
    windows_hold(rig.windows, &rig.sources[0]);
    windows_hold(rig.windows, &rig.sources[1]);
    see(&rig, 5);
    see(&rig, 200);
    assert_int_equal(rig.glance_count, 0);
    rig_see(&rig, &rig.sources[1], 100);
    rig_drain(&rig);
    assert_int_equal(rig.glance_count, 1);
    assert_int_equal(glance_at(&rig, 0), 121);
    rig_close(&rig);
}

static void glance_comes_once_when_a_live_source_goes_quiet(void **state)
{
    (void)state;
    struct rig rig = begin(rig_of(LONG));
    see(&rig, 5);
    windows_quiet(rig.windows, BASE + 60 * NS_PER_S);
    rig_drain(&rig);
    assert_int_equal(rig.glance_count, 0);
    for (int at = 61; at < 300; at++)
        windows_quiet(rig.windows, BASE + at * NS_PER_S);
    rig_drain(&rig);
    assert_int_equal(rig.glance_count, 1);
    assert_int_equal(windows_counts(rig.windows).glances, 1);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glance_comes_with_the_first_record_behind_a_full_minute),
        cmocka_unit_test(glance_is_of_the_minute_that_had_come_however_late_the_next_record_is),
        cmocka_unit_test(glance_is_none_where_the_window_is_over_at_that_minute),
        cmocka_unit_test(glance_is_none_at_windows_of_a_minute),
        cmocka_unit_test(glance_has_no_number_that_may_sink),
        cmocka_unit_test(glance_waits_for_the_source_that_is_behind),
        cmocka_unit_test(glance_comes_once_when_a_live_source_goes_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
