/* SPDX-License-Identifier: MIT */
/* Promise: no place where a word stands is passed over, at no distance from the ends; and few others are told. */

#include "base/spot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PLACES = 400 };

static size_t told[2][PLACES];

static void tell(void *context, size_t spot, size_t at)
{
    (void)context;
    told[spot][at]++;
}

static struct spot spot_of(const char *text, bool caseless)
{
    struct literal_word word = {.len = (unsigned char)strlen(text), .caseless = caseless};
    struct spot spot;
    memcpy(word.text, text, word.len);
    spot_init(&spot, &word);
    return spot;
}

/* Places told of the first of both; the text lies in memory of its own size, for a sanitizer. */
static size_t pass(const struct spot spots[2], const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    size_t count = 0;
    assert_non_null(copy);
    memcpy(copy, text, len);
    copy = realloc(copy, len ? len : 1);
    memset(told, 0, sizeof(told));
    spot_pass(&(struct spots){spots, 2, tell, NULL}, (struct bytes){copy, len});
    for (size_t at = 0; at < PLACES; at++)
        count += told[0][at];
    free(copy);
    return count;
}

static void a_word_is_found_at_every_place_of_every_text(void **state)
{
    (void)state;
    const struct spot spots[2] = {spot_of("error", false), spot_of("fatal", true)};
    char text[PLACES];
    for (size_t len = 5; len < 200; len++)
        for (size_t at = 0; at + 5 <= len; at++) {
            memset(text, 'e', sizeof(text));
            memcpy(text + at, "error", 5);
            assert_int_equal(pass(spots, text, len), 1);
            assert_int_equal(told[0][at], 1);
            memcpy(text + at, "fAtAL", 5);
            assert_int_equal(pass(spots, text, len), 0);
            assert_int_equal(told[1][at], 1);
        }
}

static void a_word_that_does_not_fit_is_not_told(void **state)
{
    (void)state;
    const struct spot spots[2] = {spot_of("error", false), spot_of("ab", false)};
    for (size_t len = 0; len < 5; len++)
        assert_int_equal(pass(spots, "error", len), 0);
}

static void two_bytes_are_enough_and_rare_ones_are_taken(void **state)
{
    (void)state;
    const struct spot pair = spot_of("ab", false), word = spot_of(" exile ", false);
    assert_true(pair.rarest.at != pair.second.at);
    assert_int_equal(word.rarest.byte[0], 'x');
    assert_int_equal(word.second.byte[0], 'l');
    assert_int_equal(spot_of("(?{", true).rarest.fold[0], 0);
    assert_true(spot_commonness('e') > spot_commonness('x'));
    assert_int_equal(spot_commonness('\0'), 0);
}

static void letters_without_case_stand_for_both(void **state)
{
    (void)state;
    const struct spot spots[2] = {spot_of("K9", true), spot_of("ab", false)};
    assert_int_equal(pass(spots,
                          "k9 K9 k8 \x0b"
                          "9",
                          11),
                     2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_found_at_every_place_of_every_text),
        cmocka_unit_test(a_word_that_does_not_fit_is_not_told),
        cmocka_unit_test(two_bytes_are_enough_and_rare_ones_are_taken),
        cmocka_unit_test(letters_without_case_stand_for_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
