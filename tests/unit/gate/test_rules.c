/* SPDX-License-Identifier: MIT */
/*
 * Promise: no window decides alone; what happens by the clock, or to the control group, is no fault of a release, and no bad day hides one;
 * without traffic there is no verdict; a release passes early only when everything is surely fine and a third of the time is over.
 */

#include "unit/gate/release.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Every window has the same `records`, of which `bad` are errors, on average. */
static void fill(struct gate_side *side, double records, double bad)
{
    double owed = 0;
    for (size_t i = 0; i < side->count; i++) {
        owed += bad;
        uint64_t now = (uint64_t)owed;
        owed -= (double)now;
        side->cells[i] = (struct gate_cell){.records = (uint64_t)records, .bad = now};
    }
}

static void fill_pair(struct gate_pair *pair, double records, double before, double after)
{
    fill(&pair->before, records, before);
    fill(&pair->after, records, after);
}

static struct gate_case quiet_case(void)
{
    struct gate_case gate = open_case();
    fill_pair(&gate.service, 100, 0.5, 0.5);
    return gate;
}

static void more_errors_fail_and_as_many_pass(void **state)
{
    (void)state;
    struct gate_case gate = quiet_case();
    struct gate_result result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_PASS);
    assert_int_equal(result.windows, AFTER);
    fill(&gate.service.after, 100, 5);
    result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_FAIL);
    assert_int_equal(result.answers[GATE_ERRORS].state, GATE_FAILED);
    assert_true(result.windows <= 6);
    assert_string_equal(result.reason, "surely worse: errors 5 % (0.5 before)");
    close_case(&gate);
}

static void no_window_decides_alone(void **state)
{
    (void)state;
    struct gate_case gate = quiet_case();
    struct gate_result result;
    gate.service.after.cells[0] = (struct gate_cell){.records = 500, .bad = 480};
    gate_prepare(&gate);
    for (size_t i = 1; i <= AFTER; i++) {
        gate_look(&gate, i, false, &result);
        assert_int_not_equal(result.verdict, GATE_FAIL);
    }
    gate.service.after.cells[1].bad = 90; // a second one is no accident
    gate_look(&gate, 2, false, &result);
    assert_int_equal(result.verdict, GATE_FAIL);
    close_case(&gate);
}

static void without_traffic_there_is_no_verdict(void **state)
{
    (void)state;
    struct gate_case gate = quiet_case();
    fill(&gate.service.after, 0, 0);
    struct gate_result result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_UNSURE);
    assert_string_equal(result.reason,
                        "no traffic: 0 records after the deployment, 100 are needed");
    fill(&gate.service.after, 1, 0);
    result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_UNSURE);
    assert_string_equal(result.reason,
                        "too little traffic: 60 records after the deployment, 100 are needed");
    fill_pair(&gate.service, 0, 0, 0);
    result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_UNSURE);
    assert_int_equal(result.windows, 1); // nothing to wait for
    close_case(&gate);
}

static void a_fall_of_traffic_fails_and_a_rise_does_not(void **state)
{
    (void)state;
    struct gate_case gate = quiet_case();
    fill(&gate.service.after, 20, 0);
    struct gate_result result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_FAIL);
    assert_int_equal(result.answers[GATE_RATE].state, GATE_FAILED);
    fill(&gate.service.after, 500, 2.5);
    assert_int_equal(judge_it(&gate).verdict, GATE_PASS);
    close_case(&gate);
}

static void what_every_day_of_reference_shows_is_a_rhythm(void **state)
{
    (void)state;
    struct gate_case gate = quiet_case();
    fill(&gate.service.after, 100, 5);
    fill_pair(&gate.days[0], 100, 0.5, 5);
    fill_pair(&gate.days[1], 100, 0.5, 5);
    gate.day_count = 1;
    struct gate_result result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_UNSURE); // one day may have been a bad one
    assert_int_equal(result.answers[GATE_ERRORS].state, GATE_HELD);
    gate.day_count = 2;
    result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_PASS);
    assert_true(result.answers[GATE_ERRORS].by_clock);
    assert_int_equal(result.days, 2);
    close_case(&gate);
}

static void a_bad_day_of_reference_hides_nothing(void **state)
{
    (void)state;
    struct gate_case gate = quiet_case();
    fill(&gate.service.after, 100, 5);
    fill_pair(&gate.days[0], 100, 0.5, 5); // an outage at this hour
    fill_pair(&gate.days[1], 100, 0.5, 0.5);
    gate.day_count = 2;
    assert_int_equal(judge_it(&gate).verdict, GATE_UNSURE);
    fill_pair(&gate.days[0], 100, 5, 5); // a day that was bad all along shows no change
    assert_int_equal(judge_it(&gate).verdict, GATE_FAIL);
    fill_pair(&gate.days[0], 0, 0, 0); // a day without records says nothing
    gate.day_count = 1;
    struct gate_result result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_FAIL);
    assert_int_equal(result.days, 0);
    close_case(&gate);
}

