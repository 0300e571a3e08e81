/* SPDX-License-Identifier: MIT */
/*
 * Promise: a threshold that follows from a budget lets through, of opinions by chance, what the budget allows; what it does not name
 * keeps its distance; without a budget the policy stands.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/budget.h"

#include "stage.h"

static struct judge_use uses[3] = {
    {.on_count = 3}, {.on_count = 4}, {.on_count = 5, .shadow = true}};
static double t[ROUTES];

static struct judge_stream with_budget(double pages_a_week, double tickets_a_week)
{
    struct judge_stream stream = stage_stream();
    stream.uses = uses;
    stream.use_count = 3;
    stream.policy.budget[ROUTE_PAGE] = pages_a_week / (7 * 86400);
    stream.policy.budget[ROUTE_TICKET] = tickets_a_week / (7 * 86400);
    return stream;
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static void budget_splits_over_windows_series_and_detectors_that_count(void **state)
{
    (void)state;
    struct judge_stream stream = with_budget(1, 14);
    assert_int_equal(budget_opinions(&stream), 7);
    budget_thresholds(&stream, 60 * NS_PER_S, t);
    assert_true(near(t[ROUTE_PAGE], log10(7 * 24 * 60 * 7)));
    assert_true(near(t[ROUTE_TICKET], log10(7 * 24 * 60 * 7 / 14.0)));
    assert_true(near(t[ROUTE_LOG], t[ROUTE_TICKET] - 1));
    budget_thresholds(&stream, 600 * NS_PER_S, t); // a tenth of the windows
    assert_true(near(t[ROUTE_PAGE], log10(7 * 24 * 6 * 7)));
}

static void budget_keeps_the_usual_distance_of_what_it_does_not_name(void **state)
{
    (void)state;
    struct judge_stream pages = with_budget(1, 0), tickets = with_budget(0, 1);
    budget_thresholds(&pages, 60 * NS_PER_S, t);
    assert_true(near(t[ROUTE_TICKET], t[ROUTE_PAGE] - 2));
    assert_true(near(t[ROUTE_LOG], t[ROUTE_PAGE] - 3));
    budget_thresholds(&tickets, 60 * NS_PER_S, t);
    assert_true(near(t[ROUTE_TICKET], log10(7 * 24 * 60 * 7)));
    assert_true(near(t[ROUTE_PAGE], t[ROUTE_TICKET] + 2));
}

static void budget_larger_than_what_there_is_still_asks_for_something_odd(void **state)
{
    (void)state;
    struct judge_stream stream = with_budget(0, 1e9);
    budget_thresholds(&stream, 60 * NS_PER_S, t);
    assert_true(near(t[ROUTE_TICKET], 1) && near(t[ROUTE_LOG], 1));
}

static void policy_stands_where_there_is_no_budget(void **state)
{
    (void)state;
    struct judge_stream stream = with_budget(0, 0);
    stream.policy.thresholds[ROUTE_PAGE] = 9.5;
    budget_thresholds(&stream, 60 * NS_PER_S, t);
    assert_memory_equal(t, stream.policy.thresholds, sizeof(t));
}

/* A calibrated opinion exceeds s once in 10^s: count the pages of years, one opinion at a time. */
static void budget_is_kept_by_chance(void **state)
{
    (void)state;
    struct judge_stream stream = with_budget(1, 0);
    uint64_t seed = 88172645463325252u, pages = 0;
    budget_thresholds(&stream, 600 * NS_PER_S, t);
    for (long i = 0; i < 7L * 24 * 6 * 7 * 200; i++) { // 200 weeks
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        pages += -log10((double)((seed >> 11) + 1) * 0x1p-53) >= t[ROUTE_PAGE];
    }
    assert_in_range(pages, 150, 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_splits_over_windows_series_and_detectors_that_count),
        cmocka_unit_test(budget_keeps_the_usual_distance_of_what_it_does_not_name),
        cmocka_unit_test(budget_larger_than_what_there_is_still_asks_for_something_odd),
        cmocka_unit_test(policy_stands_where_there_is_no_budget),
        cmocka_unit_test(budget_is_kept_by_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
