/* SPDX-License-Identifier: MIT */
/*
 * Promise: only what is asked for is planned, everything that is asked for is checked now and not at three in the morning, and
 * each refusal names file, line and stream.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan_rig.h"

#include <errno.h>

/* The plan of one stream; its lines begin in line 4 of c.yaml. */
static int plan_of(const char *lines)
{
    char text[32768];
    plan_free(plan);
    plan = NULL;
    config_free(&config);
    snprintf(text, sizeof(text), "streams:\n- name: web\n  paths: x\n%s", lines);
    rig_write("c.yaml", text);
    assert_int_equal(config_read("c.yaml", &config, &error), 0);
    return plan_stream(0, 5);
}

static void plan_counts_only_what_a_detector_asked_for(void **state)
{
    (void)state;
    assert_int_equal(
        plan_of("  series:\n  - {name: slow, mean: ms}\n  - {name: a, count: {match: a}}\n"
                "  detectors:\n  - {use: ewma, on: [slow, errors]}\n"),
        0);
    assert_int_equal(plan->lane.window.series_count, 2);
    assert_string_equal(plan->lane.window.series[0].name, "slow");
    assert_int_equal(plan->lane.window.series[0].kind, SERIES_MEAN);
    assert_string_equal(plan->lane.window.series[1].name, "errors");
    assert_int_equal(plan->lane.window.series[1].select.level_min, ODDLINE_LEVEL_ERROR);
    assert_int_equal(plan->pattern_count, 0);
    assert_int_equal(plan->judge.field_count, 1);
    assert_string_equal(plan->judge.field_names[0], "ms");
    assert_false(plan->judge.series[0].is_count);
    assert_true(plan->judge.series[1].is_count);
}

/* Is the level of a record read that no pattern fits? */
static bool reads_all_levels(const char *lines)
{
    static const char log[] =
        "2024-06-14 15:16:01,100 ERROR x\n2024-06-14 15:16:02,100 INFO y\n";
    struct batch_writer writer;
    struct recorder *recorder;
    struct ring *ring;
    if (plan_of(lines) != 0)
        fail_msg("%s: %s", lines, error.text);
    assert_int_equal(ring_create(8 << 20, 1, &ring, NULL), 0);
    assert_int_equal(batch_writer_init(&writer, ring, NULL), 0);
    assert_int_equal(recorder_create(plan->record, NO_TIME, &recorder), 0);
    memcpy(batch_begin(&writer, 0, 0, 0), log, sizeof(log) - 1);
    batch_filled(&writer, sizeof(log) - 1);
    assert_int_equal(recorder_feed(recorder, &writer, true), sizeof(log) - 1);
    assert_int_equal(writer.record_count, 2);
    bool is = writer.records[0].level == ODDLINE_LEVEL_ERROR;
    recorder_free(recorder);
    batch_writer_free(&writer);
    ring_destroy(ring);
    return is;
}

static void plan_reads_levels_only_where_somebody_sees_them(void **state)
{
    (void)state;
    static const char *const asked[] = {
        "",
        "  detectors:\n  - {use: ewma, on: [lines]}\n",
        "  detectors:\n  - {use: ewma, on: [errors]}\n",
        "  series:\n  - {name: a, count: {match: zz}}\n"
        "  detectors:\n  - {use: ewma, on: [a, errors]}\n",
        "  series:\n  - {name: a, ratio: {of: {match: zz}, to: {level: error}}}\n"
        "  detectors:\n  - {use: ewma, on: [a]}\n",
        "  series:\n  - {name: a, count: {match: zz, where: 'ms > 5'}}\n"
        "  detectors:\n  - {use: ewma, on: [a]}\n",
        "  series:\n  - {name: a, count: {match: zz}}\n"
        "  detectors:\n  - {use: ewma, on: [a]}\n  - {use: template, on: [a]}\n",
    };
    static const char *const not_asked[] = {
        "  series:\n  - {name: a, count: {match: zz}}\n"
        "  detectors:\n  - {use: ewma, on: [a]}\n",
        "  series:\n  - {name: a, count: {match: zz, level: error}}\n"
        "  - {name: b, ratio: {of: {match: yy}, to: {}}}\n"
        "  detectors:\n  - {use: ewma, on: [a]}\n",
    };
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        if (!reads_all_levels(asked[i]))
            fail_msg("left out: %s", asked[i]);
    for (size_t i = 0; i < sizeof(not_asked) / sizeof(not_asked[0]); i++)
        if (reads_all_levels(not_asked[i]))
            fail_msg("read for nobody: %s", not_asked[i]);
}

