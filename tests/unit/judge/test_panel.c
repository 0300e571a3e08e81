/* SPDX-License-Identifier: MIT */
/*
 * Promise: each detector of a stream is asked about its own series and nobody else's, in a fixed order; one that refuses or
 * fails is named once and the others go on.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/panel.h"

#include "stage.h"

enum { FAKER, FAKER_ALL, LISTER, EWMA, PLUGINS };
static const char *const files[PLUGINS] = {
    [FAKER] = BINARY_DIR "/tests/fake/faker.so",
    [FAKER_ALL] = BINARY_DIR "/tests/fake/faker_all.so",
    [LISTER] = BINARY_DIR "/tests/fake/lister.so",
    [EWMA] = BINARY_DIR "/detectors/ewma.so",
};
static struct plugin *plugins[PLUGINS];
static char complaints[8][512];
static size_t complaint_count;
static struct panel *panel;
static double values[STAGE_SERIES];
static uint64_t counts[STAGE_SERIES];
static double pages_per_s; // the budget

static int load_all(void **state)
{
    (void)state;
    return stage_load(files, plugins, PLUGINS);
}

static int unload_all(void **state)
{
    (void)state;
    return stage_unload(plugins, PLUGINS);
}

static void complain(void *context, const struct plugin *plugin, const char *sentence)
{
    (void)context;
    snprintf(complaints[complaint_count++ % 8], 512, "%s| %s", plugin_label(plugin)->id,
             sentence);
}

static void open_panel(const struct judge_use *uses, size_t count)
{
    static struct judge_stream stream;
    stream = stage_stream();
    stream.uses = uses;
    stream.use_count = count;
    stream.policy.budget[ROUTE_PAGE] = pages_per_s;
    struct panel_options options = {
        .stream = &stream, .window_ns = STAGE_LENGTH, .complain = complain};
    complaint_count = 0;
    assert_int_equal(panel_open(&options, &panel), 0);
}

static size_t score(uint64_t index, const struct opinion **ret)
{
    struct oddline_window window = {.size = sizeof(window),
                                    .start_ns = stage_start(index),
                                    .end_ns = stage_start(index + 1),
                                    .index = index,
                                    .values = values,
                                    .counts = counts};
    return panel_score(panel, &window, ret);
}

static void set_values(double first)
{
    for (size_t i = 0; i < STAGE_SERIES; i++) {
        values[i] = first + (double)i;
        counts[i] = 100 + i;
    }
}

static void panel_asks_each_instance_about_its_own_series(void **state)
{
    (void)state;
    static const uint32_t on[] = {PATTERN, ERRORS};
    struct judge_use use = {.plugin = plugins[FAKER], .on = on, .on_count = 2};
    const struct opinion *opinions;
    open_panel(&use, 1);
    set_values(10);
    assert_int_equal(score(0, &opinions), 2);
    assert_int_equal(opinions[0].series, PATTERN);
    assert_true(opinions[0].score.observed == 10 + PATTERN);
    assert_int_equal(opinions[0].score.samples, 100 + PATTERN);
    assert_int_equal(opinions[1].series, ERRORS);
    assert_true(opinions[1].score.observed == 10 + ERRORS);
    assert_true(opinions[0].score.expected == 1);
    assert_string_equal(opinions[0].plugin->id, "faker");
    panel_close(panel);
}

static void panel_opens_one_instance_for_a_detector_that_wants_all_series(void **state)
{
    (void)state;
    static const uint32_t on[] = {RATIO, WARNINGS, ERRORS};
    struct judge_use use = {.plugin = plugins[FAKER_ALL], .on = on, .on_count = 3};
    const struct opinion *opinions;
    open_panel(&use, 1);
    set_values(10);
    assert_int_equal(score(0, &opinions), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(opinions[i].series, on[i]);
        assert_true(opinions[i].score.observed == 10 + on[i]);
        assert_true(opinions[i].score.expected == 3);
    }
    panel_close(panel);
}

static void panel_opens_one_instance_for_all_patterns(void **state)
{
    (void)state;
    static const uint32_t on[] = {PATTERN, ERRORS};
    struct judge_use use = {.plugin = plugins[LISTER], .on = on, .on_count = 2};
    const struct opinion *opinions;
    open_panel(&use, 1);
    assert_int_equal(score(0, &opinions), 2);
    assert_true(opinions[0].score.expected == 2); // detector.h: one series per pattern
    panel_close(panel);
}

static void panel_leaves_out_a_series_of_which_nothing_was_said(void **state)
{
    (void)state;
    static const uint32_t on[] = {ERRORS, RATIO, PATTERN};
    struct judge_use use = {.plugin = plugins[FAKER_ALL], .on = on, .on_count = 3};
    const struct opinion *opinions;
    open_panel(&use, 1);
    set_values(10);
    values[RATIO] = NAN;
    assert_int_equal(score(0, &opinions), 2);
    assert_int_equal(opinions[0].series, ERRORS);
    assert_int_equal(opinions[1].series, PATTERN);
    panel_close(panel);
}

static void panel_goes_on_without_one_that_fails(void **state)
{
    (void)state;
    static const uint32_t on[] = {ERRORS};
    static const struct plugin_setting fail = {"fail_at", "3"};
    struct judge_use uses[] = {{.plugin = plugins[FAKER], .on = on, .on_count = 1},
                               {.plugin = plugins[FAKER],
                                .settings = &fail,
                                .setting_count = 1,
                                .on = on,
                                .on_count = 1},
                               {.plugin = plugins[FAKER_ALL], .on = on, .on_count = 1}};
    const struct opinion *opinions;
    open_panel(uses, 3);
    set_values(1);
    for (uint64_t n = 0; n < 10; n++) {
        size_t count = score(n, &opinions);
        assert_int_equal(count, n < 3 ? 3 : 2);
        assert_string_equal(opinions[count - 1].plugin->id, "faker-all");
    }
    assert_int_equal(complaint_count, 1);
    assert_string_equal(complaints[0], "faker| faker: checkout: score() failed: it failed");
    panel_close(panel);
}

static void panel_goes_on_without_one_that_does_not_open(void **state)
{
    (void)state;
    static const uint32_t on[] = {ERRORS};
    static const struct plugin_setting refuse = {"refuse", "true"};
    struct judge_use uses[] = {{.plugin = plugins[FAKER],
                                .settings = &refuse,
                                .setting_count = 1,
                                .on = on,
                                .on_count = 1},
                               {.plugin = plugins[FAKER_ALL], .on = on, .on_count = 1}};
    const struct opinion *opinions;
    open_panel(uses, 2);
    set_values(1);
    assert_int_equal(complaint_count, 1);
    assert_non_null(strstr(complaints[0], "I would rather not"));
    assert_int_equal(score(0, &opinions), 1);
    panel_close(panel);
}

static void panel_goes_on_without_one_that_fails_to_observe(void **state)
{
    (void)state;
    static const uint32_t on[] = {ERRORS};
    static const struct plugin_setting fail = {"observe_fails", "true"};
    struct judge_use uses[] = {{.plugin = plugins[FAKER],
                                .settings = &fail,
                                .setting_count = 1,
                                .on = on,
                                .on_count = 1},
                               {.plugin = plugins[FAKER], .on = on, .on_count = 1}};
    struct oddline_record records[3] = {{.seq = 0}, {.seq = 1}, {.seq = 2}};
    struct oddline_batch batch = {
        .size = sizeof(batch), .text = "", .records = records, .count = 3};
    const struct opinion *opinions;
    open_panel(uses, 2);
    set_values(1);
    panel_observe(panel, &batch);
    panel_observe(panel, &batch);
    assert_int_equal(complaint_count, 1);
    assert_int_equal(score(0, &opinions), 1);
    assert_true(opinions[0].score.lower == 6);
    panel_close(panel);
}

static void
panel_believes_a_surprise_and_calibrates_the_rest_apart_for_each_series(void **state)
{
    (void)state;
    static const uint32_t on[] = {ERRORS, WARNINGS};
    static const struct plugin_setting raw = {"raw", "true"};
    struct judge_use uses[] = {{.plugin = plugins[FAKER_ALL],
                                .settings = &raw,
                                .setting_count = 1,
                                .on = on,
                                .on_count = 2},
                               {.plugin = plugins[FAKER], .on = on, .on_count = 1}};
    const struct opinion *opinions;
    open_panel(uses, 2);
    for (uint64_t n = 0; n < 200; n++) {
        values[ERRORS] = (double)(n * 7919 % 100) / 10; // 0 to 10
        values[WARNINGS] = 100 * values[ERRORS];        // 0 to 1000
        assert_int_equal(score(n, &opinions), 3);
        if (n < CALIBRATE_LEAST)
            assert_true(opinions[0].surprise == 0);
        assert_true(opinions[2].surprise == values[ERRORS]);
        assert_int_equal(opinions[2].fit.seen, 0);
    }
    values[ERRORS] = values[WARNINGS] = 30; // far out for one, dull for the other
    score(200, &opinions);
    assert_true(opinions[0].surprise > 3);
    assert_true(opinions[1].surprise < 1);
    assert_int_equal(opinions[0].fit.seen, 200);
    panel_close(panel);
}

static void panel_with_a_budget_believes_a_surprise_as_far_as_its_history_goes(void **state)
{
    (void)state;
    static const uint32_t on[] = {ERRORS};
    struct judge_use use = {.plugin = plugins[FAKER], .on = on, .on_count = 1};
    const struct opinion *opinions;
    pages_per_s = 1.0 / (900 * 60); // a page in 900 windows
    open_panel(&use, 1);
    double most = 0;
    for (uint64_t n = 0; n < 2000; n++) {
        values[ERRORS] =
            n % 50 == 49 ? 8 : (double)(n * 7919 % 100) / 40; // "one in 10^8", often
        score(n, &opinions);
        if (n < 900)
            assert_true(opinions[0].surprise == values[ERRORS]); // too early to doubt it
        if (n > 1000)
            most = fmax(most, opinions[0].surprise);
    }
    assert_true(most < 4);
    assert_true(opinions[0].fit.peaks > 0);
    values[ERRORS] = 0.5;
    score(2000, &opinions);
    assert_true(opinions[0].surprise <= 0.5); // never more than it says itself
    panel_close(panel);
    pages_per_s = 0;
}

static void panel_runs_a_real_detector(void **state)
{
    (void)state;
    static const uint32_t on[] = {ERRORS};
    struct judge_use use = {.plugin = plugins[EWMA], .on = on, .on_count = 1};
    const struct opinion *opinions;
    open_panel(&use, 1);
    for (uint64_t n = 0; n < 100; n++) {
        values[ERRORS] = 20 + (double)(n * 31 % 7);
        counts[ERRORS] = (uint64_t)values[ERRORS];
        assert_int_equal(score(n, &opinions), 1);
        assert_int_equal(!!(opinions[0].score.flags & ODDLINE_SCORE_WARMING), n < 30);
        assert_true(opinions[0].surprise < 4);
    }
    values[ERRORS] = 400;
    score(100, &opinions);
    assert_true(opinions[0].surprise > 6);
    assert_int_equal(opinions[0].score.kind, ODDLINE_SPIKE);
    panel_close(panel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(panel_asks_each_instance_about_its_own_series),
        cmocka_unit_test(panel_opens_one_instance_for_a_detector_that_wants_all_series),
        cmocka_unit_test(panel_opens_one_instance_for_all_patterns),
        cmocka_unit_test(panel_leaves_out_a_series_of_which_nothing_was_said),
        cmocka_unit_test(panel_goes_on_without_one_that_fails),
        cmocka_unit_test(panel_goes_on_without_one_that_does_not_open),
        cmocka_unit_test(panel_goes_on_without_one_that_fails_to_observe),
        cmocka_unit_test(
            panel_believes_a_surprise_and_calibrates_the_rest_apart_for_each_series),
        cmocka_unit_test(panel_with_a_budget_believes_a_surprise_as_far_as_its_history_goes),
        cmocka_unit_test(panel_runs_a_real_detector),
    };
    return cmocka_run_group_tests(tests, load_all, unload_all);
}
