/* SPDX-License-Identifier: MIT */
/*
 * Promise: template finds the one sentence of a log that comes far more often, or is gone, quotes it, and minds neither
 * ordinary noise, nor what recurs, nor that a template becomes wider.
 */

#include "rig_detector.h"

enum { MOST = 6, ROUND = 3 /* windows of records that come before the first is scored */ };

static const char *const lines[MOST] = {
    "Accepted password for <*>",
    "Connection closed by remote host",
    "Session opened",
    "Backup of database a done",
    "Failed password for root now",
    "Failed password for admin now",
};

/* A world of MOST templates: counts[i] records of template i + 1 in the window `index`, to be observed. */
static void observe(struct drive *drive, uint64_t index, const double *counts)
{
    static oddline_record records[4096];
    static char text[1024];
    uint32_t count = 0, at = 0, begin[MOST];
    for (int i = 0; i < MOST; i++) {
        begin[i] = at;
        memcpy(text + at, lines[i], strlen(lines[i]));
        at += (uint32_t)strlen(lines[i]);
    }
    for (int i = 0; i < MOST; i++)
        for (int k = 0; k < counts[i]; k++) {
            assert_true(count < 4096);
            records[count++] = (oddline_record){
                .time_ns = (int64_t)index * DRIVE_WINDOW_NS + k,
                .template_id = (uint64_t)i + 1,
                .text = begin[i],
                .text_len = (uint32_t)strlen(lines[i]),
                .lines = 1,
            };
        }
    const oddline_batch batch = {
        .size = sizeof(batch), .text = text, .records = records, .count = count};
    struct error error = {.text = ""};
    if (instance_observe(drive->instance, &batch, &error) < 0)
        fail_msg("%s", error.text);
}

static const struct oddline_score *live(struct drive *drive, const double *counts)
{
    observe(drive, drive->index, counts);
    return drive_value(drive, 1);
}

/* Three sentences that come always, one a few times an hour. */
static void ordinary(uint64_t *seed, double *counts)
{
    counts[0] = drive_poisson(seed, 20);
    counts[1] = drive_poisson(seed, 20);
    counts[2] = drive_poisson(seed, 5);
    counts[3] = drive_poisson(seed, 0.05);
    counts[4] = counts[5] = 0;
}

static struct drive warm(uint64_t *seed, int windows)
{
    struct drive drive;
    double counts[MOST];
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int i = 0; i < windows; i++) {
        ordinary(seed, counts);
        live(&drive, counts);
    }
    return drive;
}

/* The log as a whole writes hardly more, but one rare sentence of it comes a hundred times. */
static void template_finds_the_sentence_that_bursts_and_quotes_it(void **state)
{
    (void)state;
    uint64_t seed = 5;
    double counts[MOST];
    struct drive drive = warm(&seed, 1000);
    ordinary(&seed, counts);
    counts[3] = 100;
    const struct oddline_score *score = live(&drive, counts);
    assert_true(score->score > 4);
    assert_int_equal(score->kind, ODDLINE_SPIKE);
    assert_true(score->observed == 100 && score->expected < 0.2 && score->upper < 3);
    assert_non_null(
        strstr(score->reason, "more often: \"Backup of database a done\" 100 times"));
    drive_close(&drive);
}

/* Tempting: a job that is larger than ever, three times in a row; and one more line of a rare thing. */
static void template_does_not_mind_a_little_more_of_a_rare_thing(void **state)
{
    (void)state;
    uint64_t seed = 6;
    double counts[MOST], most = 0;
    struct drive drive = warm(&seed, 1000);
    for (int i = 0; i < 3; i++) {
        ordinary(&seed, counts);
        counts[3] = 3;
        counts[2] = 20;
        most = fmax(most, live(&drive, counts)->score);
    }
    assert_true(most < 4);
    drive_close(&drive);
}

static void template_is_calm_in_noise(void **state)
{
    (void)state;
    uint64_t seed = 7;
    double counts[MOST];
    int odd = 0;
    struct drive drive = warm(&seed, 30);
    for (int i = 0; i < 20000; i++) {
        ordinary(&seed, counts);
        odd += live(&drive, counts)->score > 4;
    }
    assert_true(odd <= 4);
    drive_close(&drive);
}

/* So many windows without the second sentence; the highest score. */
static double gone_for(struct drive *drive, uint64_t *seed, int windows)
{
    double counts[MOST], most = 0;
    for (int i = 0; i < windows; i++) {
        ordinary(seed, counts);
        counts[1] = 0;
        const struct oddline_score *score = live(drive, counts);
        assert_int_equal(score->kind, ODDLINE_DROP);
        assert_non_null(strstr(score->reason, "gone: \"Connection closed by remote host\""));
        most = fmax(most, score->score);
    }
    return most;
}

/* Sentences stop for good one day, so this is as odd as it is rare here, and not as odd as Poisson thinks. */
static void template_finds_what_is_gone_by_how_rarely_anything_goes(void **state)
{
    (void)state;
    uint64_t seed = 8;
    double counts[MOST];
    struct drive drive = warm(&seed, 2000);
    double first = gone_for(&drive, &seed, 15);
    assert_true(first > 3 && first < 3.5);
    for (int i = 0; i < 100; i++) {
        ordinary(&seed, counts);
        live(&drive, counts);
    }
    double second = gone_for(&drive, &seed, 15);
    assert_true(second > 2.5 && second < first - 0.2);
    drive_close(&drive);
}

