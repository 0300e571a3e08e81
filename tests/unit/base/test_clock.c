/* SPDX-License-Identifier: MIT */
/* Promise: every instant has one date and back, before 1970 too; what is no time, duration or size is refused. */

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define DAY_NS       (86400 * NS_PER_S)

/* Walks the calendar day by day with the rules of school, from 1800 to 2200. */
static void clock_days_agrees_with_the_calendar_of_four_centuries(void **state)
{
    (void)state;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = clock_days(1800, 1, 1);
    assert_int_equal(days, -62091);
    for (int year = 1800; year <= 2200; year++) {
        int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= lengths[month - 1] + (month == 2 && leap); day++, days++) {
                struct civil c = clock_civil(days * DAY_NS + 1);
                assert_int_equal(clock_days(year, month, day), days);
                assert_true(c.year == year && c.month == month && c.day == day);
                assert_int_equal(c.weekday, ((days + 4) % 7 + 7) % 7);
            }
        }
    }
    assert_int_equal(clock_days(2000, 3, 1) - clock_days(2000, 2, 28), 2);
    assert_int_equal(clock_days(1900, 3, 1) - clock_days(1900, 2, 28), 1);
}

static void clock_formats_instants_before_1970(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"}, // truncated, also downwards
        {-NS_PER_MS, "1969-12-31T23:59:59.999Z"},
        {-DAY_NS, "1969-12-31T00:00:00.000Z"},
        {INT64_C(1482167678123456789), "2016-12-19T17:14:38.123Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854Z"},
        {INT64_MIN + 1, "1677-09-21T00:12:43.145Z"},
    };
    char text[CLOCK_TEXT_SIZE];
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(clock_format(cases[i].ns, text), cases[i].text);
}

static void clock_reads_back_what_it_wrote(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_SIZE];
    for (int64_t t = -200 * 365 * DAY_NS; t < 200 * 365 * DAY_NS; t += 7919 * 1237 * NS_PER_S) {
        int64_t back, whole = t - t % NS_PER_MS;
        assert_int_equal(clock_parse(clock_format(whole, text), &back, NULL), 0);
        assert_int_equal(back, whole);
    }
}

static void clock_reads_rfc_3339_and_its_cousins(void **state)
{
    (void)state;
    static const struct {
        const char *text, *same;
    } cases[] = {
        {"2016-12-19 17:14:38", "2016-12-19T17:14:38.000Z"},
        {"2016-12-19", "2016-12-19T00:00:00.000Z"},
        {"2016-12-19T18:14:38+01:00", "2016-12-19T17:14:38.000Z"},
        {"2016-12-19 18:14:38 +0100", "2016-12-19T17:14:38.000Z"},
        {"2016-12-19T11:44:38.5-05:30", "2016-12-19T17:14:38.500Z"},
        {"2016-12-19 17:14:38,725", "2016-12-19T17:14:38.725Z"},
        {"2016-12-19T17:14:38.123456789z", "2016-12-19T17:14:38.123Z"},
        {"2016-02-29", "2016-02-29T00:00:00.000Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"}, // a leap second
        {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[CLOCK_TEXT_SIZE];
        int64_t ns = 0;
        if (clock_parse(cases[i].text, &ns, NULL) != 0)
            fail_msg("%s is refused", cases[i].text);
        assert_string_equal(clock_format(ns, text), cases[i].same);
    }
}

static void clock_refuses_what_is_no_time(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "", " ", "yesterday", "2016", "2016-12", "2016-13-01", "2016-00-01", "2016-12-00",
        "2016-12-32", "2017-02-29", "2016-04-31", "2016-12-19T", "2016-12-19T17",
        "2016-12-19T17:14", "2016-12-19T24:00:00Z", "2016-12-19T17:60:00Z",
        "2016-12-19T17:14:61Z", "2016-12-19T17:14:38Zx", "2016-12-19T17:14:38+", "2016-12-19x",
        "2016-12-19T-1:14:38Z", "2016-12-19T17:-4:38Z", "2016-12-19T17:14:38+-1:00",
        "2016-12-19T17:14:38+99:00", "2016-12-19T17:14:38+01:99", "-016-12-19",
        // years that nanoseconds in 64 bits do not reach
        "9999-12-31T00:00:00Z", "2262-12-31", "1600-01-01", "0000-01-01"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ns = 77;
        struct error error = {""};
        if (clock_parse(cases[i], &ns, &error) != -EINVAL)
            fail_msg("'%s' is taken for a time", cases[i]);
        assert_int_equal(ns, 77); // never clobbered
        assert_memory_equal(error.text, cases[i], strlen(cases[i]));
    }
}

