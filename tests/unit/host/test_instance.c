/* SPDX-License-Identifier: MIT */
/*
 * Promise: an instance copies what a plugin says, checks every number of it, and stays closed after a failure.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

#include <errno.h>
#include <math.h>

static struct plugin *rogue;
static const char *const series[] = {"errors", "lines"};
static const double values[] = {42, 43};
static const uint64_t counts[] = {42, 43};
static const struct oddline_window window = {.size = sizeof(window),
                                             .end_ns = 1000000000,
                                             .records = 42,
                                             .values = values,
                                             .counts = counts};

static struct instance *open_with(const struct plugin_setting *settings, size_t count)
{
    struct instance_options options = {.stream = "checkout",
                                       .series = series,
                                       .series_count = 1,
                                       .window_ns = 1000000000,
                                       .settings = settings,
                                       .setting_count = count};
    struct instance *instance = NULL;
    assert_int_equal(instance_open(rogue, &options, &instance, NULL), 0);
    return instance;
}

static struct instance *open_rogue(const char *how)
{
    struct plugin_setting setting = {"how", how};
    return open_with(&setting, 1);
}

static void instance_hands_over_settings_and_fallbacks(void **state)
{
    (void)state;
    const struct plugin_setting settings[] = {{"share", "0.25"}, {"count", "7"}, {"on", "no"}};
    struct instance *instance = open_with(settings, 3);
    const struct oddline_score *scores;
    assert_int_equal(instance_score(instance, &window, &scores, NULL), 0);
    assert_true(scores[0].expected == 0.25);
    assert_true(scores[0].lower == 7);
    assert_int_equal(scores[0].samples, 0);
    assert_true(scores[0].upper == 5e9); // the fallback of `wait`
    instance_close(instance);
}

static void instance_copies_and_bounds_the_reason(void **state)
{
    (void)state;
    struct instance *instance = open_rogue("");
    const struct oddline_score *scores;
    assert_int_equal(instance_score(instance, &window, &scores, NULL), 0);
    assert_int_equal(strlen(scores[0].reason), 255);
    assert_int_equal(strspn(scores[0].reason, "r"),
                     255); // and not what the plugin wrote there afterwards
    assert_true(scores[0].observed == 42);
    instance_close(instance);
}

static void instance_marks_a_series_without_report(void **state)
{
    (void)state;
    struct instance *instance = open_rogue("mute");
    const struct oddline_score *scores;
    assert_int_equal(instance_score(instance, &window, &scores, NULL), 0);
    assert_int_equal(scores[0].size, 0);
    assert_string_equal(scores[0].reason, "");
    instance_close(instance);
}

static void instance_refuses_each_wrong_report_and_stays_closed(void **state)
{
    (void)state;
    static const struct {
        const char *how, *why;
    } wrong[] = {
        {"negative", "rogue: checkout: reported a score that is negative or not finite"},
        {"nan", "rogue: checkout: reported a score that is negative or not finite"},
        {"infinite", "rogue: checkout: reported a score that is negative or not finite"},
        {"series", "rogue: checkout: reported a series that it was not given"},
        {"kind", "rogue: checkout: reported an unknown kind"},
        {"flags", "rogue: checkout: reported unknown flags"},
        {"small", "rogue: checkout: reported a score that is too small a struct"},
        {"twice", "rogue: checkout: reported a series twice in one window"},
        {"status", "rogue: checkout: score() failed: unknown status"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct instance *instance = open_rogue(wrong[i].how);
        struct error error = {.text = ""};
        const struct oddline_score *scores = NULL;
        assert_int_equal(instance_score(instance, &window, &scores, &error), -EBADMSG);
        assert_string_equal(error.text, wrong[i].why);
        assert_null(scores);
        assert_int_equal(instance_score(instance, &window, &scores, &error), -ESHUTDOWN);
        instance_close(instance);
    }
}

static void instance_refuses_a_report_outside_score(void **state)
{
    (void)state;
    struct instance *instance = open_rogue("early");
    struct error error = {.text = ""};
    const struct oddline_score *scores = NULL;
    struct oddline_batch batch = {.size = sizeof(batch)};
    assert_int_equal(instance_observe(instance, &batch, NULL), 0);
    assert_int_equal(instance_score(instance, &window, &scores, &error), -EBADMSG);
    assert_string_equal(error.text, "rogue: checkout: reported outside score()");
    instance_close(instance);
}

static void instance_says_which_call_failed(void **state)
{
    (void)state;
    struct instance *instance = open_rogue("fails");
    struct error error = {.text = ""};
    const struct oddline_score *scores = NULL;
    assert_int_equal(instance_score(instance, &window, &scores, &error), -EIO);
    assert_string_equal(error.text, "rogue: checkout: score() failed: it failed");
    instance_close(instance);

    instance = open_rogue("");
    struct oddline_batch batch = {.size = sizeof(batch), .count = 13};
    assert_int_equal(instance_observe(instance, &batch, &error), -EIO);
    assert_string_equal(error.text, "rogue: checkout: observe() failed: it failed");
    instance_close(instance);
}

static void instance_passes_on_why_open_failed(void **state)
{
    (void)state;
    struct plugin_setting setting = {"how", "open"};
    struct instance_options options = {.stream = "checkout",
                                       .series = series,
                                       .series_count = 1,
                                       .window_ns = 1,
                                       .settings = &setting,
                                       .setting_count = 1};
    struct instance *instance = NULL;
    struct error error = {.text = ""};
    assert_int_equal(instance_open(rogue, &options, &instance, &error), -EINVAL);
    assert_string_equal(error.text, "rogue: checkout: open() failed: not today");
    assert_null(instance);
}

static void instance_refuses_options_that_cannot_be(void **state)
{
    (void)state;
    struct instance_options options = {
        .stream = "s", .series = series, .series_count = 0, .window_ns = 1};
    struct instance *instance = NULL;
    struct error error = {.text = ""};
    assert_int_equal(instance_open(rogue, &options, &instance, &error), -EINVAL);
    options.series_count = 1;
    options.window_ns = 0;
    assert_int_equal(instance_open(rogue, &options, &instance, &error), -EINVAL);
    struct plugin *good = NULL;
    assert_int_equal(plugin_load(BINARY_DIR "/tests/bad/good.so", "", &good, NULL), 0);
    options.window_ns = 1;
    options.series_count = 2;
    assert_int_equal(instance_open(good, &options, &instance, &error), -EINVAL);
    assert_string_equal(error.text, "bad: s: 2 series: it takes one");
    assert_null(instance);
    plugin_free(good);
}

static void instance_state_is_bounded_and_versioned(void **state)
{
    (void)state;
    struct error error = {.text = ""};
    struct bytes saved = {0};
    struct instance *instance = open_rogue("");
    assert_int_equal(instance_load(instance, bytes_of("hello"), 6, &error), -ESTALE);
    assert_string_equal(error.text,
                        "rogue: checkout: starts cold: the saved state is not its own");
    assert_int_equal(instance_load(instance, bytes_of("hello"), 7, NULL),
                     0); // a stale state is no failure
    assert_int_equal(instance_save(instance, &saved, NULL), 0);
    assert_true(bytes_is(saved, "hello"));
    instance_close(instance);

    instance = open_rogue("big");
    assert_int_equal(instance_save(instance, &saved, &error), -EBADMSG);
    assert_string_equal(error.text,
                        "rogue: checkout: save() lent 1048577 bytes: at most 1048576");
    instance_close(instance);
}

static void instance_without_state_says_so(void **state)
{
    (void)state;
    struct plugin *good = NULL;
    struct instance *instance = NULL;
    struct bytes saved = {0};
    struct instance_options options = {
        .stream = "s", .series = series, .series_count = 1, .window_ns = 1};
    assert_int_equal(plugin_load(BINARY_DIR "/tests/bad/good.so", "", &good, NULL), 0);
    assert_int_equal(instance_open(good, &options, &instance, NULL), 0);
    assert_int_equal(instance_save(instance, &saved, NULL), -ENOTSUP);
    assert_int_equal(instance_load(instance, saved, 0, NULL), -ENOTSUP);
    instance_close(instance);
    instance_close(NULL);
    plugin_free(good);
}

static int setup(void **state)
{
    (void)state;
    return plugin_load(BINARY_DIR "/tests/bad/rogue.so", "", &rogue, NULL);
}

static int teardown(void **state)
{
    (void)state;
    plugin_free(rogue);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instance_hands_over_settings_and_fallbacks),
        cmocka_unit_test(instance_copies_and_bounds_the_reason),
        cmocka_unit_test(instance_marks_a_series_without_report),
        cmocka_unit_test(instance_refuses_each_wrong_report_and_stays_closed),
        cmocka_unit_test(instance_refuses_a_report_outside_score),
        cmocka_unit_test(instance_says_which_call_failed),
        cmocka_unit_test(instance_passes_on_why_open_failed),
        cmocka_unit_test(instance_refuses_options_that_cannot_be),
        cmocka_unit_test(instance_state_is_bounded_and_versioned),
        cmocka_unit_test(instance_without_state_says_so),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
