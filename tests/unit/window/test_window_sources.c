/* SPDX-License-Identifier: MIT */
/* Promise: no source closes the windows of a slower one, a wild stamp moves nothing alone, and the bounds are kept. */

#include "rig.h"

#define HOURS(n) ((n)*3600.0)

static void window_waits_for_the_slowest_source_that_holds(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    windows_hold(rig.windows, &rig.sources[0]);
    windows_hold(rig.windows, &rig.sources[1]);
    windows_hold(rig.windows, &rig.sources[1]); // twice is once
    rig_see(&rig, &rig.sources[0], 10);
    rig_see(&rig, &rig.sources[0], 600);
    assert_int_equal(rig_drain(&rig), 0); // the other has not begun
    rig_see(&rig, &rig.sources[1], 30);
    rig_see(&rig, &rig.sources[1], 130);
    assert_int_equal(rig_drain(&rig), 2);
    assert_int_equal(rig.seen[0].head.records, 2);
    assert_int_equal(windows_counts(rig.windows).late, 0);
    windows_let_go(rig.windows, &rig.sources[1]);
    windows_let_go(rig.windows, &rig.sources[1]);
    rig_see(&rig, &rig.sources[0], 601);
    assert_int_equal(rig_drain(&rig), 10);
    rig_assert_in_order(&rig);
    rig_close(&rig);
}

static void window_goes_on_without_a_source_wherever_it_stood_in_line(void **state)
{
    (void)state;
    for (int gone = 0; gone < RIG_SOURCES; gone++) {
        struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
        for (int i = 0; i < RIG_SOURCES; i++)
            windows_hold(rig.windows, &rig.sources[i]);
        rig_see(&rig, &rig.sources[gone], 10);
        windows_let_go(rig.windows, &rig.sources[gone]);
        for (int i = 0; i < RIG_SOURCES; i++)
            if (i != gone)
                rig_see(&rig, &rig.sources[i], 70);
        assert_int_equal(rig_drain(&rig), 1);
        rig_close(&rig);
    }
}

static void window_without_holders_follows_the_furthest_source(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 10);
    rig_see(&rig, &rig.sources[1], 200);
    assert_int_equal(rig_drain(&rig), 3);
    rig_see(&rig, &rig.sources[0], 20);
    assert_int_equal(windows_counts(rig.windows).late, 1);
    rig_close(&rig);
}

static void window_does_not_believe_a_jump_until_the_next_record_agrees(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 3600 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 10);
    rig_see(&rig, &rig.sources[0], HOURS(240)); // a wild stamp
    rig_see(&rig, &rig.sources[0], 20);
    rig_see(&rig, &rig.sources[0], HOURS(240)); // and again, alone
    rig_see(&rig, &rig.sources[0], 30);
    assert_int_equal(rig_drain(&rig), 0);
    assert_int_equal(windows_counts(rig.windows).suspect, 2);
    assert_int_equal(windows_reached_ns(rig.windows), BASE + 30 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], HOURS(480));
    rig_see(&rig, &rig.sources[0], HOURS(960)); // far away too, but they do not agree
    assert_int_equal(rig_drain(&rig), 0);
    rig_see(&rig, &rig.sources[0], HOURS(950)); // within a day of the one before: believed
    windows_end(rig.windows);
    rig_drain(&rig);
    assert_int_equal(rig.seen[0].head.records, 7); // what was not believed counts here
    assert_int_equal(rig.seen[rig.count - 1].head.records, 1);
    assert_int_equal(rig.seen[rig.count - 1].head.late, 0);
    rig_assert_in_order(&rig);
    rig_close(&rig);
}

static void window_believes_up_to_a_day_ahead_at_once(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 3600 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 0);
    rig_see(&rig, &rig.sources[0], HOURS(24));
    assert_int_equal(windows_counts(rig.windows).suspect, 0);
    assert_int_equal(rig_drain(&rig), 24);
    rig_see(&rig, &rig.sources[1], HOURS(48)); // also of another source
    assert_int_equal(windows_counts(rig.windows).suspect, 0);
    rig_see(&rig, &rig.sources[2], HOURS(73));
    assert_int_equal(windows_counts(rig.windows).suspect, 1);
    rig_close(&rig);
}

static void window_counts_a_stamp_far_behind_as_late(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 3600 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], HOURS(100));
    rig_see(&rig, &rig.sources[0], HOURS(100));
    rig_see(&rig, &rig.sources[0], 0);
    assert_int_equal(windows_counts(rig.windows).late, 1);
    assert_int_equal(windows_reached_ns(rig.windows), BASE + 100 * 3600 * NS_PER_S);
    rig_close(&rig);
}