static void plan_counts_a_series_once_however_many_ask(void **state)
{
    (void)state;
    assert_int_equal(plan_of("  detectors:\n  - {use: ewma, on: [lines, errors]}\n"
                             "  - {use: zscore, on: [errors, lines]}\n  - use: silence\n"),
                     0);
    assert_int_equal(plan->lane.window.series_count, 2);
    assert_int_equal(plan->judge.use_count, 3);
    assert_int_equal(plan->judge.uses[1].on[0], 1);
    assert_int_equal(plan->judge.uses[1].on[1], 0);
    assert_int_equal(plan->judge.uses[2].on_count, 1);
    assert_int_equal(plan->judge.uses[2].on[0], 0); // lines, when nothing is said
}

static void plan_compiles_a_pattern_once_for_all_who_ask(void **state)
{
    (void)state;
    assert_int_equal(
        plan_of("  series: [{name: a, count: {match: disk}}, {name: b, ratio: {match: disk}}]\n"
                "  detectors:\n  - {use: ewma, on: [a, b]}\n"
                "  - {use: pattern, set: {patterns: [disk, net]}}\n"
                "  - {use: pattern, set: {patterns: [net]}}\n"),
        0);
    assert_int_equal(plan->pattern_count, 2);
    assert_int_equal(plan->lane.window.series_count, 4);
    assert_string_equal(plan->lane.window.series[2].name, "pattern disk");
    assert_int_equal(plan->lane.window.series[2].select.pattern, 1);
    assert_int_equal(plan->lane.window.series[3].select.pattern, 2);
    assert_true(bytes_is(plan->judge.series[3].key, "net"));
    assert_int_equal(plan->judge.uses[2].on[0], 3);
    assert_true(plan->judge.uses[1].plugin == plan->judge.uses[2].plugin);
    assert_int_equal(library.count, 2);
}

static void plan_has_a_default_set_of_detectors(void **state)
{
    (void)state;
    assert_int_equal(plan_of(""), 0);
    assert_int_equal(plan->judge.use_count, 7);
    assert_int_equal(plan->lane.window.series_count, 8);
    assert_true(plan->lane.templates);
    assert_int_equal(plan_of("  detectors: []\n"), 0);
    assert_int_equal(plan->judge.use_count, 0);
    assert_int_equal(plan->lane.window.series_count, 0);
    assert_false(plan->lane.templates); // nobody asks
}

static void plan_counts_quantiles_distinct_values_and_ratios_as_asked(void **state)
{
    (void)state;
    assert_int_equal(
        plan_of("  series:\n"
                "  - {name: p99, quantile: 0.99, of: ms, min_samples: 20}\n"
                "  - {name: buys, quantile: 0.5, of: {field: ms, where: path = /buy}}\n"
                "  - {name: users, distinct: user, of: {level: '>=warn'}}\n"
                "  - {name: codes, distinct: ms}\n"
                "  - {name: bad, ratio: {of: {match: fail}, to: {match: start}}}\n"
                "  detectors:\n  - {use: ewma, on: [p99, buys, users, codes, bad]}\n"),
        0);
    const struct series_spec *s = plan->lane.window.series;
    assert_true(s[0].kind == SERIES_QUANTILE && s[0].quantile == 0.99);
    assert_true(s[0].min_samples == 20 && s[0].field == s[1].field);
    assert_true(bytes_is(s[1].select.text, "/buy"));
    assert_true(s[2].kind == SERIES_DISTINCT && s[2].select.level_min == ODDLINE_LEVEL_WARN);
    assert_true(s[3].field == s[0].field); // it is a number elsewhere, and so here
    assert_true(s[4].select.pattern == 1 && s[4].to.pattern == 2);
    assert_string_equal(plan->judge.field_names[s[2].field], "user");
    assert_false(plan->judge.series[0].is_bad || plan->judge.series[2].is_count);
}

