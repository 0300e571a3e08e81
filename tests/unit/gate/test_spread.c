/* SPDX-License-Identifier: MIT */
/*
 * Promise: independent records count about as one each; records that come in clumps count for fewer, also when a clump goes over
 * many windows; what cannot be known is not taken for independent.
 */

#include "gate/spread.h"
#include "unit/gate/release.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static double middle_spread(const struct profile *profile, bool rate)
{
    double sum = 0;
    for (unsigned short run = 1; run <= 40; run++) {
        struct maker m = {.seed = {run, 1, 2}};
        struct tally tallies[BEFORE];
        for (size_t i = 0; i < BEFORE; i++) {
            struct gate_cell cell;
            make_cell(&m, profile, 0, &cell);
            tallies[i] = rate ? (struct tally){(double)cell.records, SECONDS}
                              : (struct tally){(double)cell.bad, (double)cell.records};
        }
        sum += rate ? spread_rate(tallies, BEFORE) : spread_share(tallies, BEFORE);
    }
    return sum / 40;
}

static void independent_records_count_about_as_one_each(void **state)
{
    (void)state;
    const struct profile calm = {.per_window = 100, .errors = 0.02, .slower = 1};
    double share = middle_spread(&calm, false), rate = middle_spread(&calm, true);
    assert_true(share >= 1 && share < 2.2);
    assert_true(rate >= 1 && rate < 2.2);
}

static void clumps_over_many_windows_are_seen_in_long_blocks(void **state)
{
    (void)state;
    const struct profile clumps = {
        .per_window = 100, .errors = 0.02, .slower = 1, .clump = 0.5};
    // One window of 2 errors varies by 2 (1 + 2 * 0.28); what goes over twenty of them adds up.
    double share = middle_spread(&clumps, false);
    assert_true(share > 5 && share < 60);
}

static void fives_count_as_one(void **state)
{
    (void)state;
    struct maker m = {.seed = {3, 3, 3}};
    struct tally tallies[BEFORE];
    for (size_t i = 0; i < BEFORE; i++)
        tallies[i] = (struct tally){5 * (double)draw_count(&m, 2), 1000};
    double share = spread_share(tallies, BEFORE);
    assert_true(share > 5 && share < 11);
}

static void what_cannot_be_known_is_not_taken_for_independent(void **state)
{
    (void)state;
    const struct tally few[] = {{1, 10}, {2, 10}, {1, 10}}, none[] = {{0, 10}, {0, 10}};
    assert_true(spread_share(few, 3) == SPREAD_UNKNOWN);
    assert_true(spread_rate(few, 3) == SPREAD_UNKNOWN);
    assert_true(spread_share(none, 2) == 1 && spread_rate(none, 0) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_records_count_about_as_one_each),
        cmocka_unit_test(clumps_over_many_windows_are_seen_in_long_blocks),
        cmocka_unit_test(fives_count_as_one),
        cmocka_unit_test(what_cannot_be_known_is_not_taken_for_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