/* The first file of a stream need not be the one that begins first. */
static void window_start_moves_back_while_nothing_is_closed(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S, .lateness_ns = 120 * NS_PER_S);
    windows_hold(rig.windows, &rig.sources[0]);
    windows_hold(rig.windows, &rig.sources[1]);
    rig_see(&rig, &rig.sources[0], 610);
    rig_see(&rig, &rig.sources[0], 670);
    rig_see(&rig, &rig.sources[1], 130); // eight windows earlier
    rig_see(&rig, &rig.sources[1], 70);
    assert_int_equal(windows_oldest_ns(rig.windows), BASE + 60 * NS_PER_S);
    rig_see(&rig, &rig.sources[1], 700);
    assert_int_equal(windows_counts(rig.windows).late, 0);
    assert_int_equal(rig_drain(&rig), 8); // up to 540
    rig_see(&rig, &rig.sources[1], 75);   // now its window is closed
    assert_int_equal(windows_counts(rig.windows).late, 1);
    windows_end(rig.windows);
    assert_int_equal(rig_drain(&rig), 11);
    rig_assert_in_order(&rig);
    static const uint64_t records[] = {1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 2};
    for (size_t i = 0; i < 11; i++)
        assert_int_equal(rig.seen[i].head.records, records[i]);
    assert_int_equal(rig.seen[0].head.start_ns, BASE + 60 * NS_PER_S);
    rig_close(&rig);
}

static void window_start_moves_back_no_further_than_may_be_open(void **state)
{
    (void)state;
    for (int back = WINDOW_OPEN_MAX - 2; back <= WINDOW_OPEN_MAX - 1; back++) {
        struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
        windows_hold(rig.windows, &rig.sources[2]);
        rig_see(&rig, &rig.sources[0], 6000);
        rig_see(&rig, &rig.sources[0], 6060); // two are open
        rig_see(&rig, &rig.sources[1], 6000 - back * 60);
        bool fits = back == WINDOW_OPEN_MAX - 2;
        assert_int_equal(windows_counts(rig.windows).late, !fits);
        assert_int_equal(windows_counts(rig.windows).closed, 0);
        windows_end(rig.windows);
        rig_drain(&rig);
        assert_int_equal(rig.count, fits ? WINDOW_OPEN_MAX : 2);
        rig_assert_in_order(&rig);
        rig_close(&rig);
    }
}

/* An earlier window that the watermark has passed already takes its record and is over. */
static void window_start_that_moved_back_holds_nothing_up(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    windows_hold(rig.windows, &rig.sources[0]);
    rig_see(&rig, &rig.sources[0], 3000);
    rig_see(&rig, &rig.sources[0], 10);
    assert_int_equal(windows_counts(rig.windows).late, 0);
    assert_int_equal(windows_oldest_ns(rig.windows), BASE + 3000 * NS_PER_S);
    assert_int_equal(rig_drain(&rig), 50);
    assert_int_equal(rig.seen[0].head.records, 1);
    rig_close(&rig);
}

/* A source that was waited for ends: the others need no record more to go on. */
static void window_closes_when_the_slowest_source_lets_go(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    windows_hold(rig.windows, &rig.sources[0]);
    windows_hold(rig.windows, &rig.sources[1]);
    rig_see(&rig, &rig.sources[1], 10);
    rig_see(&rig, &rig.sources[0], 3000);
    assert_int_equal(rig_drain(&rig), 0);
    windows_let_go(rig.windows, &rig.sources[1]);
    assert_int_equal(rig_drain(&rig), 50);
    rig_close(&rig);
}

static void window_takes_the_first_stamp_back_when_the_second_is_far_behind(void **state)
{
    (void)state;
    static const double wild[] = {HOURS(40), HOURS(87600)}; // 40 windows and 87,600 ahead
    for (size_t i = 0; i < 2; i++) {
        struct rig rig = rig_of(.window_ns = 3600 * NS_PER_S);
        windows_hold(rig.windows, &rig.sources[0]);
        rig_see(&rig, &rig.sources[0], wild[i]);
        rig_see(&rig, &rig.sources[0], 10);
        assert_int_equal(windows_reached_ns(rig.windows), BASE + 10 * NS_PER_S);
        assert_int_equal(windows_oldest_ns(rig.windows), BASE - BASE % (3600 * NS_PER_S));
        rig_see(&rig, &rig.sources[0], HOURS(1));
        rig_see(&rig, &rig.sources[0], HOURS(2));
        assert_int_equal(rig_drain(&rig), 2);
        assert_int_equal(rig.seen[0].head.records, 2); // the wild one counts here
        assert_int_equal(rig.seen[1].head.records, 1);
        assert_int_equal(windows_counts(rig.windows).late, 0);
        rig_close(&rig);
    }
}

