/* SPDX-License-Identifier: MIT */
/*
 * Promise: what is said too often needs more to be said again, and what the storm cap holds back is counted; a new normal is said once; a
 * finding shows the records it is about.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verdict_rig.h"

/* ---- noise -------------------------------------------------------------- */

static void verdict_grows_tired_and_rests(void **state)
{
    (void)state;
    stream.policy.storm_per_hour = 1000;
    uint64_t n = WARM;
    for (int i = 0; i < 3; i++, n += 6) {
        errors(n, 9);
        calm_until(n + 1, n + 6);
    }
    assert_int_equal(notes.count, 6);
    assert_true(told(0)->finding.threshold == 6);
    assert_true(told(2)->finding.threshold > 6.5);
    assert_true(told(4)->finding.threshold > 7);
    errors(n, 6.5); // a page at first, not any more
    assert_int_equal(told(6)->finding.route, ROUTE_TICKET);
    calm_until(n + 1, n + 1000);
    errors(n + 1000, 6.1);
    assert_int_equal(told(8)->finding.route, ROUTE_PAGE);
}

static void verdict_does_not_tire_of_what_it_only_logs(void **state)
{
    (void)state;
    for (uint64_t n = WARM; n < WARM + 120; n += 6) {
        errors(n, 3.5);
        calm_until(n + 1, n + 6);
    }
    assert_int_equal(notes.count, 40);
    errors(WARM + 120, 6);
    assert_int_equal(told(40)->finding.route, ROUTE_PAGE);
}

static void verdict_holds_a_storm_back_and_says_later_how_much(void **state)
{
    (void)state;
    stream.policy.storm_per_hour = 2;
    uint64_t n = WARM;
    for (int i = 0; i < 5; i++, n += 6) { // 5 troubles in half an hour
        errors(n, 50);
        calm_until(n + 1, n + 6);
    }
    assert_int_equal(notes_count(&notes, FINDING_FIRING), 5);
    assert_int_equal(told(2)->finding.route, ROUTE_PAGE);
    assert_int_equal(told(4)->finding.route, ROUTE_LOG); // kept, not sent
    assert_string_equal(told(4)->label, "capped=more than 2 an hour");
    assert_string_equal(told(9)->label, "capped=more than 2 an hour");
    assert_int_equal(verdict_suppressed(verdict), 3);
    errors(WARM + 63, 50); // an hour after the first, and not after any other of them
    assert_int_equal(told(10)->finding.route, ROUTE_PAGE);
    assert_int_equal(told(10)->finding.suppressed, 3);
    calm_until(WARM + 64, WARM + 70);
    errors(WARM + 70, 50);
    assert_int_equal(told(12)->finding.suppressed, 0);
}

static void verdict_counts_a_long_trouble_that_is_held_back_once(void **state)
{
    (void)state;
    stream.policy.storm_per_hour = 1;
    errors(WARM, 50);
    calm_until(WARM + 1, WARM + 6);
    for (uint64_t n = 6; n < 40; n++)
        errors(WARM + n, 50);
    assert_int_equal(verdict_suppressed(verdict), 1);
    calm_until(WARM + 40, WARM + 46);
    errors(WARM + 46, 50); // another one
    assert_int_equal(verdict_suppressed(verdict), 2);
}

static void verdict_counts_an_escalation_that_is_held_back_once(void **state)
{
    (void)state;
    stream.policy.storm_per_hour = 1;
    errors(WARM, 5);
    for (uint64_t n = 1; n < 30; n++)
        errors(WARM + n, 50);
    assert_int_equal(notes.count, 1);
    assert_int_equal(verdict_suppressed(verdict), 1);
    for (uint64_t n = 30; n < 62; n++)
        errors(WARM + n, 50);
    assert_int_equal(notes.count, 3); // the hour is over: it escalates
    assert_int_equal(told(1)->finding.route, ROUTE_PAGE);
    assert_int_equal(told(1)->finding.suppressed, 1);
}

static void verdict_logs_through_a_storm(void **state)
{
    (void)state;
    stream.policy.storm_per_hour = 1;
    errors(WARM, 50);
    calm_until(WARM + 1, WARM + 6);
    for (uint64_t n = WARM + 6; n < WARM + 36; n += 6) {
        errors(n, 3.5);
        calm_until(n + 1, n + 6);
    }
    assert_int_equal(notes.count, 12);
    assert_int_equal(verdict_suppressed(verdict), 0);
}

/* ---- the new normal ----------------------------------------------------- */

static struct opinion accepted(uint32_t series)
{
    struct opinion o = stage_opinion(series, 100, 1, 20);
    o.score.kind = ODDLINE_SHIFT;
    o.score.flags |= ODDLINE_SCORE_ACCEPTED;
    return o;
}