/* A field that the configuration names and the duration that records speak of are two things. */
static void plan_reads_durations_where_a_series_of_them_is_wanted(void **state)
{
    (void)state;
    assert_int_equal(plan_of("  series:\n  - {name: own, mean: duration}\n"
                             "  detectors:\n  - {use: ewma, on: [own, duration_p95_ms, "
                             "duration_mean_ms]}\n"),
                     0);
    const struct series_spec *s = plan->lane.window.series;
    assert_int_equal(plan->judge.field_count, 2);
    assert_int_not_equal(s[0].field, s[1].field);
    assert_int_equal(s[1].field, s[2].field);
    assert_false(plan->judge.series[0].is_bad);
    assert_true(plan->judge.series[1].is_bad && plan->judge.series[2].is_bad);
    assert_int_equal(plan_of("  detectors:\n  - {use: ewma, on: [lines]}\n"), 0);
    assert_int_equal(plan->judge.field_count, 0);
}

static void plan_carries_the_policy_over(void **state)
{
    (void)state;
    assert_int_equal(plan_of("  route: {page: 9, ticket: 7, log: 5}\n  warmup: 1\n  hold: 2\n"
                             "  resolve_after: 3\n  floor: 4\n  floor_ratio: 5\n"
                             "  storm_per_hour: 6\n  window: 10s\n  lateness: 2s\n"
                             "  labels: {team: shop}\n  annotations: {runbook_url: r}\n"),
                     0);
    const struct judge_policy *p = &plan->judge.policy;
    assert_true(p->thresholds[ROUTE_PAGE] == 9 && p->thresholds[ROUTE_TICKET] == 7 &&
                p->thresholds[ROUTE_LOG] == 5);
    assert_int_equal(p->warmup, 1);
    assert_int_equal(p->hold, 2);
    assert_int_equal(p->resolve_after, 3);
    assert_true(p->floor == 4 && p->floor_ratio == 5);
    assert_int_equal(p->storm_per_hour, 6);
    assert_int_equal(plan->lane.window.window_ns, 10 * NS_PER_S);
    assert_int_equal(plan->lane.window.lateness_ns, 2 * NS_PER_S);
    assert_int_equal(plan->lane.window.stream, 5);
    assert_string_equal(plan->judge.labels.at[0].value, "shop");
    assert_string_equal(plan->judge.annotations.at[0].name, "runbook_url");
}

static void plan_has_a_budget_and_mute_windows_in_their_zone(void **state)
{
    (void)state;
    assert_int_equal(
        plan_of("  budget: 1 page a week\n  timezone: Europe/Paris\n  mute:\n"
                "  - {when: 'Sat 02:00-04:00', reason: backup, author: ann}\n"
                "  - {when: '12:00-13:00', timezone: UTC, reason: r, author: a}\n"),
        0);
    assert_true(plan->judge.policy.budget[ROUTE_PAGE] == 1.0 / (7 * 86400));
    assert_int_equal(plan->judge.mute_count, 2);
    int64_t summer, winter;
    assert_int_equal(clock_parse("2023-07-01T00:30:00Z", &summer, NULL), 0);
    assert_int_equal(clock_parse("2023-12-30T00:30:00Z", &winter, NULL), 0);
    assert_true(mute_covers(&plan->judge.mutes[0], summer)); // half past two in Paris
    assert_false(mute_covers(&plan->judge.mutes[0], winter));
    assert_true(mute_covers(&plan->judge.mutes[0], winter + 3600 * NS_PER_S));
    assert_true(mute_covers(&plan->judge.mutes[1], summer + 43200 * NS_PER_S));
    assert_string_equal(plan->judge.mutes[0].reason, "backup");
    assert_string_equal(plan->judge.mutes[0].author, "ann");
}

static void plan_without_a_policy_has_the_default_one(void **state)
{
    (void)state;
    assert_int_equal(plan_of(""), 0);
    assert_memory_equal(&plan->judge.policy, &judge_policy_default,
                        sizeof(judge_policy_default));
}

