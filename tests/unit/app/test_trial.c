/* SPDX-License-Identifier: MIT */
/*
 * Promise: a reel holds every line and window of the logs, stream by stream; a cast shows a detector all of it, in any cut.
 * What `oddline plugins test` says of bad detectors is tests/e2e/author.sh.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command/trial_checks.h"
#include "rig.h"

#include <errno.h>

static void write_log(const char *path, int minutes)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (int i = 0; i < 60 * minutes; i++)
        fprintf(out, "2026-03-02 %02d:%02d:%02d,000 %s job %d timeout\n", 9 + i / 3600,
                i / 60 % 60, i % 60, i % 10 ? "INFO" : "ERROR", i);
    fclose(out);
}

static void reel_holds_all_lines_stream_by_stream(void **state)
{
    (void)state;
    struct reel reel;
    struct error error;
    char *paths[] = {(char[]){"a.log"}, (char[]){"b.log"}};
    write_log("a.log", 100);
    write_log("b.log", 30);
    assert_int_equal(reel_read(&reel, paths, 2, &error), 0);
    assert_int_equal(reel.lines, 60 * 130);
    assert_int_equal(reel.stream_count, 2);
    assert_false(reel.full);
    double sum[REEL_SERIES] = {0};
    size_t at = 0, windows = 0;
    for (size_t s = 0; s < 2; s++) {
        assert_int_equal(reel.streams[s].first, at);
        assert_true(reel.streams[s].window_ns > 0);
        for (size_t i = 0; i < reel.streams[s].frames; i++) {
            const struct ring_frame *frame = reel_frame(&reel, at);
            const struct closed *closed = ring_payload(frame);
            at += frame->size;
            assert_int_equal(closed->stream, s); // a batch begins with it, too
            if (frame->kind != RING_WINDOW)
                continue;
            windows += closed->repeat;
            for (size_t k = 0; k < REEL_SERIES; k++)
                sum[k] +=
                    ((const double *)(const void *)((const char *)closed + closed->values))[k];
        }
        assert_int_equal(reel.streams[s].end, at);
    }
    assert_int_equal(windows, reel.windows);
    assert_true(sum[0] == 7800 && sum[1] == 780 && sum[2] == 0 && sum[4] == 7800);
    reel_free(&reel);
}

static void reel_says_when_nothing_has_a_time(void **state)
{
    (void)state;
    struct reel reel;
    struct error error;
    char *paths[] = {(char[]){"text"}};
    rig_write("text", "no stamp\nanywhere\n");
    assert_int_equal(reel_read(&reel, paths, 1, &error), -ENODATA);
    reel_free(&reel);
    paths[0] = (char[]){"nowhere"};
    rig_capture(STDERR_FILENO);
    assert_int_equal(reel_read(&reel, paths, 1, &error), -ENODATA);
    assert_non_null(strstr(rig_captured(), "nowhere"));
    reel_free(&reel);
}

/* ---- casts -------------------------------------------------------------- */

static struct reel reel;
static struct trial_report report;
static struct plugin *plugin;

static int set_up(void **state)
{
    struct error error;
    char *paths[] = {(char[]){"a.log"}};
    if (rig_set_up(state) < 0)
        return -1;
    write_log("a.log", 90);
    report = (struct trial_report){0};
    return reel_read(&reel, paths, 1, &error) |
           plugin_load(BINARY_DIR "/detectors/ewma.so", "", &plugin, &error);
}

static int tear_down(void **state)
{
    plugin_free(plugin);
    reel_free(&reel);
    return rig_tear_down(state);
}

static void cast_shows_every_window_once(void **state)
{
    (void)state;
    struct trial_child child = {
        .plugin = plugin, .reel = &reel, .stream = &reel.streams[0], .report = &report};
    struct cast_options options = trial_options(&child);
    struct trace trace = {0};
    struct error error;
    assert_int_equal(cast_show_all(&options, &trace, &error), 0);
    assert_int_equal(trace.len, reel.windows);
    for (size_t i = 0; i < trace.len; i++)
        assert_int_equal(trace.at[i].index, i);
    assert_int_equal(trace_compare(&trace, &trace, 0, "itself", &error), 0);
    assert_int_equal(report.call, CALL_NONE);
    trace_free(&trace);
}

static void trace_names_the_first_window_that_differs(void **state)
{
    (void)state;
    struct trace whole = {.at = calloc(4, sizeof(*whole.at)), .len = 4},
                 part = {.at = calloc(3, sizeof(*part.at)), .len = 3};
    for (size_t i = 0; i < 3; i++)
        part.at[i].index = 11 + i;
    part.at[1].hash = part.at[2].hash = 7;
    struct error error;
    assert_int_equal(trace_compare(&whole, &part, 1, "shown", &error), -EBADMSG);
    assert_string_equal(error.text, "shown: the scores of window 12 differ");
    trace_free(&whole);
    trace_free(&part);
}

static void every_check_passes_a_good_detector(void **state)
{
    (void)state;
    struct trial_child child = {.plugin = plugin,
                                .reel = &reel,
                                .stream = &reel.streams[0],
                                .report = &report,
                                .statm = {-1, -1}};
    struct error error;
    for (size_t i = 0; i < trial_check_count; i++) {
        int r = trial_checks[i].run(&child, &error);
        if (r != 0 && r != TRIAL_NOTHING)
            fail_msg("%s: %s", trial_checks[i].name, error.text);
    }
    assert_int_equal(trial_measure(&child, &error), 0);
    assert_int_equal(report.cost.windows, REEL_PLAIN * reel.windows);
    assert_int_equal(report.instances, REEL_PLAIN);
}

#define CAST_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(reel_holds_all_lines_stream_by_stream),
        RIG_TEST(reel_says_when_nothing_has_a_time),
        CAST_TEST(cast_shows_every_window_once),
        cmocka_unit_test(trace_names_the_first_window_that_differs),
        CAST_TEST(every_check_passes_a_good_detector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
