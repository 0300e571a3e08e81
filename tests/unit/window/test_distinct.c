/* SPDX-License-Identifier: MIT */
/*
 * Promise: the number of different values is right to a few per cent from one to a hundred thousand, however often each comes and in
 * whatever order; and its bytes make the same again, or are refused.
 */

#include "base/hash.h"
#include "window/distinct.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t hash_of(uint64_t stem, uint64_t value)
{
    return hash_join(stem, value);
}

static void distinct_is_within_a_few_per_cent_from_one_to_a_hundred_thousand(void **state)
{
    (void)state;
    double squares = 0;
    int looks = 0;
    for (uint64_t stem = 0; stem < 20; stem++) {
        struct distinct distinct = {0};
        uint64_t next = 1;
        for (uint64_t n = 1; n <= 100000; n++) {
            distinct_add(&distinct, hash_of(stem, n));
            if (n != next)
                continue;
            double error = distinct_value(&distinct) / (double)n - 1;
            assert_true(n > 100 ? fabs(error) <= 0.1 // more than four standard errors
                                : fabs(error) * (double)n <= 6);
            squares += n > 1000 ? error * error : 0;
            looks += n > 1000;
            next = next * 5 / 4 + 1;
        }
    }
    double deviation = sqrt(squares / looks), promised = 1.04 / sqrt(DISTINCT_REGISTERS);
    assert_true(deviation < 1.25 * promised && deviation > 0.75 * promised);
}

static void distinct_does_not_care_how_often_and_in_which_order(void **state)
{
    (void)state;
    struct distinct once = {0}, often = {0};
    for (uint64_t n = 0; n < 5000; n++)
        distinct_add(&once, hash_of(1, n));
    for (uint64_t n = 0; n < 50000; n++)
        distinct_add(&often, hash_of(1, n * 7 % 5000));
    assert_memory_equal(&once, &often, sizeof(once));
}

static void distinct_of_nothing_is_zero_and_of_all_hashes_is_finite(void **state)
{
    (void)state;
    struct distinct distinct = {0};
    assert_true(distinct_value(&distinct) == 0);
    distinct_add(&distinct, 0); // the longest run of zeros there is
    assert_true(distinct_value(&distinct) == 1);
    for (uint64_t i = 0; i < DISTINCT_REGISTERS; i++)
        distinct_add(&distinct, i);
    assert_true(distinct_value(&distinct) > 1e15);
}

static void distinct_is_the_same_out_of_its_bytes(void **state)
{
    (void)state;
    struct distinct distinct = {0};
    struct buffer out = {0};
    for (uint64_t n = 0; n < 4000; n++) {
        distinct_add(&distinct, hash_of(2, n));
        if (n % 37)
            continue;
        struct distinct again = {0}, broken = {0};
        buffer_clear(&out);
        distinct_pack(&distinct, &out);
        struct unpacker in = {.rest = buffer_bytes(&out)},
                        cut = {.rest = {out.at, out.len - 1}};
        assert_true(distinct_unpack(&again, &in));
        assert_int_equal(in.rest.len, 0);
        assert_memory_equal(&again, &distinct, sizeof(again));
        assert_false(distinct_unpack(&broken, &cut));
        assert_true(n > 100 || out.len <= 4 * (n + 2)); // few values, few bytes
    }
    buffer_free(&out);
}

static void distinct_refuses_registers_that_cannot_be(void **state)
{
    (void)state;
    static const uint32_t bad[][3] = {
        {2, 5 << 8 | 1, 5 << 8 | 1}, {2, 5 << 8 | 1, 4 << 8 | 1},         {1, 5 << 8, 0},
        {1, 5 << 8 | 55, 0},         {1, DISTINCT_REGISTERS << 8 | 1, 0}, {3000, 0, 0},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct distinct distinct = {0};
        struct buffer out = {0};
        for (int k = 0; k < 3; k++)
            pack_u32(&out, bad[i][k]);
        struct unpacker in = {.rest = buffer_bytes(&out)};
        assert_false(distinct_unpack(&distinct, &in));
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distinct_is_within_a_few_per_cent_from_one_to_a_hundred_thousand),
        cmocka_unit_test(distinct_does_not_care_how_often_and_in_which_order),
        cmocka_unit_test(distinct_of_nothing_is_zero_and_of_all_hashes_is_finite),
        cmocka_unit_test(distinct_is_the_same_out_of_its_bytes),
        cmocka_unit_test(distinct_refuses_registers_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
