/* SPDX-License-Identifier: MIT */
/* Promise: no pattern and no line can hold us up: searches are bounded, what hits a bound is counted, then quarantined. */

#include "base/regex.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char long_line[64 * 1024];

static struct regex *compiled(const char *pattern)
{
    struct regex *regex = NULL;
    struct error error = {""};
    if (regex_compile(pattern, &regex, &error) != 0)
        fail_msg("%s", error.text);
    return regex;
}

static void regex_finds_a_match_anywhere(void **state)
{
    (void)state;
    struct regex *regex = compiled("timeout after (\\d+)ms");
    struct bytes line = bytes_of("GET /x: timeout after 250ms, again");
    assert_int_equal(regex_match(regex, line), 1);
    assert_true(bytes_is(regex_group(regex, line, 0), "timeout after 250ms"));
    assert_true(bytes_is(regex_group(regex, line, 1), "250"));
    assert_int_equal(regex_match(regex, bytes_of("GET /x: ok")), 0);
    assert_int_equal(regex_health(regex).searches, 2);
    assert_int_equal(regex_health(regex).limit_errors, 0);
    assert_string_equal(regex_text(regex), "timeout after (\\d+)ms");
    regex_free(regex);
    regex_free(NULL);
}

static void regex_goes_on_from_an_offset_with_what_is_before_it_as_context(void **state)
{
    (void)state;
    struct regex *begin = compiled("^a"), *behind = compiled("(?<=a)b");
    struct bytes line = bytes_of("aabab");
    assert_int_equal(regex_match_from(begin, line, 0, false), 1);
    assert_int_equal(regex_match_from(begin, line, 1, false), 0);
    assert_int_equal(regex_match_from(behind, line, 2, false), 1);
    assert_true(regex_group(behind, line, 0).at == line.at + 2);
    assert_int_equal(regex_match_from(behind, line, 3, false), 1);
    assert_true(regex_group(behind, line, 0).at == line.at + 4);
    assert_int_equal(regex_match_from(behind, line, 5, false), 0);
    assert_int_equal(regex_match_from(behind, line, 6, false), 0); // behind the end
    regex_free(begin);
    regex_free(behind);
}

static void regex_says_where_a_match_may_begin_that_was_cut(void **state)
{
    (void)state;
    struct regex *regex = compiled("key-\\d{4}");
    struct bytes line = bytes_of("key-1234 key-56");
    assert_int_equal(regex_match_from(regex, line, 0, true), 1);
    assert_true(bytes_is(regex_group(regex, line, 0), "key-1234"));
    assert_int_equal(regex_match_from(regex, line, 8, true), REGEX_UNDECIDED);
    assert_true(regex_group(regex, line, 0).at == line.at + 9);
    assert_int_equal(regex_match_from(regex, line, 8, false), 0);
    assert_int_equal(regex_match_from(regex, bytes_of("key-x"), 0, true), 0);
    assert_int_equal(regex_health(regex).limit_errors, 0);
    regex_free(regex);
}

static void regex_knows_groups_by_name_and_those_that_took_no_part(void **state)
{
    (void)state;
    struct regex *regex = compiled("(?<level>ERROR)|(?<other>\\w+)");
    struct bytes line = bytes_of("INFO x");
    int level = regex_group_number(regex, "level"), other = regex_group_number(regex, "other");
    assert_int_equal(regex_group_number(regex, "none"), -1);
    assert_int_equal(regex_match(regex, line), 1);
    assert_null(regex_group(regex, line, level).at);
    assert_true(bytes_is(regex_group(regex, line, other), "INFO"));
    regex_free(regex);
}

static void regex_takes_lines_as_bytes(void **state)
{
    (void)state;
    struct regex *regex = compiled("\\xff\\x00b$");
    assert_int_equal(regex_match(regex, (struct bytes){"\xfe\xff\0b", 4}), 1);
    assert_int_equal(regex_match(regex, (struct bytes){0}), 0);
    regex_free(regex);
    regex = compiled("^$");
    assert_int_equal(regex_match(regex, (struct bytes){0}), 1);
    regex_free(regex);
}

static void regex_refuses_a_broken_pattern_with_its_place(void **state)
{
    (void)state;
    struct regex *regex = NULL;
    struct error error = {""};
    assert_int_equal(regex_compile("ab(c", &regex, &error), -EINVAL);
    assert_null(regex);
    assert_non_null(strstr(error.text, "'ab(c'"));
    assert_non_null(strstr(error.text, "character 5"));
    assert_int_equal(regex_compile("a\\Cb", &regex, &error), -EINVAL);   // splits characters
    assert_int_equal(regex_compile("(*UTF)a", &regex, &error), -EINVAL); // lines are bytes
    assert_null(regex);
}

