/* SPDX-License-Identifier: MIT */
/*
 * Promise: a trouble keeps copies of all it says: when it began, its strongest opinion, each voice once, and at most five
 * records that still stand when the windows they came from are gone.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/trouble.h"

#include "stage.h"

#include <stdlib.h>

static struct judge_stream stream;
static struct stage_closed closed;
static struct proof none;

static struct scene scene_of(uint64_t nth, const struct stage_record *records, uint32_t count)
{
    stage_close(&closed, nth, records, count);
    return (struct scene){.stream = &stream,
                          .closed = &closed.head,
                          .start_ns = closed.head.start_ns,
                          .end_ns = closed.head.end_ns,
                          .closed_ns = closed.head.closed_ns,
                          .last = &none,
                          .nth = nth};
}

static int set_up(void **state)
{
    (void)state;
    stream = stage_stream();
    return 0;
}

static void trouble_copies_its_records_and_they_outlive_the_window(void **state)
{
    (void)state;
    static const struct stage_record records[] = {{ERRORS, 100, "app.log", "first"},
                                                  {WARNINGS, 110, "app.log", "no error"},
                                                  {ERRORS, 200, "app.log", "worst"},
                                                  {ERRORS, 300, "app.log.1", "typical"}};
    struct trouble trouble = TROUBLE_NONE;
    struct scene scene = scene_of(3, records, 4);
    struct opinion o = stage_opinion(ERRORS, 40, 1, 7);
    trouble_lead(&trouble, &scene, &o);
    memset(&closed, 0xa5, sizeof(closed));
    struct finding f = trouble_finding(&trouble, &stream, FINDING_FIRING);
    assert_int_equal(f.evidence_count, 3);
    assert_true(bytes_is(f.evidence[0].text, "first"));
    assert_true(bytes_is(f.evidence[1].text, "worst"));
    assert_true(bytes_is(f.evidence[2].text, "typical"));
    assert_true(bytes_is(f.evidence[2].path, "app.log.1"));
    assert_int_equal(f.evidence[1].offset, 200);
    assert_int_equal(f.evidence[1].line, 21);
    assert_int_equal(f.evidence[1].hash, 1401);
    assert_int_equal(f.evidence[1].length, 5);
    trouble_clear(&trouble);
}

static void the_trace_ids_of_its_records_are_listed_each_once(void **state)
{
    (void)state;
    static char wide[EVIDENCE_TEXT_BYTES + 1];
    memset(wide, ' ', EVIDENCE_TEXT_BYTES); // the window cut it, in the middle of its last id
    memcpy(wide, "trace_id=1111111122222222", 25);
    memcpy(wide + EVIDENCE_TEXT_BYTES - 25, "trace_id=3333333344444444", 25);
    static const struct stage_record records[] = {
        {ERRORS, 100, "app.log", "trace_id=0af7651916cd43dd request_id=7Kd02mPqXy"},
        {ERRORS, 200, "app.log", "again traceId: 0AF7651916CD43DD, md5 d41d8cd98f00b204"},
        {ERRORS, 300, "app.log", wide}};
    struct trouble trouble = TROUBLE_NONE;
    struct scene scene = scene_of(3, records, 3);
    struct opinion o = stage_opinion(ERRORS, 40, 1, 7);
    trouble_lead(&trouble, &scene, &o);
    struct finding f = trouble_finding(&trouble, &stream, FINDING_FIRING);
    assert_int_equal(f.trace_id_count, 3);
    assert_string_equal(f.trace_ids[0], "0af7651916cd43dd");
    assert_string_equal(f.trace_ids[1], "7Kd02mPqXy");
    assert_string_equal(f.trace_ids[2], "1111111122222222");
    trouble_clear(&trouble);
}

/* A detector may quote a line in its reason: what is redacted in evidence is redacted there. */
static void a_reason_is_redacted(void **state)
{
    (void)state;
    struct error error;
    struct regex *digits = NULL;
    assert_int_equal(regex_compile("\\d{13,19}", &digits, &error), 0);
    struct redaction rule = {digits, "<card>"};
    stream.redactions = &rule;
    stream.redaction_count = 1;
    struct trouble trouble = TROUBLE_NONE;
    struct scene scene = scene_of(3, NULL, 0);
    struct opinion o = stage_opinion(ERRORS, 40, 1, 7);
    o.score.reason = "'paid with 4111111111111111' is new";
    trouble_lead(&trouble, &scene, &o);
    assert_non_null(strstr(trouble.reasons[0], "'paid with <card>' is new"));
    trouble_clear(&trouble);
    regex_free(digits);
}

