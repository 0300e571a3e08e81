/* SPDX-License-Identifier: MIT */
/*
 * Promise: a ledger gives back what came in any of its spans, to the record where the span is a whole number of buckets; time in which
 * nothing came is unknown, time before the first window is not watched; and bytes that are torn change nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/ledger.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE (60 * NS_PER_S)
#define DAY    (1440 * MINUTE)
/* A midnight, at which buckets of all rows begin. */
#define START (INT64_C(19783) * DAY)

static struct ledger ledger;

static int begin(void **state)
{
    (void)state;
    ledger_begin(&ledger, 30 * DAY);
    return 0;
}

/* Minutes [from, until) of START on, each with so many records. */
static void add(int64_t from, int64_t until, uint64_t bad, uint64_t total)
{
    for (int64_t m = from; m < until; m++)
        ledger_add(&ledger, &(struct ledger_window){.start_ns = START + m * MINUTE,
                                                    .end_ns = START + (m + 1) * MINUTE,
                                                    .bad = bad,
                                                    .total = total,
                                                    .known = true});
}

static void expect(uint32_t units, uint64_t bad, uint64_t total)
{
    struct ledger_sum sum = ledger_sum(&ledger, units);
    assert_int_equal(sum.bad, bad);
    assert_int_equal(sum.total, total);
}

static void ledger_that_saw_nothing_sums_up_nothing(void **state)
{
    (void)state;
    struct ledger_sum sum = ledger_sum(&ledger, LEDGER_UNITS);
    assert_int_equal(sum.total + sum.bad, 0);
    assert_int_equal(sum.span_ns + sum.unknown_ns, 0);
    assert_int_equal(ledger_bad_since(&ledger, 5), NO_TIME);
}

/*
 * 30 days, one record a minute, the last of each hour bad. At midnight all spans are whole buckets: 5 minutes hold 5 records, of which 23:59 is
 * bad; an hour 60 and 1; 6 h 360 and 6; a day 1440 and 24; 3 d 4320 and 72; all of it 43200 and 720.
 */
static void ledger_sums_each_span_to_the_record(void **state)
{
    (void)state;
    for (int64_t m = 0; m < 45 * 1440; m++)
        add(m, m + 1, m % 60 == 59, 1);
    expect(5, 1, 5);
    expect(30, 1, 30);
    expect(60, 1, 60);
    expect(120, 2, 120);
    expect(360, 6, 360);
    expect(1440, 24, 1440);
    expect(4320, 72, 4320);
    expect(43200, 720, 43200);
    assert_int_equal(ledger_sum(&ledger, LEDGER_UNITS).unknown_ns, 0);
    assert_int_equal(ledger_sum(&ledger, LEDGER_UNITS).span_ns, 30 * DAY);
}

/* A record of minute 0 is in the sum of 5 minutes at the end of minute 4, and not at that of minute 5. */
static void record_leaves_a_span_exactly_when_it_is_that_old(void **state)
{
    (void)state;
    add(0, 1, 1, 1);
    add(1, 5, 0, 1);
    expect(5, 1, 5);
    assert_int_equal(ledger_bad_since(&ledger, 5), START);
    add(5, 6, 0, 1);
    expect(5, 0, 5);
    assert_int_equal(ledger_bad_since(&ledger, 5), NO_TIME);
    expect(30, 1, 6);
    add(6, 360, 0, 1);
    expect(360, 1, 360);
    add(360, 361, 0, 1);
    expect(360, 0, 360);
}

/* Ten minutes seen, ten without a window, ten seen: 10 of 30 are unknown, of the last 15 they are 5. */
static void windows_that_never_came_are_unknown(void **state)
{
    (void)state;
    add(0, 10, 0, 1);
    add(20, 30, 0, 1);
    assert_int_equal(ledger_sum(&ledger, 30).unknown_ns, 10 * MINUTE);
    assert_int_equal(ledger_sum(&ledger, 30).span_ns, 30 * MINUTE);
    assert_int_equal(ledger_sum(&ledger, 15).unknown_ns, 5 * MINUTE);
    expect(30, 0, 20);
}

