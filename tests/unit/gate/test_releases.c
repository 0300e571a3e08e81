/* SPDX-License-Identifier: MIT */
/*
 * Promise: of clean releases no more fail than was stated, also where errors come in clumps and traffic has a rhythm; and an error
 * ratio that goes from 0.5 % to 3 % is found, in so many windows.
 */

#include "unit/gate/release.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RELEASES = 200 };

/* Of RELEASES with a chance of 1 % each, more than 6 fail with a chance below 0.5 %. */
enum { ALLOWED = 6 };

struct tallied {
    int failed, passed, unsure;
    double windows; /* of those that failed, on average */
};

static struct tallied judge_many(const struct profile *before, const struct profile *after,
                                 size_t days)
{
    struct gate_case gate = open_case();
    struct tallied all = {0};
    for (unsigned short run = 0; run < RELEASES; run++) {
        struct maker m = {.seed = {run, 17, 4}};
        double at = DAY_WINDOWS * erand48(m.seed);
        gate.day_count = days;
        make_pair(&m, before, after, at, &gate.service);
        for (size_t d = 0; d < days; d++)
            make_pair(&m, before, before, at, &gate.days[d]);
        struct gate_result result = judge_it(&gate);
        all.failed += result.verdict == GATE_FAIL;
        all.passed += result.verdict == GATE_PASS;
        all.unsure += result.verdict == GATE_UNSURE;
        all.windows += result.verdict == GATE_FAIL ? (double)result.windows : 0;
    }
    close_case(&gate);
    all.windows /= all.failed ? all.failed : 1;
    print_message(
        "%.0f records a window, errors %.3f -> %.3f, clump %.1f, rhythm %.1f, %zu days: "
        "%d failed (after %.1f windows), %d passed, %d unsure\n",
        before->per_window, before->errors, after->errors, before->clump, before->rhythm, days,
        all.failed, all.windows, all.passed, all.unsure);
    return all;
}

static void clean_releases_fail_no_more_often_than_stated(void **state)
{
    (void)state;
    static const struct profile clean[] = {
        {.per_window = 20, .errors = 0.005, .slower = 1},
        {.per_window = 200, .errors = 0.005},
        {.per_window = 60, .errors = 0.2},
        {.per_window = 60, .errors = 0.0003},
    };
    for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++)
        assert_true(judge_many(&clean[i], &clean[i], 0).failed <= ALLOWED);
}

static void clumps_do_not_fail_a_clean_release(void **state)
{
    (void)state;
    static const struct profile clumps[] = {
        {.per_window = 100, .errors = 0.01, .clump = 0.5},
        {.per_window = 100, .errors = 0.03, .clump = 1},
    };
    for (size_t i = 0; i < 2; i++)
        assert_true(judge_many(&clumps[i], &clumps[i], 0).failed <= ALLOWED);
}

static void a_daily_rhythm_does_not_fail_a_clean_release(void **state)
{
    (void)state;
    const struct profile rhythm = {.per_window = 60, .errors = 0.01, .rhythm = 0.7};
    for (size_t days = 0; days <= 2; days++)
        assert_true(judge_many(&rhythm, &rhythm, days).failed <= ALLOWED);
}

static void three_per_cent_of_errors_are_found_soon(void **state)
{
    (void)state;
    struct profile before = {.per_window = 100, .errors = 0.005}, after = before;
    after.errors = 0.03;
    struct tallied found = judge_many(&before, &after, 0);
    assert_true(found.failed == RELEASES && found.windows <= 15);
    before.clump = after.clump = 0.5; // and half of the truth is a storm
    found = judge_many(&before, &after, 2);
    assert_true(found.failed >= RELEASES * 6 / 10 && found.passed <= RELEASES / 5);
}

static void a_latency_step_is_found_soon(void **state)
{
    (void)state;
    const struct profile before = {.per_window = 100, .errors = 0.005, .slower = 1};
    struct profile after = before;
    after.slower = 1.6;
    struct tallied found = judge_many(&before, &after, 0);
    assert_true(found.failed == RELEASES && found.windows <= 10);
}

static void half_of_the_traffic_lost_is_found(void **state)
{
    (void)state;
    const struct profile before = {.per_window = 100, .errors = 0.005, .slower = 1};
    struct profile after = before;
    after.per_window = 30;
    struct tallied found = judge_many(&before, &after, 0);
    assert_true(found.failed == RELEASES && found.windows <= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_releases_fail_no_more_often_than_stated),
        cmocka_unit_test(clumps_do_not_fail_a_clean_release),
        cmocka_unit_test(a_daily_rhythm_does_not_fail_a_clean_release),
        cmocka_unit_test(three_per_cent_of_errors_are_found_soon),
        cmocka_unit_test(a_latency_step_is_found_soon),
        cmocka_unit_test(half_of_the_traffic_lost_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
