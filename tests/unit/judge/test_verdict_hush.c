/* SPDX-License-Identifier: MIT */
/*
 * Promise: what is muted or silenced is kept for the log with the reason, hides nothing that is not, and is sent when the hush ends
 * and the trouble does not; a new level that several detectors accept is one finding.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verdict_rig.h"

static struct mute mute;

static void silence(const char *series, uint64_t from, uint64_t until)
{
    struct silence *s = &silences.at[silences.count++];
    *s = (struct silence){.id = silences.count,
                          .from_ns = stage_start(from),
                          .until_ns = stage_start(until),
                          .reason = "moving",
                          .author = "ann"};
    snprintf(s->series, sizeof(s->series), "%s", series);
}

/* The windows [from, until) of any day, in minutes as they are. */
static void mute_windows(uint64_t from, uint64_t until)
{
    struct civil a = clock_civil(stage_start(from)), b = clock_civil(stage_start(until));
    mute = (struct mute){.days = 127,
                         .from_min = a.hour * 60 + a.minute,
                         .until_min = b.hour * 60 + b.minute,
                         .reason = "backup",
                         .author = "bob"};
    stream.mutes = &mute;
    stream.mute_count = 1;
}

static void muted_page_is_kept_for_the_log_with_reason_and_author(void **state)
{
    (void)state;
    mute_windows(WARM, WARM + 5);
    errors(WARM, 50);
    calm_until(WARM + 1, WARM + 6);
    assert_int_equal(notes.count, 2);
    for (size_t i = 0; i < 2; i++) { // also when it is over
        assert_int_equal(told(i)->finding.route, ROUTE_LOG);
        assert_string_equal(told(i)->label, "muted=backup");
        assert_string_equal(told(i)->annotation, "muted_by=bob");
    }
    errors(WARM + 7, 50);
    assert_int_equal(told(2)->finding.route, ROUTE_PAGE);
    assert_string_equal(told(2)->label, "");
}

static void what_is_for_the_log_anyway_is_not_called_hushed(void **state)
{
    (void)state;
    mute_windows(WARM, WARM + 5);
    errors(WARM, 3.5);
    assert_int_equal(told(0)->finding.route, ROUTE_LOG);
    assert_string_equal(told(0)->label, "");
    errors(WARM + 1, 9); // would be a page by now
    calm_until(WARM + 2, WARM + 8);
    assert_int_equal(notes.count, 2);
    assert_string_equal(told(1)->label, "muted=backup");
}

static void trouble_that_outlasts_its_hush_is_sent_then(void **state)
{
    (void)state;
    silence("", WARM, WARM + 3);
    for (uint64_t n = WARM; n < WARM + 3; n++)
        errors(n, 50);
    assert_int_equal(notes.count, 1);
    errors(WARM + 3, 50);
    assert_int_equal(notes.count, 3);
    assert_int_equal(told(1)->finding.route, ROUTE_PAGE);
    assert_string_equal(told(1)->label, "");
    assert_int_equal(told(1)->finding.starts_ns, stage_start(WARM));
    assert_string_equal(told(2)->finding.id, told(0)->finding.id);
    assert_int_equal(told(2)->finding.status, FINDING_RESOLVED);
    assert_string_equal(told(2)->label, "silenced=moving");
    assert_int_equal(told_says(told(2), "replaced_by"), 1);
}

static void page_that_is_open_when_the_hush_begins_resolves_as_a_page(void **state)
{
    (void)state;
    errors(WARM, 50);
    silence("", WARM + 1, WARM + 50);
    errors(WARM + 1, 60);
    calm_until(WARM + 2, WARM + 8);
    assert_int_equal(notes.count, 2);
    assert_int_equal(told(1)->finding.route, ROUTE_PAGE);
    assert_string_equal(told(1)->label, "");
}

static void silence_of_one_series_hides_no_other(void **state)
{
    (void)state;
    struct opinion both[] = {stage_opinion(ERRORS, 100, 1, 50),
                             stage_opinion(WARNINGS, 100, 1, 7)};
    silence("errors", WARM, WARM + 50);
    rig_window(WARM, 0, both, 2);
    assert_int_equal(notes.count, 1);
    assert_int_equal(told(0)->finding.route, ROUTE_PAGE);
    assert_true(told(0)->finding.score == 7);
    assert_string_equal(told(0)->label, "");
}

static void other_series_speaks_up_while_a_silenced_one_is_open(void **state)
{
    (void)state;
    struct opinion both[] = {stage_opinion(ERRORS, 100, 1, 50),
                             stage_opinion(WARNINGS, 100, 1, 7)};
    silence("errors", WARM, WARM + 50);
    rig_window(WARM, 0, both, 1);
    assert_string_equal(told(0)->label, "silenced=moving");
    rig_window(WARM + 1, 0, both, 2);
    assert_int_equal(notes.count, 3);
    assert_int_equal(told(1)->finding.route, ROUTE_PAGE);
    assert_true(told(1)->finding.score == 7);
}

