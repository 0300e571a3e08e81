/* SPDX-License-Identifier: MIT */
/*
 * Promise: novelty finds something new where new things are rare, more of it sooner, and gets used to logs that always say
 * something new and to what follows a deployment.
 */

#include "rig_detector.h"

/* One window in which `news` of `records` were new. */
static const struct oddline_score *window(struct drive *drive, double news, uint64_t records)
{
    double values[3] = {news, 0, 0};
    uint64_t counts[3] = {(uint64_t)fmax(news, 0), 0, 0};
    struct error error = {.text = ""};
    const struct oddline_score *scores = NULL;
    int64_t start = (int64_t)drive->index++ * DRIVE_WINDOW_NS;
    struct oddline_window w = {.size = sizeof(w),
                               .start_ns = start,
                               .end_ns = start + DRIVE_WINDOW_NS,
                               .index = drive->index - 1,
                               .records = records,
                               .values = values,
                               .counts = counts};
    if (instance_score(drive->instance, &w, &scores, &error) < 0)
        fail_msg("%s", error.text);
    return scores;
}

/* An instance that has seen so many windows of 100 records, one of them in `every` with something new. */
static struct drive warm(int windows, int every)
{
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < windows; i++)
        window(&drive, every && i % every == every - 1, 100);
    return drive;
}

static double score_after(int windows, int every, double news)
{
    struct drive drive = warm(windows, every);
    double score = window(&drive, news, 100)->score;
    drive_close(&drive);
    return score;
}

/* A release that failed: twelve sentences that nobody has ever seen, in a log that had been the same for a day. */
static void novelty_finds_a_burst_of_new_sentences_after_a_quiet_day(void **state)
{
    (void)state;
    struct drive drive = warm(1440, 300);
    const struct oddline_score *score = window(&drive, 12, 100);
    assert_true(score->score > 4);
    assert_int_equal(score->kind, ODDLINE_NEW);
    assert_int_equal(score->flags, ODDLINE_SCORE_SURPRISE);
    assert_true(score->observed == 12 && score->expected < 0.01);
    assert_non_null(strstr(score->reason, "errors: 12 among 100 records"));
    drive_close(&drive);
}

/* User names that the masks do not know: something new comes every few minutes, and now three at once. */
static void novelty_leaves_alone_a_log_that_always_says_something_new(void **state)
{
    (void)state;
    double most = 0, later = 0;
    struct drive drive = warm(1440, 7);
    for (int i = 0; i < 200; i++) {
        double score = window(&drive, i % 4 == 0 ? 3 : 0, 100)->score;
        most = fmax(most, score);
        later = fmax(later, score * (i > 40));
    }
    assert_true(most < 3.5 && later < 1.5);
    drive_close(&drive);
}

static void novelty_is_odder_the_rarer_it_was_and_the_more_it_is(void **state)
{
    (void)state;
    assert_true(score_after(100, 0, 1) < score_after(1000, 0, 1));
    assert_true(score_after(1000, 10, 1) < score_after(1000, 100, 1));
    assert_true(score_after(1000, 100, 1) < score_after(1000, 100, 3));
    assert_true(score_after(1000, 100, 3) < score_after(1000, 100, 30));
    assert_true(score_after(100000, 0, 1) < 6); // one line alone wakes nobody
    assert_true(score_after(500, 50, 0) <= 0);
}

static void novelty_is_less_odd_each_time_after_a_deployment(void **state)
{
    (void)state;
    struct drive drive = warm(1440, 0);
    double before = window(&drive, 40, 100)->score;
    assert_true(before > 4);
    for (int i = 0; i < 5; i++) {
        double score = window(&drive, 3, 100)->score;
        assert_true(score < before);
        before = score;
    }
    assert_true(before < 1.5);
    drive_close(&drive);
}

static void novelty_learns_how_large_the_clumps_are(void **state)
{
    (void)state;
    struct drive small = warm(0, 0), large = warm(0, 0);
    for (int i = 0; i < 3000; i++) {
        window(&small, i % 100 == 0, 100);
        window(&large, i % 100 == 0 ? 20 : 0, 100);
    }
    assert_true(window(&large, 20, 100)->score < 2.5);
    assert_true(window(&small, 20, 100)->score > 4.5);
    drive_close(&small);
    drive_close(&large);
}

static void novelty_learns_nothing_where_there_is_no_value(void **state)
{
    (void)state;
    struct drive drive = warm(300, 0), same = warm(300, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(window(&drive, NAN, 100)->size, 0);
    assert_true(window(&drive, 2, 100)->score == window(&same, 2, 100)->score);
    drive_close(&drive);
    drive_close(&same);
}

static void novelty_goes_on_from_its_saved_state(void **state)
{
    (void)state;
    struct drive drive = warm(500, 60), same = warm(500, 60);
    rig_restart(&drive, NULL, 0);
    for (int i = 0; i < 50; i++) {
        struct oddline_score a = *window(&drive, i % 9 == 0 ? 4 : 0, 50);
        struct oddline_score b = *window(&same, i % 9 == 0 ? 4 : 0, 50);
        assert_true(a.score == b.score && a.samples == b.samples);
    }
    drive_close(&drive);
    drive_close(&same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(novelty_finds_a_burst_of_new_sentences_after_a_quiet_day),
        cmocka_unit_test(novelty_leaves_alone_a_log_that_always_says_something_new),
        cmocka_unit_test(novelty_is_odder_the_rarer_it_was_and_the_more_it_is),
        cmocka_unit_test(novelty_is_less_odd_each_time_after_a_deployment),
        cmocka_unit_test(novelty_learns_how_large_the_clumps_are),
        cmocka_unit_test(novelty_learns_nothing_where_there_is_no_value),
        cmocka_unit_test(novelty_goes_on_from_its_saved_state),
    };
    return rig_main("novelty", tests);
}
