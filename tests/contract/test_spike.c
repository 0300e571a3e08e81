/* SPDX-License-Identifier: MIT */
/*
 * Promise: spike finds one window that is far off both forecasts, and knows the jump that comes every day.
 */

#include "rig_detector.h"

enum { OPENS = 540, CLOSES = 1080 };

/* An office: about 10 at night, 200 from nine to six, and both jumps are sharp. */
static double usual(uint64_t *seed, uint64_t window)
{
    uint64_t minute = window % RIG_DAY;
    double level = minute >= OPENS && minute < CLOSES ? 200 : 10;
    return level + 6 * (drive_uniform(seed) - 0.5);
}

static void drive_until(struct drive *drive, uint64_t *seed, uint64_t window)
{
    while (drive->index < window)
        drive_value(drive, usual(seed, drive->index));
}

static void spike_finds_one_window_up_and_one_down(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_until(&drive, &seed, 9 * RIG_DAY + 700);
    const struct oddline_score *score = drive_value(&drive, 320);
    assert_true(score->score >= 6);
    assert_int_equal(score->kind, ODDLINE_SPIKE);
    assert_int_equal(score->flags, ODDLINE_SCORE_SURPRISE);
    assert_true(fabs(score->expected - 200) < 10);
    assert_true(score->upper < 320);
    assert_non_null(strstr(score->reason, "errors at 320, forecast "));
    drive_until(&drive, &seed, 9 * RIG_DAY + 800);
    score = drive_value(&drive, 80);
    assert_true(score->score >= 6);
    assert_int_equal(score->kind, ODDLINE_DROP);
    drive_close(&drive);
}

static void spike_knows_the_jump_that_comes_every_day(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    int first = 0, later = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    while (drive.index < 14 * RIG_DAY) {
        uint64_t at = drive.index;
        bool odd = drive_value(&drive, usual(&seed, at))->score >= 3;
        first += odd && at < RIG_DAY;
        later += odd && at >= 7 * RIG_DAY;
    }
    assert_true(first >= 1);
    assert_int_equal(later, 0);
    drive_close(&drive);
}

static void spike_wants_both_forecasts_to_fail(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_until(&drive, &seed, 9 * RIG_DAY + OPENS);
    int odd = 0; // a holiday: not what the time of day says, but just like the hour before
    for (int i = 0; i < 200; i++)
        odd += drive_value(&drive, 10 + 6 * (drive_uniform(&seed) - 0.5))->score >= 3;
    assert_int_equal(odd, 0);
    drive_close(&drive);
}

static void spike_is_odd_for_some_windows_when_a_level_shifts(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 9;
    int odd = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < 6000; i++)
        drive_value(&drive, 50 + 6 * (drive_uniform(&seed) - 0.5));
    for (int i = 0; i < 200; i++)
        odd += drive_value(&drive, 90 + 6 * (drive_uniform(&seed) - 0.5))->score >= 3;
    assert_true(odd >= 3 && odd <= 40);
    drive_close(&drive);
}

static void spike_is_calm_over_50000_windows_of_noise(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 11;
    int odd = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int n = 0; n < 50000; n++)
        odd += drive_value(&drive, drive_poisson(&seed, 20))->score >= 6;
    assert_true(odd <= 30);
    drive_close(&drive);
}

static void spike_scores_the_first_move_by_how_long_nothing_moved(void **state)
{
    (void)state;
    static const double levels[] = {0, 0.1, 7, 1e12 / 3};
    for (int i = 0; i < 4; i++) {
        struct drive drive;
        drive_open(&drive, plugin, 1, NULL, 0);
        for (int n = 0; n < 300; n++)
            assert_true(drive_value(&drive, levels[i])->score == 0); // not even by rounding
        double score = drive_value(&drive, levels[i] + 5 + levels[i] / 2)->score;
        assert_true(fabs(score - log10(301)) < 0.05);
        drive_close(&drive);
    }
}

static void spike_is_not_blinded_by_one_absurd_value(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 9;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < 6000; i++)
        drive_value(&drive, 50 + 6 * (drive_uniform(&seed) - 0.5));
    assert_true(drive_value(&drive, 1e99)->score >= 6);
    for (int i = 0; i < 1000; i++)
        drive_value(&drive, 50 + 6 * (drive_uniform(&seed) - 0.5));
    assert_true(fabs(drive_value(&drive, 50)->expected - 50) < 5);
    assert_true(drive_value(&drive, 120)->score >= 3);
    drive_close(&drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spike_finds_one_window_up_and_one_down),
        cmocka_unit_test(spike_knows_the_jump_that_comes_every_day),
        cmocka_unit_test(spike_wants_both_forecasts_to_fail),
        cmocka_unit_test(spike_is_odd_for_some_windows_when_a_level_shifts),
        cmocka_unit_test(spike_is_calm_over_50000_windows_of_noise),
        cmocka_unit_test(spike_scores_the_first_move_by_how_long_nothing_moved),
        cmocka_unit_test(spike_is_not_blinded_by_one_absurd_value),
    };
    return rig_main("spike", tests);
}
