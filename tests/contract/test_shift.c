/* SPDX-License-Identifier: MIT */
/*
 * Promise: shift finds a level that changed and stayed, once; neither a burst nor the daily peak nor a series that wanders is one.
 */

#include "rig_detector.h"

static void shift_finds_a_level_that_stays(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    rig_open_poisson(&drive, &seed, 20, 300);
    const struct oddline_score *score = NULL;
    for (int i = 1; i <= 20; i++) {
        score = drive_value(&drive, drive_poisson(&seed, 60));
        assert_true(i >= 15 || score->score == 0); // it might still be a burst
    }
    assert_true(score->score >= 6);
    assert_int_equal(score->kind, ODDLINE_SHIFT);
    assert_int_equal(score->flags, ODDLINE_SCORE_SURPRISE);
    assert_true(fabs(score->observed - 60) < 6 && fabs(score->expected - 20) < 3);
    assert_true(score->upper < 60);
    assert_non_null(strstr(score->reason, "for 20 windows"));
    drive_close(&drive);
}

static void shift_says_drop_when_the_level_fell(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    rig_open_poisson(&drive, &seed, 40, 300);
    const struct oddline_score *score = NULL;
    for (int i = 0; i < 20; i++)
        score = drive_value(&drive, drive_poisson(&seed, 10));
    assert_true(score->score >= 6);
    assert_int_equal(score->kind, ODDLINE_DROP);
    drive_close(&drive);
}

static void shift_leaves_bursts_alone(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 5;
    rig_open_poisson(&drive, &seed, 20, 300);
    for (int burst = 0; burst < 40; burst++) {
        assert_true(rig_highest(&drive, 5000, 1 + burst % 10) == 0);
        for (int i = 0; i < 30; i++)
            assert_true(drive_value(&drive, drive_poisson(&seed, 20))->score < 3);
    }
    assert_true(fabs(drive_value(&drive, 20)->expected - 20) < 3);
    drive_close(&drive);
}

RIG_TEST(shift_accepts_a_lasting_shift_exactly_once, rig_accepts_a_lasting_shift_exactly_once)
RIG_TEST(shift_is_calm_over_100000_windows_of_noise, rig_is_calm_over_100000_windows_of_noise)

/* 20 at midnight, 100 at noon. */
static double of_the_day(uint64_t *seed, uint64_t window)
{
    double phase = 2 * M_PI * (double)(window % RIG_DAY) / RIG_DAY;
    return 60 - 40 * cos(phase) + 8 * (drive_uniform(seed) - 0.5);
}

static void shift_learns_the_day_and_finds_what_is_none(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 7;
    int odd = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    while (drive.index < 2 * RIG_DAY)
        drive_value(&drive, of_the_day(&seed, drive.index));
    while (drive.index < 12 * RIG_DAY + 60)
        odd += drive_value(&drive, of_the_day(&seed, drive.index))->score >= 3;
    assert_int_equal(odd, 0);
    double most = 0; // from one in the morning all is 60 higher
    for (int i = 0; i < 40; i++)
        most = fmax(most, drive_value(&drive, 60 + of_the_day(&seed, drive.index))->score);
    assert_true(most >= 4);
    drive_close(&drive);
}

/* An autoregression: it is off for dozens of windows by itself. */
static void shift_is_patient_with_a_series_that_wanders(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 9;
    double y = 0;
    int odd = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < 20000; i++) {
        double noise = drive_uniform(&seed) + drive_uniform(&seed) - 1;
        y = 0.9 * y + noise;
        odd += drive_value(&drive, 100 + 10 * y)->score >= 4;
    }
    assert_true(odd <= 200); // thousands, were its windows taken for independent
    drive_close(&drive);
}

/* A machine with two gears, an hour and forty minutes each. */
static void shift_gets_used_to_what_shifts_again_and_again(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 13;
    int early = 0, late = 0;
    rig_open_poisson(&drive, &seed, 20, 300);
    for (int i = 0; i < 2000; i++) {
        bool high = i / 100 % 2 == 0;
        double score = drive_value(&drive, drive_poisson(&seed, high ? 60 : 20))->score;
        early += i < 400 && score >= 4;
        late += i >= 400 && score >= 4;
    }
    assert_true(early >= 10);
    assert_int_equal(late, 0);
    drive_close(&drive);
}

static void shift_copes_with_a_ratio_that_never_moved(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    assert_true(rig_highest(&drive, 0, 300) == 0);
    assert_true(rig_highest(&drive, 0.3, 10) == 0);
    assert_true(rig_highest(&drive, 0.3, 20) > 4);
    drive_close(&drive);
}

static void shift_is_not_blinded_by_one_absurd_value(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 11;
    rig_open_poisson(&drive, &seed, 20, 300);
    drive_value(&drive, 1e99);
    drive_value(&drive, 0.5); // and a gauge from here on
    for (int i = 0; i < 100; i++)
        assert_true(drive_value(&drive, drive_poisson(&seed, 20))->score < 3);
    assert_true(rig_highest(&drive, 80, 20) >= 6);
    drive_close(&drive);
}

static void shift_does_not_take_one_absurd_value_for_usual_at_its_time_of_day(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 11;
    drive_open(&drive, plugin, 1, NULL, 0);
    while (drive.index <
           RIG_DAY + 705) // a bucket begins at 705, and holds the absurd one of the day before
        drive_value(&drive, drive.index == 710 ? 1e15 : drive_poisson(&seed, 20));
    assert_true(rig_highest(&drive, 5000, 15) >= 6);
    drive_close(&drive);
}

static void shift_goes_on_within_an_excursion_after_a_restart(void **state)
{
    (void)state;
    struct drive whole, parts;
    uint64_t seed = 3, same = 3;
    rig_open_poisson(&whole, &seed, 20, 300);
    rig_open_poisson(&parts, &same, 20, 300);
    for (int i = 0; i < 80; i++) {
        const struct oddline_score *a = drive_value(&whole, drive_poisson(&seed, 60));
        const struct oddline_score *b = drive_value(&parts, drive_poisson(&same, 60));
        assert_true(a->score == b->score && a->flags == b->flags);
        assert_string_equal(a->reason, b->reason);
        rig_restart(&parts, NULL, 0);
    }
    drive_close(&whole);
    drive_close(&parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shift_finds_a_level_that_stays),
        cmocka_unit_test(shift_says_drop_when_the_level_fell),
        cmocka_unit_test(shift_leaves_bursts_alone),
        cmocka_unit_test(shift_accepts_a_lasting_shift_exactly_once),
        cmocka_unit_test(shift_is_calm_over_100000_windows_of_noise),
        cmocka_unit_test(shift_learns_the_day_and_finds_what_is_none),
        cmocka_unit_test(shift_is_patient_with_a_series_that_wanders),
        cmocka_unit_test(shift_gets_used_to_what_shifts_again_and_again),
        cmocka_unit_test(shift_copes_with_a_ratio_that_never_moved),
        cmocka_unit_test(shift_is_not_blinded_by_one_absurd_value),
        cmocka_unit_test(shift_does_not_take_one_absurd_value_for_usual_at_its_time_of_day),
        cmocka_unit_test(shift_goes_on_within_an_excursion_after_a_restart),
    };
    return rig_main("shift", tests);
}