static void window_keeps_a_first_stamp_that_something_confirmed(void **state)
{
    (void)state;
    for (uint32_t by = 0; by < 2; by++) { // its own source, another one
        struct rig rig = rig_of(.window_ns = 3600 * NS_PER_S);
        windows_hold(rig.windows, &rig.sources[2]);
        rig_see(&rig, &rig.sources[0], HOURS(500));
        rig_see(&rig, &rig.sources[by], HOURS(480));
        rig_see(&rig, &rig.sources[0], 10);
        assert_int_equal(windows_reached_ns(rig.windows), BASE + 500 * 3600 * NS_PER_S);
        assert_int_equal(windows_counts(rig.windows).late, 1);
        rig_close(&rig);
    }
}

/* The other source tells no lie, but it does not say who is right either. */
static void window_takes_the_first_stamp_back_beside_another_source(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 3600 * NS_PER_S);
    windows_hold(rig.windows, &rig.sources[0]);
    windows_hold(rig.windows, &rig.sources[1]);
    rig_see(&rig, &rig.sources[0], HOURS(87600));
    rig_see(&rig, &rig.sources[1], HOURS(3));
    assert_int_equal(windows_counts(rig.windows).late, 1);
    rig_see(&rig, &rig.sources[0], HOURS(2));
    assert_int_equal(windows_reached_ns(rig.windows), BASE + 3 * 3600 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], HOURS(5));
    rig_see(&rig, &rig.sources[1], HOURS(5));
    assert_int_equal(rig_drain(&rig), 3);
    assert_int_equal(rig.seen[0].head.records, 3);
    assert_int_equal(windows_counts(rig.windows).late, 1);
    rig_close(&rig);
}

/* The first stamp of a later source is measured by the stream. */
static void window_does_not_believe_a_first_stamp_far_ahead_of_the_stream(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 3600 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 0);
    rig_see(&rig, &rig.sources[0], 10);
    rig_see(&rig, &rig.sources[1], HOURS(87600));
    assert_int_equal(windows_reached_ns(rig.windows), BASE + 10 * NS_PER_S);
    rig_see(&rig, &rig.sources[1], 20);
    rig_see(&rig, &rig.sources[0], 30);
    assert_int_equal(windows_counts(rig.windows).late, 0);
    rig_see(&rig, &rig.sources[2], HOURS(500)); // this one means it
    rig_see(&rig, &rig.sources[2], HOURS(500));
    assert_int_equal(windows_reached_ns(rig.windows), BASE + 500 * 3600 * NS_PER_S);
    assert_int_equal(windows_counts(rig.windows).suspect, 2);
    rig_close(&rig);
}

static void window_is_not_convinced_by_a_borrowed_stamp(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 3600 * NS_PER_S);
    struct oddline_record borrowed = rig_at(HOURS(500));
    borrowed.flags = ODDLINE_RECORD_NO_STAMP;
    rig_see(&rig, &rig.sources[0], HOURS(500));
    rig_observe(&rig, &rig.sources[0], &borrowed, 1);
    rig_see(&rig, &rig.sources[0], 10); // takes the first back
    assert_int_equal(windows_reached_ns(rig.windows), BASE + 10 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], HOURS(500));
    rig_observe(&rig, &rig.sources[0], &borrowed, 1);
    assert_int_equal(windows_reached_ns(rig.windows), BASE + 10 * NS_PER_S);
    windows_end(rig.windows);
    assert_int_equal(rig_drain(&rig), 1);
    assert_int_equal(rig.seen[0].head.records, 5);
    rig_close(&rig);
}

static void window_keeps_to_the_bounds_from_and_until(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S, .from_ns = BASE + 60 * NS_PER_S,
                            .until_ns = BASE + 180 * NS_PER_S);
    static const double times[] = {0, 59.9, 60, 100, 179.9, 180, 300};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        rig_see(&rig, &rig.sources[0], times[i]);
    windows_end(rig.windows);
    assert_int_equal(rig_drain(&rig), 2); // none is made beyond the bound
    assert_int_equal(rig.seen[0].head.start_ns, BASE + 60 * NS_PER_S);
    assert_int_equal(rig.seen[0].head.records, 2);
    assert_int_equal(rig.seen[1].head.records, 1);
    rig_close(&rig);
}

/* A log that goes on for days behind the bound: those records are no wild stamps, and count nowhere. */
static void window_counts_nothing_from_days_behind_the_bound(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S, .from_ns = NO_TIME,
                            .until_ns = BASE + 60 * NS_PER_S);
    rig_see(&rig, &rig.sources[0], 10);
    for (int hour = 1; hour < 200; hour++)
        rig_see(&rig, &rig.sources[0], HOURS(hour));
    windows_end(rig.windows);
    assert_int_equal(rig_drain(&rig), 1);
    assert_int_equal(rig.seen[0].head.records, 1);
    assert_int_equal(windows_counts(rig.windows).suspect, 0);
    rig_close(&rig);
}

