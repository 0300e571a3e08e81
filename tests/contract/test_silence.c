/* SPDX-License-Identifier: MIT */
/*
 * Promise: silence misses a regular stream soon and a sparse one late, says how long, and a night that comes again is no outage.
 */

#include "rig_detector.h"

static void silence_misses_a_regular_stream_and_stays_up(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    assert_true(drive_many(&drive, 5, 1000)->score < 0.1);
    assert_true(drive_many(&drive, 0, 2)->score <= 1);
    const struct oddline_score *score = drive_many(&drive, 0, 8);
    assert_true(score->score >= 4);
    assert_int_equal(score->kind, ODDLINE_SILENCE);
    assert_true(score->observed == 10 * 60);
    assert_true(score->upper == 3 * 60);
    assert_non_null(strstr(score->reason, "no errors for 600 s"));
    double before = score->score;
    for (int i = 0; i < 100; i++) {
        score = drive_value(&drive, 0);
        assert_true(score->score >= before);
        before = score->score;
    }
    assert_true(before >= 6);
    assert_true(drive_value(&drive, 1)->score < 0.1); // one word ends it
    drive_close(&drive);
}

/* One line in twenty windows, at random: gaps of a hundred are usual. */
static void silence_is_patient_with_a_sparse_stream(void **state)
{
    (void)state;
    struct drive drive;
    uint64_t seed = 29;
    drive_open(&drive, plugin, 1, NULL, 0);
    int pages = 0, odd = 0;
    for (int i = 0; i < 50000; i++) {
        const struct oddline_score *score = drive_value(&drive, drive_uniform(&seed) < 0.05);
        odd += score->score >= 4 && !(score->flags & ODDLINE_SCORE_WARMING);
        pages += score->score >= 6;
    }
    assert_int_equal(odd, 0);
    assert_int_equal(pages, 0);
    assert_true(drive_many(&drive, 0, 3000)->score >=
                4); // two days, where two hours were the longest
    drive_close(&drive);
}

static void silence_learns_the_night_after_two_of_them(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    int odd_nights = 0;
    for (int day = 0; day < 10; day++) {
        drive_many(&drive, 5, 960);
        const struct oddline_score *score = drive_many(&drive, 0, 480);
        odd_nights += score->score >= 4;
        assert_true(day < 2 || score->score <= 1);
    }
    assert_in_range(odd_nights, 1, 2);
    drive_close(&drive);
}

static void silence_does_not_take_one_outage_for_normal(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    drive_many(&drive, 5, 500);
    drive_many(&drive, 0, 60);
    drive_many(&drive, 5, 500);
    assert_true(drive_many(&drive, 0, 20)->score >= 4);
    drive_close(&drive);
}

static void silence_before_the_first_word_is_none(void **state)
{
    (void)state;
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    assert_true(drive_many(&drive, 0, 5000)->score < 0.1);
    drive_close(&drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_misses_a_regular_stream_and_stays_up),
        cmocka_unit_test(silence_is_patient_with_a_sparse_stream),
        cmocka_unit_test(silence_learns_the_night_after_two_of_them),
        cmocka_unit_test(silence_does_not_take_one_outage_for_normal),
        cmocka_unit_test(silence_before_the_first_word_is_none),
    };
    return rig_main("silence", tests);
}
