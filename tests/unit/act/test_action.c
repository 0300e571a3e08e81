/* SPDX-License-Identifier: MIT */
/* The promise: an action gets the findings that its conditions name, all of them together, and no others. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "act/action.h"
#include "act/member.h"

#include <string.h>

static const char finding[] =
    "{\"status\":\"firing\",\"stream\":\"shop-eu\",\"kind\":\"spike\",\"route\":\"page\","
    "\"score\":7.3,"
    "\"labels\":{\"service.name\":\"a\",\"team\":\"pay\\u006dents\"}}";

static bool wants(struct action_when when, const char *text)
{
    struct action action = {.when = when};
    return action_wants(&action, bytes_of(text));
}
#define WORDS(...)                                                                             \
    {                                                                                          \
        (const char *const[]){__VA_ARGS__},                                                    \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                        \
    }
#define LABEL(name, value)                                                                     \
    {                                                                                          \
        (const struct finding_pair[]){{name, value}}, 1                                        \
    }

static void action_without_conditions_wants_everything(void **state)
{
    (void)state;
    assert_true(wants((struct action_when){.min_score = 0}, finding));
    assert_true(wants((struct action_when){.min_score = 0}, "{}"));
}

static void action_compares_each_word(void **state)
{
    (void)state;
    assert_true(wants((struct action_when){.routes = WORDS("log", "page")}, finding));
    assert_false(wants((struct action_when){.routes = WORDS("log", "pag")}, finding));
    assert_true(wants((struct action_when){.kinds = WORDS("spike")}, finding));
    assert_false(wants((struct action_when){.kinds = WORDS("drop")}, finding));
    assert_false(wants((struct action_when){.statuses = WORDS("resolved")}, finding));
    assert_true(wants((struct action_when){.streams = WORDS("x", "shop-*")}, finding));
    assert_false(wants((struct action_when){.streams = WORDS("shop")}, finding));
}

static void action_compares_labels_by_glob_and_names_with_dots(void **state)
{
    (void)state;
    assert_true(wants((struct action_when){.labels = LABEL("service.name", "a")}, finding));
    assert_true(wants((struct action_when){.labels = LABEL("team", "pay*")}, finding));
    assert_true(wants((struct action_when){.labels = LABEL("team", "payments")}, finding));
    assert_false(wants((struct action_when){.labels = LABEL("team", "pay")}, finding));
    assert_false(wants((struct action_when){.labels = LABEL("none", "*")}, finding));
}

static void action_wants_a_score_where_one_is_asked_for(void **state)
{
    (void)state;
    assert_true(wants((struct action_when){.min_score = 7.3}, finding));
    assert_false(wants((struct action_when){.min_score = 7.4}, finding));
    assert_false(wants((struct action_when){.min_score = 0.1}, "{\"score\":null}"));
}

static void member_cuts_between_characters(void **state)
{
    (void)state;
    char text[5], all[64];
    struct json_value value = {JSON_STRING, bytes_of("ab\xc3\xa9\xc3\xa9")};
    assert_int_equal(member_text(value, text, sizeof(text)), 4);
    assert_string_equal(text, "ab\xc3\xa9");
    value.raw = bytes_of("abc\xc3\xa9");
    assert_int_equal(member_text(value, text, sizeof(text)), 3);
    value.raw = bytes_of("a\\u000ab\\\"c");
    member_text(value, all, sizeof(all));
    assert_string_equal(all, "a\nb\"c");
    value.type = JSON_NUMBER;
    assert_int_equal(member_text(value, all, sizeof(all)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(action_without_conditions_wants_everything),
        cmocka_unit_test(action_compares_each_word),
        cmocka_unit_test(action_compares_labels_by_glob_and_names_with_dots),
        cmocka_unit_test(action_wants_a_score_where_one_is_asked_for),
        cmocka_unit_test(member_cuts_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
