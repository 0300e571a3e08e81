/* SPDX-License-Identifier: MIT */
/*
 * Promise: precision, recall and delay are counted as their definitions say; one finding without end does not find everything.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "command/backtest_score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HOUR = 3600 };

static struct label label_at[8];
static struct labels labels;
static struct backtest_finding finding_at[16];
static struct backtest_findings findings;
static struct backtest_row row;

static int set_up(void **state)
{
    (void)state;
    labels = (struct labels){.at = label_at};
    findings = (struct backtest_findings){.at = finding_at};
    return 0;
}

static void label(int64_t from_s, int64_t to_s, bool may)
{
    label_at[labels.count++] = (struct label){.stream = "",
                                              .name = "x",
                                              .start_ns = from_s * NS_PER_S,
                                              .end_ns = to_s * NS_PER_S,
                                              .may = may};
}

static struct backtest_finding *found(int64_t from_s, int64_t to_s, const char *detector)
{
    struct backtest_finding *f = &finding_at[findings.count++];
    *f = (struct backtest_finding){.stream = "web",
                                   .route = ROUTE_TICKET,
                                   .starts_ns = from_s * NS_PER_S,
                                   .ends_ns = to_s * NS_PER_S,
                                   .detected_ns = (from_s + 30) * NS_PER_S};
    snprintf(f->detector, sizeof(f->detector), "%s", detector);
    return f;
}

static void score(const char *detector)
{
    backtest_score(&findings, &labels, &backtest_rules_default, detector, &row);
}

static void score_counts_hits_false_alarms_and_what_is_neither(void **state)
{
    (void)state;
    label(10 * HOUR, 10 * HOUR + 300, false);
    label(20 * HOUR, 20 * HOUR + 300, false);
    label(30 * HOUR, 31 * HOUR, true);
    found(10 * HOUR + 10, 10 * HOUR + 20, "ewma");
    found(10 * HOUR + 20, 10 * HOUR + 30, "ewma")->route = ROUTE_PAGE;
    found(15 * HOUR, 15 * HOUR + 5, "pattern");
    found(30 * HOUR + 5, 30 * HOUR + 9, "pattern");
    score(NULL);
    assert_true(row.labels == 2 && row.found == 1 && row.prompt == 1);
    assert_true(row.hits == 2 && row.false_alarms == 1 && row.neutral == 1 && row.pages == 1);
    assert_true(row.recall == 0.5 && fabs(row.precision - 2.0 / 3) < 1e-12);
    assert_true(fabs(row.f1 - 4.0 / 7) < 1e-12);
    assert_int_equal(row.delay_ns, 40 * NS_PER_S);
}

static void score_of_one_detector_knows_nothing_of_the_others(void **state)
{
    (void)state;
    label(10 * HOUR, 10 * HOUR + 300, false);
    found(10 * HOUR, 10 * HOUR + 20, "ewma");
    found(15 * HOUR, 15 * HOUR + 5, "pattern");
    score("ewma");
    assert_true(row.found == 1 && row.precision == 1 && row.f1 == 1);
    score("pattern");
    assert_true(row.found == 0 && row.precision == 0 && row.f1 == 0);
    assert_true(row.delay_ns == NO_TIME);
    score("silence");
    assert_true(isnan(row.precision) && row.recall == 0);
}

static void score_is_prompt_within_ten_minutes_of_the_first_word(void **state)
{
    (void)state;
    label(10 * HOUR, 12 * HOUR, false);
    found(11 * HOUR, 11 * HOUR + 5, "a");
    score(NULL);
    assert_true(row.found == 1 && row.prompt == 0);
    found(10 * HOUR + 570, 10 * HOUR + 600, "b"); // found at 600 s
    score(NULL);
    assert_true(row.prompt == 1);
    assert_int_equal(row.delay_ns, 600 * NS_PER_S);
    found(9 * HOUR, 11 * HOUR, "c"); // said before it began
    score(NULL);
    assert_int_equal(row.delay_ns, 0);
}

static void score_lets_a_finding_be_a_minute_early_or_late(void **state)
{
    (void)state;
    label(10 * HOUR, 10 * HOUR + 300, false);
    found(10 * HOUR - 100, 10 * HOUR - 60, "in");
    found(10 * HOUR - 100, 10 * HOUR - 61, "out");
    found(10 * HOUR + 360, 10 * HOUR + 400, "in");
    found(10 * HOUR + 361, 10 * HOUR + 400, "out");
    score("in");
    assert_int_equal(row.hits, 2);
    score("out");
    assert_int_equal(row.false_alarms, 2);
}

static void score_gives_a_finding_without_end_an_hour(void **state)
{
    (void)state;
    label(10 * HOUR, 10 * HOUR + 300, false);
    label(20 * HOUR, 24 * HOUR, false);
    found(5 * HOUR, 100 * HOUR, "endless");
    score(NULL);
    assert_true(row.found == 0 && row.false_alarms == 1);
    found(20 * HOUR, 100 * HOUR, "own"); // goes on to the end of what its hour reached
    label(24 * HOUR + 30, 25 * HOUR, false);
    score("own");
    assert_true(row.found == 2 && row.hits == 1);
}

static void score_asks_for_the_stream(void **state)
{
    (void)state;
    label(10 * HOUR, 10 * HOUR + 300, false);
    label_at[0].stream = "checkout";
    found(10 * HOUR, 10 * HOUR + 20, "a");
    score(NULL);
    assert_true(row.found == 0 && row.false_alarms == 1);
    finding_at[0].configured = "checkout";
    score(NULL);
    assert_true(row.found == 1 && row.false_alarms == 0);
}

static void score_of_nothing_is_nothing(void **state)
{
    (void)state;
    label(10 * HOUR, 10 * HOUR + 300, true);
    score(NULL);
    assert_true(isnan(row.recall) && isnan(row.precision) && isnan(row.f1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(score_counts_hits_false_alarms_and_what_is_neither, set_up),
        cmocka_unit_test_setup(score_of_one_detector_knows_nothing_of_the_others, set_up),
        cmocka_unit_test_setup(score_is_prompt_within_ten_minutes_of_the_first_word, set_up),
        cmocka_unit_test_setup(score_lets_a_finding_be_a_minute_early_or_late, set_up),
        cmocka_unit_test_setup(score_gives_a_finding_without_end_an_hour, set_up),
        cmocka_unit_test_setup(score_asks_for_the_stream, set_up),
        cmocka_unit_test_setup(score_of_nothing_is_nothing, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
