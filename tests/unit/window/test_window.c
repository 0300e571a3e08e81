/* SPDX-License-Identifier: MIT */
/* Promise: windows of one source close in event time, in order and without holes, and no record is lost between them. */

#include "rig.h"

enum { MINUTE = 60 };

static void window_closes_when_the_watermark_passes_its_end_and_the_lateness(void **state)
{
    (void)state;
    struct rig rig =
        rig_of(.stream = 7, .window_ns = 60 * NS_PER_S, .lateness_ns = 10 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 5);
    rig_see(&rig, &rig.sources[0], 59.999);
    rig_see(&rig, &rig.sources[0], 60);
    rig_see(&rig, &rig.sources[0], 69.999);
    assert_int_equal(rig_drain(&rig), 0);
    assert_int_equal(windows_oldest_ns(rig.windows), BASE);
    rig_see(&rig, &rig.sources[0], 70);
    assert_int_equal(rig_drain(&rig), 1);
    const struct closed *head = &rig.seen[0].head;
    assert_int_equal(head->stream, 7);
    assert_int_equal(head->start_ns, BASE);
    assert_int_equal(head->end_ns, BASE + 60 * NS_PER_S);
    assert_int_equal(head->closed_ns, BASE + 70 * NS_PER_S);
    assert_int_equal(head->records, 2); // the start belongs to the window, the end does not
    assert_int_equal(head->flags, 0);
    assert_int_equal(head->late, 0);
    assert_true(rig.seen[0].values[0] == 2);
    assert_int_equal(rig.seen[0].counts[0], 2);
    assert_int_equal(windows_reached_ns(rig.windows), BASE + 70 * NS_PER_S);
    assert_int_equal(windows_counts(rig.windows).closed, 1);
    rig_close(&rig);
}

static void window_starts_on_a_multiple_of_its_length_also_before_1970(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 300 * NS_PER_S);
    struct oddline_record record = {.time_ns = -1, .text_len = 8, .lines = 1};
    rig_observe(&rig, &rig.sources[0], &record, 1);
    assert_int_equal(windows_oldest_ns(rig.windows), -300 * NS_PER_S);
    rig_close(&rig);
}

static void window_takes_records_out_of_order_within_the_lateness(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S, .lateness_ns = 30 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 50);
    rig_see(&rig, &rig.sources[0], 80);
    rig_see(&rig, &rig.sources[0], 20); // older, but its window is open
    rig_see(&rig, &rig.sources[0], 90);
    assert_int_equal(rig_drain(&rig), 1);
    assert_int_equal(rig.seen[0].head.records, 2);
    assert_int_equal(windows_counts(rig.windows).late, 0);
    rig_close(&rig);
}

static void window_counts_a_late_record_in_the_oldest_that_is_open(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 10);
    rig_see(&rig, &rig.sources[0], 130);
    rig_see(&rig, &rig.sources[0], 20); // its window is closed
    rig_see(&rig, &rig.sources[0], 119);
    rig_see(&rig, &rig.sources[0], 180);
    assert_int_equal(rig_drain(&rig), 3);
    assert_int_equal(rig.seen[0].head.records, 1);
    assert_int_equal(rig.seen[1].head.records, 0);
    assert_int_equal(rig.seen[2].head.records, 3);
    assert_int_equal(rig.seen[2].head.late, 2);
    assert_int_equal(windows_counts(rig.windows).late, 2);
    rig_close(&rig);
}

static void window_runs_of_empty_ones_are_one_frame(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 0);
    rig_see(&rig, &rig.sources[0], 50 * MINUTE);
    assert_int_equal(rig_drain(&rig), 50);
    assert_int_equal(rig.frames, 2);
    rig_assert_in_order(&rig);
    assert_int_equal(rig.seen[0].head.flags, 0);
    for (size_t i = 1; i < 50; i++) {
        assert_int_equal(rig.seen[i].head.flags, ODDLINE_WINDOW_EMPTY);
        assert_int_equal(rig.seen[i].head.records, 0);
        assert_true(rig.seen[i].values[0] == 0);
    }
    rig_close(&rig);
}

