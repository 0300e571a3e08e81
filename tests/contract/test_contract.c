/* SPDX-License-Identifier: MIT */
/*
 * Promise: every detector, ours and the sample alike, keeps the contract of detector.h when it is driven through the real loader.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drive.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

enum { PLUGINS_MAX = 32, WINDOWS = 700, BUILT_INS = 9 };

static struct plugin *plugins[PLUGINS_MAX];
static size_t plugin_count;

/* The n-th window of a world with noise, bursts, silence, NaN, huge values, fractions and a shift. */
static double world(uint64_t salt, int n)
{
    uint64_t seed = (uint64_t)n * UINT64_C(0x9e3779b97f4a7c15) + salt;
    drive_uniform(&seed);
    if (n % 97 == 50)
        return NAN;
    if (n % 211 == 100)
        return 500;
    if (n > 300 && n < 330)
        return 0;
    if (n == 620)
        return 1e300;
    if (n == 640)
        return 0.25;
    if (n == 660)
        return -3;
    return drive_poisson(&seed, n > 400 && n < 560 ? 30 : 4);
}

static void assert_same(const struct oddline_score *a, const struct oddline_score *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(&a->score, &b->score, sizeof(a->score));
    assert_memory_equal(&a->observed, &b->observed,
                        4 * sizeof(double)); // with expected, lower, upper
    assert_int_equal(a->samples, b->samples);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->flags, b->flags);
    assert_string_equal(a->reason, b->reason);
}

/* ---- each promise, for one plugin --------------------------------------- */

static void label_is_sane(struct plugin *plugin)
{
    const struct oddline_plugin *label = plugin_label(plugin);
    assert_int_equal(label->abi, ODDLINE_ABI);
    assert_non_null(strstr(plugin_path(plugin), label->id)); // NAME.so is found by its id
    assert_non_null(label->save); // all of these have state that is worth keeping
    for (uint32_t i = 0; i < label->param_count; i++)
        assert_true(label->params[i].help[strlen(label->params[i].help) - 1] == '.');
}

static void numbers_are_sane(struct plugin *plugin)
{
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    uint64_t samples = 0;
    for (int n = 0; n < WINDOWS; n++) {
        const struct oddline_score *score =
            drive_value(&drive, world(1, n)); // the host asserts the score
        if (!score->size)
            continue;
        assert_true(score->samples >= samples);
        assert_true(isfinite(score->observed));
        assert_true(!(score->lower > score->upper));
        samples = score->samples;
    }
    assert_true(samples > WINDOWS / 2);
    drive_close(&drive);
}

static void nothing_at_all_is_bearable(struct plugin *plugin)
{
    static const double dull[] = {0, NAN, 1e308, -1e308, INFINITY, -INFINITY, 1e-308, 7};
    for (size_t i = 0; i < sizeof(dull) / sizeof(*dull); i++) {
        struct drive drive;
        drive_open(&drive, plugin, 1, NULL, 0);
        const struct oddline_score *score = drive_many(&drive, dull[i], 200);
        assert_true(score->size == 0 || score->score <= 0.5); // what is always so is not odd
        drive_many(&drive, 3, 5);
        drive_close(&drive);
    }
}

static void extremes_in_a_row_stay_finite(struct plugin *plugin)
{
    static const double wild[] = {
        1e308, -1e308, 0, 1e-308, 9007199254740993.0, -0.0, 1e15, 4503599627370496.5};
    struct drive drive;
    drive_open(&drive, plugin, 1, NULL, 0);
    for (int n = 0; n < 400; n++)
        drive_value(&drive, wild[(n * 5 + n / 8) % 8]);
    drive_close(&drive);
}

static void same_windows_give_same_scores(struct plugin *plugin)
{
    struct drive a, b;
    drive_open(&a, plugin, 1, NULL, 0);
    drive_open(&b, plugin, 1, NULL, 0);
    for (int n = 0; n < WINDOWS; n++)
        assert_same(drive_value(&a, world(1, n)), drive_value(&b, world(1, n)));
    drive_close(&a);
    drive_close(&b);
}

