/* SPDX-License-Identifier: MIT */
/*
 * Promise: mix finds that one sort grew at the cost of others and says which; a busier hour of the same mixture is nothing.
 */

#include "rig_detector.h"

/* A window of about `mean` records, split into errors, timeouts and deadlocks by `shares`; `clumps` come together. */
static const struct oddline_score *mixed(struct drive *drive, uint64_t *seed, double mean,
                                         const double shares[3], double clumps)
{
    double values[3];
    for (int i = 0; i < 3; i++)
        values[i] = clumps * drive_poisson(seed, fmin(mean * shares[i] / clumps, 500));
    return drive_window(drive, values);
}

static const double usual[3] = {0.02, 0.18, 0.8}, odd[3] = {0.2, 0.16, 0.64};

static void open_warm(struct drive *drive, uint64_t *seed, double clumps)
{
    drive_open(drive, plugin, 3, NULL, 0);
    while (drive->index < 200)
        mixed(drive, seed, 100, usual, clumps);
}

static void mix_finds_what_grew_and_names_what_shrank(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    open_warm(&drive, &seed, 1);
    const double values[3] = {30, 18, 52}; // one hundred, as ever
    const struct oddline_score *scores = drive_window(&drive, values);
    assert_true(scores[0].score >= 4);
    assert_int_equal(scores[0].kind, ODDLINE_SHIFT);
    assert_int_equal(scores[0].flags, ODDLINE_SCORE_SURPRISE);
    assert_true(scores[0].observed == 30 && fabs(scores[0].expected - 2) < 0.7);
    assert_true(scores[0].upper < 30);
    assert_true(scores[1].score == 0 && scores[2].score == 0);
    assert_non_null(strstr(scores[0].reason, "of 100: errors grew to 30, usually about "));
    assert_non_null(strstr(scores[0].reason, "; deadlocks shrank to 52, usually about "));
    drive_close(&drive);
}

static void mix_says_drop_when_a_sort_is_gone(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    open_warm(&drive, &seed, 1);
    const double values[3] = {40, 360, 0};
    const struct oddline_score *scores = drive_window(&drive, values);
    assert_true(scores[2].score >= 4 || scores[1].score >= 4);
    const double fewer[3] = {2, 0, 98};
    scores = drive_window(&drive, fewer);
    assert_true(scores[1].score >= 2);
    assert_int_equal(scores[1].kind, ODDLINE_DROP);
    drive_close(&drive);
}

static void mix_does_not_mind_a_busier_hour(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 5;
    open_warm(&drive, &seed, 1);
    for (int i = 0; i < 300; i++) {
        const struct oddline_score *scores =
            mixed(&drive, &seed, i % 100 < 50 ? 500 : 5, usual, 1);
        for (int k = 0; k < 3; k++)
            assert_true(scores[k].score < 4);
    }
    drive_close(&drive);
}

/* How many of 30,000 windows are odd when nothing but chance changes. */
static int odd_ones(double mean, double clumps)
{
    struct drive drive;
    uint64_t seed = 7;
    int count = 0;
    drive_open(&drive, plugin, 3, NULL, 0);
    for (int i = 0; i < 30000; i++) {
        const struct oddline_score *scores = mixed(&drive, &seed, mean, usual, clumps);
        for (int k = 0; k < 3; k++)
            count += scores[k].score >= 4 && !(scores[k].flags & ODDLINE_SCORE_WARMING);
    }
    drive_close(&drive);
    return count;
}

static void mix_is_calm_in_noise_and_in_clumps(void **state)
{
    (void)state;
    assert_true(odd_ones(3, 1) <= 6);
    assert_true(odd_ones(100, 1) <= 6);
    assert_true(odd_ones(100, 8) <= 6);
    assert_true(odd_ones(400, 20) <= 6);
}

