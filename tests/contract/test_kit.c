/* SPDX-License-Identifier: MIT */
/*
 * Promise: tails agree with published values where tables end, and go on smoothly where they underflow.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/recur.h"
#include "kit/robust.h"
#include "kit/run.h"
#include "kit/tail.h"

#include <math.h>

static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%.6f, expected %.6f", got, wanted);
}

static void tail_normal_agrees_with_tables(void **state)
{
    (void)state;
    assert_near(tail_normal(0), 0.30103, 1e-5);
    assert_near(tail_normal(1.959964), 1.60206, 1e-5);  /* 0.025 */
    assert_near(tail_normal(6), 9.00587, 1e-4);         /* 9.866e-10 */
    assert_near(tail_normal(7.999999), 15.20614, 1e-4); /* both sides of the change of method */
    assert_near(tail_normal(8.000001), 15.20614, 1e-4);
    assert_near(tail_normal(20), 88.56010, 1e-3); /* 2.754e-89 */
    assert_near(tail_normal(1e9), TAIL_MAX, 0);
    assert_near(tail_normal(-50), 0, 0);
    assert_near(tail_normal((double)NAN), 0, 0);
}

static void tail_student_is_heavier_and_tends_to_normal(void **state)
{
    (void)state;
    assert_near(tail_student(2.306, 8), 1.60206, 0.02); /* 0.025 */
    assert_near(tail_student(4.501, 8), 3.0, 0.02);     /* 0.001 */
    assert_near(tail_student(4, 1e9), tail_normal(4), 1e-4);
    assert_near(tail_student(0, 8), 0.30103, 1e-5);
    for (double t = 1; t < 1e6; t *= 3)
        assert_true(tail_student(t * 3, 8) > tail_student(t, 8));
}

static void tail_f_agrees_with_tables_and_errs_on_the_safe_side(void **state)
{
    (void)state;
    assert_near(tail_f(3.708, 3, 10), 1.30103, 0.02); /* 0.05 */
    assert_near(tail_f(10.04, 1, 10), 2.0, 0.03);     /* 0.01 */
    assert_near(tail_f(5.422, 3, 1e12), 3.0, 0.09);   /* chi-square 16.27: 0.001 */
    assert_near(tail_f(20, 3, 10), 3.82, 0.15);
    assert_near(tail_f(80, 3, 10), 6.56, 0.79);
    assert_true(tail_f(20, 3, 10) < 3.82 && tail_f(80, 3, 10) < 6.56);
    double last = 0;
    for (double f = 0; f < 1e9; f = f * 1.5 + 0.1) {
        assert_true(tail_f(f, 2, 10) >= last);
        last = tail_f(f, 2, 10);
    }
    assert_near(tail_f(-1, 2, 10), tail_f(0, 2, 10), 0);
    assert_near(tail_f((double)NAN, 2, 10), tail_f(0, 2, 10), 0);
}

static void tail_poisson_agrees_with_exact_sums(void **state)
{
    (void)state;
    assert_near(tail_count_above(1, 0.001, 0.001), 3.000217, 1e-5); /* 1 - exp(-0.001) */
    assert_near(tail_count_above(4, 1, 1), 1.721517, 1e-5);         /* 0.018988 */
    assert_near(tail_count_above(20, 5, 5), 6.461912, 1e-4);        /* 3.4521e-7 */
    assert_near(tail_count_below(0, 10, 10), 4.342945, 1e-5);       /* exp(-10) */
    assert_near(tail_count_below(3, 10, 10), 1.985741, 1e-4);       /* 0.010336 */
    assert_near(tail_count_above(0, 5, 5), 0, 0);
    assert_near(tail_count_below(-1, 5, 5), TAIL_MAX, 0);
}

/* Of a geometric count (size 1) with mean m, P(X >= x) = (m / (1 + m))^x. */
static void tail_negative_binomial_agrees_with_the_geometric(void **state)
{
    (void)state;
    for (double mean = 0.01; mean < 40; mean *= 2)
        for (double x = 1; x < 400; x *= 3)
            assert_near(tail_count_above(x, mean, mean + mean * mean),
                        fmin(TAIL_MAX, x * log10((1 + mean) / mean)), 1e-6 * x + 1e-9);
}