static void regex_refuses_too_many_groups(void **state)
{
    (void)state;
    char pattern[3 * (REGEX_GROUPS_MAX + 1) + 1] = "";
    struct regex *regex = NULL;
    for (int i = 0; i < REGEX_GROUPS_MAX; i++)
        memcpy(pattern + 3 * i, "(a)", 4);
    assert_int_equal(regex_compile(pattern, &regex, NULL), 0);
    assert_int_equal(regex_match(regex, (struct bytes){long_line, 100}), 1);
    assert_int_equal(regex_group(regex, (struct bytes){long_line, 100}, REGEX_GROUPS_MAX).len,
                     1);
    regex_free(regex);
    memcpy(pattern + 3 * REGEX_GROUPS_MAX, "(a)", 4);
    assert_int_equal(regex_compile(pattern, &regex, NULL), -EINVAL);
}

static void regex_searches_only_the_first_part_of_a_long_line(void **state)
{
    (void)state;
    struct regex *regex = compiled("needle");
    struct bytes line = {long_line, sizeof(long_line)};
    memcpy(long_line + REGEX_SUBJECT_BYTES - 6, "needle", 6);
    assert_int_equal(regex_match(regex, line), 1);
    memcpy(long_line + REGEX_SUBJECT_BYTES - 6, "aneedl", 6);
    long_line[REGEX_SUBJECT_BYTES] = 'e';
    assert_int_equal(regex_match(regex, line), 0);
    memset(long_line, 'a', sizeof(long_line));
    regex_free(regex);
}

/* Each of these takes years on this line without limits. */
static void regex_gives_up_on_evil_patterns_quickly(void **state)
{
    (void)state;
    static const char *const evil[] = {"(a+)+$x", "(a|aa)+b", "(.*a){20}b", "(a*)*b",
                                       "^(([a-z])+.)+[A-Z]([a-z])+$"};
    struct bytes line = {long_line, sizeof(long_line)};
    for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
        struct regex *regex = compiled(evil[i]);
        int64_t begun = clock_monotonic_ns();
        int r = regex_match(regex, line);
        int64_t took = clock_monotonic_ns() - begun;
        if (r != -EOVERFLOW && r != 0)
            fail_msg("%s: %d", evil[i], r);
        if (took > 20 * NS_PER_S) // seconds even under sanitizers on a slow machine
            fail_msg("%s: %.1f s", evil[i], (double)took / 1e9);
        assert_int_equal(regex_health(regex).limit_errors, r == -EOVERFLOW);
        regex_free(regex);
    }
}

static void regex_is_quarantined_after_its_strikes(void **state)
{
    (void)state;
    struct regex *regex = compiled("^(a+)+$");
    struct bytes evil = {long_line, 4000};
    long_line[3999] = '!';
    for (int i = 1; i <= REGEX_STRIKES; i++) {
        assert_false(regex_health(regex).quarantined);
        assert_int_equal(regex_match(regex, evil), -EOVERFLOW);
        assert_int_equal(regex_health(regex).limit_errors, i);
        if (i == REGEX_STRIKES / 2) // a good line in between changes nothing
            assert_int_equal(regex_match(regex, bytes_of("aaa")), 1);
    }
    assert_true(regex_health(regex).quarantined);
    assert_int_equal(regex_match(regex, bytes_of("aaa")), -ECANCELED);
    assert_int_equal(regex_health(regex).searches, REGEX_STRIKES + 1);
    memset(long_line, 'a', sizeof(long_line));
    regex_free(regex);
}

int main(void)
{
    memset(long_line, 'a', sizeof(long_line));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regex_finds_a_match_anywhere),
        cmocka_unit_test(regex_goes_on_from_an_offset_with_what_is_before_it_as_context),
        cmocka_unit_test(regex_says_where_a_match_may_begin_that_was_cut),
        cmocka_unit_test(regex_knows_groups_by_name_and_those_that_took_no_part),
        cmocka_unit_test(regex_takes_lines_as_bytes),
        cmocka_unit_test(regex_refuses_a_broken_pattern_with_its_place),
        cmocka_unit_test(regex_refuses_too_many_groups),
        cmocka_unit_test(regex_searches_only_the_first_part_of_a_long_line),
        cmocka_unit_test(regex_gives_up_on_evil_patterns_quickly),
        cmocka_unit_test(regex_is_quarantined_after_its_strikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
