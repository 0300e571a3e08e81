/* SPDX-License-Identifier: MIT */
/*
 * Promise: season finds a time that is unlikely for its time of day, leaves the daily peak alone, and one absurd value does not blind
 * it.
 */

#include "rig_detector.h"

/* A service that sleeps at night: about 20 at midnight, 100 at noon. */
static double usual(uint64_t *seed, uint64_t window)
{
    double phase = 2 * M_PI * (double)(window % RIG_DAY) / RIG_DAY;
    return 60 - 40 * cos(phase) + 8 * (drive_uniform(seed) - 0.5);
}

static void drive_until(struct drive *drive, uint64_t *seed, uint64_t window)
{
    while (drive->index < window)
        drive_value(drive, usual(seed, drive->index));
}

static void season_finds_a_noon_at_night(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_until(&drive, &seed, 8 * RIG_DAY + 60);
    const struct oddline_score *score = drive_value(&drive, 95);
    assert_true(fabs(score->expected - 22) < 8);
    assert_true(score->lower < score->expected && score->upper < 95);
    rig_highest(&drive, 95, 12);
    score = drive_value(&drive, 95);
    assert_true(score->score >= 2.5);
    assert_int_equal(score->kind, ODDLINE_SPIKE);
    assert_int_equal(score->flags, ODDLINE_SCORE_SURPRISE);
    assert_non_null(strstr(score->reason, "time of day"));
    drive_close(&drive);
}

static void season_leaves_the_daily_peak_alone(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    int odd = 0;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_until(&drive, &seed, 5 * RIG_DAY);
    while (drive.index < 15 * RIG_DAY)
        odd += drive_value(&drive, usual(&seed, drive.index))->score >= 2.5;
    assert_int_equal(odd, 0);
    drive_close(&drive);
}

static void season_says_drop_when_noon_is_like_night(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 5;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_until(&drive, &seed, 8 * RIG_DAY + RIG_DAY / 2);
    rig_highest(&drive, 25, 12);
    const struct oddline_score *score = drive_value(&drive, 25);
    assert_true(score->score >= 2.5);
    assert_int_equal(score->kind, ODDLINE_DROP);
    drive_close(&drive);
}

static void season_is_calm_over_50000_windows_of_noise(void **state)
{
    (void)state;
    static const double means[] = {1, 20};
    for (int i = 0; i < 2; i++) {
        struct drive drive;
        uint64_t seed = 11;
        int odd = 0;
        drive_open(&drive, plugin, 1, NULL, 0);
        for (int n = 0; n < 50000; n++) {
            const struct oddline_score *score =
                drive_value(&drive, drive_poisson(&seed, means[i]));
            odd += !(score->flags & ODDLINE_SCORE_WARMING) && score->score >= 4;
        }
        assert_true(odd <= 8);
        drive_close(&drive);
    }
}

static void season_scores_the_first_move_by_how_long_nothing_moved(void **state)
{
    (void)state;
    static const double levels[] = {0, 0.1, 7, 1e12 / 3};
    for (int i = 0; i < 4; i++) {
        struct drive drive;
        drive_open(&drive, plugin, 1, NULL, 0);
        assert_true(rig_highest(&drive, levels[i], 300) == 0); // not even by rounding
        double score = drive_value(&drive, levels[i] + 5 + levels[i] / 2)->score;
        assert_true(fabs(score - 1 - log10(301)) < 0.05); // 1 for the record
        drive_close(&drive);
    }
}

static void season_adds_a_decade_for_a_record(void **state)
{
    (void)state;
    struct drive drives[2];
    double scores[2];
    for (int i = 0; i < 2; i++) {
        uint64_t seed = 7;
        drive_open(&drives[i], plugin, 1, NULL, 0);
        drive_until(&drives[i], &seed, RIG_DAY);
        drive_value(&drives[i], i ? 300 : 200);
        drive_until(&drives[i], &seed, 2 * RIG_DAY);
        scores[i] = drive_value(&drives[i], 250)->score; // a record only where 200 was the most
        drive_close(&drives[i]);
    }
    assert_true(scores[0] > scores[1] + 0.5);
}

static void season_is_not_blinded_by_one_absurd_value(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_until(&drive, &seed, 7 * RIG_DAY + RIG_DAY / 2);
    drive_value(&drive, 1e99);
    drive_until(&drive, &seed, 8 * RIG_DAY + 60);
    assert_true(rig_highest(&drive, 95, 13) >= 2.5);
    drive_close(&drive);
}

static void season_scores_nothing_while_it_warms_up(void **state)
{
    (void)state;
    static const struct plugin_setting slow = {"warmup", "100"};
    struct drive drive;
    drive_open(&drive, plugin, 1, &slow, 1);
    drive_many(&drive, 3, 98);
    const struct oddline_score *score = drive_value(&drive, 900);
    assert_int_equal(score->flags, ODDLINE_SCORE_SURPRISE | ODDLINE_SCORE_WARMING);
    assert_true(score->score == 0);
    drive_many(&drive, 3, 1);
    assert_int_equal(drive_value(&drive, 900)->flags, ODDLINE_SCORE_SURPRISE);
    drive_close(&drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(season_finds_a_noon_at_night),
        cmocka_unit_test(season_leaves_the_daily_peak_alone),
        cmocka_unit_test(season_says_drop_when_noon_is_like_night),
        cmocka_unit_test(season_is_calm_over_50000_windows_of_noise),
        cmocka_unit_test(season_scores_the_first_move_by_how_long_nothing_moved),
        cmocka_unit_test(season_adds_a_decade_for_a_record),
        cmocka_unit_test(season_is_not_blinded_by_one_absurd_value),
        cmocka_unit_test(season_scores_nothing_while_it_warms_up),
    };
    return rig_main("season", tests);
}
