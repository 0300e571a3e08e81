/* SPDX-License-Identifier: MIT */
/*
 * Promise: hours mean the same whatever the zone and across midnight, a silence covers what it names until its end, and both say
 * why in what they keep; as bytes they come back as they were, and bytes that make no sense change nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "judge/hush.h"

#include <stdlib.h>
#include <string.h>

enum { SUN = 1, MON = 2, SAT = 64, ALL = 127 };

static int64_t at(const char *text)
{
    int64_t ns;
    assert_int_equal(clock_parse(text, &ns, NULL), 0);
    return ns;
}

static struct mute hours(unsigned days, int from_h, int until_h)
{
    return (struct mute){.days = days,
                         .from_min = from_h * 60,
                         .until_min = until_h * 60,
                         .reason = "backup",
                         .author = "ann"};
}

static void mute_covers_its_hours_and_not_their_end(void **state)
{
    (void)state;
    struct mute mute = hours(ALL, 2, 4);
    assert_false(mute_covers(&mute, at("2023-05-03T01:59:59.999Z")));
    assert_true(mute_covers(&mute, at("2023-05-03T02:00:00Z")));
    assert_true(mute_covers(&mute, at("2023-05-03T03:59:59.999Z")));
    assert_false(mute_covers(&mute, at("2023-05-03T04:00:00Z")));
    assert_false(mute_covers(&mute, NO_TIME));
}

static void mute_covers_its_days_only(void **state)
{
    (void)state;
    struct mute mute = hours(SAT, 2, 4);
    assert_true(mute_covers(&mute, at("2023-05-06T03:00:00Z"))); // a Saturday
    assert_false(mute_covers(&mute, at("2023-05-07T03:00:00Z")));
    assert_true(mute_covers(&mute, at("1969-12-27T03:00:00Z"))); // before 1970 too
    assert_false(mute_covers(&mute, at("1969-12-28T03:00:00Z")));
}

static void mute_goes_on_behind_midnight_of_the_day_it_began(void **state)
{
    (void)state;
    struct mute mute = hours(SAT, 22, 2);
    assert_true(mute_covers(&mute, at("2023-05-06T23:00:00Z")));
    assert_true(mute_covers(&mute, at("2023-05-07T01:59:00Z")));
    assert_false(mute_covers(&mute, at("2023-05-07T02:00:00Z")));
    assert_false(mute_covers(&mute, at("2023-05-06T01:00:00Z"))); // Friday's night
    mute.days = MON | SUN;
    assert_true(mute_covers(&mute, at("2023-05-08T01:00:00Z")));
}

static int32_t five_west(const void *zone, int64_t at_ns)
{
    (void)zone, (void)at_ns;
    return -5 * 3600;
}

static void mute_goes_by_its_zone(void **state)
{
    (void)state;
    struct mute mute = hours(SAT, 20, 24);
    mute.east_s = five_west;
    assert_true(mute_covers(&mute, at("2023-05-07T03:00:00Z"))); // still Saturday there
    assert_false(mute_covers(&mute, at("2023-05-06T23:00:00Z")));
}

static struct silence of_checkout(void)
{
    return (struct silence){.id = 7,
                            .from_ns = at("2023-05-03T10:00:30Z"),
                            .until_ns = at("2023-05-03T12:00:00Z"),
                            .stream = "checkout",
                            .reason = "moving",
                            .author = "bob"};
}

static struct hush_about about(const char *start, const char *end)
{
    return (struct hush_about){.stream = "checkout",
                               .series = "errors",
                               .detector = "ewma",
                               .start_ns = at(start),
                               .end_ns = at(end)};
}

static void silence_covers_the_window_it_was_typed_in_and_none_from_its_end_on(void **state)
{
    (void)state;
    struct silence silence = of_checkout();
    struct hush_about before = about("2023-05-03T09:59:00Z", "2023-05-03T10:00:00Z"),
                      first = about("2023-05-03T10:00:00Z", "2023-05-03T10:01:00Z"),
                      last = about("2023-05-03T11:59:00Z", "2023-05-03T12:00:00Z"),
                      behind = about("2023-05-03T12:00:00Z", "2023-05-03T12:01:00Z");
    assert_false(silence_covers(&silence, &before));
    assert_true(silence_covers(&silence, &first));
    assert_true(silence_covers(&silence, &last));
    assert_false(silence_covers(&silence, &behind));
}

static void silence_covers_only_what_it_names(void **state)
{
    (void)state;
    struct silence silence = of_checkout();
    struct hush_about a = about("2023-05-03T11:00:00Z", "2023-05-03T11:01:00Z");
    memcpy(silence.series, "errors", 7);
    assert_true(silence_covers(&silence, &a));
    memcpy(silence.detector, "zscore", 7);
    assert_false(silence_covers(&silence, &a));
    a.detector = "zscore";
    assert_true(silence_covers(&silence, &a));
    a.series = "lines";
    assert_false(silence_covers(&silence, &a));
    a.series = "errors";
    a.stream = "checkout2";
    assert_false(silence_covers(&silence, &a));
}

static void hush_says_why_and_who_in_front_of_what_the_stream_says(void **state)
{
    (void)state;
    static const struct finding_pair own[] = {{"team", "shop"}, {"silenced", "no"}};
    struct finding finding = {.labels = {own, 2}};
    struct hush_words words;
    struct hush hush;
    struct silences *all = calloc(1, sizeof(*all));
    struct hush_about a = about("2023-05-03T11:00:00Z", "2023-05-03T11:01:00Z");
    all->count = 1;
    all->at[0] = of_checkout();
    assert_true(hush_find(NULL, 0, all, &a, &hush));
    free(all);
    hush_mark(&hush, &finding, &words);
    assert_int_equal(finding.labels.count, 2); // a name stands once
    assert_string_equal(finding.labels.at[0].name, "silenced");
    assert_string_equal(finding.labels.at[0].value, "moving");
    assert_string_equal(finding.labels.at[1].name, "team");
    assert_int_equal(finding.annotations.count, 2);
    assert_string_equal(finding.annotations.at[0].name, "silence");
    assert_string_equal(finding.annotations.at[0].value, "7");
    assert_string_equal(finding.annotations.at[1].name, "silenced_by");
    assert_string_equal(finding.annotations.at[1].value, "bob");
}

static void silences_come_back_from_bytes_and_torn_bytes_change_nothing(void **state)
{
    (void)state;
    struct silences *all = calloc(2, sizeof(*all)), *back = all + 1;
    struct buffer bytes = {0};
    all->count = 2;
    all->at[0] = of_checkout();
    all->at[1] = (struct silence){.id = 8, .from_ns = -1, .until_ns = INT64_MAX};
    silences_pack(all, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        struct unpacker torn = {.rest = {bytes.at, len}};
        back->count = 41;
        silences_unpack(&torn, back);
        assert_true(torn.bad);
        assert_int_equal(back->count, 41);
    }
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    back->count = 0;
    silences_unpack(&in, back);
    assert_false(in.bad);
    assert_int_equal(in.rest.len, 0);
    assert_memory_equal(all, back, sizeof(*all));
    buffer_free(&bytes);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mute_covers_its_hours_and_not_their_end),
        cmocka_unit_test(mute_covers_its_days_only),
        cmocka_unit_test(mute_goes_on_behind_midnight_of_the_day_it_began),
        cmocka_unit_test(mute_goes_by_its_zone),
        cmocka_unit_test(silence_covers_the_window_it_was_typed_in_and_none_from_its_end_on),
        cmocka_unit_test(silence_covers_only_what_it_names),
        cmocka_unit_test(hush_says_why_and_who_in_front_of_what_the_stream_says),
        cmocka_unit_test(silences_come_back_from_bytes_and_torn_bytes_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
