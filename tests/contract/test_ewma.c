/* SPDX-License-Identifier: MIT */
/*
 * Promise: ewma finds a burst and a drop, is calm in noise, learns what recurs, accepts a shift once, and no burst poisons it.
 */

#include "rig_detector.h"

RIG_TEST(ewma_finds_a_burst_and_says_what_was_usual, rig_finds_a_burst_and_says_what_was_usual)
RIG_TEST(ewma_does_not_mind_one_becoming_four, rig_does_not_mind_one_becoming_four)
RIG_TEST(ewma_gets_used_to_an_hourly_burst, rig_gets_used_to_an_hourly_burst)
RIG_TEST(ewma_is_calm_over_100000_windows_of_noise, rig_is_calm_over_100000_windows_of_noise)
RIG_TEST(ewma_accepts_a_lasting_shift_exactly_once, rig_accepts_a_lasting_shift_exactly_once)
RIG_TEST(ewma_keeps_its_baseline_through_a_short_burst,
         rig_keeps_its_baseline_through_a_short_burst)
RIG_TEST(ewma_copes_with_a_flat_series, rig_copes_with_a_flat_series)
RIG_TEST(ewma_scores_the_first_move_of_a_ratio_by_how_long_it_was_still,
         rig_scores_the_first_move_of_a_ratio_by_how_long_it_was_still)

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
    return rig_main("ewma", tests);
}
