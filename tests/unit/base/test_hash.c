/* SPDX-License-Identifier: MIT */
/* Promise: a hash is the same on every host, in every run, for ever: fingerprints are made of it. */

#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The values of the reference implementation (xxhsum -H3, seed 0). If this fails, old fingerprints are worth nothing. */
static void hash_is_the_one_it_always_was(void **state)
{
    (void)state;
    assert_int_equal(hash_bytes(bytes_of("")), UINT64_C(0x2d06800538d394c2));
    assert_int_equal(hash_bytes((struct bytes){0}), UINT64_C(0x2d06800538d394c2));
    assert_int_equal(hash_bytes(bytes_of("oddline")), UINT64_C(0x70966f10a72e471e));
    assert_int_equal(hash_join(1, 2), UINT64_C(0x07ee86c281446bef));
}

static void hash_sees_every_byte_and_the_length(void **state)
{
    (void)state;
    char text[300] = {0};
    uint64_t zeros = hash_bytes((struct bytes){text, sizeof(text)});
    assert_int_not_equal(zeros, hash_bytes((struct bytes){text, sizeof(text) - 1}));
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = 1;
        assert_int_not_equal(zeros, hash_bytes((struct bytes){text, sizeof(text)}));
        text[i] = 0;
    }
}

static void hash_join_counts_the_order(void **state)
{
    (void)state;
    assert_int_not_equal(hash_join(1, 2), hash_join(2, 1));
    assert_int_not_equal(hash_join(hash_join(0, 1), 2), hash_join(hash_join(0, 2), 1));
    assert_int_not_equal(hash_join(1, 0), 1);
}

static void hash_is_written_as_sixteen_digits(void **state)
{
    (void)state;
    char text[HASH_TEXT_SIZE];
    assert_string_equal(hash_format(0, text), "0000000000000000");
    assert_string_equal(hash_format(UINT64_C(0xfedcba9876543210), text), "fedcba9876543210");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_the_one_it_always_was),
        cmocka_unit_test(hash_sees_every_byte_and_the_length),
        cmocka_unit_test(hash_join_counts_the_order),
        cmocka_unit_test(hash_is_written_as_sixteen_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