/* What is written below a stream, and what is said of it. */
static const struct {
    const char *lines, *sentence;
} refused[] = {
    {"  budget: a page\n", "c.yaml:2: stream 'web': budget: 'a page' is none: write '1 "
                           "page a week', '2 tickets a "
                           "day', or both with a comma between (hour, day, week, month)"},
    {"  mute:\n  - {when: '2-4', reason: r, author: a}\n",
     "c.yaml:5: stream 'web': mute: '2-4' are no hours: write '02:00-04:00', 'Sat "
     "02:00-04:00' or 'Mon-Fri 22:00-06:00', up to 24:00"},
    {"  mute:\n  - {when: '02:00-04:00', timezone: Mars, reason: r, author: a}\n",
     "c.yaml:5: stream 'web': timezone 'Mars': unknown: write UTC, +01:00 or a name below "
     "/usr/share/zoneinfo such as Europe/Paris (Debian package tzdata)"},
    {"  detectors: [{use: ewma, on: errrors}]\n",
     "c.yaml:4: stream 'web': no series is called 'errrors'; did you mean 'errors'?"},
    {"  detectors: [{use: ewma, on: xyzzy}]\n",
     "c.yaml:4: stream 'web': no series is called 'xyzzy'"},
    {"  series: [{name: latency, mean: ms}]\n  detectors: [{use: ewma, on: latancy}]\n",
     "c.yaml:5: stream 'web': no series is called 'latancy'; did you mean 'latency'?"},
    {"  series:\n  - name: a\n    count: {}\n    sum: ms\n  detectors: [{use: ewma, on: "
     "a}]\n",
     "c.yaml:5: stream 'web': a series needs exactly one of count, ratio, sum, mean, min, "
     "max, quantile, distinct"},
    {"  series: [{name: a}]\n  detectors: [{use: ewma, on: a}]\n",
     "c.yaml:4: stream 'web': a series needs exactly one of count, ratio, sum, mean, min, "
     "max, quantile, distinct"},
    {"  series: [{name: a, count: {}, of: {level: error}}]\n  detectors: [{use: ewma, on: "
     "a}]\n",
     "c.yaml:4: stream 'web': 'of' goes with sum, mean, min, max, quantile and distinct "
     "only"},
    {"  series: [{name: a, quantile: 0.9}]\n",
     "c.yaml:4: stream 'web': a quantile needs a field: 'of: latency_ms'"},
    {"  series: [{name: a, sum: ms, of: ms}]\n",
     "c.yaml:4: stream 'web': 'of' has a field for a quantile only; here it says of which "
     "records"},
    {"  series: [{name: a, ratio: {of: {level: error}}}]\n",
     "c.yaml:4: stream 'web': a ratio of two counts needs both 'of' and 'to'"},
    {"  series: [{name: a, ratio: {of: {level: error}, to: {level: info}, match: x}}]\n",
     "c.yaml:4: stream 'web': a ratio is of all records, or has 'of' and 'to', not both"},
    {"  series: [{name: a, ratio: {of: {match: x}, to: {level: bad}}}]\n",
     "c.yaml:4: stream 'web': level 'bad' is none of trace, debug, info, warn, error, "
     "fatal (or >= one of them)"},
    {"  series: [{name: a, count: {}}, {name: a, sum: x}]\n  detectors: [{use: ewma, on: "
     "a}]\n",
     "c.yaml:4: stream 'web': series 'a' is there twice"},
    {"  series: [{name: a, count: {level: bad}}]\n  detectors: [{use: ewma, on: a}]\n",
     "c.yaml:4: stream 'web': level 'bad' is none of trace, debug, info, warn, error, "
     "fatal "
     "(or >= one of them)"},
    {"  detectors: [{use: ewma, set: {patterns: [a]}}]\n",
     "c.yaml:4: stream 'web': ewma: 'patterns' takes no list"},
    {"  detectors: [{use: pattern, set: {events: [a]}}]\n",
     "c.yaml:4: stream 'web': pattern: 'events' takes no list"},
    {"  detectors: [{use: pattern, set: {patterns: []}}]\n",
     "c.yaml:4: stream 'web': pattern: the list 'patterns' is empty"},
    {"  detectors: [{use: pattern, set: {patterns: a}}]\n",
     "c.yaml:4: stream 'web': pattern: patterns: takes a list of patterns, not one value"},
    {"  series: [{name: a, count: {}, groups: 5}]\n",
     "c.yaml:4: stream 'web': series 'a': 'groups' goes with 'by'"},
    {"  series: [{name: a, count: {}, by: u}]\n  detectors: [{use: mix, on: a}]\n",
     "c.yaml:2: stream 'web': mix scores all its series together, and 'a' is grouped: groups "
     "come and go"},
    {"  series: [{name: a, count: {}, by: u, groups: 1000}, {name: b, count: {}, by: v, "
     "groups: 25}]\n  detectors: [{use: ewma, on: [a, b]}]\n",
     "c.yaml:4: stream 'web': series 'b': 1025 groups with those before; at most 1024 in a "
     "stream"},
    {"  fields: {ms: integer}\n",
     "c.yaml:2: stream 'web': field ms: 'integer' is neither number nor text"},
};

