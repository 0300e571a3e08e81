/* SPDX-License-Identifier: MIT */
/*
 * Promise: a quantile is within 2 % of the number that is really there, however the numbers are spread; two sketches merge into the
 * one that saw both; and its bytes make the same again, or are refused.
 */

#include "window/quantile.h"

#include <math.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NUMBERS = 5000 };
static double numbers[NUMBERS];

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Times that differ by a few per cent, by factors, by decades; a few are zero or below it. */
static double draw(int spread, unsigned short seed[3])
{
    double u = erand48(seed);
    switch (spread) {
    case 0:
        return 100 + 5 * u;
    case 1:
        return -log(1 - u) * 40;
    case 2:
        return pow(u, -1.5); // without a mean
    case 3:
        return u < 0.2 ? 0 : pow(10, 6 * u);
    default:
        return (u - 0.3) * 1000;
    }
}
enum { SPREADS = 5 };

static void assert_near(double got, double want)
{
    if (!(fabs(got - want) <= QUANTILE_ERROR * fabs(want) * (1 + 1e-9) + QUANTILE_ZERO))
        fail_msg("got %g, want %g", got, want);
}

static void quantile_is_within_its_error_of_what_is_there(void **state)
{
    (void)state;
    static const double shares[] = {0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
    unsigned short seed[3] = {1, 2, 3};
    for (int spread = 0; spread < SPREADS; spread++) {
        struct quantile quantile = {0};
        for (int i = 0; i < NUMBERS; i++)
            quantile_add(&quantile, numbers[i] = draw(spread, seed));
        qsort(numbers, NUMBERS, sizeof(numbers[0]), by_size);
        for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
            assert_near(quantile_value(&quantile, shares[i]),
                        numbers[(int)fmax(0, ceil(shares[i] * NUMBERS - 1e-9) - 1)]);
    }
}

static void quantile_of_nothing_is_no_number_and_of_one_is_that(void **state)
{
    (void)state;
    static const double ones[] = {0, 1e-15, 1e-9, -3, 1, 1e300, -1e308};
    struct quantile quantile = {0};
    assert_true(isnan(quantile_value(&quantile, 0.5)));
    for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++) {
        quantile = (struct quantile){0};
        quantile_add(&quantile, ones[i]);
        assert_near(quantile_value(&quantile, 0), ones[i]);
        assert_near(quantile_value(&quantile, 1), ones[i]);
    }
}

static void quantile_merged_is_that_of_both(void **state)
{
    (void)state;
    unsigned short seed[3] = {4, 5, 6};
    for (int spread = 0; spread < SPREADS; spread++) {
        struct quantile parts[3] = {0}, all = {0};
        for (int i = 0; i < NUMBERS; i++) {
            double value = draw(spread, seed);
            quantile_add(&parts[i % 3], value);
            quantile_add(&all, value);
        }
        quantile_merge(&parts[2], &parts[0]);
        quantile_merge(&parts[2], &parts[1]);
        assert_int_equal(parts[2].count, all.count);
        assert_int_equal(parts[2].used, all.used);
        assert_memory_equal(parts[2].keys, all.keys, all.used * sizeof(all.keys[0]));
        assert_memory_equal(parts[2].counts, all.counts, all.used * sizeof(all.counts[0]));
    }
}

/* More magnitudes than there are buckets, in any order: the upper quantiles keep the bound, and every number is counted. */
static void quantile_out_of_buckets_gives_up_the_low_ones(void **state)
{
    (void)state;
    for (int order = 0; order < 3; order++) {
        struct quantile quantile = {0};
        for (int i = 0; i < NUMBERS; i++) {
            int place = order == 0 ? i : order == 1 ? NUMBERS - 1 - i : i * 7 % NUMBERS;
            quantile_add(&quantile, pow(10, -10 + 20.0 * place / NUMBERS));
        }
        uint64_t sum = 0;
        for (uint32_t i = 0; i < quantile.used; i++) {
            sum += quantile.counts[i];
            assert_true(i == 0 || quantile.keys[i - 1] < quantile.keys[i]);
        }
        assert_int_equal(sum, NUMBERS);
        assert_int_equal(quantile.used, QUANTILE_BUCKETS);
        for (int i = NUMBERS * 6 / 10; i < NUMBERS; i += 50)
            assert_near(quantile_value(&quantile, (i + 1.0) / NUMBERS),
                        pow(10, -10 + 20.0 * i / NUMBERS));
    }
}

static void quantile_is_the_same_out_of_its_bytes(void **state)
{
    (void)state;
    unsigned short seed[3] = {7, 8, 9};
    struct quantile quantile = {0};
    struct buffer out = {0};
    for (int i = 0; i < 200; i++) {
        struct quantile again = {0}, broken;
        buffer_clear(&out);
        quantile_pack(&quantile, &out);
        struct unpacker in = {.rest = buffer_bytes(&out)};
        assert_true(quantile_unpack(&again, &in));
        assert_int_equal(in.rest.len, 0);
        assert_memory_equal(&again, &quantile, sizeof(again));
        for (size_t len = 0; len < out.len; len++) {
            struct unpacker cut = {.rest = {out.at, len}};
            broken = (struct quantile){0};
            assert_false(quantile_unpack(&broken, &cut));
        }
        quantile_add(&quantile, draw(i % SPREADS, seed));
    }
    buffer_free(&out);
}

static void quantile_refuses_bytes_out_of_order(void **state)
{
    (void)state;
    static const int32_t bad[][4] = {
        {5, 1, 5, 1}, {5, 1, 4, 1}, {5, 0, 6, 1}, {20001, 1, 20002, 1}, {-20001, 1, 2, 1}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct quantile quantile = {0};
        struct buffer out = {0};
        pack_u64(&out, 2);
        pack_u32(&out, 2);
        for (int k = 0; k < 4; k++)
            pack_u32(&out, (uint32_t)bad[i][k]);
        struct unpacker in = {.rest = buffer_bytes(&out)};
        assert_false(quantile_unpack(&quantile, &in));
        buffer_free(&out);
    }
}

static void what_lies_above_is_counted_bucket_by_bucket(void **state)
{
    (void)state;
    struct quantile quantile = {0};
    for (int i = 1; i <= 1000; i++)
        quantile_add(&quantile, i);
    assert_int_equal(quantile_above(&quantile, 0), 1000);
    assert_int_equal(quantile_above(&quantile, 2000), 0);
    uint64_t above = quantile_above(&quantile, quantile_value(&quantile, 0.95));
    assert_in_range(above, 10, 50); // those in the bucket itself are not surely above
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantile_is_within_its_error_of_what_is_there),
        cmocka_unit_test(quantile_of_nothing_is_no_number_and_of_one_is_that),
        cmocka_unit_test(quantile_merged_is_that_of_both),
        cmocka_unit_test(quantile_out_of_buckets_gives_up_the_low_ones),
        cmocka_unit_test(quantile_is_the_same_out_of_its_bytes),
        cmocka_unit_test(quantile_refuses_bytes_out_of_order),
        cmocka_unit_test(what_lies_above_is_counted_bucket_by_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
