/* SPDX-License-Identifier: MIT */
/*
 * Promise: how often and when somebody may be called is read as it is meant, and what could be meant otherwise is refused and changes
 * nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/terms.h"

#include <errno.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct error error;

static void budget_is_findings_a_second(void **state)
{
    (void)state;
    double per_s[ROUTES];
    assert_int_equal(terms_budget("1 page a week", per_s, &error), 0);
    assert_true(per_s[ROUTE_PAGE] == 1.0 / (7 * 86400) && per_s[ROUTE_TICKET] == 0);
    assert_int_equal(terms_budget("2 tickets per day", per_s, &error), 0);
    assert_true(per_s[ROUTE_PAGE] == 0 && per_s[ROUTE_TICKET] == 2.0 / 86400);
    assert_int_equal(terms_budget("3 pages a month, 1 ticket an hour", per_s, &error), 0);
    assert_true(per_s[ROUTE_PAGE] == 3.0 / (30 * 86400) && per_s[ROUTE_TICKET] == 1.0 / 3600);
}

static void budget_that_is_not_clear_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "1",
        "page a week",
        "0 pages a week",
        "-1 pages a week",
        "+1 pages a week",
        " 1 page a week",
        "1.5 pages a week",
        "99999 pages a week",
        "1 log a week",
        "1 page the week",
        "1 page a fortnight",
        "1 page a week ",
        "1 page a weekend",
        "1 page a week,",
        "1 page a week, 1 page a day",
        "1 page a week and 2 tickets a day",
        "1 page a week, 2 tickets a day, 1 page a day",
        "2 pages a day, 1 ticket a day",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        double per_s[ROUTES] = {7, 8, 9};
        assert_int_equal(terms_budget(wrong[i], per_s, &error), -EINVAL);
        assert_true(per_s[0] == 7 && per_s[1] == 8 && per_s[2] == 9);
    }
}

static void hours_are_days_and_minutes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned days;
        int from, until;
    } right[] = {
        {"02:00-04:30", 0x7f, 120, 270},          {"Sat 02:00-04:00", 0x40, 120, 240},
        {"Mon-Fri 22:00-06:00", 0x3e, 1320, 360}, {"Sat,Sun 00:00-24:00", 0x41, 0, 1440},
        {"Fri-Mon 23:59-00:01", 0x63, 1439, 1},   {"Mon,Wed-Thu 08:00-09:00", 0x1a, 480, 540},
    };
    for (size_t i = 0; i < COUNT(right); i++) {
        struct mute mute = {0};
        assert_int_equal(terms_hours(right[i].text, &mute, &error), 0);
        assert_int_equal(mute.days, right[i].days);
        assert_int_equal(mute.from_min, right[i].from);
        assert_int_equal(mute.until_min, right[i].until);
    }
}

static void hours_that_are_not_clear_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "Sat",
        "Sat 2:00-4:00",
        "Sat 02:00",
        "Sat 02:00-",
        "Sat  02:00-04:00",
        "Sa 02:00-04:00",
        "Saturday 02:00-04:00",
        "sat 02:00-04:00",
        "Sat, 02:00-04:00",
        "Sat- 02:00-04:00",
        "02:00-02:00",
        "24:00-02:00",
        "02:00-24:01",
        "02:60-03:00",
        "02:00-00:00",
        "02:00-04:00 ",
        "02:00-04:00 UTC",
        "0x:00-04:00",
        "02-00:04:00",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct mute mute = {.days = 99};
        assert_int_equal(terms_hours(wrong[i], &mute, &error), -EINVAL);
        assert_int_equal(mute.days, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_is_findings_a_second),
        cmocka_unit_test(budget_that_is_not_clear_is_refused),
        cmocka_unit_test(hours_are_days_and_minutes),
        cmocka_unit_test(hours_that_are_not_clear_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