/* One source is behind the bound already, another not yet: the windows wait for the other. */
static void window_waits_for_sources_within_the_bound(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S, .from_ns = NO_TIME,
                            .until_ns = BASE + 150 * NS_PER_S);
    windows_hold(rig.windows, &rig.sources[0]);
    windows_hold(rig.windows, &rig.sources[1]);
    rig_see(&rig, &rig.sources[0], 10);
    rig_see(&rig, &rig.sources[0], HOURS(5));
    rig_see(&rig, &rig.sources[1], 20);
    assert_int_equal(rig_drain(&rig), 0);
    rig_see(&rig, &rig.sources[1], 125);
    assert_int_equal(rig_drain(&rig), 2); // the first does not hold the second back
    rig_see(&rig, &rig.sources[1], HOURS(6));
    assert_int_equal(rig_drain(&rig), 2); // the window that the bound cuts is not over
    windows_end(rig.windows);
    assert_int_equal(rig_drain(&rig), 3);
    assert_int_equal(rig.seen[0].head.records, 2);
    assert_int_equal(rig.seen[2].head.records, 1);
    assert_int_equal(rig.seen[2].head.flags, ODDLINE_WINDOW_PARTIAL);
    rig_close(&rig);
}

/* One is silent, the other has more to read: what it will bring must not find its window closed. */
static void window_does_not_close_for_quiet_what_a_holder_still_reads(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = 60 * NS_PER_S);
    windows_hold(rig.windows, &rig.sources[0]);
    windows_hold(rig.windows, &rig.sources[1]);
    rig_see(&rig, &rig.sources[0], 5);
    rig_see(&rig, &rig.sources[1], 5);
    rig_see(&rig, &rig.sources[1], 130);
    windows_let_go(rig.windows, &rig.sources[1]);
    windows_quiet(rig.windows, BASE + 3600 * NS_PER_S);
    assert_int_equal(rig_drain(&rig), 0);
    rig_see(&rig, &rig.sources[0], 6);
    assert_int_equal(windows_counts(rig.windows).late, 0);
    windows_let_go(rig.windows, &rig.sources[0]);
    windows_quiet(rig.windows, BASE + 190 * NS_PER_S);
    assert_int_equal(rig_drain(&rig), 3);
    assert_int_equal(rig.seen[0].head.records, 3);
    rig_close(&rig);
}

/* As many windows as there are minutes in two hundred years, and a second to close them in. */
static void window_closes_centuries_at_once(void **state)
{
    (void)state;
    struct rig rig = rig_of(.window_ns = NS_PER_S);
    double far = 200.0 * 365 * 86400;
    rig_see(&rig, &rig.sources[0], 0);
    int64_t begin = clock_monotonic_ns();
    rig_see(&rig, &rig.sources[0], far);
    rig_see(&rig, &rig.sources[0], far);
    rig_see(&rig, &rig.sources[0], far + 10);
    assert_true(clock_monotonic_ns() - begin < NS_PER_S);
    assert_true(windows_counts(rig.windows).closed == (uint64_t)far + 10);
    assert_int_equal(windows_counts(rig.windows).late, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_waits_for_the_slowest_source_that_holds),
        cmocka_unit_test(window_goes_on_without_a_source_wherever_it_stood_in_line),
        cmocka_unit_test(window_without_holders_follows_the_furthest_source),
        cmocka_unit_test(window_does_not_believe_a_jump_until_the_next_record_agrees),
        cmocka_unit_test(window_believes_up_to_a_day_ahead_at_once),
        cmocka_unit_test(window_counts_a_stamp_far_behind_as_late),
        cmocka_unit_test(window_start_moves_back_while_nothing_is_closed),
        cmocka_unit_test(window_start_moves_back_no_further_than_may_be_open),
        cmocka_unit_test(window_start_that_moved_back_holds_nothing_up),
        cmocka_unit_test(window_closes_when_the_slowest_source_lets_go),
        cmocka_unit_test(window_takes_the_first_stamp_back_when_the_second_is_far_behind),
        cmocka_unit_test(window_keeps_a_first_stamp_that_something_confirmed),
        cmocka_unit_test(window_takes_the_first_stamp_back_beside_another_source),
        cmocka_unit_test(window_does_not_believe_a_first_stamp_far_ahead_of_the_stream),
        cmocka_unit_test(window_is_not_convinced_by_a_borrowed_stamp),
        cmocka_unit_test(window_keeps_to_the_bounds_from_and_until),
        cmocka_unit_test(window_counts_nothing_from_days_behind_the_bound),
        cmocka_unit_test(window_waits_for_sources_within_the_bound),
        cmocka_unit_test(window_does_not_close_for_quiet_what_a_holder_still_reads),
        cmocka_unit_test(window_closes_centuries_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
