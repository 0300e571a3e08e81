/* SPDX-License-Identifier: MIT */
/*
 * Promise: the long run is the plain mean and spread until memory is full, and neither rounding nor one absurd number is a surprise or
 * spoils it; a time of day finds its quarter of an hour, before 1970 too.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/daily.h"
#include "kit/longrun.h"

#include <math.h>
#include <string.h>

static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%.9f, expected %.9f", got, wanted);
}

static void longrun_is_the_plain_mean_and_variance_at_first(void **state)
{
    (void)state;
    static const double numbers[] = {4, 7, 13, 16};
    struct longrun run = {0};
    for (int i = 0; i < 4; i++)
        longrun_learn(&run, numbers[i], 1000, 20);
    assert_near(run.mean, 10, 1e-12);
    assert_near(run.variance, 22.5, 1e-12);
    assert_near(longrun_z(&run, 10 + 2 * sqrt(22.5), 0), 2, 1e-12);
    assert_near(longrun_surprise(&run, -1.959964), 1.30103, 1e-5); // 5 % on both sides
}

static void longrun_forgets_after_its_memory(void **state)
{
    (void)state;
    struct longrun run = {0};
    for (int i = 0; i < 1000; i++)
        longrun_learn(&run, i % 2, 100, 20);
    for (int i = 0; i < 300; i++)
        longrun_learn(&run, 3 + i % 2, 100, 20);
    assert_near(run.mean, 3.35, 0.05);
}

static void longrun_learns_no_more_than_clip_deviations(void **state)
{
    (void)state;
    struct longrun run = {0};
    for (int i = 0; i < 500; i++)
        longrun_learn(&run, i % 2, 100, 20);
    longrun_learn(&run, 1e100, 100, 20);
    assert_true(run.mean < 1 && run.variance < 2);
}

static void longrun_takes_rounding_for_no_movement(void **state)
{
    (void)state;
    struct longrun run = {0};
    assert_near(longrun_z(&run, 5, 0), 0, 0); // nothing known, nothing odd
    for (int i = 0; i < 999; i++)
        longrun_learn(&run, 0.1, 5000, 20);
    assert_near(longrun_z(&run, 0.1 + 1e-17, 1e-10), 0, 0);
    assert_true(longrun_z(&run, 0.2, 1e-10) > 0 && isinf(longrun_z(&run, 0.2, 1e-10)));
    assert_true(longrun_z(&run, 0, 1e-10) < 0);
    assert_near(longrun_surprise(&run, INFINITY), 3, 1e-9);
}

static void longrun_tells_spoilt_state(void **state)
{
    (void)state;
    struct longrun run = {1, 2, 3};
    assert_true(longrun_is_sane(&run));
    static const struct longrun spoilt[] = {{NAN, 2, 3},   {1, -1, 3}, {1, NAN, 3},
                                            {1e200, 2, 3}, {1, 2, -1}, {1, 2, INFINITY}};
    for (size_t i = 0; i < sizeof(spoilt) / sizeof(*spoilt); i++)
        assert_false(longrun_is_sane(&spoilt[i]));
}

static void daily_bucket_is_a_quarter_of_an_hour(void **state)
{
    (void)state;
    static const int64_t minute = INT64_C(60) * 1000000000;
    assert_int_equal(daily_bucket(0), 0);
    assert_int_equal(daily_bucket(15 * minute - 1), 0);
    assert_int_equal(daily_bucket(15 * minute), 1);
    assert_int_equal(daily_bucket(20000 * 1440 * minute - 1), DAILY_BUCKETS - 1);
    assert_int_equal(daily_bucket(-1), DAILY_BUCKETS - 1);
    assert_int_equal(daily_bucket(-1440 * minute), 0);
    assert_int_equal(daily_bucket(INT64_MIN) < DAILY_BUCKETS, 1);
}

/* However long a window is, a whole day of ones moves a bucket of zeroes by `learning`. */
static void daily_forgets_by_the_day(void **state)
{
    (void)state;
    static const int64_t minutes[] = {1, 5, 15, 60};
    for (int i = 0; i < 4; i++) {
        struct daily daily;
        memset(&daily, 0, sizeof(daily));
        double rate = daily_rate(0.2, minutes[i] * 60 * 1000000000);
        for (int n = 0; n < 1000; n++)
            daily_learn(&daily, 7, 0, rate);
        for (int64_t n = 0; n < 15; n += minutes[i])
            daily_learn(&daily, 7, 1, rate);
        assert_near(daily.mean[7], 0.2, 1e-9);
        assert_true(daily.seen[8] == 0);
        assert_true(daily_is_sane(&daily));
        daily.mean[3] = NAN;
        assert_false(daily_is_sane(&daily));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longrun_is_the_plain_mean_and_variance_at_first),
        cmocka_unit_test(longrun_forgets_after_its_memory),
        cmocka_unit_test(longrun_learns_no_more_than_clip_deviations),
        cmocka_unit_test(longrun_takes_rounding_for_no_movement),
        cmocka_unit_test(longrun_tells_spoilt_state),
        cmocka_unit_test(daily_bucket_is_a_quarter_of_an_hour),
        cmocka_unit_test(daily_forgets_by_the_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
