/* SPDX-License-Identifier: MIT */
/*
 * Promise: of one trouble the first window is let through and not the rest, a series that cries often must cry louder, and an unlikely
 * time outranks any single window.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command/score_blend.h"

#include <math.h>
#include <string.h>

static const struct stage_rule rule = {.act = 3, .hold = 4, .rise = 1, .memory = 100};

enum { SEASON, SPIKE };

static void stage_lets_a_trouble_through_once(void **state)
{
    (void)state;
    struct stage stage = {0};
    assert_true(stage_pass(&stage, &rule, 2.9) == 2.9);
    assert_true(stage_pass(&stage, &rule, 5) == 5);
    for (int i = 0; i < 4; i++)
        assert_true(stage_pass(&stage, &rule, 5) == 0);
    assert_true(stage_pass(&stage, &rule, 5) > 3);
}

static void stage_asks_more_of_a_series_that_cries_often(void **state)
{
    (void)state;
    struct stage stage = {0};
    int through = 0;
    for (int i = 0; i < 500; i++)
        through += stage_pass(&stage, &rule, 5) >= rule.act;
    // without `rise` it would be 100; the load swings between 2, where 5 is just enough, and 3
    assert_true(through >= 10 && through <= 20);
    while (stage.held > 0)
        stage_pass(&stage, &rule, 0);
    assert_true(stage_pass(&stage, &rule, 50) > 40);
}

static void stage_forgets(void **state)
{
    (void)state;
    struct stage stage = {0};
    for (int i = 0; i < 100; i++)
        stage_pass(&stage, &rule, 5);
    for (int i = 0; i < 1500; i++)
        assert_true(stage_pass(&stage, &rule, 0) == 0);
    assert_true(stage_pass(&stage, &rule, 5) > 4.999);
}

static double blend_once(double season, double spike)
{
    struct blend blend;
    memset(&blend, 0, sizeof(blend));
    return blend_score(&blend, (const double[]){[SEASON] = season, [SPIKE] = spike});
}

static void blend_ranks_an_unlikely_time_above_any_window(void **state)
{
    (void)state;
    assert_string_equal(blend_parts[SEASON].detector, "season");
    assert_string_equal(blend_parts[SPIKE].detector, "spike");
    assert_true(blend_once(0, 0) == 0);
    assert_true(blend_once(2.5, 0) > 0.5);
    assert_true(blend_once(0, 300) < 0.5);
    assert_true(blend_once(2.5, 300) == blend_once(2.5, 0));
    assert_true(blend_once(2.49, 3) == blend_once(0, 3)); // below `act` it only murmurs
    assert_true(blend_once(2.49, 0) > 0 && blend_once(2.49, 0) < blend_once(0, 1));
}

static void blend_keeps_the_order_and_the_range(void **state)
{
    (void)state;
    double last[2] = {-1, -1};
    for (double s = 0; s <= 300; s += 0.5) {
        double season = blend_once(s, 0), spike = blend_once(0, s);
        assert_true(season > last[SEASON] && spike > last[SPIKE]);
        assert_true(season >= 0 && season < 1 && spike >= 0 && spike < 1);
        last[SEASON] = season;
        last[SPIKE] = spike;
    }
}

static void blend_holds_each_part_by_itself(void **state)
{
    (void)state;
    struct blend blend = {0};
    double both[] = {5, 10}, spike[] = {0, 10};
    assert_true(blend_score(&blend, both) > 0.5);
    assert_true(blend_score(&blend, both) == 0); // both are held
    for (int i = 0; i < 4; i++)
        blend_score(&blend, spike);
    double again = blend_score(&blend, both); // spike's turn comes first
    assert_true(again > 0.25 && again < 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stage_lets_a_trouble_through_once),
        cmocka_unit_test(stage_asks_more_of_a_series_that_cries_often),
        cmocka_unit_test(stage_forgets),
        cmocka_unit_test(blend_ranks_an_unlikely_time_above_any_window),
        cmocka_unit_test(blend_keeps_the_order_and_the_range),
        cmocka_unit_test(blend_holds_each_part_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
