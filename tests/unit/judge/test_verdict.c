/* SPDX-License-Identifier: MIT */
/*
 * Promise: a stream says what is wrong once, from the window it began in until it is over, and not at all what is too small or
 * too early.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verdict_rig.h"

/* ---- which opinions count ----------------------------------------------- */

static void verdict_says_nothing_of_one_that_became_four(void **state)
{
    (void)state;
    window(WARM, stage_opinion(ERRORS, 4, 1, 50));
    assert_int_equal(notes.count, 0);
    window(WARM + 1, stage_opinion(ERRORS, 5, 1, 50));
    assert_int_equal(notes.count, 1);
}

static void verdict_says_nothing_of_a_count_that_did_not_double(void **state)
{
    (void)state;
    window(WARM, stage_opinion(ERRORS, 199, 100, 50));
    window(WARM + 1, stage_opinion(ERRORS, 51, 100, 50));
    assert_int_equal(notes.count, 0);
    window(WARM + 2, stage_opinion(ERRORS, 200, 100, 50));
    window(WARM + 3, stage_opinion(ERRORS, 50, 100, 50));
    assert_int_equal(notes.count, 2);
}

static void verdict_has_no_floor_for_what_is_no_count(void **state)
{
    (void)state;
    window(WARM, stage_opinion(RATIO, 0.3, 0.25, 50));
    assert_int_equal(notes.count, 1);
}

static void verdict_ignores_what_is_still_learning(void **state)
{
    (void)state;
    struct opinion o = stage_opinion(ERRORS, 100, 1, 50);
    o.score.flags |= ODDLINE_SCORE_WARMING;
    window(WARM, o);
    assert_int_equal(notes.count, 0);
}

static void verdict_never_calls_a_window_cut_off_by_the_end_a_lack(void **state)
{
    (void)state;
    struct opinion few = stage_opinion(ERRORS, 10, 1000, 50), silent = stage_silence(900, 50),
                   many = stage_opinion(ERRORS, 1000, 10, 50);
    rig_window(WARM, ODDLINE_WINDOW_PARTIAL, &few, 1);
    rig_window(WARM + 1, ODDLINE_WINDOW_PARTIAL, &silent, 1);
    assert_int_equal(notes.count, 0);
    rig_window(WARM + 2, ODDLINE_WINDOW_PARTIAL, &many, 1);
    assert_int_equal(notes.count, 1);
}

static void verdict_finds_nothing_odd_in_fewer_errors(void **state)
{
    (void)state;
    struct judge_series series[STAGE_SERIES];
    memcpy(series, stage_series, sizeof(series));
    series[ERRORS].is_bad = true;
    stream.series = series;
    window(WARM, stage_opinion(ERRORS, 1, 1000, 50));
    window(WARM + 1, stage_silence(9000, 50));
    assert_int_equal(notes.count, 0);
    window(WARM + 2, stage_opinion(WARNINGS, 1, 1000, 50));
    window(WARM + 3, stage_opinion(ERRORS, 1000, 1, 50));
    assert_int_equal(notes.count, 2);
}

/* ---- routes ------------------------------------------------------------- */

static void verdict_sends_by_surprise(void **state)
{
    (void)state;
    static const struct {
        double surprise;
        int route;
    } steps[] = {{2.99, -1},        {3, ROUTE_LOG},       {3.99, ROUTE_LOG},
                 {4, ROUTE_TICKET}, {5.99, ROUTE_TICKET}, {6, ROUTE_PAGE}};
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        rig_tear_down(NULL);
        rig_set_up(NULL);
        errors(WARM, steps[i].surprise);
        assert_int_equal(notes.count, steps[i].route < 0 ? 0 : 1);
        if (steps[i].route >= 0)
            assert_int_equal(told(0)->finding.route, steps[i].route);
    }
}

static void verdict_only_logs_while_it_warms_up(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 20; n += 10) {
        errors(n, 200);
        calm_until(n + 1, n + 10);
    }
    assert_int_equal(notes.count, 4);
    for (size_t i = 0; i < notes.count; i++)
        assert_int_equal(told(i)->finding.route, ROUTE_LOG);
    errors(20, 200);
    assert_int_equal(told(4)->finding.route, ROUTE_PAGE);
}

/* ---- the life of a trouble ---------------------------------------------- */

static void verdict_joins_all_that_is_too_much_in_one_finding(void **state)
{
    (void)state;
    struct opinion odd[] = {stage_opinion(WARNINGS, 30, 2, 5), stage_opinion(ERRORS, 100, 1, 8),
                            stage_opinion(ERRORS, 100, 1, 7), stage_opinion(RATIO, 1, 0, 2.9)};
    odd[2].plugin = &stage_burst;
    rig_window(WARM, 0, odd, 4);
    rig_window(WARM + 1, 0, odd, 4);
    assert_int_equal(notes.count, 1);
    assert_string_equal(told(0)->summary, "errors at 100 per minute, expected 1");
    assert_int_equal(told(0)->finding.reason_count, 3);
    assert_int_equal(told_says(told(0), "ewma: errors at"), 1);
    assert_int_equal(told_says(told(0), "burst: errors at"), 1);
    assert_int_equal(told_says(told(0), "ewma: warnings at"), 1);
}