static void trouble_keeps_five_records_and_none_twice(void **state)
{
    (void)state;
    static const struct stage_record one[] = {{ERRORS, 100, "a", "1"}, {ERRORS, 200, "a", "2"}};
    struct trouble trouble = TROUBLE_NONE;
    struct opinion o = stage_opinion(ERRORS, 40, 1, 7);
    struct scene scene = scene_of(0, one, 2);
    trouble_lead(&trouble, &scene, &o);
    trouble_lead(&trouble, &scene, &o);
    assert_int_equal(trouble.proof_count, 2);
    for (uint64_t n = 1; n < 10; n++) {
        struct stage_record more[] = {{ERRORS, 1000 * n, "a", "x"},
                                      {ERRORS, 1000 * n + 1, "a", "y"}};
        scene = scene_of(n, more, 2);
        trouble_lead(&trouble, &scene, &o);
    }
    assert_int_equal(trouble.proof_count, FINDING_EVIDENCE_MAX);
    trouble_clear(&trouble);
}

static void trouble_shows_the_last_record_seen_when_its_window_has_none(void **state)
{
    (void)state;
    static const struct stage_record records[] = {{ERRORS, 100, "app.log", "farewell"}};
    struct trouble trouble = TROUBLE_NONE;
    struct proof last = {0};
    struct scene scene = scene_of(0, records, 1);
    proof_take(&last, &closed.head, closed.evidence);
    scene = scene_of(5, NULL, 0);
    scene.last = &last;
    struct opinion o = stage_silence(300, 7);
    trouble_lead(&trouble, &scene, &o);
    proof_clear(&last);
    struct finding f = trouble_finding(&trouble, &stream, FINDING_FIRING);
    assert_int_equal(f.evidence_count, 1);
    assert_true(bytes_is(f.evidence[0].text, "farewell"));
    assert_true(bytes_is(f.evidence[0].path, "app.log"));
    trouble_clear(&trouble);
}

static void trouble_of_silence_began_when_the_last_line_came(void **state)
{
    (void)state;
    struct trouble trouble = TROUBLE_NONE;
    struct scene scene = scene_of(9, NULL, 0);
    struct opinion o = stage_silence(240, 7);
    trouble_lead(&trouble, &scene, &o);
    assert_int_equal(trouble.starts_ns, stage_start(10) - 240 * NS_PER_S);
    trouble_clear(&trouble);
}

static void trouble_began_at_a_sane_time_whatever_a_plugin_reports(void **state)
{
    (void)state;
    static const double seconds[] = {1e300, INFINITY, NAN, -1e300, 0};
    for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
        struct trouble trouble = TROUBLE_NONE;
        struct scene scene = scene_of(9, NULL, 0);
        struct opinion o = stage_silence(seconds[i], 7);
        trouble_lead(&trouble, &scene, &o);
        assert_true(trouble.starts_ns <= stage_start(9));
        trouble_clear(&trouble);
    }
}

static void trouble_keeps_its_beginning_when_it_grows(void **state)
{
    (void)state;
    struct trouble trouble = TROUBLE_NONE;
    struct opinion o = stage_opinion(ERRORS, 40, 1, 7);
    for (uint64_t n = 4; n < 8; n++) {
        struct scene scene = scene_of(n, NULL, 0);
        trouble_lead(&trouble, &scene, &o);
    }
    assert_int_equal(trouble.starts_ns, stage_start(4));
    assert_int_equal(trouble.window_start_ns, stage_start(7));
    assert_int_equal(trouble.window_end_ns, stage_start(8));
    trouble_clear(&trouble);
}

static void trouble_lists_a_supporter_once(void **state)
{
    (void)state;
    struct trouble trouble = TROUBLE_NONE;
    struct opinion lead = stage_opinion(ERRORS, 40, 1, 7);
    for (uint64_t n = 0; n < 6; n++) {
        struct scene scene = scene_of(n, NULL, 0);
        struct opinion other = stage_opinion(WARNINGS, 50 + (double)n, 1, 5 + (double)n / 10);
        if (n == 0)
            trouble_lead(&trouble, &scene, &lead);
        trouble_support(&trouble, &scene, &other);
    }
    assert_int_equal(trouble.reason_count, 2);
    trouble_clear(&trouble);
}