static void windows_without_a_record_are_unknown(void **state)
{
    (void)state;
    add(0, 10, 0, 1);
    ledger_add(&ledger, &(struct ledger_window){.start_ns = START + 10 * MINUTE,
                                                .end_ns = START + 14 * MINUTE});
    assert_int_equal(ledger_sum(&ledger, 60).unknown_ns, 4 * MINUTE);
    assert_int_equal(ledger_sum(&ledger, 60).span_ns,
                     14 * MINUTE); // before it nothing was watched
}

/* Nothing for 40 days: what was bad is older than the period, and gone. */
static void ledger_forgets_what_is_older_than_the_period(void **state)
{
    (void)state;
    add(0, 1440, 1, 1);
    add(40 * 1440, 40 * 1440 + 1, 0, 7);
    expect(43200, 0, 7);
    assert_int_equal(ledger_sum(&ledger, LEDGER_UNITS).span_ns, 30 * DAY);
}

/* Out of turn: a window of an hour ago counts there, one of 8 h ago in the coarse rows only, one of 60 days ago nowhere. */
static void late_window_counts_where_it_belongs(void **state)
{
    (void)state;
    add(0, 600, 0, 1);
    add(540, 541, 3, 3);
    expect(5, 0, 5);
    expect(60, 3, 63);
    add(120, 121, 2, 2);
    expect(360, 3, 363);
    expect(1440, 5, 605);
    add(-60 * 1440, -60 * 1440 + 1, 9, 9);
    expect(43200, 5, 605);
}

/* A window of an hour ends in one minute: it is in every span that reaches there. Of 5 minutes nothing is unknown for that. */
static void long_window_counts_where_it_ends(void **state)
{
    (void)state;
    for (int h = 0; h < 4; h++)
        ledger_add(&ledger, &(struct ledger_window){.start_ns = START + h * 60 * MINUTE,
                                                    .end_ns = START + (h + 1) * 60 * MINUTE,
                                                    .bad = 1,
                                                    .total = 100,
                                                    .known = true});
    expect(5, 1, 100);
    expect(60, 1, 100);
    expect(120, 2, 200);
    assert_int_equal(ledger_sum(&ledger, 5).unknown_ns, 0);
    assert_int_equal(ledger_sum(&ledger, 120).unknown_ns, 0);
}

/* Before 1970 divisions round the other way. */
static void ledger_works_before_1970(void **state)
{
    (void)state;
    add(-20000 * 1440, -20000 * 1440 + 120, 1, 2);
    expect(5, 5, 10);
    expect(60, 60, 120);
    expect(1440, 120, 240);
}

/* Spans are shares of the period: of 7 days 43,200 units are 14 s each. */
static void spans_are_shares_of_the_period(void **state)
{
    (void)state;
    ledger_begin(&ledger, 7 * DAY);
    assert_int_equal(ledger.unit_ns, 14 * NS_PER_S);
    for (int64_t i = 0; i < 10; i++)
        ledger_add(&ledger, &(struct ledger_window){.start_ns = START + i * 14 * NS_PER_S,
                                                    .end_ns = START + (i + 1) * 14 * NS_PER_S,
                                                    .bad = 1,
                                                    .total = 1,
                                                    .known = true});
    expect(5, 5, 5);
}

/* ---- bytes ------------------------------------------------------------------ */

static void unpacked_ledger_is_the_packed_one(void **state)
{
    (void)state;
    struct buffer bytes = {0}, again = {0};
    struct ledger other;
    for (int64_t m = 0; m < 33 * 1440; m += 1 + m % 7)
        add(m, m + 1, m % 5 == 0, 1 + (uint64_t)m % 3);
    ledger_pack(&ledger, &bytes);
    ledger_begin(&other, 30 * DAY);
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    ledger_unpack(&other, &in);
    assert_false(in.bad);
    assert_int_equal(in.rest.len, 0);
    assert_memory_equal(&other, &ledger, sizeof(ledger));
    ledger_pack(&other, &again);
    assert_int_equal(again.len, bytes.len);
    assert_memory_equal(again.at, bytes.at, bytes.len);
    buffer_free(&bytes);
    buffer_free(&again);
}

