/* SPDX-License-Identifier: MIT */
/*
 * Promise: whatever a detector's scores look like, surprise is about -log10 of the chance of such a score; it is never NaN, never
 * negative, and nothing before enough is known.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/calibrate.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* SplitMix64 (G. L. Steele et al., 2014): the same numbers everywhere, and seeds that are neighbours have nothing in common. */
static double uniform(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / (double)(UINT64_C(1) << 53);
}

static double exponential(uint64_t *seed)
{
    return -log(uniform(seed));
}

/* Pareto: P(score > x) = x^-3 for x >= 1. */
static double heavy(uint64_t *seed)
{
    return pow(uniform(seed), -1.0 / 3);
}

static struct calibration learn(double (*next)(uint64_t *), uint64_t seed, int count)
{
    struct calibration c = {0};
    struct calibration_fit fit;
    for (int i = 0; i < count; i++)
        calibrate(&c, next(&seed), &fit);
    return c;
}

/* Asked of a copy: asking teaches too. */
static double ask(const struct calibration *c, double score)
{
    struct calibration copy = *c;
    struct calibration_fit fit;
    return calibrate(&copy, score, &fit);
}

static void calibrate_says_nothing_until_fifty_scores_are_known(void **state)
{
    (void)state;
    struct calibration c = {0};
    struct calibration_fit fit;
    for (int i = 0; i < CALIBRATE_LEAST; i++) {
        assert_true(calibrate(&c, 1e6 * (i + 1), &fit) == 0);
        assert_int_equal(fit.seen, i);
        assert_int_equal(fit.peaks, 0);
    }
    assert_true(calibrate(&c, 1e9, &fit) > 1);
    assert_int_equal(fit.seen, CALIBRATE_LEAST);
}

static void calibrate_is_about_right_ten_times_beyond_the_tail_of_exponential_scores(void **s)
{
    (void)s;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct calibration c = learn(exponential, seed, 2000);
        double tail = (double)CALIBRATE_PEAKS / 2000, beyond = tail / 10;
        double surprise = ask(&c, -log(beyond));
        assert_true(fabs(surprise - -log10(beyond)) < 0.5);
    }
}

static void calibrate_is_about_right_at_the_edge_of_the_tail(void **state)
{
    (void)state;
    struct calibration c = learn(exponential, 3, 2000);
    double edge = -log10((double)CALIBRATE_PEAKS / 2000);
    assert_true(fabs(ask(&c, c.peaks[0] * 1.0001) - edge) < 0.05);
    assert_true(ask(&c, c.peaks[0]) == 0);
}

static void calibrate_grows_with_the_score(void **state)
{
    (void)state;
    struct calibration c = learn(exponential, 5, 1000);
    double last = 0;
    for (double score = c.peaks[0]; score < 100; score += 0.01) {
        double surprise = ask(&c, score);
        assert_true(surprise >= last);
        last = surprise;
    }
    assert_true(last > 6);
}

static void calibrate_survives_a_history_without_any_spread(void **state)
{
    (void)state;
    static const double levels[] = {0, 7, 1e-300, 1e12, DBL_MAX / 4};
    for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
        struct calibration c = {0};
        struct calibration_fit fit;
        for (int k = 0; k < 200; k++)
            assert_true(calibrate(&c, levels[i], &fit) == 0);
        double surprise = ask(&c, levels[i] * 1.5 + 1);
        assert_true(isfinite(surprise) && surprise > 2);
    }
}

static void calibrate_stays_finite_for_the_largest_scores(void **state)
{
    (void)state;
    struct calibration c = {0};
    struct calibration_fit fit;
    uint64_t seed = 9;
    for (int i = 0; i < 500; i++) {
        double surprise = calibrate(&c, uniform(&seed) * DBL_MAX, &fit);
        assert_true(isfinite(surprise) && surprise >= 0);
    }
    assert_true(isfinite(ask(&c, DBL_MAX)));
}

static void calibrate_asks_more_of_heavy_tailed_scores(void **state)
{
    (void)state;
    double sum = 0, sum_light = 0;
    for (uint64_t seed = 1; seed <= 16; seed++) {
        struct calibration light = learn(exponential, seed, 2000),
                           tailed = learn(heavy, seed, 2000);
        struct calibration_fit a, b;
        double of_light = calibrate(&light, light.peaks[0] * 10, &a),
               of_heavy = calibrate(&tailed, tailed.peaks[0] * 10, &b);
        assert_true(of_light > of_heavy);
        assert_true(b.shape > a.shape);
        sum += of_heavy;
        sum_light += of_light;
    }
    assert_true(sum_light > sum + 16 * 3);
    assert_true(fabs(sum / 16 - 4.5) < 1.2); // 64 of 2000, 10^-3 of them; moments are bold
}

