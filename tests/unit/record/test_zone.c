/* SPDX-License-Identifier: MIT */
/* Promise: a local time becomes the right offset in any zone, for ever, and twice-happened times are the first. */

#include "record/zone.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int32_t offset(const char *name, const char *local)
{
    struct zone *zone;
    struct error error = {""};
    int64_t ns;
    if (zone_open(name, &zone, &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(clock_parse(local, &ns, NULL), 0);
    struct zone_span span = zone_span(zone, ns / NS_PER_S);
    assert_true(span.from <= ns / NS_PER_S && ns / NS_PER_S < span.until);
    zone_free(zone);
    return span.offset;
}

static void fixed_offsets_are_read_in_all_spellings(void **state)
{
    (void)state;
    assert_int_equal(offset("UTC", "2024-06-01T00:00:00Z"), 0);
    assert_int_equal(offset(NULL, "2024-06-01T00:00:00Z"), 0);
    assert_int_equal(offset("Z", "2024-06-01T00:00:00Z"), 0);
    assert_int_equal(offset("+01:00", "2024-06-01T00:00:00Z"), 3600);
    assert_int_equal(offset("-0330", "2024-06-01T00:00:00Z"), -12600);
    assert_int_equal(offset("+2", "2024-06-01T00:00:00Z"), 7200);
}

static void a_named_zone_follows_its_transitions(void **state)
{
    (void)state;
    assert_int_equal(offset("Europe/Paris", "2024-01-15T12:00:00Z"), 3600);
    assert_int_equal(offset("Europe/Paris", "2024-07-15T12:00:00Z"), 7200);
    assert_int_equal(offset("Europe/Paris", "1970-07-15T12:00:00Z"), 3600);
    assert_int_equal(offset("America/New_York", "2024-07-15T12:00:00Z"), -14400);
    assert_int_equal(offset("Asia/Kolkata", "2024-07-15T12:00:00Z"), 19800);
}

static void the_footer_goes_on_where_the_table_ends(void **state)
{
    (void)state;
    assert_int_equal(offset("Europe/Paris", "2150-01-15T12:00:00Z"), 3600);
    assert_int_equal(offset("Europe/Paris", "2150-07-15T12:00:00Z"), 7200);
    assert_int_equal(offset("Australia/Sydney", "2150-01-15T12:00:00Z"), 39600);
    assert_int_equal(offset("Australia/Sydney", "2150-07-15T12:00:00Z"), 36000);
    assert_int_equal(offset("Europe/Paris", "2150-12-31T23:59:59Z"), 3600);
}

static void a_change_happens_at_its_minute(void **state)
{
    (void)state;
    assert_int_equal(offset("Europe/Paris", "2024-03-31T01:59:59Z"), 3600);
    assert_int_equal(offset("Europe/Paris", "2024-03-31T03:00:00Z"), 7200);
    assert_int_equal(offset("Europe/Paris", "2051-03-26T01:59:59Z"), 3600);
    assert_int_equal(offset("Europe/Paris", "2051-03-26T03:00:00Z"), 7200);
}

static void a_time_that_happens_twice_is_the_first(void **state)
{
    (void)state;
    assert_int_equal(offset("Europe/Paris", "2024-10-27T02:30:00Z"), 7200);
    assert_int_equal(offset("Europe/Paris", "2024-10-27T03:00:00Z"), 3600);
    assert_int_equal(offset("Europe/Paris", "2051-10-29T02:30:00Z"), 7200);
}

static void a_time_that_never_happens_is_the_earlier_reading(void **state)
{
    (void)state;
    assert_int_equal(offset("Europe/Paris", "2024-03-31T02:30:00Z"),
                     7200); // 00:30Z, not 01:30Z
}

static void unknown_and_hostile_names_are_refused_in_one_sentence(void **state)
{
    (void)state;
    static const char *const names[] = {"Mars/Phobos", "../../etc/passwd", "/etc/passwd",
                                        "+25:00",      "+01:99",           "Europe",
                                        "+",           "posix//UTC"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct zone *zone = NULL;
        struct error error = {""};
        assert_true(zone_open(names[i], &zone, &error) < 0);
        assert_null(zone);
        assert_non_null(strstr(error.text, names[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_offsets_are_read_in_all_spellings),
        cmocka_unit_test(a_named_zone_follows_its_transitions),
        cmocka_unit_test(the_footer_goes_on_where_the_table_ends),
        cmocka_unit_test(a_change_happens_at_its_minute),
        cmocka_unit_test(a_time_that_happens_twice_is_the_first),
        cmocka_unit_test(a_time_that_never_happens_is_the_earlier_reading),
        cmocka_unit_test(unknown_and_hostile_names_are_refused_in_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
