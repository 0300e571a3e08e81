/* SPDX-License-Identifier: MIT */
/*
 * Promise: what came an hour, a day or a week before, or twice at the same distance, is expected again, of the same size and length;
 * nothing else is, and a period of a few windows is no evidence. It comes back from bytes as it was.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "judge/recur.h"

#define MINUTE (60 * NS_PER_S)

static struct episodes episodes;

static struct episode at(int64_t minute)
{
    return (struct episode){.start_ns = minute * MINUTE, .series = 3, .windows = 2, .size = 40};
}

static void note(int64_t minute)
{
    struct episode episode = at(minute);
    episodes_note(&episodes, &episode);
}

static bool is_expected(struct episode now, int64_t window_ns)
{
    int64_t period_ns = 0;
    return episodes_expect(&episodes, &now, window_ns, &period_ns);
}

static int forget(void **state)
{
    (void)state;
    episodes = (struct episodes){0};
    return 0;
}

static void episode_is_expected_after_an_hour_a_day_or_a_week(void **state)
{
    (void)state;
    static const int64_t usual[] = {60, 24 * 60, 7 * 24 * 60};
    note(1000);
    for (size_t i = 0; i < 3; i++) {
        assert_false(is_expected(at(1000 + usual[i] - 2), MINUTE));
        assert_true(is_expected(at(1000 + usual[i] - 1), MINUTE));
        assert_true(is_expected(at(1000 + usual[i] + 1), MINUTE));
        assert_false(is_expected(at(1000 + usual[i] + 2), MINUTE));
    }
    assert_false(is_expected(at(1000), MINUTE));
    assert_false(is_expected(at(940), MINUTE)); // nothing is expected backwards
}

static void episode_is_expected_when_it_kept_its_distance_once(void **state)
{
    (void)state;
    note(1000);
    note(1044);
    assert_true(is_expected(at(1088), MINUTE));
    assert_true(is_expected(at(1089), MINUTE));
    assert_false(is_expected(at(1095), MINUTE));
}

static void periods_of_few_windows_are_no_evidence(void **state)
{
    (void)state;
    note(1000);
    note(1020);
    assert_false(is_expected(at(1040), MINUTE));
    assert_true(is_expected(at(1060), MINUTE));      // an hour after the first
    assert_false(is_expected(at(1060), 5 * MINUTE)); // twelve windows
}

static void larger_longer_or_another_series_is_not_expected(void **state)
{
    (void)state;
    struct episode now = at(1060);
    note(1000);
    now.size = 81;
    assert_false(is_expected(now, MINUTE));
    now.size = 80;
    assert_true(is_expected(now, MINUTE));
    now.windows = 4;
    assert_false(is_expected(now, MINUTE));
    now.windows = 3;
    assert_true(is_expected(now, MINUTE));
    now.series = 2;
    assert_false(is_expected(now, MINUTE));
}

static void episodes_of_long_ago_make_room(void **state)
{
    (void)state;
    note(1000);
    for (int64_t i = 1; i < EPISODES_MAX; i++)
        note(100000 + i * i * 7);
    assert_true(is_expected(at(1060), MINUTE));
    note(999999);
    assert_false(is_expected(at(1060), MINUTE));
}

static void episodes_come_back_from_bytes(void **state)
{
    (void)state;
    struct episodes back;
    struct buffer bytes = {0};
    for (int64_t i = 0; i < EPISODES_MAX + 5; i++)
        note(i * i);
    episodes_pack(&episodes, &bytes);
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    episodes_unpack(&in, &back);
    assert_false(in.bad);
    assert_int_equal(in.rest.len, 0);
    assert_memory_equal(&episodes, &back, sizeof(back));
    struct unpacker torn = {.rest = {bytes.at, bytes.len - 1}};
    episodes_unpack(&torn, &back);
    assert_true(torn.bad);
    buffer_free(&bytes);
}

#define TEST(name) cmocka_unit_test_setup(name, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(episode_is_expected_after_an_hour_a_day_or_a_week),
        TEST(episode_is_expected_when_it_kept_its_distance_once),
        TEST(periods_of_few_windows_are_no_evidence),
        TEST(larger_longer_or_another_series_is_not_expected),
        TEST(episodes_of_long_ago_make_room),
        TEST(episodes_come_back_from_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