static void plan_refuses_what_cannot_be_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        assert_int_equal(plan_of(refused[i].lines), -EINVAL);
        assert_string_equal(error.text, refused[i].sentence);
        assert_null(plan);
    }
}

static void plan_checks_settings_and_patterns_beforehand(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *part;
    } wrong[] = {
        {"  detectors: [{use: nosuch}]\n", "nosuch: no such detector"},
        {"  detectors: [{use: ./none.so}]\n", "none.so"},
        {"  detectors: [{use: ewma, set: {smoothin: 0.1}}]\n", "did you mean"},
        {"  detectors: [{use: ewma, set: {smoothing: 2}}]\n", "out of range"},
        {"  detectors: [{use: pattern, set: {patterns: ['a(b']}}]\n", "a(b"},
        {"  redact: [{match: '['}]\n", "["},
        {"  timezone: Mars/Olympus\n", "Mars/Olympus"},
        {"  format: regex\n", "regex"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_true(plan_of(wrong[i].lines) < 0);
        assert_true(strncmp(error.text, "c.yaml:", 7) == 0);
        assert_non_null(strstr(error.text, "stream 'web': "));
        assert_non_null(strstr(error.text, wrong[i].part));
    }
}

static void plan_checks_series_that_no_detector_wants(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *sentence;
    } wrong[] = {
        {"  series: [{name: a, count: {level: bad}}]\n",
         "c.yaml:4: stream 'web': level 'bad' is none of trace, debug, info, warn, error, "
         "fatal (or >= one of them)"},
        {"  series:\n  - {name: a, mean: ms}\n  - {name: b}\n",
         "c.yaml:6: stream 'web': a series needs exactly one of count, ratio, sum, mean, min, "
         "max, quantile, distinct"},
        {"  fields: {user: text}\n  series: [{name: a, mean: user}]\n",
         "c.yaml:5: stream 'web': field 'user' is used as a number here and as text elsewhere"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(plan_of(wrong[i].lines), -EINVAL);
        assert_string_equal(error.text, wrong[i].sentence);
    }
    assert_int_equal(plan_of("  series: [{name: a, count: {match: 'a(b'}}]\n"), -EINVAL);
    assert_non_null(strstr(error.text, "c.yaml:4: stream 'web': "));
    assert_int_equal(plan_of("  series: [{name: a, count: {match: b, where: 'user = x'}}]\n"),
                     0);
    assert_int_equal(plan->pattern_count, 0);
    assert_int_equal(plan->judge.field_count, 1); // the duration, which the default set wants
}

static void plan_names_the_file_that_the_stream_is_from(void **state)
{
    (void)state;
    assert_int_equal(mkdir("conf.d", 0700), 0);
    rig_write("oddline.yaml", "streams: [{name: web, paths: x}]\n");
    rig_write("conf.d/db.yaml", "streams:\n- name: db\n  paths: x\n  timezone: Mars\n");
    assert_int_equal(config_read("oddline.yaml", &config, &error), 0);
    struct plan_place place = {.file = "oddline.yaml", .number = 1, .library = &library};
    assert_true(plan_create(&config.streams[1], &place, &plan, &error) < 0);
    assert_true(strncmp(error.text, "conf.d/db.yaml:2: stream 'db': ", 31) == 0);
}