/* b sees another world in between; a must not notice. */
static void instances_do_not_touch(struct plugin *plugin)
{
    struct drive alone, a, b;
    drive_open(&alone, plugin, 1, NULL, 0);
    drive_open(&a, plugin, 1, NULL, 0);
    drive_open(&b, plugin, 1, NULL, 0);
    for (int n = 0; n < WINDOWS; n++) {
        drive_value(&b, world(99, n) * 3 + 1);
        assert_same(drive_value(&a, world(1, n)), drive_value(&alone, world(1, n)));
    }
    drive_close(&b);
    assert_same(drive_value(&a, 5), drive_value(&alone, 5));
    drive_close(&a);
    drive_close(&alone);
}

/* Who takes windows that are not over says the same of them as when they are, and is then as if there had been none. */
static void glances_teach_nothing(struct plugin *plugin)
{
    if (!(plugin_label(plugin)->needs & ODDLINE_TAKES_UNFINISHED))
        return;
    struct drive looked, alone;
    drive_open(&looked, plugin, 1, NULL, 0);
    drive_open(&alone, plugin, 1, NULL, 0);
    for (int n = 0; n < WINDOWS; n++) {
        looked.flags = ODDLINE_WINDOW_UNFINISHED;
        drive_value(&looked, world(1, n) / 2);
        struct oddline_score early = *drive_value(&looked, world(1, n));
        looked.flags = 0;
        looked.index = alone.index;
        struct oddline_score late = *drive_value(&looked, world(1, n));
        assert_same(&late, drive_value(&alone, world(1, n)));
        assert_true(early.score == late.score);
    }
    drive_close(&looked);
    drive_close(&alone);
}

static void state_goes_on_where_it_was_saved(struct plugin *plugin)
{
    static const int cuts[] = {0, 1, 7, 29, 31, 250, 315, 430, 600};
    uint32_t version = plugin_label(plugin)->state_version;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
        struct drive whole, next;
        struct bytes state = {0};
        drive_open(&whole, plugin, 1, NULL, 0);
        for (int n = 0; n < cuts[i]; n++)
            drive_value(&whole, world(1, n));
        assert_int_equal(instance_save(whole.instance, &state, NULL), 0);
        char *copy = malloc(state.len + 1);
        memcpy(copy + 1, state.at, state.len); // lent bytes need not be aligned
        drive_open(&next, plugin, 1, NULL, 0);
        drive_many(&next, 77, 3); // what was there before is replaced
        assert_int_equal(
            instance_load(next.instance, (struct bytes){copy + 1, state.len}, version, NULL),
            0);
        free(copy); // and nothing lent is kept
        next.index = whole.index;
        for (int n = cuts[i]; n < WINDOWS; n++)
            assert_same(drive_value(&whole, world(1, n)), drive_value(&next, world(1, n)));
        drive_close(&whole);
        drive_close(&next);
    }
}

static void spoilt_state_starts_cold(struct plugin *plugin)
{
    struct drive whole, cold, fresh;
    struct bytes state = {0};
    uint32_t version = plugin_label(plugin)->state_version;
    drive_open(&whole, plugin, 1, NULL, 0);
    for (int n = 0; n < 200; n++)
        drive_value(&whole, world(1, n));
    assert_int_equal(instance_save(whole.instance, &state, NULL), 0);
    drive_open(&cold, plugin, 1, NULL, 0);
    drive_open(&fresh, plugin, 1, NULL, 0);
    for (size_t len = 0; len < state.len; len += 1 + len / 8)
        assert_int_equal(
            instance_load(cold.instance, (struct bytes){state.at, len}, version, NULL),
            -ESTALE);
    char *junk = malloc(state.len);
    memset(junk, 0xff, state.len);
    assert_int_equal(
        instance_load(cold.instance, (struct bytes){junk, state.len}, version, NULL), -ESTALE);
    free(junk);
    for (int n = 0; n < 100; n++)
        assert_same(drive_value(&cold, world(1, n)), drive_value(&fresh, world(1, n)));
    drive_close(&whole);
    drive_close(&cold);
    drive_close(&fresh);
}

/* A flipped bit may go unnoticed; it must not crash, hang or produce a score that is none. */
static void flipped_bits_do_no_harm(struct plugin *plugin)
{
    struct drive whole;
    struct bytes state = {0};
    uint64_t seed = 5;
    drive_open(&whole, plugin, 1, NULL, 0);
    for (int n = 0; n < 350; n++)
        drive_value(&whole, world(1, n));
    assert_int_equal(instance_save(whole.instance, &state, NULL), 0);
    char *copy = malloc(state.len);
    for (int turn = 0; turn < 200; turn++) {
        struct drive next;
        memcpy(copy, state.at, state.len);
        copy[(size_t)(drive_uniform(&seed) * (double)state.len)] ^= (char)(1 << turn % 8);
        drive_open(&next, plugin, 1, NULL, 0);
        instance_load(next.instance, (struct bytes){copy, state.len},
                      plugin_label(plugin)->state_version, NULL);
        for (int n = 350; n < 380; n++)
            drive_value(&next, world(1, n));
        drive_close(&next);
    }
    free(copy);
    drive_close(&whole);
}

