/* SPDX-License-Identifier: MIT */
/*
 * Promise: an opinion becomes one sentence a person can read: counts as rates per minute, three digits, never more than the room
 * given, whatever numbers a plugin reports.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/phrase.h"

#include "stage.h"

static const char *say(const struct opinion *o, int64_t window_ns)
{
    static char text[512];
    return phrase_opinion(&stage_series[o->series], o, window_ns, text, sizeof(text));
}

static void phrase_turns_counts_into_rates(void **state)
{
    (void)state;
    struct opinion o = stage_opinion(ERRORS, 137, 0.4, 7);
    assert_string_equal(say(&o, 60 * NS_PER_S), "errors at 137 per minute, expected 0.4");
    assert_string_equal(say(&o, 10 * NS_PER_S), "errors at 822 per minute, expected 2.4");
    o.score.lower = 0;
    o.score.upper = 3.14159;
    assert_string_equal(say(&o, 60 * NS_PER_S),
                        "errors at 137 per minute, expected 0.4 (0 to 3.14)");
}

static void phrase_leaves_ratios_as_they_are(void **state)
{
    (void)state;
    struct opinion o = stage_opinion(RATIO, 0.25, 0.01, 7);
    assert_string_equal(say(&o, 10 * NS_PER_S), "error_ratio at 0.25, expected 0.01");
}

static void phrase_omits_what_the_method_does_not_know(void **state)
{
    (void)state;
    struct opinion o = stage_opinion(ERRORS, 12, 3, 7);
    o.score.expected = NAN;
    assert_string_equal(say(&o, 60 * NS_PER_S), "errors at 12 per minute");
}

static void phrase_writes_numbers_as_people_do(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } numbers[] = {
        {0, "0"},        {0.1234, "0.123"}, {99.96, "100"},           {999.4, "999"},
        {999.7, "1000"}, {1234.4, "1234"},  {987654321, "987654321"}, {-999.7, "-1000"},
        {2e9, "2e+09"}};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        char expected[64];
        struct opinion o = stage_opinion(RATIO, numbers[i].value, NAN, 7);
        snprintf(expected, sizeof(expected), "error_ratio at %s", numbers[i].text);
        assert_string_equal(say(&o, NS_PER_S), expected);
    }
}

static void phrase_says_for_how_long_it_has_been_silent(void **state)
{
    (void)state;
    struct opinion o = stage_silence(600, 7);
    assert_string_equal(say(&o, NS_PER_S), "no errors for 10m, usually at most 60s");
    o.score.expected = NAN;
    assert_string_equal(say(&o, NS_PER_S), "no errors for 10m");
}

static void phrase_says_that_a_level_is_accepted(void **state)
{
    (void)state;
    struct opinion o = stage_opinion(ERRORS, 20, 3, 7);
    o.score.kind = ODDLINE_SHIFT;
    o.score.flags |= ODDLINE_SCORE_ACCEPTED;
    assert_string_equal(say(&o, 60 * NS_PER_S),
                        "errors: 20 per minute is accepted as the new normal");
}

static void phrase_survives_any_number_of_seconds(void **state)
{
    (void)state;
    static const double seconds[] = {1e300, -1e300, NAN, INFINITY, -5};
    for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
        struct opinion o = stage_silence(seconds[i], 7);
        o.score.expected = seconds[i];
        const char *text = say(&o, NS_PER_S);
        assert_non_null(strstr(text, "no errors for "));
        assert_null(strchr(text, '-'));
    }
}

static void phrase_reason_names_who_said_it_and_how_sure(void **state)
{
    (void)state;
    char text[512];
    struct opinion o = stage_opinion(ERRORS, 20, 3, 7.26);
    phrase_reason(&stage_series[ERRORS], &o, 60 * NS_PER_S, text, sizeof(text));
    assert_string_equal(text, "ewma: errors at 20 per minute, expected 3 (surprise 7.3)");
    o.score.reason = "the queue is full";
    phrase_reason(&stage_series[ERRORS], &o, 60 * NS_PER_S, text, sizeof(text));
    assert_string_equal(
        text, "ewma: errors at 20 per minute, expected 3 (surprise 7.3): the queue is full");
}

static void phrase_cuts_a_long_name_and_keeps_the_numbers(void **state)
{
    (void)state;
    char pattern[601], name[PHRASE_NAME_SIZE], text[512];
    for (size_t i = 0; i < 600; i += 2)
        memcpy(pattern + i, "é", 2);
    pattern[600] = '\0';
    struct judge_series series = {.name = pattern, .is_count = true};
    struct opinion o = stage_opinion(ERRORS, 137, 0.4, 7);
    o.score.lower = 0;
    o.score.upper = 3.14159;
    phrase_reason(&series, &o, 60 * NS_PER_S, text, sizeof(text));
    assert_true(strncmp(text, "ewma: éé", 10) == 0);
    assert_non_null(
        strstr(text, "é… at 137 per minute, expected 0.4 (0 to 3.14) (surprise 7.0)"));
    o = stage_silence(600, 7);
    phrase_opinion(&series, &o, NS_PER_S, text, sizeof(text));
    assert_non_null(strstr(text, "é… for 10m, usually at most 60s"));
    pattern[PHRASE_NAME_SIZE - 1] = '\0';
    assert_string_equal(phrase_name(pattern, name), pattern); // this is just short enough
    pattern[1] = 'x';                                         // no UTF-8: any place will do
    pattern[PHRASE_NAME_SIZE - 1] = 'x';
    assert_true(strlen(phrase_name(pattern, name)) < PHRASE_NAME_SIZE);
}

static void phrase_survives_the_longest_numbers(void **state)
{
    (void)state;
    char text[512];
    struct opinion o = stage_opinion(ERRORS, -1.23e-300, 4.56e300, 1e300);
    o.score.lower = -1.11e300;
    o.score.upper = 1.11e-300;
    phrase_reason(&stage_series[ERRORS], &o, 60 * NS_PER_S, text, sizeof(text));
    assert_non_null(strstr(text, "(-1.11e+300 to 1.11e-300) (surprise 1000"));
}

static void phrase_never_writes_beyond_its_room(void **state)
{
    (void)state;
    struct opinion o = stage_opinion(ERRORS, 20, 3, 7);
    o.score.reason = "a reason";
    for (size_t size = 1; size < 64; size++) {
        char text[64];
        memset(text, '#', sizeof(text));
        phrase_reason(&stage_series[ERRORS], &o, 60 * NS_PER_S, text, size);
        assert_true(strlen(text) < size);
        assert_int_equal(text[size], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phrase_turns_counts_into_rates),
        cmocka_unit_test(phrase_leaves_ratios_as_they_are),
        cmocka_unit_test(phrase_omits_what_the_method_does_not_know),
        cmocka_unit_test(phrase_writes_numbers_as_people_do),
        cmocka_unit_test(phrase_says_for_how_long_it_has_been_silent),
        cmocka_unit_test(phrase_says_that_a_level_is_accepted),
        cmocka_unit_test(phrase_survives_any_number_of_seconds),
        cmocka_unit_test(phrase_reason_names_who_said_it_and_how_sure),
        cmocka_unit_test(phrase_cuts_a_long_name_and_keeps_the_numbers),
        cmocka_unit_test(phrase_survives_the_longest_numbers),
        cmocka_unit_test(phrase_never_writes_beyond_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