static void hushed_ones_neither_tire_nor_fill_the_cap(void **state)
{
    (void)state;
    stream.policy.storm_per_hour = 1;
    silence("", WARM, WARM + 30);
    for (uint64_t n = WARM; n < WARM + 30; n += 6) {
        errors(n, 50);
        calm_until(n + 1, n + 6);
    }
    assert_int_equal(verdict_suppressed(verdict), 0);
    errors(WARM + 30, 6); // exactly the threshold of a page: nothing was added to it
    assert_int_equal(told(notes.count - 1)->finding.route, ROUTE_PAGE);
}

/* ---- by the clock ---------------------------------------------------------- */

static void sized(uint64_t nth, double size)
{
    struct opinion opinion = stage_opinion(ERRORS, size, 1, 50);
    rig_window(nth, 0, &opinion, 1);
    calm_until(nth + 1, nth + 8);
}

static void what_comes_again_an_hour_later_is_kept_for_the_log(void **state)
{
    (void)state;
    sized(WARM, 100);
    sized(WARM + 60, 150);
    sized(WARM + 121, 60); // a window late
    assert_int_equal(notes.count, 6);
    assert_int_equal(told(0)->finding.route, ROUTE_PAGE);
    assert_int_equal(told(2)->finding.route, ROUTE_LOG);
    assert_string_equal(told(2)->label, "recurs=as 60m before");
    assert_int_equal(told(4)->finding.route, ROUTE_LOG);
    sized(WARM + 181, 500); // far larger than any before
    assert_int_equal(told(6)->finding.route, ROUTE_PAGE);
    sized(WARM + 225, 100); // at no time of its own
    assert_int_equal(told(8)->finding.route, ROUTE_PAGE);
}

static void what_comes_a_third_time_after_the_same_while_is_kept_for_the_log(void **state)
{
    (void)state;
    sized(WARM, 100);
    sized(WARM + 43, 100);
    assert_int_equal(told(2)->finding.route, ROUTE_PAGE);
    sized(WARM + 86, 100);
    assert_int_equal(told(4)->finding.route, ROUTE_LOG);
    assert_string_equal(told(4)->label, "recurs=as 43m before");
}

static void what_recurs_and_does_not_end_as_it_did_is_sent(void **state)
{
    (void)state;
    sized(WARM, 100);
    for (uint64_t n = WARM + 60; n < WARM + 64; n++)
        errors(n, 50);
    assert_int_equal(told(2)->finding.route, ROUTE_LOG);
    assert_int_equal(told(3)->finding.route, ROUTE_PAGE);
    assert_int_equal(told(3)->finding.starts_ns, stage_start(WARM + 60));
    assert_int_equal(told(3)->finding.window_start_ns, stage_start(WARM + 62));
}

static void errors_that_recur_are_errors(void **state)
{
    (void)state;
    struct judge_series series[STAGE_SERIES];
    memcpy(series, stage_series, sizeof(series));
    series[ERRORS].is_bad = true;
    stream.series = series;
    sized(WARM, 100);
    sized(WARM + 60, 100);
    assert_int_equal(told(2)->finding.route, ROUTE_PAGE);
    stream.series = stage_series;
}

/* ---- the new normal ------------------------------------------------------ */

static struct opinion accepted(uint32_t series, const struct oddline_plugin *plugin)
{
    struct opinion o = stage_opinion(series, 100, 10, 4);
    o.plugin = plugin;
    o.score.flags |= ODDLINE_SCORE_ACCEPTED;
    o.score.kind = ODDLINE_SHIFT;
    return o;
}

static void new_level_that_two_detectors_accept_is_one_finding(void **state)
{
    (void)state;
    struct opinion both[] = {accepted(ERRORS, &stage_ewma), accepted(WARNINGS, &stage_burst)};
    rig_window(WARM, 0, both, 2);
    assert_int_equal(notes.count, 1);
    assert_int_equal(told(0)->finding.reason_count, 2);
    struct opinion later = accepted(ERRORS, &stage_burst);
    rig_window(WARM + 30, 0, &later, 1); // the same change, seen by a slower one
    assert_int_equal(notes.count, 1);
    rig_window(WARM + 200, 0, &later, 1); // another
    assert_int_equal(notes.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(muted_page_is_kept_for_the_log_with_reason_and_author),
        RIG_TEST(what_is_for_the_log_anyway_is_not_called_hushed),
        RIG_TEST(trouble_that_outlasts_its_hush_is_sent_then),
        RIG_TEST(page_that_is_open_when_the_hush_begins_resolves_as_a_page),
        RIG_TEST(silence_of_one_series_hides_no_other),
        RIG_TEST(other_series_speaks_up_while_a_silenced_one_is_open),
        RIG_TEST(hushed_ones_neither_tire_nor_fill_the_cap),
        RIG_TEST(what_comes_again_an_hour_later_is_kept_for_the_log),
        RIG_TEST(what_comes_a_third_time_after_the_same_while_is_kept_for_the_log),
        RIG_TEST(what_recurs_and_does_not_end_as_it_did_is_sent),
        RIG_TEST(errors_that_recur_are_errors),
        RIG_TEST(new_level_that_two_detectors_accept_is_one_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
