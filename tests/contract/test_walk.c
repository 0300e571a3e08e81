/* SPDX-License-Identifier: MIT */
/*
 * Promise: a walk adds up what stays on one side and forgets what is over; Kendall's points climb where they climb and nowhere else.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/kendall.h"
#include "kit/walk.h"

#include <math.h>

static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%.6f, expected %.6f", got, wanted);
}

static void walk_adds_up_what_is_beyond_the_slack(void **state)
{
    (void)state;
    struct walk walk = {0};
    for (int i = 0; i < 10; i++)
        walk_step(&walk, 3, 1);
    assert_near(walk.sum, 20, 0);
    assert_true(walk_has_lasted(&walk, 10) && !walk_has_lasted(&walk, 11));
    assert_near(walk_surprise(&walk, 1, 1), 2 * 20.583 / log(10), 1e-9);
    assert_near(walk_surprise(&walk, 1, 19), 2 * 20.583 / 19 / log(10), 1e-9);
    assert_true(walk_is_sane(&walk));
    for (int i = 0; i < 100; i++)
        walk_step(&walk, 0.99, 1);
    assert_near(walk.sum, 0, 0); // within the slack nothing ever adds up
    walk.sum = NAN;
    assert_false(walk_is_sane(&walk));
}

static void walk_forgets_what_is_over(void **state)
{
    (void)state;
    struct walk walk = {0};
    for (int i = 0; i < 20; i++)
        walk_step(&walk, 3, 1);
    for (int i = 1; i < WALK_CALM; i++)
        walk_step(&walk, 0, 1);
    assert_true(walk.sum > 30); // it may still go on
    walk_step(&walk, 0, 1);
    assert_true(walk.sum <= 0 && walk.length <= 0 && walk.odd <= 0);
}

static void walk_that_is_mostly_calm_has_not_lasted(void **state)
{
    (void)state;
    struct walk walk = {0};
    for (int i = 0; i < 60; i++)
        walk_step(&walk, i % 2 ? 0 : 3, 1);
    assert_true(walk.odd >= 30);
    assert_false(walk_has_lasted(&walk, 15));
}

static struct kendall points_of(double (*value)(int), int n)
{
    struct kendall points = {.n = n};
    for (int i = 0; i < n; i++) {
        points.at[i] = 100 + i;
        points.value[i] = value(i);
    }
    return points;
}

/* A little of everything, but no trend. */
static double jitter(int i)
{
    return i * 7919 % 13 - 6.0;
}

static double flat(int i)
{
    (void)i;
    return 7;
}
static double climbing(int i)
{
    return 50 + 4 * i + jitter(i);
}
static double falling(int i)
{
    return -climbing(i);
}
static double stepped(int i)
{
    return (i < 24 ? 0 : 100) + jitter(i);
}
static double bent(int i)
{
    return (i < 20 ? 0 : 5 * (i - 20)) + jitter(i);
}

static void kendall_finds_what_climbs_and_falls(void **state)
{
    (void)state;
    static double scratch[KENDALL_PAIRS];
    double z;
    struct kendall up = points_of(climbing, KENDALL_POINTS);
    int start = kendall_start(&up, 12, &z);
    assert_true(z > 6);
    assert_near(kendall_slope(&up, start, scratch), 4, 0.15);
    assert_near(kendall_base(&up, 0, 4), 50, 1);
    struct kendall down = points_of(falling, KENDALL_POINTS);
    start = kendall_start(&down, 12, &z);
    assert_true(z < -6);
    assert_near(kendall_slope(&down, start, scratch), -4, 0.15);
}

static void kendall_finds_where_it_began(void **state)
{
    (void)state;
    double z;
    struct kendall points = points_of(bent, KENDALL_POINTS);
    int start = kendall_start(&points, 12, &z);
    assert_true(z > 5);
    assert_in_range(start, 15, 25);
}

static void kendall_takes_neither_noise_nor_a_step_for_a_climb(void **state)
{
    (void)state;
    double z;
    struct kendall points = points_of(jitter, KENDALL_POINTS);
    kendall_start(&points, 12, &z);
    assert_true(fabs(z) < 3);
    points = points_of(stepped, KENDALL_POINTS);
    kendall_start(&points, 12, &z);
    assert_true(fabs(z) < 4);
    points = points_of(flat, KENDALL_POINTS);
    kendall_start(&points, 12, &z);
    assert_near(z, 0, 0); // ties are no signs
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walk_adds_up_what_is_beyond_the_slack),
        cmocka_unit_test(walk_forgets_what_is_over),
        cmocka_unit_test(walk_that_is_mostly_calm_has_not_lasted),
        cmocka_unit_test(kendall_finds_what_climbs_and_falls),
        cmocka_unit_test(kendall_finds_where_it_began),
        cmocka_unit_test(kendall_takes_neither_noise_nor_a_step_for_a_climb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
