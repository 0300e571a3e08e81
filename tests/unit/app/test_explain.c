/* SPDX-License-Identifier: MIT */
/*
 * Promise: a score is called equal exactly when the numbers stored with it give its very bits; what was changed by hand, or lacks a number,
 * is not.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command/explain.h"
#include "deliver/encode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Any calibrated finding, its score made as the judge makes it. */
static struct finding calibrated(double raw)
{
    struct finding f = {.status = FINDING_FIRING,
                        .stream = "web",
                        .series = "errors",
                        .detector = "stranger",
                        .summary = "errors at 90 per minute",
                        .raw = raw,
                        .threshold = 4.7,
                        .observed = 90,
                        .expected = 1,
                        .lower = NAN,
                        .upper = NAN};
    f.calibration = (struct calibration_fit){
        .seen = 1483, .peaks = 64, .threshold = 1.0 / 3, .scale = 0.1, .shape = 0.07};
    f.score = calibration_surprise(&f.calibration, raw);
    f.explain = (struct finding_explain){.basis = BASIS_CALIBRATED,
                                         .route = ROUTE_TICKET,
                                         .thresholds = {6, 4, 3},
                                         .fatigue = 0.7,
                                         .floors_apply = true,
                                         .floor = 3.5,
                                         .floor_ratio = 2,
                                         .hold = 1,
                                         .warmup = 20,
                                         .windows = 1483};
    return f;
}

static char said[16384];

static bool explain(const struct finding *finding)
{
    struct buffer json = {0};
    struct bytes rest;
    finding_encode(finding, &json);
    FILE *out = fmemopen(said, sizeof(said), "w");
    bool equal = explain_finding(json_read(buffer_bytes(&json), &rest), out);
    fclose(out);
    buffer_free(&json);
    return equal;
}

static void explain_computes_the_very_bits_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct finding f = calibrated(0.4 + i * 0.0137);
        assert_true(f.score > 0);
        assert_true(explain(&f));
    }
    assert_non_null(strstr(said, ": equal\n"));
}

static void explain_sees_the_last_bit(void **state)
{
    (void)state;
    struct finding f = calibrated(2.5);
    f.score = nextafter(f.score, 9);
    assert_false(explain(&f));
    assert_non_null(strstr(said, "NOT EQUAL"));
    f = calibrated(2.5);
    f.calibration.scale = nextafter(f.calibration.scale, 1) * 1.0001;
    assert_false(explain(&f));
}

static void explain_believes_a_surprise_and_no_more_than_that(void **state)
{
    (void)state;
    struct finding f = calibrated(5.25);
    f.explain.basis = BASIS_SURPRISE;
    f.score = f.raw;
    assert_true(explain(&f));
    f.score += 0.5;
    assert_false(explain(&f));
}

static void explain_asks_each_opinion_too(void **state)
{
    (void)state;
    struct finding f = calibrated(2.5);
    f.explain.raised_count = 1;
    f.explain.raised[0] = (struct finding_opinion){
        .detector = "ewma", .series = "lines", .basis = BASIS_SURPRISE, .score = 5, .raw = 5};
    assert_true(explain(&f));
    assert_non_null(strstr(said, "raised by  ewma on lines: 5"));
    f.explain.raised[0].score = 6;
    assert_false(explain(&f));
}

static void explain_names_the_fatigue_and_the_floors(void **state)
{
    (void)state;
    struct finding f = calibrated(2.5);
    explain(&f);
    assert_non_null(strstr(said, "4 and 0.7 for recent findings"));
    assert_non_null(strstr(said, "both hold"));
}

static void explain_does_not_vouch_for_what_it_cannot_compute(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "{\"id\":\"x\"}",
        "{\"id\":\"x\",\"score\":5,\"raw\":5,\"calibration\":{},\"explain\":{\"basis\":"
        "\"calibrated\"}}",
        "{\"id\":\"x\",\"score\":5,\"raw\":5,\"calibration\":{\"seen\":9,\"peaks\":99,"
        "\"threshold\":1,"
        "\"scale\":1,\"shape\":0},\"explain\":{\"basis\":\"calibrated\"}}",
        "{\"id\":\"x\",\"score\":null,\"raw\":5,\"calibration\":{},\"explain\":{\"basis\":"
        "\"surprise\"}}"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct bytes rest;
        struct explain_score s;
        struct json_value value = json_read(bytes_of(broken[i]), &rest);
        assert_int_equal(value.type, JSON_OBJECT);
        assert_false(explain_score(value, &s));
    }
}

static void explain_has_nothing_to_say_of_a_gap(void **state)
{
    (void)state;
    struct finding f = calibrated(2.5);
    f.kind = FINDING_GAP;
    f.explain.basis = BASIS_NONE;
    assert_true(explain(&f));
    assert_non_null(strstr(said, "no detector scored this"));
}

static void explain_lets_no_control_byte_through(void **state)
{
    (void)state;
    struct finding f = calibrated(2.5);
    f.summary = f.series = "boom \033]0;owned\007";
    explain(&f);
    assert_null(strchr(said, '\033'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explain_computes_the_very_bits_again),
        cmocka_unit_test(explain_sees_the_last_bit),
        cmocka_unit_test(explain_believes_a_surprise_and_no_more_than_that),
        cmocka_unit_test(explain_asks_each_opinion_too),
        cmocka_unit_test(explain_names_the_fatigue_and_the_floors),
        cmocka_unit_test(explain_does_not_vouch_for_what_it_cannot_compute),
        cmocka_unit_test(explain_has_nothing_to_say_of_a_gap),
        cmocka_unit_test(explain_lets_no_control_byte_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
