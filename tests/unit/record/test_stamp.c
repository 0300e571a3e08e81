/* SPDX-License-Identifier: MIT */
/* Promise: the stamps of docs/formats.md are read to the nanosecond, impossible ones are none, years are inferred. */

#include "record/stamp.h"

#include "unit/record/rig.h"

static struct zone *zone;

static struct stamps stamps_in(const char *name, int year)
{
    struct stamps stamps;
    zone_free(zone);
    assert_int_equal(zone_open(name, &zone, NULL), 0);
    stamps_init(&stamps, zone, year, RIG_FILE_TIME);
    return stamps;
}

/* Reads one and takes it. */
static int64_t read_whole(struct stamps *stamps, const char *text)
{
    int64_t ns = NO_TIME;
    stamps_pass(stamps);
    size_t len = stamp_read(stamps, bytes_of(text), &ns);
    if (len != strlen(text))
        fail_msg("'%s': read %zu bytes of %zu", text, len, strlen(text));
    stamps_take(stamps);
    return ns;
}

static void every_form_of_the_table_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"2016-12-19T16:31:46Z", "2016-12-19T16:31:46Z"},
        {"2016-12-19T16:31:46.725+0100", "2016-12-19T15:31:46.725Z"},
        {"2016-12-19T16:31:46.725+01:00", "2016-12-19T15:31:46.725Z"},
        {"2016-12-19 16:31:46,725", "2016-12-19T16:31:46.725Z"},
        {"2016-12-19 16:31:46.123456789", "2016-12-19T16:31:46.123456789Z"},
        {"2016-12-19 16:31:46.7", "2016-12-19T16:31:46.7Z"},
        {"2016-12-19 16:31:46 -0700", "2016-12-19T23:31:46Z"},
        {"2009/11/10 23:00:00.000001", "2009-11-10T23:00:00.000001Z"},
        {"2024-06-26 22:00:07.123 CEST", "2024-06-26T20:00:07.123Z"},
        {"2023-12-19 03:06:13.586 CET", "2023-12-19T02:06:13.586Z"},
        {"17/06/09 20:10:40", "2017-06-09T20:10:40Z"},
        {"98/06/09 20:10:40", "1998-06-09T20:10:40Z"},
        {"10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"},
        {"10-Oct-2019 10:11:12.123", "2019-10-10T10:11:12.123Z"},
        {"10 Oct 2019 10:11:12.123", "2019-10-10T10:11:12.123Z"},
        {"Sun Dec 04 04:47:44 2005", "2005-12-04T04:47:44Z"},
        {"Fri Sep 09 10:42:29.902022 2011", "2011-09-09T10:42:29.902022Z"},
        {"Fri Sep  9 10:42:29 UTC 2011", "2011-09-09T10:42:29Z"},
        {"Jun 14 15:16:01", "2024-06-14T15:16:01Z"},
        {"Jun  4 15:16:01", "2024-06-04T15:16:01Z"},
        {"E0614 12:00:00.123456", "2024-06-14T12:00:00.123456Z"},
        {"06.14 16:49:06", "2024-06-14T16:49:06Z"},
        {"081109 203615", "2008-11-09T20:36:15Z"},
        {"2005-06-03-15.42.50.675872", "2005-06-03T15:42:50.675872Z"},
        {"2005-06-03-15.42.50", "2005-06-03T15:42:50Z"},
        {"1700000000", "2023-11-14T22:13:20Z"},
        {"1700000000.123", "2023-11-14T22:13:20.123Z"},
        {"1700000000123", "2023-11-14T22:13:20.123Z"},
        {"1700000000123456", "2023-11-14T22:13:20.123456Z"},
        {"1700000000123456789", "2023-11-14T22:13:20.123456789Z"},
        {"2016-12-31 23:59:60", "2017-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stamps stamps = stamps_in("UTC", 0);
        assert_time(read_whole(&stamps, rows[i].text), rows[i].want);
        assert_time(read_whole(&stamps, rows[i].text), rows[i].want); // out of the memo
    }
}

static void impossible_dates_are_no_stamps(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "2023-02-29 10:00:00",
        "2016-13-19 16:31:46",
        "2016-12-32 16:31:46",
        "2016-12-19 24:31:46",
        "2005-06-31-15.42.50.675872",
        "2005-06-03-24.42.50.675872",
        "2005-06-03-15:42:50",
        "2005-06-03-15.42:50",
        "2005-06-03 15.42.50",
        "2016-12-19 16:60:46",
        "2016-12-19 16:31:61",
        "2016-12-19 16:31",
        "1969-12-31 23:59:59",
        "2262-01-01 00:00:00",
        "32/Oct/2000:13:55:36",
        "10/Foo/2000:13:55:36 +0000",
        "Sun Feb 29 04:47:44 2005",
        "Jun 31 15:16:01",
        "17/06/32 20:10:40",
        "E1314 12:00:00.123456",
        "13.14 16:49:06",
        "99999999999",
        "1700000000x",
        "2016-12-19 16:31:461",
        "Sun Dec 04 04:47:44 0000",
        "9999999999",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stamps stamps = stamps_in("UTC", 0);
        int64_t ns = 42;
        if (stamp_read(&stamps, bytes_of(rows[i]), &ns) != 0)
            fail_msg("'%s' was read", rows[i]);
        assert_int_equal(ns, 42);
    }
}