static void trouble_lists_a_silent_series_once_however_long_it_lasts(void **state)
{
    (void)state;
    struct trouble trouble = TROUBLE_NONE;
    for (uint64_t n = 0; n < 6; n++) {
        struct scene scene = scene_of(n, NULL, 0);
        struct opinion o = stage_silence(300 + 60 * (double)n, 5 + (double)n / 10);
        if (n < 3)
            trouble_lead(&trouble, &scene, &o); // it grows
        else
            trouble_support(&trouble, &scene, &o);
    }
    assert_int_equal(trouble.reason_count, 1);
    assert_non_null(strstr(trouble.reasons[0], "no errors for 7m")); // as it led last
    trouble_clear(&trouble);
}

static void trouble_lists_what_led_once_in_its_strongest_words(void **state)
{
    (void)state;
    struct trouble trouble = TROUBLE_NONE;
    for (int n = 0; n < 12; n++) {
        struct scene scene = scene_of((uint64_t)n, NULL, 0);
        struct opinion o = stage_opinion(ERRORS, 40 + n, 1, 7 + n);
        trouble_lead(&trouble, &scene, &o);
    }
    assert_int_equal(trouble.reason_count, 1);
    assert_non_null(strstr(trouble.reasons[0], "errors at 51 per minute"));
    trouble_clear(&trouble);
}

static void trouble_tells_series_apart_whose_names_begin_alike(void **state)
{
    (void)state;
    static const struct judge_series series[] = {{.name = "pattern a b", .is_count = true},
                                                 {.name = "pattern a", .is_count = true}};
    struct judge_stream own = stage_stream();
    own.series = series;
    own.series_count = 2;
    struct trouble trouble = TROUBLE_NONE;
    struct scene scene = scene_of(0, NULL, 0);
    scene.stream = &own;
    struct opinion longer = stage_opinion(0, 40, 1, 7), shorter = stage_opinion(1, 50, 1, 6);
    trouble_lead(&trouble, &scene, &longer);
    trouble_support(&trouble, &scene, &shorter);
    assert_int_equal(trouble.reason_count, 2);
    trouble_clear(&trouble);
}

static void trouble_lists_a_long_pattern_once(void **state)
{
    (void)state;
    char name[400];
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    struct judge_series series[] = {{.name = "errors", .is_count = true},
                                    {.name = name, .is_count = true}};
    struct judge_stream own = stage_stream();
    own.series = series;
    own.series_count = 2;
    for (size_t len = 399; len > 100; len -= 37) {
        struct trouble trouble = TROUBLE_NONE;
        name[len] = '\0';
        for (uint64_t n = 0; n < 6; n++) {
            struct scene scene = scene_of(n, NULL, 0);
            scene.stream = &own;
            struct opinion lead = stage_opinion(0, 40, 1, 7),
                           other = stage_opinion(1, 50 + (double)n, 1, 5 + (double)n);
            if (n == 0)
                trouble_lead(&trouble, &scene, &lead);
            trouble_support(&trouble, &scene, &other);
        }
        assert_int_equal(trouble.reason_count, 2);
        trouble_clear(&trouble);
    }
}

static void trouble_finds_room_for_what_replaced_it(void **state)
{
    (void)state;
    static struct judge_series series[FINDING_REASONS_MAX + 2];
    static char names[FINDING_REASONS_MAX + 2][16];
    struct judge_stream own = stage_stream();
    for (size_t i = 0; i < FINDING_REASONS_MAX + 2; i++) {
        snprintf(names[i], sizeof(names[i]), "s%zu", i);
        series[i] = (struct judge_series){.name = names[i], .is_count = true};
    }
    own.series = series;
    own.series_count = FINDING_REASONS_MAX + 2;
    struct trouble trouble = TROUBLE_NONE;
    struct scene scene = scene_of(0, NULL, 0);
    scene.stream = &own;
    for (uint32_t i = 0; i < FINDING_REASONS_MAX + 2; i++) {
        struct opinion o = stage_opinion(i, 40, 1, 7);
        if (i == 0)
            trouble_lead(&trouble, &scene, &o);
        else
            trouble_support(&trouble, &scene, &o);
    }
    assert_int_equal(trouble.reason_count, FINDING_REASONS_MAX);
    assert_non_null(strstr(trouble.reasons[FINDING_REASONS_MAX - 1], "s7 at"));
    trouble_reason(&trouble, "replaced_by id-2");
    assert_int_equal(trouble.reason_count, FINDING_REASONS_MAX);
    assert_string_equal(trouble.reasons[FINDING_REASONS_MAX - 1], "replaced_by id-2");
    trouble_clear(&trouble);
}

