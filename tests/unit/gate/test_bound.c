/* SPDX-License-Identifier: MIT */
/*
 * Promise: the truth is outside a bound at most as often as was asked for, also for who looks after every single record; and the
 * bounds are as narrow as their formula says.
 */

#include "gate/bound.h"

#include <math.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RUNS = 2000, LOOKS = 1000 };
#define ALPHA 0.05

static bool near(double a, double b, double by)
{
    return fabs(a - b) <= by;
}

/* Does one of LOOKS looks at a growing sample put the truth below the low bound? */
static bool share_crosses(unsigned short seed[3], double truth)
{
    double part = 0;
    for (int n = 1; n <= LOOKS; n++) {
        part += erand48(seed) < truth;
        if ((n % 10 == 0 || n < 10) && bound_share(part, n, ALPHA, true).low > truth)
            return true;
    }
    return false;
}

static void who_looks_after_every_record_is_wrong_at_most_as_often_as_stated(void **state)
{
    (void)state;
    static const double truths[] = {0.003, 0.05, 0.5};
    for (size_t t = 0; t < 3; t++) {
        unsigned short seed[3] = {(unsigned short)(t + 1), 2, 3};
        int wrong = 0;
        for (int run = 0; run < RUNS / 4; run++)
            wrong += share_crosses(seed, truths[t]);
        assert_true(wrong <= 0.05 * RUNS / 4 + 3 * sqrt(0.05 * 0.95 * RUNS / 4));
    }
}

static void who_looks_again_and_again_with_a_fixed_bound_is_wrong_more_often(void **state)
{
    (void)state;
    unsigned short seed[3] = {4, 5, 6};
    int fixed = 0, always = 0;
    for (int run = 0; run < 400; run++) {
        double part = 0;
        bool beyond[2] = {false, false};
        for (int n = 1; n <= LOOKS; n++) {
            part += erand48(seed) < 0.3;
            beyond[0] |= bound_share(part, n, 0.2, false).low > 0.3;
            beyond[1] |= bound_share(part, n, 0.2, true).low > 0.3;
        }
        fixed += beyond[0];
        always += beyond[1];
    }
    assert_true(always <= 80 && fixed > 80);
}

static void a_fixed_share_has_chernoffs_bound(void **state)
{
    (void)state;
    // Nothing in 1000: (1 - p)^1000 = alpha.
    struct bound none = bound_share(0, 1000, 0.01, false);
    assert_true(none.low == 0 && near(none.high, 1 - pow(0.01, 0.001), 1e-9));
    struct bound all = bound_share(1000, 1000, 0.01, false);
    assert_true(all.high == 1 && near(all.low, pow(0.01, 0.001), 1e-9));
    struct bound half = bound_share(500, 1000, 0.01, false); // nearly normal: 3.03 deviations
    assert_true(near(half.high, 0.5 + 3.035 * sqrt(0.25 / 1000), 2e-4));
}

static void what_grows_pays_for_being_looked_at_any_time(void **state)
{
    (void)state;
    // M(p) = B(1/2, n + 1/2) / B(1/2, 1/2) / (1 - p)^n, by hand for n = 2: 3/8 / (1 - p)^2 = 100
    struct bound two = bound_share(0, 2, 0.01, true);
    assert_true(near(two.high, 1 - sqrt(0.375 / 100), 1e-9));
    struct bound fixed = bound_share(30, 1000, 0.01, false),
                 always = bound_share(30, 1000, 0.01, true);
    assert_true(always.low < fixed.low && always.high > fixed.high);
    assert_true(always.low > 0.01 && always.high < 0.06);
}

static void a_rate_is_bounded_as_well(void **state)
{
    (void)state;
    struct bound none = bound_rate_fixed(0, 50, 0.01); // exp(-50 r) = 0.01
    assert_true(none.low == 0 && near(none.high, log(100) / 50, 1e-9));
    unsigned short seed[3] = {7, 8, 9};
    int wrong = 0;
    for (int run = 0; run < RUNS / 4; run++) {
        double count = 0, crossed = 0;
        for (int t = 1; t <= 200; t++) {
            double at = erand48(seed), left = exp(-3.0);
            for (; at > left; count++)
                at *= erand48(seed);
            struct bound rate = bound_rate(count, t, 3, ALPHA);
            crossed += rate.high < 3;
        }
        wrong += crossed > 0;
    }
    assert_true(wrong <= 0.05 * RUNS / 4 + 3 * sqrt(0.05 * 0.95 * RUNS / 4));
}

static void nothing_seen_says_nothing(void **state)
{
    (void)state;
    struct bound share = bound_share(0, 0, 0.01, true), rate = bound_rate(0, 0, 1, 0.01);
    assert_true(share.low == 0 && share.high == 1);
    assert_true(rate.low == 0 && isinf(rate.high));
    assert_true(bound_share(3, 2, 0.01, true).high == 1); // more than all is all
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_looks_after_every_record_is_wrong_at_most_as_often_as_stated),
        cmocka_unit_test(who_looks_again_and_again_with_a_fixed_bound_is_wrong_more_often),
        cmocka_unit_test(a_fixed_share_has_chernoffs_bound),
        cmocka_unit_test(what_grows_pays_for_being_looked_at_any_time),
        cmocka_unit_test(a_rate_is_bounded_as_well),
        cmocka_unit_test(nothing_seen_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
