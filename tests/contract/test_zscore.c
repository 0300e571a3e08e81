/* SPDX-License-Identifier: MIT */
/*
 * Promise: zscore finds what is far from its history, in both modes, and a spread of zero is no division by zero.
 */

#include "rig_detector.h"

RIG_TEST(zscore_finds_a_burst_and_says_what_was_usual,
         rig_finds_a_burst_and_says_what_was_usual)
RIG_TEST(zscore_does_not_mind_one_becoming_four, rig_does_not_mind_one_becoming_four)
RIG_TEST(zscore_gets_used_to_an_hourly_burst, rig_gets_used_to_an_hourly_burst)
RIG_TEST(zscore_is_calm_over_100000_windows_of_noise, rig_is_calm_over_100000_windows_of_noise)
RIG_TEST(zscore_copes_with_a_flat_series, rig_copes_with_a_flat_series)
RIG_TEST(zscore_scores_the_first_move_of_a_ratio_by_how_long_it_was_still,
         rig_scores_the_first_move_of_a_ratio_by_how_long_it_was_still)

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
    return rig_main("zscore", tests);
}