static void trouble_has_one_fingerprint_per_series_and_kind(void **state)
{
    (void)state;
    struct trouble trouble = TROUBLE_NONE;
    struct opinion a = stage_opinion(ERRORS, 40, 1, 7), b = stage_opinion(ERRORS, 900, 2, 9),
                   c = stage_opinion(WARNINGS, 40, 1, 7), d = stage_opinion(ERRORS, 1, 40, 7);
    const struct opinion *opinions[] = {&a, &b, &c, &d};
    uint64_t prints[4];
    for (uint64_t i = 0; i < 4; i++) {
        struct scene scene = scene_of(i * 100, NULL, 0);
        trouble_lead(&trouble, &scene, opinions[i]);
        prints[i] = trouble_finding(&trouble, &stream, FINDING_FIRING).fingerprint;
        trouble_clear(&trouble);
    }
    assert_true(prints[0] == prints[1]);
    assert_true(prints[0] != prints[2] && prints[0] != prints[3] && prints[2] != prints[3]);
    stream.name = "payment";
    struct scene scene = scene_of(0, NULL, 0);
    trouble_lead(&trouble, &scene, &a);
    assert_true(trouble_finding(&trouble, &stream, FINDING_FIRING).fingerprint != prints[0]);
    trouble_clear(&trouble);
}

static void trouble_becomes_a_finding_with_all_its_numbers(void **state)
{
    (void)state;
    struct trouble trouble = {
        .starts_ns = NO_TIME, .route = ROUTE_TICKET, .threshold = 4.7, .suppressed = 3};
    struct scene scene = scene_of(2, NULL, 0);
    struct opinion o = stage_opinion(PATTERN, 40, 1, 7.5);
    o.score.score = 123;
    trouble_lead(&trouble, &scene, &o);
    trouble.odd_until_ns = stage_start(4);
    struct finding f = trouble_finding(&trouble, &stream, FINDING_FIRING);
    assert_true(f.ends_ns == NO_TIME);
    assert_string_equal(f.stream, "checkout");
    assert_string_equal(f.series, "pattern disk full");
    assert_true(bytes_is(f.key, "disk full"));
    assert_string_equal(f.detector, "ewma");
    assert_string_equal(f.detector_version, "1.2.3");
    assert_int_equal(f.kind, FINDING_SPIKE);
    assert_int_equal(f.route, ROUTE_TICKET);
    assert_true(f.score == 7.5 && f.raw == 123 && f.threshold == 4.7);
    assert_true(f.observed == 40 && f.expected == 1 && isnan(f.lower));
    assert_int_equal(f.samples, 100);
    assert_int_equal(f.suppressed, 3);
    f = trouble_finding(&trouble, &stream, FINDING_RESOLVED);
    assert_int_equal(f.ends_ns, stage_start(4));
    trouble_clear(&trouble);
}

static void trouble_lists_who_agreed_and_who_saw_nothing(void **state)
{
    (void)state;
    struct trouble trouble = TROUBLE_NONE;
    struct scene scene = scene_of(7, NULL, 0);
    struct opinion all[] = {stage_opinion(ERRORS, 40, 1, 7), stage_opinion(ERRORS, 40, 30, 0.5),
                            stage_opinion(WARNINGS, 40, 1, 5),
                            stage_opinion(WARNINGS, 4, 4, 0.1)};
    all[1].plugin = all[3].plugin = &stage_burst;
    scene.opinions = all;
    scene.opinion_count = 4;
    trouble_lead(&trouble, &scene, &all[0]);
    trouble_support(&trouble, &scene, &all[2]);
    trouble_support(&trouble, &scene, &all[2]);
    struct finding f = trouble_finding(&trouble, &stream, FINDING_FIRING);
    assert_int_equal(f.explain.basis, BASIS_SURPRISE);
    assert_int_equal(f.explain.windows, 7);
    assert_int_equal(f.explain.raised_count, 1);
    assert_string_equal(f.explain.raised[0].series, "warnings");
    assert_int_equal(f.explain.lowered_count, 1); // who looked at another series has no say
    assert_string_equal(f.explain.lowered[0].detector, "burst");
    assert_true(f.explain.lowered[0].score == 0.5 && f.explain.lowered[0].expected == 30);
    trouble_clear(&trouble);
}

