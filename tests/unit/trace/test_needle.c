/* SPDX-License-Identifier: MIT */
/*
 * Promise: an id is found in the bytes of a log however it is written there, and nothing that only contains it is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/needle.h"

#define ID "0af7651916cd43dd8448eb211c80319c"

static bool finds(const char *id, const char *text)
{
    struct needle needle;
    assert_true(needle_make(bytes_of(id), &needle));
    return needle_in(&needle, bytes_of(text));
}

static void an_id_is_found_in_all_its_forms(void **state)
{
    (void)state;
    static const char *const given[] = {ID, "0AF7651916CD43DD8448EB211C80319C",
                                        "0af76519-16cd-43dd-8448-eb211c80319c",
                                        "00-" ID "-b7ad6b7169203331-01"};
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        assert_true(finds(given[i], "a trace_id=" ID));
        assert_true(finds(given[i], "\"0AF7651916CD43DD8448EB211C80319C\""));
        assert_true(finds(given[i], "id 0af76519-16cd-43dd-8448-eb211c80319c, and more"));
        assert_true(finds(given[i], "00-" ID "-b7ad6b7169203331-01"));
        assert_true(finds(given[i], "Root=1-0af76519-16cd43dd8448eb211c80319c"));
        assert_true(finds(given[i], "eb211c80319c and then " ID));
    }
}

static void what_only_contains_it_is_another(void **state)
{
    (void)state;
    assert_false(finds(ID, "1af7651916cd43dd8448eb211c80319c"));
    assert_false(finds(ID, "ff" ID));
    assert_false(finds(ID, ID "00"));
    assert_false(finds(ID, "8448eb211c80319c"));
    assert_false(finds(ID, "af7651916cd43dd8448eb211c80319c"));
    assert_false(finds(ID, ""));
}

static void half_an_id_is_found_with_its_zeros_and_not_in_a_longer_one(void **state)
{
    (void)state;
    static const char half[] = "8448eb211c80319c";
    assert_true(finds(half, "x=8448eb211c80319c;"));
    assert_true(finds(half, "x=00000000000000008448EB211C80319C;"));
    assert_true(finds("00000000000000008448eb211c80319c", "x=8448eb211c80319c;"));
    assert_false(finds(half, ID));
    assert_false(finds(half, "0af76519-16cd-43dd-8448-eb211c80319c"));
    assert_false(finds(half, "x=08448eb211c80319c"));
    assert_false(finds(half, "b3: 0af7651916cd43dd-8448eb211c80319c-1")); // there it is a span
}

static void other_ids_are_found_as_they_are(void **state)
{
    (void)state;
    assert_true(finds("req_7Kd02mPq", "[req_7Kd02mPq]"));
    assert_false(finds("req_7Kd02mPq", "[req_7Kd02mPqX]"));
    assert_false(finds("req_7Kd02mPq", "[REQ_7KD02MPQ]"));
    assert_true(finds("4711", "order 4711 paid"));
    assert_false(finds("4711", "order 47110 paid"));
}

static void what_cannot_be_searched_for_is_refused(void **state)
{
    (void)state;
    struct needle needle;
    char wide[TRACE_ID_MAX + 2];
    memset(wide, 'x', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    assert_false(needle_make(bytes_of("abc"), &needle));
    assert_false(needle_make(bytes_of(wide), &needle));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_found_in_all_its_forms),
        cmocka_unit_test(what_only_contains_it_is_another),
        cmocka_unit_test(half_an_id_is_found_with_its_zeros_and_not_in_a_longer_one),
        cmocka_unit_test(other_ids_are_found_as_they_are),
        cmocka_unit_test(what_cannot_be_searched_for_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
