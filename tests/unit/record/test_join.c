/* SPDX-License-Identifier: MIT */
/* Promise: lines are joined by the rule, only when the end of the record is certain, and within the bound. */

#include "record/join.h"

#include "unit/record/rig.h"

static struct zone *zone;
static struct stamps stamps;

static int setup(void **state)
{
    (void)state;
    assert_int_equal(zone_open("UTC", &zone, NULL), 0);
    stamps_init(&stamps, zone, 0, RIG_FILE_TIME);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zone_free(zone);
    return 0;
}

static struct joiner joiner_of(enum join_rule rule)
{
    return (struct joiner){.rule = rule,
                           .bytes_max = 100,
                           .stamps = &stamps,
                           .allowed = PLACES_START,
                           .ahead = {.begin = SIZE_MAX},
                           .stamped_at = SIZE_MAX};
}

static bool next(struct joiner *joiner, const char *text, bool final, struct extent *ret)
{
    join_forget(joiner);
    return join_next(joiner, bytes_of(text), 0, final, ret);
}

static void a_single_line_ends_at_its_line_feed(void **state)
{
    (void)state;
    struct joiner joiner = joiner_of(JOIN_SINGLE);
    struct extent extent;
    assert_false(next(&joiner, "abc", false, &extent));
    assert_true(next(&joiner, "abc", true, &extent));
    assert_int_equal(extent.end, 3);
    assert_true(next(&joiner, "abc\ndef", false, &extent));
    assert_int_equal(extent.end, 3);
    assert_int_equal(extent.next, 4);
    assert_true(next(&joiner, "abc\r\ndef", false, &extent));
    assert_int_equal(extent.end, 3);
    assert_int_equal(extent.next, 5);
}

static void the_line_ahead_is_one_of_this_text(void **state)
{
    (void)state;
    struct joiner joiner = joiner_of(JOIN_INDENT);
    struct extent extent;
    assert_true(next(&joiner, "abc\ndefg\nh\n", false, &extent));
    join_forget(&joiner);
    assert_true(join_next(&joiner, bytes_of("abc\nde\nfgh\n"), 4, false, &extent));
    assert_int_equal(extent.end, 6);
    assert_int_equal(extent.next, 7);
}

static void a_carriage_return_alone_is_text(void **state)
{
    (void)state;
    struct joiner joiner = joiner_of(JOIN_SINGLE);
    struct extent extent;
    assert_true(next(&joiner, "a\rb\r\r\n", false, &extent));
    assert_int_equal(extent.end, 4);
}

static void a_stamp_begins_a_record_and_nothing_else_does(void **state)
{
    (void)state;
    static const char text[] =
        "2016-12-19 16:31:46 a\n\tat b\n\nnot indented\n2016-12-19 16:31:47 c\n";
    struct joiner joiner = joiner_of(JOIN_STAMP);
    struct extent extent;
    assert_true(next(&joiner, text, false, &extent));
    assert_int_equal(extent.lines, 4);
    assert_true(extent.multi && extent.stamped);
    assert_memory_equal(text + extent.next, "2016-12-19 16:31:47 c", 21);
    struct extent second;
    assert_false(
        join_next(&joiner, bytes_of(text), extent.next, false, &second)); // more may come
    assert_true(join_next(&joiner, bytes_of(text), extent.next, true, &second));
    assert_true(second.stamped);
    assert_time(second.stamp->time_ns, "2016-12-19T16:31:47Z");
}

static void blank_lines_behind_a_record_are_not_its_text(void **state)
{
    (void)state;
    struct joiner joiner = joiner_of(JOIN_STAMP);
    struct extent extent;
    assert_true(
        next(&joiner, "2016-12-19 16:31:46 a\n\n \n2016-12-19 16:31:47 c\n", false, &extent));
    assert_int_equal(extent.end, 21);
    assert_int_equal(extent.lines, 3);
    assert_false(extent.multi);
}

static void an_indented_line_or_a_cause_goes_on(void **state)
{
    (void)state;
    struct joiner joiner = joiner_of(JOIN_INDENT);
    struct extent extent;
    assert_true(
        next(&joiner, "Boom\n  at a\n\tat b\nCaused by: c\n\tat d\nnext\n", false, &extent));
    assert_int_equal(extent.lines, 5);
}

static void a_start_pattern_begins_a_record(void **state)
{
    (void)state;
    struct joiner joiner = joiner_of(JOIN_START);
    struct extent extent;
    assert_int_equal(regex_compile("^BEGIN", &joiner.start, NULL), 0);
    assert_true(next(&joiner, "BEGIN a\nb\n2016-12-19 16:31:46\nBEGIN c\n", false, &extent));
    assert_int_equal(extent.lines, 3);
    regex_free(joiner.start);
}

static void an_open_line_is_judged_only_when_enough_of_it_is_here(void **state)
{
    (void)state;
    struct joiner joiner = joiner_of(JOIN_STAMP);
    struct extent extent;
    char text[32 + FRAME_PEEK + 2];
    assert_false(next(&joiner, "2016-12-19 16:31:46 a\n2016-12-19 16:31:47 c", false, &extent));
    memset(text, 'x', sizeof(text));
    memcpy(text, "2016-12-19 16:31:46 a\n2016-12-19 16:31:47 ", 42);
    join_forget(&joiner);
    assert_false(join_next(&joiner, (struct bytes){text, 22 + FRAME_PEEK}, 0, false, &extent));
    assert_true(
        join_next(&joiner, (struct bytes){text, 22 + FRAME_PEEK + 1}, 0, false, &extent));
    assert_int_equal(extent.next, 22);
}

static void a_record_over_the_bound_keeps_its_head(void **state)
{
    (void)state;
    struct joiner joiner = joiner_of(JOIN_SINGLE);
    struct extent extent;
    char text[104];
    memset(text, 'x', sizeof(text));
    struct bytes bytes = {text, 101};
    assert_false(join_next(&joiner, bytes, 0, false, &extent)); // the last byte might be a CR
    assert_true(join_next(&joiner, bytes, 0, true, &extent));
    assert_true(extent.over);
    memcpy(text + 100, "\r\n", 2);
    bytes.len = 102;
    assert_true(join_next(&joiner, bytes, 0, false, &extent));
    assert_false(extent.over);
    assert_int_equal(extent.end, 100);
    memcpy(text + 100, "xxxx", 4);
    assert_true(join_next(&joiner, bytes, 0, false, &extent));
    assert_true(extent.over);
    assert_int_equal(extent.end, 100);
    assert_int_equal(extent.next, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_line_ends_at_its_line_feed),
        cmocka_unit_test(a_carriage_return_alone_is_text),
        cmocka_unit_test(a_stamp_begins_a_record_and_nothing_else_does),
        cmocka_unit_test(blank_lines_behind_a_record_are_not_its_text),
        cmocka_unit_test(an_indented_line_or_a_cause_goes_on),
        cmocka_unit_test(the_line_ahead_is_one_of_this_text),
        cmocka_unit_test(a_start_pattern_begins_a_record),
        cmocka_unit_test(an_open_line_is_judged_only_when_enough_of_it_is_here),
        cmocka_unit_test(a_record_over_the_bound_keeps_its_head),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