static void calibrate_says_the_same_twice(void **state)
{
    (void)state;
    struct calibration a = {0}, b = {0};
    struct calibration_fit fit_a, fit_b;
    uint64_t seed_a = 11, seed_b = 11;
    for (int i = 0; i < 3000; i++) {
        double x = calibrate(&a, exponential(&seed_a), &fit_a),
               y = calibrate(&b, exponential(&seed_b), &fit_b);
        assert_memory_equal(&x, &y, sizeof(x));
        assert_memory_equal(&fit_a, &fit_b, sizeof(fit_a));
    }
    assert_memory_equal(&a, &b, sizeof(a));
}

static void calibrate_keeps_the_highest_scores_in_order(void **state)
{
    (void)state;
    struct calibration c = {0};
    struct calibration_fit fit;
    for (int i = 0; i < 1000; i++)
        calibrate(&c, (i * 617) % 1000, &fit); // 0..999, each once, shuffled
    assert_int_equal(c.seen, 1000);
    assert_int_equal(c.count, CALIBRATE_PEAKS);
    for (int i = 0; i < CALIBRATE_PEAKS; i++)
        assert_true(c.peaks[i] == 1000 - CALIBRATE_PEAKS + i);
}

static void calibrate_takes_at_most_a_fifth_of_all_scores_for_tail(void **state)
{
    (void)state;
    struct calibration c = {0};
    struct calibration_fit fit;
    uint64_t seed = 4;
    for (uint64_t seen = 0; seen < 500; seen++) {
        calibrate(&c, exponential(&seed), &fit);
        if (seen >= CALIBRATE_LEAST)
            assert_int_equal(fit.peaks,
                             seen / 5 < CALIBRATE_PEAKS ? seen / 5 : CALIBRATE_PEAKS);
    }
}

static void calibrate_can_be_computed_again_from_its_fit(void **state)
{
    (void)state;
    struct calibration c = learn(exponential, 21, 800);
    struct calibration_fit fit;
    double score = c.peaks[CALIBRATE_PEAKS - 1] + 1, surprise = calibrate(&c, score, &fit);
    double z = (score - fit.threshold) / fit.scale;
    double tail = fabs(fit.shape) < 1e-6 ? exp(-z) : pow(1 + fit.shape * z, -1 / fit.shape);
    assert_true(1 + fit.shape * z > 0);
    assert_true(fabs(surprise + log10(tail * (double)fit.peaks / (double)fit.seen)) < 1e-9);
}

static void calibrate_gives_the_very_bits_again_from_its_fit(void **state)
{
    (void)state;
    double (*const kinds[])(uint64_t *) = {exponential, heavy, uniform};
    for (size_t k = 0; k < 3; k++) {
        struct calibration c = {0};
        uint64_t seed = 5 + k;
        for (int i = 0; i < 2000; i++) {
            struct calibration_fit fit;
            double score = kinds[k](&seed) * (i % 97 ? 1 : 9),
                   surprise = calibrate(&c, score, &fit),
                   again = calibration_surprise(&fit, score);
            assert_memory_equal(&surprise, &again, sizeof(again));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calibrate_says_nothing_until_fifty_scores_are_known),
        cmocka_unit_test(
            calibrate_is_about_right_ten_times_beyond_the_tail_of_exponential_scores),
        cmocka_unit_test(calibrate_is_about_right_at_the_edge_of_the_tail),
        cmocka_unit_test(calibrate_grows_with_the_score),
        cmocka_unit_test(calibrate_survives_a_history_without_any_spread),
        cmocka_unit_test(calibrate_stays_finite_for_the_largest_scores),
        cmocka_unit_test(calibrate_asks_more_of_heavy_tailed_scores),
        cmocka_unit_test(calibrate_says_the_same_twice),
        cmocka_unit_test(calibrate_keeps_the_highest_scores_in_order),
        cmocka_unit_test(calibrate_takes_at_most_a_fifth_of_all_scores_for_tail),
        cmocka_unit_test(calibrate_can_be_computed_again_from_its_fit),
        cmocka_unit_test(calibrate_gives_the_very_bits_again_from_its_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