static void verdict_keeps_too_much_and_too_little_apart(void **state)
{
    (void)state;
    struct opinion odd[] = {stage_opinion(ERRORS, 100, 1, 8),
                            stage_opinion(WARNINGS, 1, 100, 8)};
    rig_window(WARM, 0, odd, 2);
    assert_int_equal(notes.count, 2);
    assert_int_equal(told(0)->finding.kind, FINDING_SPIKE);
    assert_int_equal(told(1)->finding.kind, FINDING_DROP);
    assert_int_equal(told(0)->finding.reason_count, 1);
}

static void verdict_resolves_after_five_calm_windows(void **state)
{
    (void)state;
    errors(WARM, 5);
    errors(WARM + 1, 5);
    calm_until(WARM + 2, WARM + 6);
    assert_int_equal(notes.count, 1);
    errors(WARM + 6, 0);
    assert_int_equal(notes.count, 2);
    const struct finding *f = &told(1)->finding;
    assert_int_equal(f->status, FINDING_RESOLVED);
    assert_string_equal(f->id, told(0)->finding.id);
    assert_int_equal(f->revision, told(0)->finding.revision + 1);
    assert_int_equal(f->starts_ns, stage_start(WARM));
    assert_int_equal(f->ends_ns, stage_start(WARM + 2));
    for (size_t i = 0; i < 2; i++) // when it was found, not when it was over
        assert_int_equal(told(i)->finding.detected_ns, stage_start(WARM + 1) + 500 * NS_PER_MS);
    assert_true(told(0)->finding.ends_ns == NO_TIME);
}

static void verdict_tells_a_series_that_toggles_once(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 60; n++)
        errors(WARM + n, n % 2 ? 0 : 5);
    calm_until(WARM + 60, WARM + 70);
    assert_int_equal(notes.count, 2);
    assert_int_equal(notes_count(&notes, FINDING_FIRING), 1);
    assert_int_equal(told(1)->finding.ends_ns, stage_start(WARM + 59));
}

static void verdict_goes_on_a_little_below_the_threshold(void **state)
{
    (void)state;
    errors(WARM, 5);
    for (uint64_t n = 1; n < 20; n++)
        errors(WARM + n, 3);
    assert_int_equal(notes.count, 1);
    for (uint64_t n = 20; n < 25; n++)
        errors(WARM + n, 2.99);
    assert_int_equal(notes.count, 2);
}

static void verdict_escalates_by_firing_the_page_and_then_resolving_the_ticket(void **state)
{
    (void)state;
    errors(WARM, 5);
    errors(WARM + 1, 9);
    assert_int_equal(notes.count, 3);
    assert_int_equal(told(0)->finding.route, ROUTE_TICKET);
    assert_int_equal(told(1)->finding.route, ROUTE_PAGE);
    assert_int_equal(told(1)->finding.status, FINDING_FIRING);
    assert_int_equal(told(1)->finding.starts_ns, stage_start(WARM));
    assert_int_equal(told(2)->finding.route, ROUTE_TICKET);
    assert_int_equal(told(2)->finding.status, FINDING_RESOLVED);
    assert_string_equal(told(2)->finding.id, told(0)->finding.id);
    char text[64];
    snprintf(text, sizeof(text), "replaced_by %s", told(1)->finding.id);
    assert_int_equal(told_says(told(2), text), 1);
    calm_until(WARM + 2, WARM + 7);
    assert_int_equal(notes.count, 4);
    assert_string_equal(told(3)->finding.id, told(1)->finding.id);
}

static void verdict_names_what_replaced_a_silence_that_grew(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 12; n++)
        window(WARM + n, stage_silence(300 + 60 * (double)n, 4 + (double)n / 10));
    window(WARM + 12, stage_silence(1020, 9));
    assert_int_equal(notes.count, 3);
    assert_int_equal(told_says(told(2), "replaced_by"), 1);
    assert_int_equal(told(2)->finding.reason_count, 2);
    assert_int_equal(told(1)->finding.starts_ns, stage_start(WARM + 1) - 300 * NS_PER_S);
}

static void verdict_waits_for_as_many_odd_windows_as_hold_says(void **state)
{
    (void)state;
    stream.policy.hold = 3;
    errors(WARM, 9);
    errors(WARM + 1, 9);
    errors(WARM + 2, 0);
    errors(WARM + 3, 9);
    errors(WARM + 4, 9);
    assert_int_equal(notes.count, 0);
    errors(WARM + 5, 9);
    assert_int_equal(notes.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(verdict_says_nothing_of_one_that_became_four),
        RIG_TEST(verdict_says_nothing_of_a_count_that_did_not_double),
        RIG_TEST(verdict_has_no_floor_for_what_is_no_count),
        RIG_TEST(verdict_ignores_what_is_still_learning),
        RIG_TEST(verdict_never_calls_a_window_cut_off_by_the_end_a_lack),
        RIG_TEST(verdict_finds_nothing_odd_in_fewer_errors),
        RIG_TEST(verdict_sends_by_surprise),
        RIG_TEST(verdict_only_logs_while_it_warms_up),
        RIG_TEST(verdict_joins_all_that_is_too_much_in_one_finding),
        RIG_TEST(verdict_keeps_too_much_and_too_little_apart),
        RIG_TEST(verdict_resolves_after_five_calm_windows),
        RIG_TEST(verdict_tells_a_series_that_toggles_once),
        RIG_TEST(verdict_goes_on_a_little_below_the_threshold),
        RIG_TEST(verdict_escalates_by_firing_the_page_and_then_resolving_the_ticket),
        RIG_TEST(verdict_names_what_replaced_a_silence_that_grew),
        RIG_TEST(verdict_waits_for_as_many_odd_windows_as_hold_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