static void trouble_counts_who_led_before_among_those_who_agree(void **state)
{
    (void)state;
    struct trouble trouble = TROUBLE_NONE;
    struct scene scene = scene_of(7, NULL, 0);
    struct opinion a = stage_opinion(ERRORS, 40, 1, 7), b = stage_opinion(WARNINGS, 40, 1, 9);
    trouble_lead(&trouble, &scene, &a);
    trouble_support(&trouble, &scene, &b);
    trouble_lead(&trouble, &scene, &b);
    struct finding f = trouble_finding(&trouble, &stream, FINDING_FIRING);
    assert_string_equal(f.series, "warnings");
    assert_int_equal(f.explain.raised_count, 1);
    assert_string_equal(f.explain.raised[0].series, "errors");
    trouble_clear(&trouble);
}

static void trouble_carries_the_fit_its_score_was_made_with(void **state)
{
    (void)state;
    struct trouble trouble = TROUBLE_NONE;
    struct scene scene = scene_of(7, NULL, 0);
    struct opinion a = stage_opinion(ERRORS, 40, 1, 0);
    a.score.flags = 0;
    a.fit = (struct calibration_fit){.seen = 300, .peaks = 60, .threshold = 2, .scale = 0.5};
    a.surprise = calibration_surprise(&a.fit, a.score.score = 8);
    trouble_lead(&trouble, &scene, &a);
    struct finding f = trouble_finding(&trouble, &stream, FINDING_FIRING);
    assert_int_equal(f.explain.basis, BASIS_CALIBRATED);
    assert_true(calibration_surprise(&f.calibration, f.raw) == f.score && f.score > 3);
    trouble_clear(&trouble);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(trouble_lists_who_agreed_and_who_saw_nothing, set_up),
        cmocka_unit_test_setup(trouble_counts_who_led_before_among_those_who_agree, set_up),
        cmocka_unit_test_setup(trouble_carries_the_fit_its_score_was_made_with, set_up),
        cmocka_unit_test_setup(trouble_copies_its_records_and_they_outlive_the_window, set_up),
        cmocka_unit_test_setup(the_trace_ids_of_its_records_are_listed_each_once, set_up),
        cmocka_unit_test_setup(a_reason_is_redacted, set_up),
        cmocka_unit_test_setup(trouble_keeps_five_records_and_none_twice, set_up),
        cmocka_unit_test_setup(trouble_shows_the_last_record_seen_when_its_window_has_none,
                               set_up),
        cmocka_unit_test_setup(trouble_of_silence_began_when_the_last_line_came, set_up),
        cmocka_unit_test_setup(trouble_began_at_a_sane_time_whatever_a_plugin_reports, set_up),
        cmocka_unit_test_setup(trouble_keeps_its_beginning_when_it_grows, set_up),
        cmocka_unit_test_setup(trouble_lists_a_supporter_once, set_up),
        cmocka_unit_test_setup(trouble_lists_a_silent_series_once_however_long_it_lasts,
                               set_up),
        cmocka_unit_test_setup(trouble_lists_what_led_once_in_its_strongest_words, set_up),
        cmocka_unit_test_setup(trouble_tells_series_apart_whose_names_begin_alike, set_up),
        cmocka_unit_test_setup(trouble_lists_a_long_pattern_once, set_up),
        cmocka_unit_test_setup(trouble_finds_room_for_what_replaced_it, set_up),
        cmocka_unit_test_setup(trouble_has_one_fingerprint_per_series_and_kind, set_up),
        cmocka_unit_test_setup(trouble_becomes_a_finding_with_all_its_numbers, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
