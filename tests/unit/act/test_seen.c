/* SPDX-License-Identifier: MIT */
/* The promise: what never came shows in prev; what came twice, or for the first time, is no hole. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "act/seen.h"

#include <stdio.h>
#include <string.h>

static struct seen seen;

static uint64_t enter(const char *host, int stream, uint64_t n, uint64_t prev)
{
    struct letter letter = {.stream = stream, .n = n, .prev = prev, .epoch = "e"};
    snprintf(letter.host, sizeof(letter.host), "%s", host);
    return seen_enter(&seen, &letter);
}

static void seen_shows_what_is_missing(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    assert_int_equal(enter("a", 0, 5, 3), 0);
    assert_int_equal(enter("a", 0, 8, 5), 0);
    assert_int_equal(enter("a", 0, 12, 10), 8);
    assert_int_equal(enter("a", 0, 13, 12), 0);
    assert_int_equal(enter("a", 0, 12, 8), 0);
    assert_int_equal(enter("a", 1, 20, 18), 0);
    assert_int_equal(enter("b", 0, 2, 1), 0);
}

static void seen_forgets_who_was_silent_longest(void **state)
{
    (void)state;
    char host[32];
    memset(&seen, 0, sizeof(seen));
    enter("old", 0, 1, 0);
    enter("kept", 0, 1, 0);
    for (int i = 0; i < SEEN_MAX - 1; i++) {
        snprintf(host, sizeof(host), "h%d", i);
        enter(host, 0, 1, 0);
        enter("kept", 0, (uint64_t)i + 2, (uint64_t)i + 1);
    }
    assert_int_equal(enter("kept", 0, 5000, 4000), SEEN_MAX);
    assert_int_equal(enter("old", 0, 9, 8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seen_shows_what_is_missing),
        cmocka_unit_test(seen_forgets_who_was_silent_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