static void torn_or_foreign_bytes_change_nothing(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    struct ledger other, before;
    add(0, 100, 1, 2);
    ledger_pack(&ledger, &bytes);
    ledger_begin(&other, 30 * DAY);
    before = other;
    for (size_t len = 0; len < bytes.len; len++) {
        struct unpacker in = {.rest = {bytes.at, len}};
        ledger_unpack(&other, &in);
        assert_true(in.bad);
        assert_memory_equal(&other, &before, sizeof(other));
    }
    add(100, 101, 3, 2); // more bad ones than there are
    struct buffer wrong = {0};
    ledger_pack(&ledger, &wrong);
    struct unpacker more = {.rest = buffer_bytes(&wrong)};
    ledger_unpack(&other, &more);
    assert_true(more.bad);
    assert_memory_equal(&other, &before, sizeof(other));
    buffer_free(&wrong);
    ledger_begin(&other, 7 * DAY); // the unit of another period
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    ledger_unpack(&other, &in);
    assert_true(in.bad);
    buffer_free(&bytes);
}

/* Sums of what was unpacked must not overflow. */
static void times_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    struct ledger other;
    add(0, 100, 1, 2);
    ledger.buckets[3].known_ns = INT64_MAX / 2;
    ledger_pack(&ledger, &bytes);
    ledger_begin(&other, 30 * DAY);
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    ledger_unpack(&other, &in);
    assert_true(in.bad);
    buffer_free(&bytes);
}

/* A stray bad record an hour before, then trouble that is now worse and now better: it began with its first record. */
static void trouble_begins_where_most_lies_above_the_share(void **state)
{
    (void)state;
    assert_true(ledger_onset(&ledger, 60, 0.05) == NO_TIME);
    for (int64_t i = 0; i < 60; i++) {
        bool trouble = i >= 30 && i % 4 != 3;
        ledger_add(&ledger, &(struct ledger_window){.start_ns = START + i * MINUTE,
                                                    .end_ns = START + (i + 1) * MINUTE,
                                                    .bad = trouble ? 20 : i == 2,
                                                    .total = 100,
                                                    .bad_ns = START + i * MINUTE + 7,
                                                    .known = true});
        if (i == 29)
            assert_true(ledger_onset(&ledger, 60, 0.05) == NO_TIME);
    }
    assert_true(ledger_onset(&ledger, 60, 0.05) == START + 30 * MINUTE + 7);
    assert_true(ledger_onset(&ledger, 60, 0.3) == NO_TIME);
    assert_true(ledger_onset(&ledger, 5, 0.05) == START + 56 * MINUTE + 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ledger_that_saw_nothing_sums_up_nothing, begin),
        cmocka_unit_test_setup(trouble_begins_where_most_lies_above_the_share, begin),
        cmocka_unit_test_setup(ledger_sums_each_span_to_the_record, begin),
        cmocka_unit_test_setup(record_leaves_a_span_exactly_when_it_is_that_old, begin),
        cmocka_unit_test_setup(windows_that_never_came_are_unknown, begin),
        cmocka_unit_test_setup(windows_without_a_record_are_unknown, begin),
        cmocka_unit_test_setup(ledger_forgets_what_is_older_than_the_period, begin),
        cmocka_unit_test_setup(late_window_counts_where_it_belongs, begin),
        cmocka_unit_test_setup(long_window_counts_where_it_ends, begin),
        cmocka_unit_test_setup(ledger_works_before_1970, begin),
        cmocka_unit_test_setup(spans_are_shares_of_the_period, begin),
        cmocka_unit_test_setup(unpacked_ledger_is_the_packed_one, begin),
        cmocka_unit_test_setup(torn_or_foreign_bytes_change_nothing, begin),
        cmocka_unit_test_setup(times_that_cannot_be_are_refused, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