static void template_gets_used_to_an_hourly_job(void **state)
{
    (void)state;
    uint64_t seed = 9;
    double counts[MOST];
    int odd = 0;
    struct drive drive = warm(&seed, 30);
    for (int i = 0; i < 3000; i++) {
        ordinary(&seed, counts);
        counts[3] = i % 60 == 30 ? 100 + drive_poisson(&seed, 20) : 0;
        odd += live(&drive, counts)->score > 3 && i > 300;
    }
    assert_int_equal(odd, 0);
    drive_close(&drive);
}

/* Two users have a template each until a third shows that the name varies: then there is one, with another id. */
static void template_that_becomes_wider_is_neither_gone_nor_new(void **state)
{
    (void)state;
    uint64_t seed = 10;
    double counts[MOST], most = 0;
    struct drive drive = warm(&seed, 0);
    for (int i = 0; i < 600; i++) {
        ordinary(&seed, counts);
        counts[i < 500 ? 4 : 5] = drive_poisson(&seed, 30);
        most = fmax(most, live(&drive, counts)->score * (i >= 500));
    }
    assert_true(most < 3);
    drive_close(&drive);
}

/* Records are seen long before their windows are scored, as in a scan. */
static void template_counts_each_record_in_its_own_window(void **state)
{
    (void)state;
    uint64_t seed = 11, same = 11;
    double counts[MOST];
    struct drive late = warm(&seed, 0), prompt = warm(&same, 0);
    for (uint64_t i = 0; i < 300; i++) {
        ordinary(&seed, counts);
        observe(&late, i, counts);
        if (i + 1 < ROUND)
            continue;
        ordinary(&same, counts);
        double expected = live(&prompt, counts)->score;
        assert_true(drive_value(&late, 1)->score == expected);
    }
    drive_close(&late);
    drive_close(&prompt);
}

/*
 * Sentence 5 gives way to 6, which looks like it, and comes back: whether its return lay in the batch in which it gave way, or came
 * after that window was scored, every score is the same (promise P8).
 */
static void template_that_comes_back_counts_the_same_in_any_batches(void **state)
{
    (void)state;
    enum { BEFORE = 60, GONE = 60, AFTER = 100, WINDOWS = 300 };
    static double scores[2][WINDOWS];
    for (uint64_t lead = 0; lead < 2; lead++) {
        struct drive drive;
        uint64_t seed = 23, observed = 0;
        drive_open(&drive, plugin, 1, NULL, 0);
        for (uint64_t n = 0; n < WINDOWS; n++) {
            for (; observed <= n + lead * 3 && observed < WINDOWS; observed++) {
                double counts[MOST];
                ordinary(&seed, counts);
                counts[4] =
                    observed < BEFORE || observed == GONE + 2 || observed > AFTER ? 5 : 0;
                counts[5] = observed >= GONE ? 5 : 0;
                counts[3] = observed == WINDOWS - 2 ? 60 : counts[3];
                observe(&drive, observed, counts);
            }
            scores[lead][n] = drive_value(&drive, 1)->score;
        }
        drive_close(&drive);
    }
    assert_memory_equal(scores[0], scores[1], sizeof(scores[0]));
}

static void template_goes_on_from_its_saved_state(void **state)
{
    (void)state;
    uint64_t seed = 12, same = 12;
    double counts[MOST];
    struct drive drive = warm(&seed, 200), other = warm(&same, 200);
    ordinary(&seed, counts);
    observe(&drive, 200, counts); // in the middle of a window, and ahead of it
    observe(&other, 200, counts);
    observe(&drive, 203, counts);
    observe(&other, 203, counts);
    rig_restart(&drive, NULL, 0);
    for (int i = 0; i < 50; i++) {
        ordinary(&seed, counts);
        counts[3] = i == 20 ? 60 : counts[3];
        struct oddline_score a = *live(&drive, counts), b = *live(&other, counts);
        assert_true(a.score == b.score && a.observed == b.observed);
    }
    drive_close(&drive);
    drive_close(&other);
}

static void template_watches_no_more_than_it_is_told(void **state)
{
    (void)state;
    static oddline_record records[4096];
    const struct plugin_setting settings[] = {{"templates", "16"}};
    struct drive drive;
    struct bytes saved;
    drive_open(&drive, plugin, 1, settings, 1);
    for (uint64_t i = 0; i < 40; i++) {
        for (uint64_t k = 0; k < 4096; k++)
            records[k] = (oddline_record){.time_ns = (int64_t)drive.index * DRIVE_WINDOW_NS,
                                          .template_id = i * 5000 + k + 1,
                                          .text_len = 1};
        const oddline_batch batch = {
            .size = sizeof(batch), .text = "x", .records = records, .count = 4096};
        assert_int_equal(instance_observe(drive.instance, &batch, NULL), 0);
        drive_value(&drive, 1);
    }
    assert_int_equal(instance_save(drive.instance, &saved, NULL), 0);
    assert_true(saved.len < 16 * 300 + 1000);
    drive_close(&drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_finds_the_sentence_that_bursts_and_quotes_it),
        cmocka_unit_test(template_does_not_mind_a_little_more_of_a_rare_thing),
        cmocka_unit_test(template_is_calm_in_noise),
        cmocka_unit_test(template_finds_what_is_gone_by_how_rarely_anything_goes),
        cmocka_unit_test(template_gets_used_to_an_hourly_job),
        cmocka_unit_test(template_that_becomes_wider_is_neither_gone_nor_new),
        cmocka_unit_test(template_counts_each_record_in_its_own_window),
        cmocka_unit_test(template_that_comes_back_counts_the_same_in_any_batches),
        cmocka_unit_test(template_goes_on_from_its_saved_state),
        cmocka_unit_test(template_watches_no_more_than_it_is_told),
    };
    return rig_main("template", tests);
}