static void what_happens_to_the_control_group_is_no_fault(void **state)
{
    (void)state;
    struct gate_case gate = quiet_case();
    fill(&gate.service.after, 100, 5);
    fill_pair(&gate.control, 100, 0.5, 5);
    gate.controlled = true;
    struct gate_result result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_PASS);
    assert_true(result.controlled);
    fill_pair(&gate.control, 100, 0.5, 0.5);
    assert_int_equal(judge_it(&gate).verdict, GATE_FAIL);
    fill_pair(&gate.service, 100, 5, 5); // as before, while all others got well
    fill_pair(&gate.control, 100, 5, 0);
    assert_int_equal(judge_it(&gate).verdict, GATE_FAIL);
    fill_pair(&gate.service, 100, 0.5, 0.5); // traffic halves everywhere
    fill(&gate.service.after, 40, 0.2);
    fill_pair(&gate.control, 100, 0.5, 0.5);
    fill(&gate.control.after, 40, 0.2);
    assert_int_equal(judge_it(&gate).verdict, GATE_PASS);
    close_case(&gate);
}

static void a_small_control_group_makes_nobody_sure(void **state)
{
    (void)state;
    struct gate_case gate = open_case();
    struct gate_result result;
    fill_pair(&gate.service, 20000, 200, 200);
    fill_pair(&gate.control, 5, 0.05, 0.05);
    gate_prepare(&gate);
    gate_look(&gate, AFTER, false, &result);
    assert_int_equal(result.answers[GATE_ERRORS].state, GATE_PASSED);
    gate.controlled = true; // what would have happened is not known so well
    gate_look(&gate, AFTER, false, &result);
    assert_int_equal(result.answers[GATE_ERRORS].state, GATE_OPEN);
    close_case(&gate);
}

static void what_is_surely_fine_passes_early_but_not_at_once(void **state)
{
    (void)state;
    struct gate_case gate = open_case();
    fill_pair(&gate.service, 20000, 0, 0);
    struct gate_result result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_PASS);
    assert_int_equal(result.windows, AFTER / 3);
    close_case(&gate);
}

static void what_is_likely_worse_does_not_pass(void **state)
{
    (void)state;
    struct gate_case gate = quiet_case();
    fill_pair(&gate.service, 4, 0.02, 0.02);
    fill(&gate.service.after, 4, 0.2);
    struct gate_result result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_UNSURE);
    assert_string_equal(result.reason,
                        "likely worse, but not surely: errors 5 % (0.486 before)");
    close_case(&gate);
}

static void new_troubles_fail_when_they_come_in_many_windows(void **state)
{
    (void)state;
    struct gate_case gate = quiet_case();
    for (size_t i = 0; i < AFTER; i++)
        gate.service.after.cells[i].fresh = 3;
    struct gate_result result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_FAIL);
    assert_int_equal(result.answers[GATE_FRESH].state, GATE_FAILED);
    assert_true(result.windows <= 7);
    for (size_t i = 1; i < AFTER; i++)
        gate.service.after.cells[i].fresh = 0; // said once, at the start
    gate.service.after.cells[0].fresh = 50;
    assert_int_equal(judge_it(&gate).verdict, GATE_PASS);
    for (size_t i = 0; i < BEFORE / 2; i++)
        gate.service.before.cells[i].fresh = 1; // all is new at first: that says nothing
    for (size_t i = 0; i < AFTER; i++)
        gate.service.after.cells[i].fresh = 3;
    assert_int_equal(judge_it(&gate).verdict, GATE_FAIL);
    for (size_t i = 0; i < BEFORE; i++)
        gate.service.before.cells[i].fresh = i % 2; // something is new all the time
    for (size_t i = 0; i < AFTER; i++)
        gate.service.after.cells[i].fresh = i % 2;
    assert_int_equal(judge_it(&gate).verdict, GATE_PASS);
    close_case(&gate);
}

static void a_log_that_began_late_is_compared_with_what_there_is(void **state)
{
    (void)state;
    struct gate_case gate = quiet_case();
    for (size_t i = 0; i < BEFORE / 2; i++)
        gate.service.before.cells[i] = (struct gate_cell){0};
    struct gate_result result = judge_it(&gate);
    assert_int_equal(result.verdict, GATE_PASS);
    struct tally before = result.answers[GATE_RATE].before;
    assert_true(before.part / before.all == 100.0 / SECONDS);
    close_case(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_errors_fail_and_as_many_pass),
        cmocka_unit_test(no_window_decides_alone),
        cmocka_unit_test(without_traffic_there_is_no_verdict),
        cmocka_unit_test(a_fall_of_traffic_fails_and_a_rise_does_not),
        cmocka_unit_test(what_every_day_of_reference_shows_is_a_rhythm),
        cmocka_unit_test(a_bad_day_of_reference_hides_nothing),
        cmocka_unit_test(what_happens_to_the_control_group_is_no_fault),
        cmocka_unit_test(a_small_control_group_makes_nobody_sure),
        cmocka_unit_test(what_is_surely_fine_passes_early_but_not_at_once),
        cmocka_unit_test(what_is_likely_worse_does_not_pass),
        cmocka_unit_test(new_troubles_fail_when_they_come_in_many_windows),
        cmocka_unit_test(a_log_that_began_late_is_compared_with_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
