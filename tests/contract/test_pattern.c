/* SPDX-License-Identifier: MIT */
/*
 * Promise: pattern finds rare things by how long they were absent and busy ones by how far they jump, and 1 -> 4 is nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drive.h"

static struct plugin *plugin;

static void pattern_finds_a_burst_and_says_what_was_usual(void **state)
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

static void pattern_does_not_mind_one_becoming_four(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_many(&drive, 1, 500);
    assert_true(drive_value(&drive, 4)->score < 3);
    drive_close(&drive);
}

static void pattern_gets_used_to_an_hourly_burst(void **state)
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

static void pattern_is_calm_over_100000_windows_of_noise(void **state)
{
    (void)state;
    assert_true(odd_ones(0.05, 30000, 4) <= 6);
    assert_true(odd_ones(1, 30000, 4) <= 6);
    assert_true(odd_ones(6, 100000, 4) <= 20);
    assert_true(odd_ones(6, 100000, 6) <= 1);
}

static void pattern_accepts_a_lasting_shift_exactly_once(void **state)
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

static void pattern_keeps_its_baseline_through_a_short_burst(void **state)
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

static int setup(void **state)
{
    (void)state;
    plugin = drive_load("pattern");
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
        cmocka_unit_test(pattern_finds_a_burst_and_says_what_was_usual),
        cmocka_unit_test(pattern_does_not_mind_one_becoming_four),
        cmocka_unit_test(pattern_gets_used_to_an_hourly_burst),
        cmocka_unit_test(pattern_is_calm_over_100000_windows_of_noise),
        cmocka_unit_test(pattern_accepts_a_lasting_shift_exactly_once),
        cmocka_unit_test(pattern_keeps_its_baseline_through_a_short_burst),
        cmocka_unit_test(pattern_scores_a_first_appearance_by_how_long_it_was_absent),
        cmocka_unit_test(pattern_says_that_a_thing_is_new),
        cmocka_unit_test(pattern_learns_that_a_rare_thing_comes_in_clumps),
        cmocka_unit_test(pattern_scores_each_pattern_by_itself),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