static void what_follows_a_stamp_is_left_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {"2016-09-28 04:30:30, Info", 19},
        {"2005-03-18 12:34:56,123 - name", 23},
        {"2018-09-28 21:27:37.537 8328 D", 23},
        {"2024-01-01 10:00:00 -12 items", 19},
        {"2024-01-01 10:00:00 INFO x", 19},
        {"2024-01-01 10:00:00Zoo", 19},
        {"1700000000 x", 10},
        {"081109 203615 148 INFO dfs", 13},
        {"2005-06-03-15.42.50.675872 R02", 26},
        {"2005-06-03-15.42.50.675872-240 E1", 26},
        {"10/Oct/2000:13:55:36 -0700] x", 26},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stamps stamps = stamps_in("UTC", 0);
        int64_t ns;
        assert_int_equal(stamp_read(&stamps, bytes_of(rows[i].text), &ns), rows[i].len);
    }
}

static void the_minute_before_is_told_by_all_its_bytes_and_by_what_follows(void **state)
{
    (void)state;
    struct stamps stamps = stamps_in("UTC", 0);
    int64_t ns;
    assert_time(read_whole(&stamps, "10/Oct/2000:13:55:36.123456"),
                "2000-10-10T13:55:36.123456Z");
    assert_time(read_whole(&stamps, "10/Oct/2100:13:55:36.123456"), // differs in the ninth
                "2100-10-10T13:55:36.123456Z");
    stamps = stamps_in("UTC", 0);
    assert_time(read_whole(&stamps, "E0614 15:16:01.1234567890"),
                "2024-06-14T15:16:01.123456789Z");
    assert_int_equal(stamp_read(&stamps, bytes_of("E0614 15:16:02"), &ns), 0); // too short
}

static void a_stamp_cut_anywhere_reads_nothing_behind_its_end(void **state)
{
    (void)state;
    static const char *const rows[] = {"2016-12-19 16:31:46.725+01:00",
                                       "Sun Dec 04 04:47:44 2005",
                                       "Jun 14 15:16:01",
                                       "2005-06-03-15.42.50.675872",
                                       "10/Oct/2000:13:55:36 -0700",
                                       "E0614 12:00:00.12",
                                       "1700000000123",
                                       "081109 203615",
                                       "06.14 16:49:06"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t n = 0; n <= strlen(rows[i]); n++) {
            struct stamps stamps = stamps_in("UTC", 0);
            char *copy = test_malloc(n + 1); // so that a byte too far is seen
            int64_t ns;
            memcpy(copy, rows[i], n);
            assert_true(stamp_read(&stamps, (struct bytes){copy, n}, &ns) <= n);
            test_free(copy);
        }
    }
}

static void the_memo_never_gives_another_stamps_time(void **state)
{
    (void)state;
    struct stamps stamps = stamps_in("UTC", 0);
    assert_time(read_whole(&stamps, "2016-12-19 16:31:46,725"), "2016-12-19T16:31:46.725Z");
    assert_time(read_whole(&stamps, "2016-12-19 16:31:47,001"), "2016-12-19T16:31:47.001Z");
    assert_time(read_whole(&stamps, "2016-12-19 16:32:47,001"), "2016-12-19T16:32:47.001Z");
    assert_time(read_whole(&stamps, "2016-12-20 16:32:47,001"), "2016-12-20T16:32:47.001Z");
    assert_time(read_whole(&stamps, "Sun Dec 04 04:47:44 2005"), "2005-12-04T04:47:44Z");
    assert_time(read_whole(&stamps, "Sun Dec 04 04:47:44 2011"), "2011-12-04T04:47:44Z");
    int64_t ns;
    assert_int_equal(stamp_read(&stamps, bytes_of("2016-12-20 99:32:47,001"), &ns), 0);
    assert_time(read_whole(&stamps, "2016-12-20 16:32:47,001"), "2016-12-20T16:32:47.001Z");
}