static void verdict_says_once_that_a_level_is_accepted_and_resolves_what_was_open(void **state)
{
    (void)state;
    errors(WARM, 9);
    window(WARM + 1, accepted(ERRORS));
    assert_int_equal(notes.count, 3);
    assert_int_equal(told(1)->finding.kind, FINDING_SHIFT);
    assert_int_equal(told(1)->finding.route, ROUTE_LOG);
    assert_int_equal(told(1)->finding.status, FINDING_RESOLVED);
    assert_non_null(strstr(told(1)->summary, "accepted as the new normal"));
    assert_int_equal(told(2)->finding.status, FINDING_RESOLVED);
    assert_string_equal(told(2)->finding.id, told(0)->finding.id);
    calm_until(WARM + 2, WARM + 20);
    assert_int_equal(notes.count, 3);
}

static void verdict_leaves_open_what_another_series_is_about(void **state)
{
    (void)state;
    errors(WARM, 9);
    window(WARM + 1, accepted(WARNINGS));
    assert_int_equal(notes.count, 2);
    assert_int_equal(told(1)->finding.kind, FINDING_SHIFT);
}

static void verdict_accepts_in_silence_while_it_warms_up(void **state)
{
    (void)state;
    window(5, accepted(ERRORS));
    assert_int_equal(notes.count, 0);
}

/* ---- evidence ----------------------------------------------------------- */

static void verdict_shows_the_last_record_seen_when_something_lacks(void **state)
{
    (void)state;
    static const struct stage_record early[] = {{ERRORS, 10, "app.log", "hello"}},
                                     late[] = {{WARNINGS, 90, "app.log", "farewell"}};
    struct opinion dull = stage_opinion(ERRORS, 1, 1, 0), silent = stage_silence(180, 9);
    stage_close(&closed, WARM, early, 1);
    verdict_window(verdict, &closed.head, WARM, &dull, 1);
    stage_close(&closed, WARM + 1, late, 1);
    verdict_window(verdict, &closed.head, WARM + 1, &dull, 1);
    errors(WARM + 2, 0);
    window(WARM + 3, silent);
    assert_int_equal(notes.count, 1);
    assert_int_equal(told(0)->finding.evidence_count, 1);
    assert_string_equal(told(0)->texts[0], "farewell");
    assert_int_equal(told(0)->finding.starts_ns, stage_start(WARM + 1));
}

static void verdict_shows_records_of_the_series_still_when_it_resolves(void **state)
{
    (void)state;
    static const struct stage_record records[] = {
        {ERRORS, 10, "app.log", "first"},   {ERRORS, 20, "app.log", "worst"},
        {ERRORS, 30, "app.log", "typical"}, {WARNINGS, 40, "app.log", "warned"},
        {WARNINGS, 50, "app.log", "again"}, {PATTERN, 60, "app.log", "not odd"}};
    struct opinion odd[] = {stage_opinion(ERRORS, 100, 1, 8),
                            stage_opinion(WARNINGS, 100, 1, 7)};
    stage_close(&closed, WARM, records, 6);
    verdict_window(verdict, &closed.head, WARM, odd, 2);
    calm_until(WARM + 1, WARM + 6);
    assert_int_equal(notes.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(told(i)->finding.evidence_count, 4);
        assert_string_equal(told(i)->texts[0], "first");
        assert_string_equal(told(i)->texts[1], "worst");
        assert_string_equal(told(i)->texts[2], "typical");
        assert_string_equal(told(i)->texts[3], "warned");
        assert_string_equal(told(i)->paths[3], "app.log");
    }
}

static void verdict_dates_each_window_of_an_empty_run(void **state)
{
    (void)state;
    struct opinion silent = stage_silence(300, 9);
    stage_close(&closed, WARM, NULL, 0);
    closed.head.repeat = 10;
    closed.head.flags = ODDLINE_WINDOW_EMPTY;
    for (uint64_t i = 0; i < 4; i++)
        verdict_window(verdict, &closed.head, WARM + i, NULL, 0);
    verdict_window(verdict, &closed.head, WARM + 4, &silent, 1);
    assert_int_equal(told(0)->finding.window_start_ns, stage_start(WARM + 4));
    assert_int_equal(told(0)->finding.window_end_ns, stage_start(WARM + 5));
    assert_int_equal(told(0)->finding.starts_ns, stage_start(WARM));
    assert_int_equal(told(0)->finding.detected_ns, stage_start(WARM + 5) + 500 * NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(verdict_grows_tired_and_rests),
        RIG_TEST(verdict_does_not_tire_of_what_it_only_logs),
        RIG_TEST(verdict_holds_a_storm_back_and_says_later_how_much),
        RIG_TEST(verdict_counts_a_long_trouble_that_is_held_back_once),
        RIG_TEST(verdict_counts_an_escalation_that_is_held_back_once),
        RIG_TEST(verdict_logs_through_a_storm),
        RIG_TEST(verdict_says_once_that_a_level_is_accepted_and_resolves_what_was_open),
        RIG_TEST(verdict_leaves_open_what_another_series_is_about),
        RIG_TEST(verdict_accepts_in_silence_while_it_warms_up),
        RIG_TEST(verdict_shows_the_last_record_seen_when_something_lacks),
        RIG_TEST(verdict_shows_records_of_the_series_still_when_it_resolves),
        RIG_TEST(verdict_dates_each_window_of_an_empty_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
