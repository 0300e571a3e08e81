/* SPDX-License-Identifier: MIT */
/*
 * Promise: ewma finds a burst and a drop, is calm in noise, learns what recurs, accepts a shift once, and no burst poisons it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drive.h"

static struct plugin *plugin;

static void ewma_finds_a_burst_and_says_what_was_usual(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < 300; i++)
        drive_value(&drive, drive_poisson(&seed, 20));
    const struct oddline_score *score = drive_value(&drive, 200);
    assert_true(score->score >= 6);
    assert_int_equal(score->kind, ODDLINE_SPIKE);
    assert_int_equal(score->flags, ODDLINE_SCORE_SURPRISE);
    assert_true(score->observed == 200);
    assert_true(fabs(score->expected - 20) < 3);
    assert_true(score->lower < score->expected && score->expected < score->upper &&
                score->upper < 80);
    assert_non_null(strstr(score->reason, "errors"));
    for (int i = 0; i < 5; i++)
        drive_value(&drive, drive_poisson(&seed, 20));
    score = drive_value(&drive, 0);
    assert_true(score->score >= 4);
    assert_int_equal(score->kind, ODDLINE_DROP);
    drive_close(&drive);
}

static void ewma_does_not_mind_one_becoming_four(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_many(&drive, 1, 500);
    assert_true(drive_value(&drive, 4)->score < 3);
    drive_close(&drive);
}

static void ewma_gets_used_to_an_hourly_burst(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 5;
    int odd_early = 0, odd_late = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < 3000; i++) {
        double value =
            drive_poisson(&seed, 5) + (i % 60 == 45 ? 80 + 20 * drive_uniform(&seed) : 0);
        bool odd = drive_value(&drive, floor(value))->score > 4;
        odd_early += odd && i < 400;
        odd_late += odd && i >= 400;
    }
    assert_true(odd_early >= 1);
    assert_int_equal(odd_late, 0);
    drive_close(&drive);
}

/* Scores of a steady Poisson world. */
static int odd_ones(double mean, int windows, double above)
{
    struct drive drive;
    uint64_t seed = 11;
    int odd = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < windows; i++) {
        const struct oddline_score *score = drive_value(&drive, drive_poisson(&seed, mean));
        odd += score->size && !(score->flags & ODDLINE_SCORE_WARMING) && score->score > above;
    }
    drive_close(&drive);
    return odd;
}

static void ewma_is_calm_over_100000_windows_of_noise(void **state)
{
    (void)state;
    assert_true(odd_ones(0.05, 30000, 4) <= 6);
    assert_true(odd_ones(1, 30000, 4) <= 6);
    assert_true(odd_ones(6, 100000, 4) <= 20);
    assert_true(odd_ones(6, 100000, 6) <= 1);
}

static void ewma_accepts_a_lasting_shift_exactly_once(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 7;
    int accepted = 0, at = 0, odd_after = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < 600; i++) {
        const struct oddline_score *score =
            drive_value(&drive, drive_poisson(&seed, i < 300 ? 20 : 90));
        if (score->flags & ODDLINE_SCORE_ACCEPTED) {
            assert_int_equal(score->kind, ODDLINE_SHIFT);
            accepted++;
            at = i;
        }
        odd_after += accepted && i > at && score->score > 4;
    }
    assert_int_equal(accepted, 1);
    assert_in_range(at, 300 + 59, 300 + 70); // accept_after is 60
    assert_int_equal(odd_after, 0);
    assert_true(fabs(drive_value(&drive, 90)->expected - 90) < 6);
    drive_close(&drive);
}

static void ewma_keeps_its_baseline_through_a_short_burst(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    uint64_t seed = 9;
    for (int i = 0; i < 300; i++)
        drive_value(&drive, drive_poisson(&seed, 20));
    double before = drive_value(&drive, 20)->expected;
    for (int i = 0; i < 30; i++)
        assert_true(drive_value(&drive, 400)->score >
                    4); // still odd: the burst does not hide itself
    double after = drive_value(&drive, 20)->expected;
    assert_true(fabs(after - before) < 0.01 * before);
    drive_close(&drive);
}

static void ewma_copes_with_a_flat_series(void **state)
{
    (void)state;
    static const double levels[] = {0, 7, 1000, 0.5};
    for (int i = 0; i < 4; i++) {
        struct drive drive;
        drive_open(&drive, plugin, 1, NULL, 0);
        assert_true(drive_many(&drive, levels[i], 200)->score < 0.1);
        assert_true(drive_value(&drive, levels[i] * 3 + 50)->score > 3);
        drive_close(&drive);
    }
}

static void ewma_scores_the_first_move_of_a_ratio_by_how_long_it_was_still(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_many(&drive, 0, 500);
    const struct oddline_score *score = drive_value(&drive, 0.3);
    assert_true(score->score > 2.5 && score->score < 3.5);
    assert_true(drive_value(&drive, 0)->score < 0.5);
    drive_close(&drive);
}

static void ewma_coming_home_from_a_visit_is_not_odd(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 13;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < 500; i++)
        drive_value(&drive, drive_poisson(&seed, 20));
    for (int i = 0; i < 100; i++)
        drive_value(&drive, drive_poisson(&seed, 90)); // accepted on the way
    for (int i = 0; i < 100; i++)
        assert_true(drive_value(&drive, drive_poisson(&seed, 20))->score < 4);
    assert_true(drive_value(&drive, 90)->score > 4); // but the visited level is still no home
    drive_close(&drive);
}

static void ewma_learns_that_a_series_is_uneven(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 17;
    int odd = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < 20000; i++) { // deviation about 50, ten times its Poisson value
        double value = floor(100 * drive_uniform(&seed) * 2 * drive_uniform(&seed) * 2);
        odd += drive_value(&drive, value)->score > 4;
    }
    assert_true(odd <= 2);
    drive_close(&drive);
}

static int setup(void **state)
{
    (void)state;
    plugin = drive_load("ewma");
    return plugin ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    plugin_free(plugin);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ewma_finds_a_burst_and_says_what_was_usual),
        cmocka_unit_test(ewma_does_not_mind_one_becoming_four),
        cmocka_unit_test(ewma_gets_used_to_an_hourly_burst),
        cmocka_unit_test(ewma_is_calm_over_100000_windows_of_noise),
        cmocka_unit_test(ewma_accepts_a_lasting_shift_exactly_once),
        cmocka_unit_test(ewma_keeps_its_baseline_through_a_short_burst),
        cmocka_unit_test(ewma_copes_with_a_flat_series),
        cmocka_unit_test(ewma_scores_the_first_move_of_a_ratio_by_how_long_it_was_still),
        cmocka_unit_test(ewma_coming_home_from_a_visit_is_not_odd),
        cmocka_unit_test(ewma_learns_that_a_series_is_uneven),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
