/* SPDX-License-Identifier: MIT */
/*
 * Promise: worst finds the one that took far longer than any before, is not impressed by records that heavy tails bring by
 * themselves, and gets used to what comes more often.
 */

#include "rig_detector.h"

/* The largest of a window, with a tail that falls as x^-shape. */
static double heavy(uint64_t *seed, double shape)
{
    return 10 * pow(drive_uniform(seed), -1 / shape);
}

/* An instance that has seen `windows` of those; their largest. */
static double open_heavy(struct drive *drive, uint64_t *seed, double shape, int windows)
{
    double largest = 0;
    drive_open(drive, plugin, 1, NULL, 0);
    while (windows-- > 0) {
        double x = heavy(seed, shape);
        largest = fmax(largest, x);
        drive_value(drive, x);
    }
    return largest;
}

static void worst_finds_what_took_far_longer_than_the_longest(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 3;
    double largest = open_heavy(&drive, &seed, 3, 500);
    const struct oddline_score *score = drive_value(&drive, 1000 * largest);
    assert_true(score->score >= 6);
    assert_int_equal(score->kind, ODDLINE_SPIKE);
    assert_int_equal(score->flags, ODDLINE_SCORE_SURPRISE);
    assert_true(score->upper == largest && score->expected < largest);
    assert_non_null(strstr(score->reason, "records was"));
    drive_close(&drive);
}

static void worst_is_not_impressed_by_a_mere_record(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 5;
    double largest = open_heavy(&drive, &seed, 1.5, 1000);
    assert_true(drive_value(&drive, 2 * largest)->score < 4);
    drive_close(&drive);
}

static void worst_is_calm_over_100000_windows_of_heavy_tails(void **state)
{
    (void)state;
    static const double shapes[] = {0.7, 1.5, 4};
    for (int i = 0; i < 3; i++) {
        struct drive drive;
        uint64_t seed = 7;
        int odd = 0;
        drive_open(&drive, plugin, 1, NULL, 0);
        for (int n = 0; n < 100000; n++) {
            const struct oddline_score *score = drive_value(&drive, heavy(&seed, shapes[i]));
            odd += score->score >= 4 && !(score->flags & ODDLINE_SCORE_WARMING);
        }
        assert_true(odd <= 30); // 10 are due; what the tail is like is an estimate
        drive_close(&drive);
    }
}

static void worst_takes_a_limit_that_is_often_reached_for_no_tail(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 9;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < 500; i++)
        drive_value(&drive, fmin(heavy(&seed, 1), 60));
    assert_true(drive_value(&drive, 60.5)->score < 4);
    assert_true(drive_value(&drive, 600)->score >= 6);
    drive_close(&drive);
}

static void worst_gets_used_to_what_comes_again(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 11;
    double largest = open_heavy(&drive, &seed, 3, 500);
    double first = drive_value(&drive, 20 * largest)->score;
    double second = drive_value(&drive, 20 * largest)->score;
    assert_true(first >= 6 && second < first);
    drive_many(&drive, 20 * largest, 12);
    assert_true(drive_value(&drive, 20 * largest)->score < 2);
    drive_close(&drive);
}

static void worst_knows_the_one_below_the_twelve_largest(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 40; i > 0; i--)
        drive_value(&drive, i);
    drive_value(&drive, 28.5); // above 28, and not among the twelve
    assert_true(drive_value(&drive, 35)->expected == 28.5);
    assert_true(drive_value(&drive, 1)->expected == 29); // it gave way to the second 35
    drive_close(&drive);
}

/* The longest themselves end soon, and that is no end of what may come; what then does is odd for each choice of them. */
static void worst_does_not_hang_on_how_many_are_the_tail(void **state)
{
    (void)state;
    uint64_t seed = 19;
    double least = 300;
    for (int extra = 0; extra < 8; extra++) {
        struct drive drive;
        drive_open(&drive, plugin, 1, NULL, 0);
        for (int i = 0; i < 165; i++)
            drive_value(&drive, 10 + 10 * drive_uniform(&seed));
        for (int i = 0; i < 16 + extra; i++)
            drive_value(&drive, 40 + 55 * drive_uniform(&seed));
        double score = drive_value(&drive, 400)->score;
        least = fmin(least, score);
        drive_close(&drive);
    }
    assert_true(least > 4);
}

static void worst_minds_how_many_records_a_window_holds(void **state)
{
    (void)state;
    double scores[2];
    for (int i = 0; i < 2; i++) {
        struct drive drive;
        uint64_t seed = 13;
        double value = 3 * open_heavy(&drive, &seed, 3, 500);
        uint64_t counts[1] = {i ? 1000 : 1};
        const struct oddline_score *got;
        struct oddline_window window = {.size = sizeof(window),
                                        .start_ns = (int64_t)drive.index * DRIVE_WINDOW_NS,
                                        .end_ns = (int64_t)(drive.index + 1) * DRIVE_WINDOW_NS,
                                        .index = drive.index,
                                        .records = counts[0],
                                        .values = &value,
                                        .counts = counts};
        assert_int_equal(instance_score(drive.instance, &window, &got, NULL), 0);
        scores[i] = got->score;
        drive_close(&drive);
    }
    assert_true(scores[0] > 3 && scores[1] < 1.5);
}

static void worst_forgets_a_giant_after_its_memory(void **state)
{
    (void)state;
    static const struct plugin_setting hour = {"memory", "1h"};
    struct drive drive;
    uint64_t seed = 15;
    drive_open(&drive, plugin, 1, &hour, 1);
    for (int i = 0; i < 100; i++)
        drive_value(&drive, heavy(&seed, 3));
    drive_many(&drive, 5000, 12);
    assert_true(drive_value(&drive, 5000)->score < 2);
    for (int i = 0; i < 600; i++)
        drive_value(&drive, heavy(&seed, 3));
    assert_true(drive_value(&drive, 5000)->score >= 4);
    drive_close(&drive);
}

static void worst_goes_on_after_a_restart(void **state)
{
    (void)state;
    struct drive drive, other;
    uint64_t seeds[2] = {17, 17};
    double largest = open_heavy(&drive, &seeds[0], 2, 300);
    open_heavy(&other, &seeds[1], 2, 300);
    rig_restart(&drive, NULL, 0);
    for (int i = 0; i < 50; i++) {
        double value = i == 20 ? 9 * largest : heavy(&seeds[0], 2);
        double want = drive_value(&other, value)->score;
        assert_true(drive_value(&drive, value)->score == want);
    }
    drive_close(&drive);
    drive_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worst_finds_what_took_far_longer_than_the_longest),
        cmocka_unit_test(worst_is_not_impressed_by_a_mere_record),
        cmocka_unit_test(worst_is_calm_over_100000_windows_of_heavy_tails),
        cmocka_unit_test(worst_takes_a_limit_that_is_often_reached_for_no_tail),
        cmocka_unit_test(worst_gets_used_to_what_comes_again),
        cmocka_unit_test(worst_knows_the_one_below_the_twelve_largest),
        cmocka_unit_test(worst_does_not_hang_on_how_many_are_the_tail),
        cmocka_unit_test(worst_minds_how_many_records_a_window_holds),
        cmocka_unit_test(worst_forgets_a_giant_after_its_memory),
        cmocka_unit_test(worst_goes_on_after_a_restart),
    };
    return rig_main("worst", tests);
}
