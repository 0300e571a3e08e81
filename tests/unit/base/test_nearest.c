/* SPDX-License-Identifier: MIT */
/* Promise: a misspelt name brings up the one that was meant, and a strange one brings up nothing. */

#include "base/nearest.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const names[] = {"window", "lateness", "format", "paths", "name", "level"};
enum { COUNT = sizeof(names) / sizeof(names[0]) };

static void nearest_finds_what_was_misspelt(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"windows", "window"},   // one too many
        {"latenes", "lateness"}, // one too few
        {"fornat", "format"},    // one wrong
        {"nmae", "name"},        // two swapped
        {"window", "window"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const char *found = nearest(pairs[i][0], names, COUNT);
        assert_non_null(found);
        assert_string_equal(found, pairs[i][1]);
    }
}

static void nearest_keeps_silent_about_a_strange_word(void **state)
{
    (void)state;
    assert_null(nearest("zookeeper", names, COUNT));
    assert_null(nearest("xyz", names, COUNT));
    assert_null(nearest("window", names, 0));
}

static void nearest_prefers_the_closest_and_then_the_first(void **state)
{
    (void)state;
    static const char *const close[] = {"sum_of", "sums", "sum", "sun"};
    assert_string_equal(nearest("sum", close, 4), "sum");
    static const char *const tied[] = {"maxx", "maxy"};
    assert_string_equal(nearest("maxz", tied, 2), "maxx");
}

/* A word longer than any name would be within a third of its own length of all of them. */
static void nearest_says_nothing_about_a_very_long_word(void **state)
{
    (void)state;
    char word[1000];
    memset(word, 'w', sizeof(word) - 1);
    for (size_t len = 60; len < sizeof(word); len += 60) {
        word[len] = '\0';
        assert_null(nearest(word, names, COUNT));
        word[len] = 'w';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_finds_what_was_misspelt),
        cmocka_unit_test(nearest_keeps_silent_about_a_strange_word),
        cmocka_unit_test(nearest_prefers_the_closest_and_then_the_first),
        cmocka_unit_test(nearest_says_nothing_about_a_very_long_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