static void series_of_one_instance_do_not_touch(struct plugin *plugin)
{
    if (!plugin_patterns_param(plugin))
        return;
    struct drive one, many;
    drive_open(&one, plugin, 1, NULL, 0);
    drive_open(&many, plugin, 3, NULL, 0);
    for (int n = 0; n < WINDOWS; n++) {
        const double values[3] = {world(1, n), world(2, n) * 2, 1};
        assert_same(drive_value(&one, world(1, n)), drive_window(&many, values));
    }
    drive_close(&one);
    drive_close(&many);
}

/* ---- over all plugins --------------------------------------------------- */

#define FOR_EVERY_DETECTOR(test, promise)                                                      \
    static void test(void **state)                                                             \
    {                                                                                          \
        (void)state;                                                                           \
        for (size_t i = 0; i < plugin_count; i++) {                                            \
            print_message("           %s\n", plugin_label(plugins[i])->id);                    \
            promise(plugins[i]);                                                               \
        }                                                                                      \
    }

FOR_EVERY_DETECTOR(detector_has_a_sane_label, label_is_sane)
FOR_EVERY_DETECTOR(detector_reports_sane_numbers, numbers_are_sane)
FOR_EVERY_DETECTOR(detector_bears_emptiness_nan_and_infinity, nothing_at_all_is_bearable)
FOR_EVERY_DETECTOR(detector_stays_finite_over_extremes, extremes_in_a_row_stay_finite)
FOR_EVERY_DETECTOR(detector_scores_the_same_windows_the_same, same_windows_give_same_scores)
FOR_EVERY_DETECTOR(detector_keeps_instances_apart, instances_do_not_touch)
FOR_EVERY_DETECTOR(detector_keeps_series_apart, series_of_one_instance_do_not_touch)
FOR_EVERY_DETECTOR(detector_learns_nothing_from_a_glance, glances_teach_nothing)
FOR_EVERY_DETECTOR(detector_goes_on_from_saved_state, state_goes_on_where_it_was_saved)
FOR_EVERY_DETECTOR(detector_starts_cold_from_spoilt_state, spoilt_state_starts_cold)
FOR_EVERY_DETECTOR(detector_survives_flipped_bits, flipped_bits_do_no_harm)

static int load_all(const char *dir)
{
    DIR *d = opendir(dir);
    if (!d)
        return -1;
    for (struct dirent *e; (e = readdir(d)) && plugin_count < PLUGINS_MAX;) {
        char path[512];
        struct error error = {.text = ""};
        if (!strstr(e->d_name, ".so"))
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (plugin_load(path, "", &plugins[plugin_count], &error) < 0) {
            fprintf(stderr, "%s\n", error.text);
            closedir(d);
            return -1;
        }
        plugin_count++;
    }
    closedir(d);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    if (load_all(DRIVE_DETECTORS) < 0 || load_all(BINARY_DIR "/tests/sample") < 0)
        return -1;
    return plugin_count >= BUILT_INS + 1 ? 0 : -1; // an empty directory must not pass
}

static int teardown(void **state)
{
    (void)state;
    while (plugin_count > 0)
        plugin_free(plugins[--plugin_count]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detector_has_a_sane_label),
        cmocka_unit_test(detector_reports_sane_numbers),
        cmocka_unit_test(detector_bears_emptiness_nan_and_infinity),
        cmocka_unit_test(detector_stays_finite_over_extremes),
        cmocka_unit_test(detector_scores_the_same_windows_the_same),
        cmocka_unit_test(detector_keeps_instances_apart),
        cmocka_unit_test(detector_keeps_series_apart),
        cmocka_unit_test(detector_learns_nothing_from_a_glance),
        cmocka_unit_test(detector_goes_on_from_saved_state),
        cmocka_unit_test(detector_starts_cold_from_spoilt_state),
        cmocka_unit_test(detector_survives_flipped_bits),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