/* A hole of 23 hours is 1380 windows, many more than may be open at once. */
static void window_holes_longer_than_what_is_open_are_bridged(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S, .lateness_ns = 10 * NS_PER_S);
    windows_hold(rig.windows, &rig.sources[1]); // nothing closes by the watermark
    rig_see(&rig, &rig.sources[0], 0);
    rig_see(&rig, &rig.sources[0], (WINDOW_OPEN_MAX - 1) * MINUTE);
    assert_int_equal(rig_drain(&rig), 0);
    rig_see(&rig, &rig.sources[0], WINDOW_OPEN_MAX * MINUTE); // one too many: the oldest goes
    assert_int_equal(rig_drain(&rig), 1);
    rig_see(&rig, &rig.sources[0], 23 * 60 * MINUTE);
    rig_drain(&rig);
    assert_int_equal(rig.count, 23 * 60 - WINDOW_OPEN_MAX + 1);
    rig_assert_in_order(&rig);
    uint64_t records = 0;
    for (size_t i = 0; i < rig.count; i++)
        records += rig.seen[i].head.records;
    assert_int_equal(records, 3);
    rig_close(&rig);
}

static void window_cut_off_by_the_end_is_partial(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S, .lateness_ns = 3600 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 10);
    rig_see(&rig, &rig.sources[0], 130);
    rig_see(&rig, &rig.sources[0], 200);
    windows_end(rig.windows);
    assert_int_equal(rig_drain(&rig), 4);
    rig_assert_in_order(&rig);
    assert_int_equal(rig.seen[0].head.flags, 0);
    assert_int_equal(rig.seen[1].head.flags, ODDLINE_WINDOW_EMPTY);
    assert_int_equal(rig.seen[2].head.flags, 0);
    assert_int_equal(rig.seen[3].head.flags, ODDLINE_WINDOW_PARTIAL);
    windows_end(rig.windows); // again: nothing more
    assert_int_equal(rig_drain(&rig), 4);
    rig_close(&rig);
}

static void window_end_of_nothing_is_nothing(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    windows_end(rig.windows);
    windows_quiet(rig.windows, BASE);
    assert_int_equal(rig_drain(&rig), 0);
    assert_int_equal(windows_oldest_ns(rig.windows), NO_TIME);
    assert_int_equal(windows_reached_ns(rig.windows), NO_TIME);
    rig_close(&rig);
    windows_free(NULL);
}

static void window_of_a_quiet_source_closes_and_says_so(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S, .lateness_ns = 10 * NS_PER_S);
    windows_hold(rig.windows, &rig.sources[0]);
    rig_see(&rig, &rig.sources[0], 30);
    windows_quiet(rig.windows, BASE + 600 * NS_PER_S); // it still has more to read
    assert_int_equal(rig_drain(&rig), 0);
    windows_let_go(rig.windows, &rig.sources[0]);
    windows_quiet(rig.windows, BASE + 70 * NS_PER_S - 1);
    assert_int_equal(rig_drain(&rig), 0);
    windows_quiet(rig.windows, BASE + 200 * NS_PER_S);
    assert_int_equal(rig_drain(&rig), 3);
    assert_int_equal(rig.seen[0].head.flags, ODDLINE_WINDOW_QUIET);
    assert_int_equal(rig.seen[1].head.flags, ODDLINE_WINDOW_QUIET | ODDLINE_WINDOW_EMPTY);
    assert_int_equal(rig.seen[2].head.flags, ODDLINE_WINDOW_QUIET | ODDLINE_WINDOW_EMPTY);
    rig_see(&rig, &rig.sources[0], 100); // it was only slow: late, not lost
    rig_see(&rig, &rig.sources[0], 250);
    assert_int_equal(rig_drain(&rig), 4);
    rig_assert_in_order(&rig);
    assert_int_equal(rig.seen[3].head.flags, 0);
    assert_int_equal(rig.seen[3].head.late, 1);
    rig_close(&rig);
}

/* Empty windows closed by the clock and by records in one run: what closed each must stay visible. */
static void window_runs_are_split_where_the_flag_changes(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 0);
    windows_quiet(rig.windows, BASE + 240 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 420);
    assert_int_equal(rig_drain(&rig), 7);
    rig_assert_in_order(&rig);
    static const uint32_t flags[] = {ODDLINE_WINDOW_QUIET, 3, 3, 3, 1, 1, 1};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(rig.seen[i].head.flags, flags[i]);
    assert_int_equal(rig.frames, 3);
    rig_close(&rig);
}

