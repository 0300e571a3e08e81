/* SPDX-License-Identifier: MIT */
/*
 * rig_detector.h - what the tests of single detectors share: loading, worlds to live in, and the promises that several make.
 *
 *      static void ewma_...(void **state)       a promise of one detector
 *      RIG_TEST(ewma_..., rig_...)              a promise that others make too
 *      return rig_main("ewma", tests);          loads ewma through the real loader, once for all
 *
 * Include it first: it brings cmocka in the order that cmocka wants.
 */
#ifndef CONTRACT_RIG_DETECTOR_H
#define CONTRACT_RIG_DETECTOR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drive.h"

#include <stdlib.h>
#include <string.h>

enum { RIG_DAY = 1440 /* windows */ };

/* ---- one detector under test -------------------------------------------- */

static const char *rig_name;
static struct plugin *plugin;

static inline int rig_setup(void **state)
{
    (void)state;
    plugin = drive_load(rig_name);
    return plugin ? 0 : -1;
}

static inline int rig_teardown(void **state)
{
    (void)state;
    plugin_free(plugin);
    return 0;
}

#define rig_main(name, tests)                                                                  \
    (rig_name = (name), cmocka_run_group_tests(tests, rig_setup, rig_teardown))

#define RIG_TEST(test, promise)                                                                \
    static void test(void **state)                                                             \
    {                                                                                          \
        (void)state;                                                                           \
        promise();                                                                             \
    }

/* ---- worlds ------------------------------------------------------------- */

/* An instance that has seen `windows` windows of Poisson counts about `mean`. */
static inline void rig_open_poisson(struct drive *drive, uint64_t *seed, double mean,
                                    int windows)
{
    drive_open(drive, plugin, 1, NULL, 0);
    while (windows-- > 0)
        drive_value(drive, drive_poisson(seed, mean));
}

/* How many of `windows` Poisson counts score above `above`, once it is warm. */
static inline int rig_odd_ones(double mean, int windows, double above)
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

/* The highest score of `count` windows of `value`. */
static inline double rig_highest(struct drive *drive, double value, int count)
{
    double most = 0;
    while (count-- > 0)
        most = fmax(most, drive_value(drive, value)->score);
    return most;
}

/* An instance goes on in another one, from its saved state. */
static inline void rig_restart(struct drive *drive, const struct plugin_setting *settings,
                               size_t setting_count)
{
    struct drive next;
    struct bytes state = {0};
    assert_int_equal(instance_save(drive->instance, &state, NULL), 0);
    char *copy = malloc(state.len + 1);
    memcpy(copy + 1, state.at, state.len); // lent bytes need not be aligned
    drive_open(&next, plugin, drive->series_count, settings, setting_count);
    assert_int_equal(instance_load(next.instance, (struct bytes){copy + 1, state.len},
                                   plugin_label(plugin)->state_version, NULL),
                     0);
    free(copy);
    drive_close(drive);
    next.index = drive->index;
    *drive = next;
}

/* ---- promises of several detectors -------------------------------------- */

static inline void rig_finds_a_burst_and_says_what_was_usual(void)
{
    struct drive drive;
    uint64_t seed = 3;
    rig_open_poisson(&drive, &seed, 20, 300);
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

static inline void rig_does_not_mind_one_becoming_four(void)
{
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_many(&drive, 1, 500);
    assert_true(drive_value(&drive, 4)->score < 3);
    drive_close(&drive);
}

static inline void rig_gets_used_to_an_hourly_burst(void)
{
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

static inline void rig_is_calm_over_100000_windows_of_noise(void)
{
    assert_true(rig_odd_ones(0.05, 30000, 4) <= 6);
    assert_true(rig_odd_ones(1, 30000, 4) <= 6);
    assert_true(rig_odd_ones(6, 100000, 4) <= 20);
    assert_true(rig_odd_ones(6, 100000, 6) <= 1);
}

static inline void rig_accepts_a_lasting_shift_exactly_once(void)
{
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
    assert_in_range(at, 300 + 58, 300 + 70); // accept_after is 60, and noise may begin it
    assert_int_equal(odd_after, 0);
    assert_true(fabs(drive_value(&drive, 90)->expected - 90) < 6);
    drive_close(&drive);
}

static inline void rig_keeps_its_baseline_through_a_short_burst(void)
{
    struct drive drive;
    uint64_t seed = 9;
    rig_open_poisson(&drive, &seed, 20, 300);
    double before = drive_value(&drive, 20)->expected;
    for (int i = 0; i < 30; i++)
        assert_true(drive_value(&drive, 400)->score >
                    4); // still odd: the burst does not hide itself
    double after = drive_value(&drive, 20)->expected;
    assert_true(fabs(after - before) < 0.01 * before);
    drive_close(&drive);
}

static inline void rig_copes_with_a_flat_series(void)
{
    static const double levels[] = {0, 7, 1000, 0.5};
    for (int i = 0; i < 4; i++) {
        struct drive drive;
        drive_open(&drive, plugin, 1, NULL, 0);
        assert_true(drive_many(&drive, levels[i], 200)->score < 0.1);
        assert_true(drive_value(&drive, levels[i] * 3 + 50)->score > 3);
        drive_close(&drive);
    }
}

static inline void rig_scores_the_first_move_of_a_ratio_by_how_long_it_was_still(void)
{
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_many(&drive, 0, 500);
    const struct oddline_score *score = drive_value(&drive, 0.3);
    assert_true(score->score > 2.5 && score->score < 3.5);
    assert_true(drive_value(&drive, 0)->score < 0.5);
    drive_close(&drive);
}

#endif /* CONTRACT_RIG_DETECTOR_H */