static void the_first_year_is_the_latest_not_a_day_after_the_file(void **state)
{
    (void)state;
    struct stamps stamps = stamps_in("UTC", 0); // the file is of 2024-06-14T21:20Z
    assert_time(read_whole(&stamps, "Jun 15 20:00:00"), "2024-06-15T20:00:00Z");
    stamps = stamps_in("UTC", 0);
    assert_time(read_whole(&stamps, "Jun 16 20:00:00"), "2023-06-16T20:00:00Z");
    stamps = stamps_in("UTC", 0);
    assert_time(read_whole(&stamps, "Feb 29 20:00:00"), "2024-02-29T20:00:00Z");
}

static void the_year_rolls_over_at_new_year_and_back(void **state)
{
    (void)state;
    struct stamps stamps = stamps_in("UTC", 2016);
    assert_time(read_whole(&stamps, "Dec 31 23:59:59"), "2016-12-31T23:59:59Z");
    assert_time(read_whole(&stamps, "Jan  1 00:00:01"), "2017-01-01T00:00:01Z");
    assert_time(read_whole(&stamps, "Dec 31 23:59:58"),
                "2016-12-31T23:59:58Z"); // one that was late
    assert_time(read_whole(&stamps, "Jan  2 00:00:01"), "2017-01-02T00:00:01Z");
    assert_time(read_whole(&stamps, "Oct  2 00:00:01"),
                "2017-10-02T00:00:01Z"); // quiet for nine months
    assert_time(read_whole(&stamps, "Feb  2 00:00:01"), "2018-02-02T00:00:01Z");
}

static void stamps_with_a_year_lend_it_to_those_without(void **state)
{
    (void)state;
    struct stamps stamps = stamps_in("UTC", 0);
    assert_time(read_whole(&stamps, "2011-12-31 23:00:00"), "2011-12-31T23:00:00Z");
    assert_time(read_whole(&stamps, "Jan  1 00:00:01"), "2012-01-01T00:00:01Z");
}

/* Looking at a line is no reason to infer other years from it, whatever it says. */
static void a_stamp_that_is_not_taken_changes_no_year(void **state)
{
    (void)state;
    static const char *const looks[] = {"Jun  4 01:02:03", "Jan  4 21:20:59",
                                        "E0101 12:00:00.1", "2031-06-04 00:00:00"};
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        struct stamps stamps = stamps_in("UTC", 0);
        int64_t ns;
        assert_time(read_whole(&stamps, "Jan  4 21:20:00"), "2024-01-04T21:20:00Z");
        stamps_pass(&stamps);
        assert_true(stamp_read(&stamps, bytes_of(looks[i]), &ns) > 0);
        assert_time(read_whole(&stamps, "Dec  4 01:02:00"), "2023-12-04T01:02:00Z");
    }
}

static void the_zone_comes_from_the_line_then_from_the_stream(void **state)
{
    (void)state;
    struct stamps stamps = stamps_in("Europe/Paris", 0);
    assert_time(read_whole(&stamps, "2024-07-01 12:00:00"), "2024-07-01T10:00:00Z");
    assert_time(read_whole(&stamps, "2024-01-01 12:00:00"), "2024-01-01T11:00:00Z");
    assert_time(read_whole(&stamps, "2024-07-01 12:00:00Z"), "2024-07-01T12:00:00Z");
    assert_time(read_whole(&stamps, "2024-07-01 12:00:00 +0530"), "2024-07-01T06:30:00Z");
    assert_time(read_whole(&stamps, "2024-03-31 03:00:00"), "2024-03-31T01:00:00Z");
    assert_time(read_whole(&stamps, "2024-03-31 01:59:59"), "2024-03-31T00:59:59Z");
}

static void a_clock_without_a_date_has_a_length(void **state)
{
    (void)state;
    assert_int_equal(stamp_clock(bytes_of("16:42:10.935 INFO")), 12);
    assert_int_equal(stamp_clock(bytes_of("16:42:10 INFO")), 8);
    assert_int_equal(stamp_clock(bytes_of("26:42:10 INFO")), 0);
    assert_int_equal(stamp_clock(bytes_of("16:42")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_the_table_is_read),
        cmocka_unit_test(impossible_dates_are_no_stamps),
        cmocka_unit_test(what_follows_a_stamp_is_left_alone),
        cmocka_unit_test(the_minute_before_is_told_by_all_its_bytes_and_by_what_follows),
        cmocka_unit_test(a_stamp_cut_anywhere_reads_nothing_behind_its_end),
        cmocka_unit_test(the_memo_never_gives_another_stamps_time),
        cmocka_unit_test(the_first_year_is_the_latest_not_a_day_after_the_file),
        cmocka_unit_test(the_year_rolls_over_at_new_year_and_back),
        cmocka_unit_test(stamps_with_a_year_lend_it_to_those_without),
        cmocka_unit_test(a_stamp_that_is_not_taken_changes_no_year),
        cmocka_unit_test(the_zone_comes_from_the_line_then_from_the_stream),
        cmocka_unit_test(a_clock_without_a_date_has_a_length),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_free(zone);
    return failed;
}
