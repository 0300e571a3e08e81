/* SPDX-License-Identifier: MIT */
/*
 * Promise: pattern finds rare things by how long they were absent and busy ones by how far they jump, and 1 -> 4 is nothing.
 */

#include "rig_detector.h"

RIG_TEST(pattern_finds_a_burst_and_says_what_was_usual,
         rig_finds_a_burst_and_says_what_was_usual)
RIG_TEST(pattern_does_not_mind_one_becoming_four, rig_does_not_mind_one_becoming_four)
RIG_TEST(pattern_gets_used_to_an_hourly_burst, rig_gets_used_to_an_hourly_burst)
RIG_TEST(pattern_is_calm_over_100000_windows_of_noise, rig_is_calm_over_100000_windows_of_noise)
RIG_TEST(pattern_accepts_a_lasting_shift_exactly_once, rig_accepts_a_lasting_shift_exactly_once)
RIG_TEST(pattern_keeps_its_baseline_through_a_short_burst,
         rig_keeps_its_baseline_through_a_short_burst)

static double first_after(int quiet, double count)
{
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_many(&drive, 0, quiet);
    double score = drive_value(&drive, count)->score;
    drive_close(&drive);
    return score;
}

static void pattern_scores_a_first_appearance_by_how_long_it_was_absent(void **state)
{
    (void)state;
    assert_true(first_after(20, 1) < 2);
    assert_true(first_after(500, 1) < 4);
    assert_true(first_after(500, 3) >= 4);
    assert_true(first_after(500, 30) >= 6);
    assert_true(first_after(20, 1) < first_after(500, 1));
    assert_true(first_after(500, 1) < first_after(5000, 1));
}

static void pattern_says_that_a_thing_is_new(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_many(&drive, 0, 500);
    const struct oddline_score *score = drive_value(&drive, 3);
    assert_int_equal(score->kind, ODDLINE_NEW);
    assert_true(score->observed == 3 && score->expected == 0);
    assert_true(drive_many(&drive, 0, 200)->score <
                1); // and silence of a rare thing is nothing
    drive_close(&drive);
}

/* Three failed logins every two hours or so: the first is news, the tenth is not. */
static void pattern_learns_that_a_rare_thing_comes_in_clumps(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 23;
    drive_open(&drive, plugin, 1, NULL, 0);
    int late = 0;
    for (int i = 0; i < 10000; i++) {
        double value =
            drive_uniform(&seed) < 1.0 / 120 ? 2 + floor(3 * drive_uniform(&seed)) : 0;
        late += drive_value(&drive, value)->score > 4 && i > 2000;
    }
    assert_true(late <= 1);
    assert_true(drive_value(&drive, 60)->score > 4); // a burst still is
    drive_close(&drive);
}

/* The same fault three times within the hour, each some minutes long: what was odd once is no less so when it comes back. */
static void pattern_finds_an_incident_that_comes_back(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_many(&drive, 0, 30);
    for (int i = 0; i < 3; i++) {
        assert_true(drive_value(&drive, 16)->score >= 6);
        drive_value(&drive, 20);
        drive_value(&drive, 4);
        drive_many(&drive, 0, 8);
    }
    drive_close(&drive);
}

static void pattern_scores_each_pattern_by_itself(void **state)
{
    (void)state;
    struct drive drive;
    const double quiet[3] = {0, 5, 5}, loud[3] = {20, 5, 5};
    drive_open(&drive, plugin, 3, NULL, 0);
    for (int i = 0; i < 300; i++)
        drive_window(&drive, quiet);
    const struct oddline_score *scores = drive_window(&drive, loud);
    assert_true(scores[0].score > 6);
    assert_true(scores[1].score < 1 && scores[2].score < 1);
    assert_non_null(strstr(scores[0].reason, "errors"));
    assert_non_null(strstr(scores[2].reason, "deadlocks"));
    drive_close(&drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_finds_a_burst_and_says_what_was_usual),
        cmocka_unit_test(pattern_does_not_mind_one_becoming_four),
        cmocka_unit_test(pattern_gets_used_to_an_hourly_burst),
        cmocka_unit_test(pattern_is_calm_over_100000_windows_of_noise),
        cmocka_unit_test(pattern_accepts_a_lasting_shift_exactly_once),
        cmocka_unit_test(pattern_keeps_its_baseline_through_a_short_burst),
        cmocka_unit_test(pattern_scores_a_first_appearance_by_how_long_it_was_absent),
        cmocka_unit_test(pattern_says_that_a_thing_is_new),
        cmocka_unit_test(pattern_learns_that_a_rare_thing_comes_in_clumps),
        cmocka_unit_test(pattern_finds_an_incident_that_comes_back),
        cmocka_unit_test(pattern_scores_each_pattern_by_itself),
    };
    return rig_main("pattern", tests);
}
