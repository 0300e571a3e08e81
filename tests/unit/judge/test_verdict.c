/* SPDX-License-Identifier: MIT */
/*
 * Promise: a stream says what is wrong once, from the window it began in until it is over, and not at all what is too small,
 * too early, or said too often; what the storm cap holds back is counted.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/verdict.h"

#include "stage.h"

enum { WARM = 100 }; // a window well after the warm-up

static struct notes notes;
static struct judge_stream stream;
static struct verdict *verdict;
static struct stage_closed closed;

static void deliver(void *context, struct finding *finding)
{
    notes_take(context, finding);
}

static int set_up(void **state)
{
    (void)state;
    memset(&notes, 0, sizeof(notes));
    stream = stage_stream();
    struct verdict_options options = {.stream = &stream, .deliver = deliver, .context = &notes};
    return verdict_create(&options, &verdict);
}

static int tear_down(void **state)
{
    (void)state;
    verdict_free(verdict);
    return 0;
}

static void flagged(uint64_t nth, uint32_t flags, const struct opinion *opinions, size_t count)
{
    stage_close(&closed, nth, NULL, 0);
    closed.head.flags = flags;
    verdict_window(verdict, &closed.head, nth, opinions, count);
}

static void window(uint64_t nth, struct opinion opinion)
{
    flagged(nth, 0, &opinion, 1);
}

static void errors(uint64_t nth, double surprise)
{
    window(nth, stage_opinion(ERRORS, 100, 1, surprise));
}

static void calm(uint64_t nth)
{
    errors(nth, 0);
}

/* Nothing odd in [from, until): whatever was open resolves. */
static void calm_until(uint64_t from, uint64_t until)
{
    while (from < until)
        calm(from++);
}

static const struct told *told(size_t i)
{
    assert_true(i < notes.count);
    return &notes.told[i];
}

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
    flagged(WARM, ODDLINE_WINDOW_PARTIAL, &few, 1);
    flagged(WARM + 1, ODDLINE_WINDOW_PARTIAL, &silent, 1);
    assert_int_equal(notes.count, 0);
    flagged(WARM + 2, ODDLINE_WINDOW_PARTIAL, &many, 1);
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
        tear_down(NULL);
        set_up(NULL);
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
    flagged(WARM, 0, odd, 4);
    flagged(WARM + 1, 0, odd, 4);
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
    flagged(WARM, 0, odd, 2);
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
    calm(WARM + 6);
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
    calm(WARM + 2);
    errors(WARM + 3, 9);
    errors(WARM + 4, 9);
    assert_int_equal(notes.count, 0);
    errors(WARM + 5, 9);
    assert_int_equal(notes.count, 1);
}

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
    calm(WARM + 2);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(verdict_says_nothing_of_one_that_became_four),
        TEST(verdict_says_nothing_of_a_count_that_did_not_double),
        TEST(verdict_has_no_floor_for_what_is_no_count),
        TEST(verdict_ignores_what_is_still_learning),
        TEST(verdict_never_calls_a_window_cut_off_by_the_end_a_lack),
        TEST(verdict_finds_nothing_odd_in_fewer_errors),
        TEST(verdict_sends_by_surprise),
        TEST(verdict_only_logs_while_it_warms_up),
        TEST(verdict_joins_all_that_is_too_much_in_one_finding),
        TEST(verdict_keeps_too_much_and_too_little_apart),
        TEST(verdict_resolves_after_five_calm_windows),
        TEST(verdict_tells_a_series_that_toggles_once),
        TEST(verdict_goes_on_a_little_below_the_threshold),
        TEST(verdict_escalates_by_firing_the_page_and_then_resolving_the_ticket),
        TEST(verdict_names_what_replaced_a_silence_that_grew),
        TEST(verdict_waits_for_as_many_odd_windows_as_hold_says),
        TEST(verdict_grows_tired_and_rests),
        TEST(verdict_does_not_tire_of_what_it_only_logs),
        TEST(verdict_holds_a_storm_back_and_says_later_how_much),
        TEST(verdict_counts_a_long_trouble_that_is_held_back_once),
        TEST(verdict_counts_an_escalation_that_is_held_back_once),
        TEST(verdict_logs_through_a_storm),
        TEST(verdict_says_once_that_a_level_is_accepted_and_resolves_what_was_open),
        TEST(verdict_leaves_open_what_another_series_is_about),
        TEST(verdict_accepts_in_silence_while_it_warms_up),
        TEST(verdict_shows_the_last_record_seen_when_something_lacks),
        TEST(verdict_shows_records_of_the_series_still_when_it_resolves),
        TEST(verdict_dates_each_window_of_an_empty_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
