/* SPDX-License-Identifier: MIT */
/*
 * Promise: zscore finds what is far from its history, in both modes, and a spread of zero is no division by zero.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drive.h"

static struct plugin *plugin;

static void zscore_finds_a_burst_and_says_what_was_usual(void **state)
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

static void zscore_does_not_mind_one_becoming_four(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_many(&drive, 1, 500);
    assert_true(drive_value(&drive, 4)->score < 3);
    drive_close(&drive);
}

static void zscore_gets_used_to_an_hourly_burst(void **state)
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

static void zscore_is_calm_over_100000_windows_of_noise(void **state)
{
    (void)state;
    assert_true(odd_ones(0.05, 30000, 4) <= 6);
    assert_true(odd_ones(1, 30000, 4) <= 6);
    assert_true(odd_ones(6, 100000, 4) <= 20);
    assert_true(odd_ones(6, 100000, 6) <= 1);
}

static void zscore_copes_with_a_flat_series(void **state)
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

static void zscore_scores_the_first_move_of_a_ratio_by_how_long_it_was_still(void **state)
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

static void zscore_robust_is_not_blinded_by_outliers_where_classic_is(void **state)
{
    (void)state;
    static const struct plugin_setting classic = {"mode", "classic"};
    struct drive robust, mean;
    uint64_t seed = 19;
    drive_open(&robust, plugin, 1, NULL, 0);
    drive_open(&mean, plugin, 1, &classic, 1);
    for (int i = 0; i < 120; i++) {
        double value = i >= 80 && i < 110 ? 3000 : drive_poisson(&seed, 20);
        drive_value(&robust, value);
        drive_value(&mean, value);
    }
    assert_true(drive_value(&mean, 500)->score < 2);
    const struct oddline_score *score = drive_value(&robust, 500);
    assert_true(score->expected < 40);
    assert_true(score->score > 4);
    drive_close(&robust);
    drive_close(&mean);
}

static void zscore_knows_two_modes_only(void **state)
{
    (void)state;
    static const struct plugin_setting wrong = {"mode", "median"};
    struct instance_options options = {.stream = "test",
                                       .series = drive_series,
                                       .series_count = 1,
                                       .window_ns = DRIVE_WINDOW_NS,
                                       .settings = &wrong,
                                       .setting_count = 1};
    struct instance *instance = NULL;
    struct error error = {.text = ""};
    assert_true(instance_open(plugin, &options, &instance, &error) < 0);
    assert_string_equal(
        error.text, "zscore: test: open() failed: mode: median is neither robust nor classic");
}

static void zscore_forgets_what_left_its_history(void **state)
{
    (void)state;
    static const struct plugin_setting small = {"history", "10"};
    struct drive drive;
    drive_open(&drive, plugin, 1, &small, 1);
    drive_many(&drive, 1000, 50);
    drive_many(&drive, 10, 10);
    assert_true(fabs(drive_value(&drive, 10)->expected - 10) < 0.1);
    drive_close(&drive);
}

static int setup(void **state)
{
    (void)state;
    plugin = drive_load("zscore");
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
        cmocka_unit_test(zscore_finds_a_burst_and_says_what_was_usual),
        cmocka_unit_test(zscore_does_not_mind_one_becoming_four),
        cmocka_unit_test(zscore_gets_used_to_an_hourly_burst),
        cmocka_unit_test(zscore_is_calm_over_100000_windows_of_noise),
        cmocka_unit_test(zscore_copes_with_a_flat_series),
        cmocka_unit_test(zscore_scores_the_first_move_of_a_ratio_by_how_long_it_was_still),
        cmocka_unit_test(zscore_robust_is_not_blinded_by_outliers_where_classic_is),
        cmocka_unit_test(zscore_knows_two_modes_only),
        cmocka_unit_test(zscore_forgets_what_left_its_history),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
