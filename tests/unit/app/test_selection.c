/* SPDX-License-Identifier: MIT */
/*
 * Promise: what people write about records becomes exactly the comparison they meant, or a sentence that says what to write
 * instead.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/selection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;
static struct regex *patterns[RECORD_PATTERNS_MAX];
static struct selection_names names;
static struct selection made;
static struct error error;

static int set_up(void **state)
{
    (void)state;
    names = (struct selection_names){.arena = &arena, .patterns = patterns};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < names.pattern_count; i++)
        regex_free(patterns[i]);
    arena_free(&arena);
    return 0;
}

static int compile(struct config_select select)
{
    error.text[0] = '\0';
    return selection_compile(&names, &select, &made, &error);
}

static int where(const char *text)
{
    return compile((struct config_select){.where = text});
}

static int level(const char *text)
{
    return compile((struct config_select){.level = text});
}

static void selection_of_a_level_is_that_level_alone(void **state)
{
    (void)state;
    assert_int_equal(level("error"), 0);
    assert_int_equal(made.level_min, ODDLINE_LEVEL_ERROR);
    assert_int_equal(made.level_max, ODDLINE_LEVEL_FATAL - 1);
    assert_int_equal(level("trace"), 0);
    assert_int_equal(made.level_min, ODDLINE_LEVEL_TRACE);
    assert_int_equal(made.level_max, ODDLINE_LEVEL_DEBUG - 1);
}

static void selection_of_a_level_and_worse_is_open_above(void **state)
{
    (void)state;
    assert_int_equal(level(">=warn"), 0);
    assert_int_equal(made.level_min, ODDLINE_LEVEL_WARN);
    assert_int_equal(made.level_max, 0);
    assert_int_equal(level(">= warn"), 0);
    assert_int_equal(made.level_min, ODDLINE_LEVEL_WARN);
}

static void selection_refuses_levels_it_does_not_know(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "ERROR", ">error", ">=", "errors"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(level(wrong[i]), -EINVAL);
        assert_non_null(strstr(error.text, "trace, debug, info, warn, error, fatal"));
    }
}

static void selection_compares_numbers_with_each_sign(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum compare compare;
    } signs[] = {{"status >= 500", COMPARE_GE}, {"status<=500", COMPARE_LE},
                 {"status != 500", COMPARE_NE}, {"status == 500", COMPARE_EQ},
                 {"status = 500", COMPARE_EQ},  {"status\t>\t500", COMPARE_GT},
                 {"status <500", COMPARE_LT}};
    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
        assert_int_equal(where(signs[i].text), 0);
        assert_int_equal(made.compare, signs[i].compare);
        assert_true(made.number == 500);
        assert_null(made.text.at);
        assert_int_equal(made.field, 0);
    }
    assert_int_equal(names.field_count, 1);
    assert_string_equal(names.fields[0].name, "status");
    assert_false(names.fields[0].is_text);
}

static void selection_compares_what_is_no_number_as_text(void **state)
{
    (void)state;
    assert_int_equal(where("http.method = GET"), 0);
    assert_int_equal(made.compare, COMPARE_EQ);
    assert_true(bytes_is(made.text, "GET"));
    assert_int_equal(where("path != /a b=c"), 0);
    assert_int_equal(made.compare, COMPARE_NE);
    assert_true(bytes_is(made.text, "/a b=c"));
    assert_int_equal(made.field, 1);
    assert_string_equal(names.fields[0].name, "http.method");
    assert_true(names.fields[0].is_text);
    assert_int_equal(where("size = 12kB"), 0);
    assert_true(bytes_is(made.text, "12kB"));
}

static void selection_refuses_to_order_text(void **state)
{
    (void)state;
    assert_int_equal(where("method > GET"), -EINVAL);
    assert_string_equal(error.text, "where 'method > GET': only = and != compare text");
    assert_int_equal(where("status >="), -EINVAL);
}

static void selection_refuses_what_is_no_comparison(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "status", ">= 500", "status is 500", "status ~ 5"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(where(wrong[i]), -EINVAL);
        assert_non_null(
            strstr(error.text, "write a field, one of = != < <= > >=, and a value"));
    }
}

static void selection_refuses_a_field_of_two_types_and_says_which_is_which(void **state)
{
    (void)state;
    assert_int_equal(where("code = 5"), 0);
    assert_int_equal(where("code = five"), -EINVAL);
    assert_string_equal(error.text,
                        "field 'code' is used as text here and as a number elsewhere");
    assert_int_equal(where("name = five"), 0);
    assert_int_equal(where("name > 5"), -EINVAL);
    assert_string_equal(error.text,
                        "field 'name' is used as a number here and as text elsewhere");
}

static void selection_compiles_the_same_pattern_once(void **state)
{
    (void)state;
    assert_int_equal(compile((struct config_select){.match = "a+"}), 0);
    assert_int_equal(made.pattern, 1);
    assert_int_equal(compile((struct config_select){.match = "b+"}), 0);
    assert_int_equal(made.pattern, 2);
    assert_int_equal(compile((struct config_select){.match = "a+"}), 0);
    assert_int_equal(made.pattern, 1);
    assert_int_equal(names.pattern_count, 2);
}

static void selection_refuses_a_broken_pattern_and_names_it(void **state)
{
    (void)state;
    made.pattern = 77;
    assert_int_equal(compile((struct config_select){.match = "a(b"}), -EINVAL);
    assert_non_null(strstr(error.text, "a(b"));
    assert_int_equal(made.pattern, 77); // untouched
    assert_int_equal(names.pattern_count, 0);
}

static void selection_refuses_more_patterns_and_fields_than_there_is_room_for(void **state)
{
    (void)state;
    char text[32];
    for (int i = 0; i < RECORD_PATTERNS_MAX; i++) {
        snprintf(text, sizeof(text), "p%d", i);
        assert_int_equal(compile((struct config_select){.match = text}), 0);
    }
    assert_int_equal(compile((struct config_select){.match = "one more"}), -EINVAL);
    assert_string_equal(error.text, "too many patterns; at most 256 are matched");
    for (int i = 0; i < RECORD_FIELDS_MAX; i++) {
        snprintf(text, sizeof(text), "f%d = 1", i);
        assert_int_equal(where(text), 0);
    }
    assert_int_equal(where("more = 1"), -EINVAL);
    assert_string_equal(error.text, "too many fields; at most 64 are read");
    assert_int_equal(where("f63 = 2"), 0); // what is there already still goes
}

static void selection_joins_all_its_parts(void **state)
{
    (void)state;
    assert_int_equal(
        compile((struct config_select){
            .match = "x", .level = ">=error", .where = "status >= 500", .unparsed = true}),
        0);
    assert_int_equal(made.pattern, 1);
    assert_int_equal(made.level_min, ODDLINE_LEVEL_ERROR);
    assert_int_equal(made.compare, COMPARE_GE);
    assert_true(made.unparsed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(selection_of_a_level_is_that_level_alone),
        TEST(selection_of_a_level_and_worse_is_open_above),
        TEST(selection_refuses_levels_it_does_not_know),
        TEST(selection_compares_numbers_with_each_sign),
        TEST(selection_compares_what_is_no_number_as_text),
        TEST(selection_refuses_to_order_text),
        TEST(selection_refuses_what_is_no_comparison),
        TEST(selection_refuses_a_field_of_two_types_and_says_which_is_which),
        TEST(selection_compiles_the_same_pattern_once),
        TEST(selection_refuses_a_broken_pattern_and_names_it),
        TEST(selection_refuses_more_patterns_and_fields_than_there_is_room_for),
        TEST(selection_joins_all_its_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