static void window_counts_records_without_any_time(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    struct oddline_record timeless = {.time_ns = NO_TIME, .text_len = 8, .lines = 1};
    struct oddline_batch batch = {
        .size = sizeof(batch), .text = "a record", .records = &timeless, .count = 1};
    rig_observe(&rig, &rig.sources[0], &timeless, 1);
    assert_int_equal(windows_counts(rig.windows).timeless, 1);
    assert_int_equal(windows_oldest_ns(rig.windows), NO_TIME);
    windows_observe(rig.windows, &batch,
                    &(struct batch_place){.source = &rig.sources[0], .arrival_ns = BASE + 1});
    assert_int_equal(windows_oldest_ns(rig.windows), BASE);
    rig_observe(&rig, &rig.sources[0], &timeless, 1); // takes the time of its source
    windows_end(rig.windows);
    assert_int_equal(rig_drain(&rig), 1);
    assert_int_equal(rig.seen[0].head.records, 2);
    assert_int_equal(windows_counts(rig.windows).timeless, 1);
    rig_close(&rig);
}

/* Samples of `count` records, `step` seconds apart. */
static int64_t chosen(uint32_t count, double step)
{
    static struct oddline_record records[4096];
    for (uint32_t i = 0; i < count; i++)
        records[i] = rig_at(i * step);
    struct rig rig = rig_of(.window_ns = 0);
    struct oddline_batch sample = {.size = sizeof(sample), .records = records, .count = count};
    assert_int_equal(windows_length_ns(rig.windows), 0);
    windows_choose(rig.windows, &sample);
    int64_t length = windows_length_ns(rig.windows);
    rig_close(&rig);
    return length / NS_PER_S;
}

static void window_length_follows_the_density_of_the_log(void **state)
{
    (void)state;
    assert_int_equal(chosen(4000, 1), 60);
    assert_int_equal(chosen(2000, 20), 60);   // three a minute for eleven hours
    assert_int_equal(chosen(1000, 120), 300); // one in two minutes for a day
    assert_int_equal(chosen(10, 600), 60);    // too short to show anything
    assert_int_equal(chosen(1, 1), 60);
    assert_int_equal(chosen(0, 1), 60);
}

static void window_length_that_was_set_is_kept(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 10 * NS_PER_S);
    struct oddline_batch nothing = {.size = sizeof(nothing)};
    windows_choose(rig.windows, &nothing);
    assert_int_equal(windows_length_ns(rig.windows), 10 * NS_PER_S);
    rig_close(&rig);
}

/* Stamps at both ends of what an instant can be. */
static void window_length_survives_any_stamps(void **state)
{
    (void)state;
    struct oddline_record ends[] = {{.time_ns = INT64_MIN + 1}, {.time_ns = INT64_MAX}};
    struct oddline_batch sample = {.size = sizeof(sample), .records = ends, .count = 2};
    struct rig rig = rig_of(.window_ns = 0);
    windows_choose(rig.windows, &sample);
    assert_int_equal(windows_length_ns(rig.windows), 300 * NS_PER_S);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_closes_when_the_watermark_passes_its_end_and_the_lateness),
        cmocka_unit_test(window_starts_on_a_multiple_of_its_length_also_before_1970),
        cmocka_unit_test(window_takes_records_out_of_order_within_the_lateness),
        cmocka_unit_test(window_counts_a_late_record_in_the_oldest_that_is_open),
        cmocka_unit_test(window_runs_of_empty_ones_are_one_frame),
        cmocka_unit_test(window_holes_longer_than_what_is_open_are_bridged),
        cmocka_unit_test(window_cut_off_by_the_end_is_partial),
        cmocka_unit_test(window_end_of_nothing_is_nothing),
        cmocka_unit_test(window_of_a_quiet_source_closes_and_says_so),
        cmocka_unit_test(window_runs_are_split_where_the_flag_changes),
        cmocka_unit_test(window_counts_records_without_any_time),
        cmocka_unit_test(window_length_follows_the_density_of_the_log),
        cmocka_unit_test(window_length_that_was_set_is_kept),
        cmocka_unit_test(window_length_survives_any_stamps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