static void plan_refuses_more_series_than_are_counted(void **state)
{
    (void)state;
    char text[16384] = "  series:\n", on[4096] = "  detectors: [{use: ewma, on: [";
    for (int i = 0; i <= WINDOW_SERIES_MAX; i++) {
        size_t len = strlen(text), at = strlen(on);
        snprintf(text + len, sizeof(text) - len, "  - {name: s%d, sum: x}\n", i);
        snprintf(on + at, sizeof(on) - at, "s%d,", i);
    }
    size_t len = strlen(text);
    snprintf(text + len, sizeof(text) - len, "%s]}]\n", on);
    assert_int_equal(plan_of(text), -EINVAL);
    assert_non_null(strstr(error.text, "too many series; at most 256 are counted"));
}

static void plan_lays_out_the_slots_of_groups_behind_all_other_series(void **state)
{
    (void)state;
    assert_int_equal(
        plan_of(
            "  series: [{name: a, count: {level: error}, by: user, groups: 2}, {name: b, "
            "mean: ms, by: ms}]\n"
            "  detectors: [{use: ewma, on: [lines, a, b]}, {use: pattern, on: [a, errors]}]\n"),
        0);
    const struct window_options *window = &plan->lane.window;
    assert_int_equal(window->series_count, 2 + 3 + GROUP_DEFAULT + 1);
    assert_int_equal(window->group_count, 2);
    assert_int_equal(window->groups[0].first, 2);
    assert_int_equal(window->groups[0].slots, 2);
    assert_int_equal(window->groups[1].first, 5);
    assert_string_equal(window->groups[1].field_name, "ms");
    assert_string_equal(window->series[1].name, "errors");
    assert_string_equal(window->series[4].name, "a#other");
    assert_int_equal(window->series[3].select.level_min, ODDLINE_LEVEL_ERROR);
    assert_string_equal(plan->judge.series[3].family, "a");
    assert_string_equal(plan->judge.series[3].key_name, "user");
    assert_true(plan->judge.series[3].is_bad && plan->judge.series[3].is_count);
    assert_null(plan->judge.series[1].family);
    static const uint32_t on[] = {2, 3, 4, 1};
    assert_int_equal(plan->judge.uses[1].on_count, 4);
    assert_memory_equal(plan->judge.uses[1].on, on, sizeof(on));
    assert_int_equal(plan->judge.uses[0].on_count, 1 + 3 + GROUP_DEFAULT + 1);
}

static void plan_reads_declared_fields_first_and_in_order(void **state)
{
    (void)state;
    assert_int_equal(plan_of("  fields: {user: text, ms: number}\n"
                             "  series: [{name: s, max: bytes, of: {where: user = root}}]\n"
                             "  detectors: [{use: ewma, on: s}]\n"),
                     0);
    assert_int_equal(plan->judge.field_count, 3);
    assert_string_equal(plan->judge.field_names[0], "user");
    assert_string_equal(plan->judge.field_names[1], "ms");
    assert_string_equal(plan->judge.field_names[2], "bytes");
    assert_int_equal(plan->lane.window.series[0].field, 2);
    assert_int_equal(plan->lane.window.series[0].select.field, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plan_counts_only_what_a_detector_asked_for),
        TEST(plan_reads_levels_only_where_somebody_sees_them),
        TEST(plan_counts_a_series_once_however_many_ask),
        TEST(plan_compiles_a_pattern_once_for_all_who_ask),
        TEST(plan_has_a_default_set_of_detectors),
        TEST(plan_counts_quantiles_distinct_values_and_ratios_as_asked),
        TEST(plan_reads_durations_where_a_series_of_them_is_wanted),
        TEST(plan_carries_the_policy_over),
        TEST(plan_has_a_budget_and_mute_windows_in_their_zone),
        TEST(plan_without_a_policy_has_the_default_one),
        TEST(plan_refuses_what_cannot_be_meant),
        TEST(plan_checks_settings_and_patterns_beforehand),
        TEST(plan_checks_series_that_no_detector_wants),
        TEST(plan_names_the_file_that_the_stream_is_from),
        TEST(plan_refuses_more_series_than_are_counted),
        TEST(plan_lays_out_the_slots_of_groups_behind_all_other_series),
        TEST(plan_reads_declared_fields_first_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