static void tail_counts_join_where_the_method_changes(void **state)
{
    (void)state;
    for (double x = 2300; x <= 3200;
         x += 50) { // summed below a deviation of 50, deviance above
        double summed = tail_count_above(x, 2499, 2499),
               approximate = tail_count_above(x + 2, 2501, 2501);
        assert_near(approximate, summed, 0.05 + 0.01 * summed);
    }
    assert_near(tail_count_above(1e15, 1e15, 1e15), 0.30103, 0.01);
    assert_near(tail_count_below(0, 1e12, 1e12), TAIL_MAX, 0);
}

static void tail_counts_are_monotone_and_total(void **state)
{
    (void)state;
    static const double means[] = {0, 1e-9, 0.3, 7, 4000, 1e12, INFINITY};
    for (int i = 0; i < 7; i++)
        for (int k = 0; k < 7; k++) {
            double last = 0;
            for (double x = 0; x < 1e6; x = x * 2 + 1) {
                double up = tail_count_above(x, means[i], means[k]),
                       down = tail_count_below(x, means[i], means[k]);
                assert_true(up >= 0 && up <= TAIL_MAX && down >= 0 && down <= TAIL_MAX);
                assert_true(up >= last - 1e-6);
                last = up;
            }
        }
}

static void robust_median_and_mad_ignore_outliers(void **state)
{
    (void)state;
    double values[] = {9, 1, 1000, 3, 2, 4, 5};
    robust_sort(values, 7);
    assert_near(robust_median(values, 7), 4, 0);
    assert_near(robust_mad(values, 7, 4), 2, 0);
    assert_near(robust_median(values, 6), 3.5, 0);
    assert_near(robust_mad(values, 6, 3.5), 1.5, 0);
    assert_near(robust_mad(values, 1, 1), 0, 0);
    assert_near(robust_mean_distance(values, 2, 3), 1.5, 0);
}

static void robust_anscombe_goes_there_and_back(void **state)
{
    (void)state;
    for (double x = 0; x < 1e6; x = x * 3 + 1)
        assert_near(robust_anscombe_back(robust_anscombe(x)), x, 1e-6);
    assert_true(robust_is_count(0) && robust_is_count(7) && !robust_is_count(0.5) &&
                !robust_is_count(-1) && !robust_is_count((double)NAN) &&
                !robust_is_count(1e300));
}

static void recur_trusts_a_frequency_after_three_episodes(void **state)
{
    (void)state;
    struct recur recur = {0};
    for (int episode = 0; episode < 4; episode++) {
        double tempered = recur_temper(&recur, 50, 20);
        assert_true(episode < 3 ? tempered == 50 : tempered < 2);
        for (int i = 0; i < 5; i++)
            recur_learn(&recur, 20, 0.9999); // an episode counts once
        for (int i = 0; i < 50; i++)
            recur_learn(&recur, 1, 0.9999);
    }
    assert_true(recur_temper(&recur, 50, 60) == 50); // a far larger one is still odd
    assert_true(recur_temper(&recur, 0.5, 1) == 0.5);
    assert_true(recur_is_sane(&recur));
}

static void run_accepts_what_lasts_and_forgets_what_ends(void **state)
{
    (void)state;
    struct run run = {0};
    for (int i = 0; i < 9; i++)
        assert_false(run_step(&run, 5, 1, 10));
    for (int i = 0; i < RUN_CALM; i++)
        assert_false(run_step(&run, 1, 0, 10));
    assert_true(run.side == 0);
    for (int i = 0; i < 9; i++)
        assert_false(run_step(&run, 5 + i % 2, 1, 10));
    assert_true(run_step(&run, 5, 1, 10));
    assert_near(run.mean, 5.4, 1e-12);
    assert_near(run_variance(&run), 0.2666667, 1e-6);
    assert_false(run_step(&run, -5, -1, 10)); // the other side begins anew
    assert_true(run.length == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tail_normal_agrees_with_tables),
        cmocka_unit_test(tail_student_is_heavier_and_tends_to_normal),
        cmocka_unit_test(tail_f_agrees_with_tables_and_errs_on_the_safe_side),
        cmocka_unit_test(tail_poisson_agrees_with_exact_sums),
        cmocka_unit_test(tail_negative_binomial_agrees_with_the_geometric),
        cmocka_unit_test(tail_counts_join_where_the_method_changes),
        cmocka_unit_test(tail_counts_are_monotone_and_total),
        cmocka_unit_test(robust_median_and_mad_ignore_outliers),
        cmocka_unit_test(robust_anscombe_goes_there_and_back),
        cmocka_unit_test(recur_trusts_a_frequency_after_three_episodes),
        cmocka_unit_test(run_accepts_what_lasts_and_forgets_what_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