static void clock_reads_durations_with_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"10s", 10 * NS_PER_S},    {"1.5h", 5400 * NS_PER_S},  {"250ms", 250 * NS_PER_MS},
        {"2d", 2 * DAY_NS},        {"500us", 500000},          {"0s", 0},
        {"7 min", 420 * NS_PER_S}, {"1w", 7 * DAY_NS},         {"3ns", 3},
        {"0.1s", 100 * NS_PER_MS}, {"10000d", 10000 * DAY_NS},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ns = -1;
        assert_int_equal(clock_parse_duration(cases[i].text, &ns, NULL), 0);
        assert_int_equal(ns, cases[i].ns);
    }
}

static void clock_refuses_what_is_no_duration(void **state)
{
    (void)state;
    static const char *const cases[] = {"",    " ",    "s",      " s",   "10",    "10x",  "-1s",
                                        "1ss", "infs", "10001d", "nans", "1e99s", "ten s"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ns = 77;
        if (clock_parse_duration(cases[i], &ns, NULL) != -EINVAL)
            fail_msg("'%s' is taken for a duration", cases[i]);
        assert_int_equal(ns, 77);
    }
}

static void clock_writes_durations_for_people(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {250 * NS_PER_MS, "250ms"}, {NS_PER_S, "1s"},
        {119 * NS_PER_S, "119s"},   {120 * NS_PER_S, "2m"},
        {7200 * NS_PER_S, "2h00m"}, {9000 * NS_PER_S, "2h30m"},
        {2 * DAY_NS, "2d00h"},      {0, "0ms"},
    };
    char text[CLOCK_TEXT_SIZE];
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(clock_format_duration(cases[i].ns, text), cases[i].text);
}

static void size_reads_bytes_with_and_without_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"512", 512},         {"64MiB", 64 << 20}, {"100 kB", 100000},  {"1.5KiB", 1536},
        {"2GiB", 1ull << 31}, {"3MB", 3000000},    {"1GB", 1000000000}, {"7B", 7}};
    static const char *const wrong[] = {"",   " ",    "MiB", " MiB", "1TB",
                                        "-1", "1e99", "nan", "5mib"};
    uint64_t bytes = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(size_parse(cases[i].text, &bytes, NULL), 0);
        assert_int_equal(bytes, cases[i].bytes);
    }
    for (size_t i = 0; i < COUNT(wrong); i++) {
        bytes = 77;
        if (size_parse(wrong[i], &bytes, NULL) != -EINVAL)
            fail_msg("'%s' is taken for a size", wrong[i]);
        assert_int_equal(bytes, 77);
    }
}

static void clock_monotonic_never_goes_back(void **state)
{
    (void)state;
    int64_t last = clock_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_ns();
        assert_true(now >= last);
        last = now;
    }
    assert_int_equal(clock_civil(clock_wall_ns()).year / 100, 20); // this century
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_days_agrees_with_the_calendar_of_four_centuries),
        cmocka_unit_test(clock_formats_instants_before_1970),
        cmocka_unit_test(clock_reads_back_what_it_wrote),
        cmocka_unit_test(clock_reads_rfc_3339_and_its_cousins),
        cmocka_unit_test(clock_refuses_what_is_no_time),
        cmocka_unit_test(clock_reads_durations_with_a_unit),
        cmocka_unit_test(clock_refuses_what_is_no_duration),
        cmocka_unit_test(clock_writes_durations_for_people),
        cmocka_unit_test(size_reads_bytes_with_and_without_a_unit),
        cmocka_unit_test(clock_monotonic_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
