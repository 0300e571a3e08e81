/* SPDX-License-Identifier: MIT */
/*
 * Promise: trend finds a leak, says how fast and since when; a step, a wandering series and the slope of every day are none.
 */

#include "rig_detector.h"

static double noise(uint64_t *seed)
{
    return drive_uniform(seed) + drive_uniform(seed) - 1;
}

/* Warm: a day and a half at about 500. */
static void open_warm(struct drive *drive, uint64_t *seed)
{
    drive_open(drive, plugin, 1, NULL, 0);
    while (drive->index < RIG_DAY * 3 / 2)
        drive_value(drive, 500 + 60 * noise(seed));
}

static void trend_finds_a_leak_and_says_how_fast_and_since_when(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    const struct oddline_score *score = NULL;
    open_warm(&drive, &seed);
    for (int i = 0; i < 480; i++) // 30 an hour for eight hours, half of the noise of a window
        score = drive_value(&drive, 500 + 0.5 * i + 60 * noise(&seed));
    assert_true(score->score >= 6);
    assert_int_equal(score->kind, ODDLINE_TREND);
    assert_int_equal(score->flags, ODDLINE_SCORE_SURPRISE);
    assert_true(fabs(score->observed - 735) < 30 && fabs(score->expected - 500) < 30);
    assert_non_null(strstr(score->reason, "errors rises by "));
    assert_non_null(strstr(score->reason, " an hour since 1970-01-02 1")); // noon
    double slope = strtod(strstr(score->reason, "by ") + 3, NULL);
    assert_true(fabs(slope - 30) < 3);
    drive_close(&drive);
}

static void trend_says_drop_when_it_falls(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    const struct oddline_score *score = NULL;
    open_warm(&drive, &seed);
    for (int i = 0; i < 480; i++)
        score = drive_value(&drive, 500 - 0.5 * i + 60 * noise(&seed));
    assert_true(score->score >= 6);
    assert_int_equal(score->kind, ODDLINE_DROP);
    assert_non_null(strstr(score->reason, "falls"));
    drive_close(&drive);
}

static void trend_takes_no_step_for_a_ramp(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 5;
    double most = 0;
    open_warm(&drive, &seed);
    for (int i = 0; i < RIG_DAY; i++)
        most = fmax(most, drive_value(&drive, 900 + 60 * noise(&seed))->score);
    assert_true(most < 4);
    drive_close(&drive);
}

static void trend_takes_no_burst_for_a_ramp(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 7;
    double most = 0;
    open_warm(&drive, &seed);
    for (int i = 0; i < RIG_DAY; i++)
        most = fmax(most,
                    drive_value(&drive, i % 400 < 30 ? 5000 : 500 + 60 * noise(&seed))->score);
    assert_true(most < 4);
    drive_close(&drive);
}

/* Every day climbs from 20 to 100 and falls again; a week of it. */
static void trend_knows_the_slope_of_every_day(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 9;
    double most = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    while (drive.index < 8 * RIG_DAY) {
        double phase = 2 * M_PI * (double)(drive.index % RIG_DAY) / RIG_DAY;
        double weekend = drive.index / RIG_DAY % 7 >= 5 ? 0.7 : 1;
        const struct oddline_score *score =
            drive_value(&drive, weekend * (60 - 40 * cos(phase)) + 8 * noise(&seed));
        most = fmax(most, score->score);
    }
    assert_true(most < 4);
    drive_close(&drive);
}

/* Random walks and autoregressions: many of them climb for hours. */
static void trend_is_patient_with_series_that_wander(void **state)
{
    (void)state;
    static const double memories[] = {0, 0.9, 0.99, 1};
    uint64_t seed = 11;
    for (int i = 0; i < 4; i++) {
        struct drive drive;
        double y = 0;
        int odd = 0;
        drive_open(&drive, plugin, 1, NULL, 0);
        for (int n = 0; n < 40000; n++) {
            y = memories[i] * y + noise(&seed);
            odd += drive_value(&drive, 1000 + 20 * y)->score >= 4;
        }

        assert_true(odd <= 400);
        drive_close(&drive);
    }
}

static void trend_wants_a_rise_that_is_worth_a_word(void **state)
{
    (void)state;
    static const struct plugin_setting any = {"least", "0"};
    for (int i = 0; i < 2; i++) {
        struct drive drive;
        double most = 0;
        drive_open(&drive, plugin, 1, &any, (size_t)i);
        while (drive.index < 3 * RIG_DAY) {
            double x = 1000 + 0.01 * (double)drive.index; // 7 in twelve hours
            most = fmax(most, drive_value(&drive, x)->score);
        }
        assert_true(i ? most > 6 : most == 0);
        drive_close(&drive);
    }
}

static void trend_names_only_values_that_were_seen(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 5;
    const struct oddline_score *score = NULL;
    drive_open(&drive, plugin, 1, NULL, 0);
    while (drive.index < RIG_DAY * 3 / 2)
        drive_value(&drive, 0);
    for (int i = 0; i < 400; i++) { // bent: ever faster
        score = drive_value(&drive, drive_poisson(&seed, 1e-4 * i * i));
        assert_true(!(score->expected < 0) && score->observed >= 0 && score->observed < 40);
    }
    assert_true(score->score > 2);
    drive_close(&drive);
}

static void trend_goes_on_within_a_ramp_after_a_restart(void **state)
{
    (void)state;
    struct drive whole, parts;
    uint64_t seed = 3, same = 3;
    open_warm(&whole, &seed);
    open_warm(&parts, &same);
    for (int i = 0; i < 480; i++) {
        const struct oddline_score *a = drive_value(&whole, 500 + 0.5 * i + 60 * noise(&seed));
        const struct oddline_score *b = drive_value(&parts, 500 + 0.5 * i + 60 * noise(&same));
        assert_true(a->score == b->score && a->flags == b->flags);
        assert_string_equal(a->reason, b->reason);
        if (i % 7 == 0)
            rig_restart(&parts, NULL, 0);
    }
    drive_close(&whole);
    drive_close(&parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trend_finds_a_leak_and_says_how_fast_and_since_when),
        cmocka_unit_test(trend_says_drop_when_it_falls),
        cmocka_unit_test(trend_takes_no_step_for_a_ramp),
        cmocka_unit_test(trend_takes_no_burst_for_a_ramp),
        cmocka_unit_test(trend_knows_the_slope_of_every_day),
        cmocka_unit_test(trend_is_patient_with_series_that_wander),
        cmocka_unit_test(trend_wants_a_rise_that_is_worth_a_word),
        cmocka_unit_test(trend_names_only_values_that_were_seen),
        cmocka_unit_test(trend_goes_on_within_a_ramp_after_a_restart),
    };
    return rig_main("trend", tests);
}