static void mix_accepts_a_composition_that_lasts_exactly_once(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 9;
    int accepted = 0, late = 0;
    open_warm(&drive, &seed, 1);
    for (int i = 0; i < 300; i++) {
        const struct oddline_score *scores = mixed(&drive, &seed, 100, odd, 1);
        for (int k = 0; k < 3; k++) {
            accepted += (scores[k].flags & ODDLINE_SCORE_ACCEPTED) != 0;
            late += i > 80 && scores[k].score >= 3;
        }
    }
    assert_int_equal(accepted, 1);
    assert_int_equal(late, 0);
    drive_close(&drive);
}

static void mix_takes_the_whole_run_for_the_new_normal(void **state)
{
    (void)state;
    static const double low[3] = {30, 14, 56}, high[3] = {60, 8, 32};
    struct drive drive;
    uint64_t seed = 9;
    bool accepted = false;
    open_warm(&drive, &seed, 1);
    for (int i = 0; i < 200 && !accepted; i++) {
        const struct oddline_score *scores = drive_window(&drive, i % 2 ? low : high);
        for (int k = 0; k < 3; k++)
            accepted |= (scores[k].flags & ODDLINE_SCORE_ACCEPTED) != 0;
    }
    assert_true(accepted);
    assert_true(fabs(drive_window(&drive, low)[0].expected - 45) < 3); // neither 30 nor 60
    drive_close(&drive);
}

static void mix_knows_how_little_it_has_seen(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct drive drive;
        uint64_t world = seed * 1000003;
        drive_open(&drive, plugin, 3, NULL, 0);
        while (drive.index < 31)
            mixed(&drive, &world, 2, usual, 1); // some sixty records
        const double many[3] = {20000, 180000, 800000};
        const struct oddline_score *scores = drive_window(&drive, many);
        for (int k = 0; k < 3; k++)
            assert_true(scores[k].score < 3);
        drive_close(&drive);
    }
}

static void mix_gets_used_to_what_recurs(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 13;
    int early = 0, late = 0;
    open_warm(&drive, &seed, 1);
    for (int i = 0; i < 1200; i++) {
        const double nightly[3] = {50, 10, 40};
        const struct oddline_score *scores =
            i % 60 == 30 ? drive_window(&drive, nightly) : mixed(&drive, &seed, 100, usual, 1);
        early += i < 240 && scores[0].score >= 4;
        late += i >= 240 && scores[0].score >= 4;
    }
    assert_true(early >= 1);
    assert_int_equal(late, 0);
    drive_close(&drive);
}

static void mix_of_one_sort_is_never_odd(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 11;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < 300; i++)
        assert_true(drive_value(&drive, i == 200 ? 1e9 : drive_poisson(&seed, 20))->score == 0);
    drive_close(&drive);
}

static void mix_goes_on_within_a_run_after_a_restart(void **state)
{
    (void)state;
    struct drive whole, parts;
    uint64_t seed = 3, same = 3;
    open_warm(&whole, &seed, 1);
    open_warm(&parts, &same, 1);
    for (int i = 0; i < 100; i++) {
        const struct oddline_score *a = mixed(&whole, &seed, 100, odd, 1);
        const struct oddline_score *b = mixed(&parts, &same, 100, odd, 1);
        for (int k = 0; k < 3; k++)
            assert_true(a[k].score == b[k].score && a[k].flags == b[k].flags);
        rig_restart(&parts, NULL, 0);
    }
    drive_close(&whole);
    drive_close(&parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mix_finds_what_grew_and_names_what_shrank),
        cmocka_unit_test(mix_says_drop_when_a_sort_is_gone),
        cmocka_unit_test(mix_does_not_mind_a_busier_hour),
        cmocka_unit_test(mix_is_calm_in_noise_and_in_clumps),
        cmocka_unit_test(mix_accepts_a_composition_that_lasts_exactly_once),
        cmocka_unit_test(mix_takes_the_whole_run_for_the_new_normal),
        cmocka_unit_test(mix_knows_how_little_it_has_seen),
        cmocka_unit_test(mix_gets_used_to_what_recurs),
        cmocka_unit_test(mix_of_one_sort_is_never_odd),
        cmocka_unit_test(mix_goes_on_within_a_run_after_a_restart),
    };
    return rig_main("mix", tests);
}
