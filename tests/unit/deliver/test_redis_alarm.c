/* SPDX-License-Identifier: MIT */
/* The promise: trouble that waits for a person is said again, and never more than once a minute. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "deliver/redis_alarm.h"

#include <errno.h>

#define AT(s) ((s)*NS_PER_S)

static void alarm_leaves_the_first_error_to_the_courier(void **state)
{
    (void)state;
    struct redis_alarm alarm = {0};
    assert_false(redis_alarm_note(&alarm, -EACCES, AT(100)));
    assert_false(redis_alarm_note(&alarm, -EACCES, AT(159)));
    assert_true(redis_alarm_note(&alarm, -EACCES, AT(160)));
    assert_false(redis_alarm_note(&alarm, -EACCES, AT(161)));
    assert_true(redis_alarm_note(&alarm, -EACCES, AT(220)));
}

static void alarm_names_what_a_trouble_turned_into(void **state)
{
    (void)state;
    struct redis_alarm alarm = {0};
    assert_false(redis_alarm_note(&alarm, -ECONNREFUSED, AT(1)));
    assert_true(redis_alarm_note(&alarm, -EACCES, AT(2)));
    assert_false(redis_alarm_note(&alarm, -EPERM, AT(3)));
    assert_false(redis_alarm_note(&alarm, -EACCES, AT(4)));
    assert_true(redis_alarm_note(&alarm, -EPERM, AT(62)));
}

static void alarm_says_nothing_of_what_ends_by_itself(void **state)
{
    (void)state;
    static const int codes[] = {0,        -EAGAIN,     -EBUSY,  -ETIMEDOUT, -ECONNREFUSED,
                                -ENODATA, -ECONNRESET, -EPROTO, -ESTALE};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct redis_alarm alarm = {0};
        for (int64_t s = 0; s < 300; s += 20)
            assert_false(redis_alarm_note(&alarm, codes[i], AT(s)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alarm_leaves_the_first_error_to_the_courier),
        cmocka_unit_test(alarm_names_what_a_trouble_turned_into),
        cmocka_unit_test(alarm_says_nothing_of_what_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
