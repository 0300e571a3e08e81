/* SPDX-License-Identifier: MIT */
/*
 * Promise: the records of a transaction show the way it went: who called whom, by spans or by times; which hop took the time; what failed
 * first and how deep; and clocks that differ change none of it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/path.h"

#include <stdio.h>

#define MS NS_PER_MS

static struct path path;

static int set_up(void **state)
{
    (void)state;
    path = (struct path){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    path_free(&path);
    return 0;
}

struct said {
    const char *service, *span, *parent;
    int64_t at_ms, took_ms;
    bool error;
};

static void add(const struct said *s)
{
    struct path_step step = {.service = bytes_of(s->service),
                             .span = bytes_of(s->span ? s->span : ""),
                             .parent = bytes_of(s->parent ? s->parent : ""),
                             .source = bytes_of("a.log"),
                             .text = bytes_of("text"),
                             .time_ns = s->at_ms * MS,
                             .took_ns = s->took_ms * MS,
                             .error = s->error};
    path_add(&path, &step);
}

static void close_with(const struct said *said, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(&said[i]);
    path_close(&path);
}

static void hop_is(size_t i, const char *service, uint32_t depth, int64_t own_ms)
{
    assert_true(i < path.hop_count);
    assert_true(bytes_is(path.hops[i].service, service));
    assert_int_equal(path.hops[i].depth, depth);
    assert_int_equal(path.hops[i].own_ns / MS, own_ms);
}

static void without_spans_a_hop_lies_in_the_shortest_around_it(void **state)
{
    (void)state;
    static const struct said said[] = {
        {.service = "db", .at_ms = 110},      {.service = "front", .at_ms = 0},
        {.service = "payment", .at_ms = 100}, {.service = "db", .at_ms = 900},
        {.service = "payment", .at_ms = 950}, {.service = "front", .at_ms = 1000},
    };
    close_with(said, 6);
    assert_int_equal(path.hop_count, 3);
    hop_is(0, "front", 0, 150);
    hop_is(1, "payment", 1, 60);
    hop_is(2, "db", 2, 790);
    assert_int_equal(path.slowest, 2);
    assert_int_equal(path.from_ns, 0);
    assert_int_equal(path.to_ns, 1000 * MS);
}

static void one_record_that_says_how_long_it_took_is_a_hop(void **state)
{
    (void)state;
    static const struct said said[] = {{.service = "front", .at_ms = 1000, .took_ms = 1000},
                                       {.service = "db", .at_ms = 900, .took_ms = 850}};
    close_with(said, 2);
    hop_is(0, "front", 0, 150);
    hop_is(1, "db", 1, 850);
    assert_int_equal(path.hops[1].from_ns, 50 * MS);
}

static void spans_say_who_called_whom_whatever_the_times(void **state)
{
    (void)state;
    static const struct said said[] = {
        {"front", "a", NULL, 0, 0, false},     {"front", "a", NULL, 1000, 0, false},
        {"payment", "b", "a", 5100, 0, false}, {"payment", "b", "a", 5900, 0, false},
        {"payment", "c", "a", 100, 0, false},  {"payment", "c", "a", 200, 0, false},
    };
    close_with(said, 6);
    assert_int_equal(path.hop_count, 3);
    hop_is(0, "front", 0, 900);
    hop_is(1, "payment", 1, 100);
    hop_is(2, "payment", 1, 800);
    assert_int_equal(path.hops[1].skew_ns, 0);
    assert_int_equal(path.hops[2].skew_ns / MS, 4900);
}

static void a_clock_that_is_behind_does_not_make_the_called_the_caller(void **state)
{
    (void)state;
    static const struct said said[] = {
        {.service = "db", .at_ms = -40},     {.service = "front", .at_ms = 0},
        {.service = "db", .at_ms = 300},     {.service = "front", .at_ms = 1000},
        {.service = "mail", .at_ms = -2000}, {.service = "mail", .at_ms = -1800},
    };
    close_with(said, 6);
    hop_is(0, "mail", 0, 200); // before, and far: not below it
    hop_is(1, "front", 0, 700);
    hop_is(2, "db", 1, 340);
    assert_int_equal(path.hops[2].skew_ns / MS, 40);
}

static void the_first_error_and_the_deepest_are_told_apart(void **state)
{
    (void)state;
    static const struct said said[] = {
        {.service = "front", .at_ms = 0},
        {.service = "payment", .at_ms = 10},
        {.service = "db", .at_ms = 20},
        {.service = "payment", .at_ms = 30, .error = true},
        {.service = "db", .at_ms = 40, .error = true},
        {.service = "payment", .at_ms = 50, .error = true},
        {.service = "front", .at_ms = 60, .error = true},
    };
    close_with(said, 7);
    assert_true(bytes_is(path.steps[path.first_error].service, "payment"));
    assert_int_equal(path.steps[path.first_error].time_ns, 30 * MS);
    assert_true(bytes_is(path.hops[path.cause].service, "db"));
    assert_int_equal(path.hops[1].errors, 2);
}

static void parents_in_a_circle_end(void **state)
{
    (void)state;
    static const struct said said[] = {{"a", "1", "2", 0, 0, false},
                                       {"b", "2", "1", 10, 0, false},
                                       {"c", "3", "3", 20, 0, false}};
    close_with(said, 3);
    assert_int_equal(path.hop_count, 3);
    hop_is(0, "b", 0, 0);
    hop_is(1, "a", 1, 0);
    hop_is(2, "c", 0, 0);
}

static void what_hops_below_cover_together_counts_once(void **state)
{
    (void)state;
    static const struct said said[] = {
        {"front", "a", NULL, 1000, 1000, false},
        {"db", "b", "a", 600, 500, false},
        {"cache", "c", "a", 700, 500, false},
        {"mail", "d", "a", 900, 50, false},
    };
    close_with(said, 4);
    hop_is(0, "front", 0, 350);
}

static void records_without_a_time_are_kept_and_come_last(void **state)
{
    (void)state;
    struct path_step step = {.service = bytes_of("odd"), .time_ns = NO_TIME};
    path_add(&path, &step);
    static const struct said said[] = {{.service = "front", .at_ms = 5}};
    close_with(said, 1);
    assert_int_equal(path.step_count, 2);
    assert_int_equal(path.steps[1].time_ns, NO_TIME);
    assert_int_equal(path.hop_count, 2);
    assert_true(bytes_is(path.hops[1].service, "odd"));
    assert_int_equal(path.slowest, PATH_NO_HOP);
}

static void more_than_fits_is_counted(void **state)
{
    (void)state;
    for (int i = 0; i < PATH_STEPS_MAX + 3; i++) {
        char span[16];
        snprintf(span, sizeof(span), "%d", i);
        add(&(struct said){.service = "front", .span = span, .at_ms = i});
    }
    path_close(&path);
    assert_int_equal(path.step_count, PATH_STEPS_MAX);
    assert_int_equal(path.cut, 3);
    assert_int_equal(path.hop_count, PATH_HOPS_MAX);
    assert_true(path.merged);
}

static void nothing_is_a_path_too(void **state)
{
    (void)state;
    path_close(&path);
    assert_int_equal(path.hop_count, 0);
    assert_int_equal(path.first_error, 0);
    assert_int_equal(path.cause, PATH_NO_HOP);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_spans_a_hop_lies_in_the_shortest_around_it),
        TEST(one_record_that_says_how_long_it_took_is_a_hop),
        TEST(spans_say_who_called_whom_whatever_the_times),
        TEST(a_clock_that_is_behind_does_not_make_the_called_the_caller),
        TEST(the_first_error_and_the_deepest_are_told_apart),
        TEST(parents_in_a_circle_end),
        TEST(what_hops_below_cover_together_counts_once),
        TEST(records_without_a_time_are_kept_and_come_last),
        TEST(more_than_fits_is_counted),
        TEST(nothing_is_a_path_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
