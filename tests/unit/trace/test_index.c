/* SPDX-License-Identifier: MIT */
/*
 * Promise: of any number of transactions the slowest, or the failed ones, are known in bounded memory, and what was forgotten is counted.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/index.h"

#include <stdio.h>

static void see(struct trace_index *index, int number, int64_t at_ms, bool error)
{
    struct trace_id id;
    snprintf(id.text, sizeof(id.text), "id-%08d", number);
    index_see(index, &id,
              &(struct index_sight){.service = (uint32_t)number % 3,
                                    .time_ns = at_ms * NS_PER_MS,
                                    .error = error});
}

static void the_slowest_are_kept_when_the_table_is_full(void **state)
{
    (void)state;
    struct trace_index *index = index_create(INDEX_SLOW, 64);
    for (int i = 0; i < 1000; i++) {
        int64_t took = i % 100 == 7 ? 5000 + i : 10;
        see(index, i, 1000 * i, false);
        see(index, i, 1000 * i + took, false);
    }
    const struct index_row *rows[10];
    assert_int_equal(index_best(index, rows, 10), 10);
    assert_string_equal(rows[0]->id.text, "id-00000907");
    assert_int_equal(rows[0]->to_ns - rows[0]->from_ns, 5907 * NS_PER_MS);
    assert_int_equal(rows[0]->records, 2);
    assert_string_equal(rows[9]->id.text, "id-00000007");
    struct index_counts counts = index_counts(index);
    assert_true(counts.held <= 64);
    assert_int_equal(counts.held + counts.evicted, 1000);
    index_free(index);
}

static void only_what_failed_is_listed_the_newest_first(void **state)
{
    (void)state;
    struct trace_index *index = index_create(INDEX_FAILED, 64);
    for (int i = 0; i < 1000; i++)
        see(index, i, i, i == 5 || i == 300);
    const struct index_row *rows[10];
    assert_int_equal(index_best(index, rows, 10), 2);
    assert_string_equal(rows[0]->id.text, "id-00000300");
    assert_string_equal(rows[1]->id.text, "id-00000005");
    assert_int_equal(rows[1]->first_error, 5 % 3);
    index_free(index);
}

static void the_first_error_is_the_earliest_whoever_is_read_first(void **state)
{
    (void)state;
    struct trace_index *index = index_create(INDEX_FAILED, 0);
    struct trace_id id = {"4bf92f35"};
    index_see(index, &id, &(struct index_sight){.service = 1, .time_ns = 200, .error = true});
    index_see(
        index, &id,
        &(struct index_sight){.service = 2, .time_ns = 100, .took_ns = 50, .error = true});
    index_see(index, &id, &(struct index_sight){.service = 3, .time_ns = NO_TIME});
    const struct index_row *rows[1];
    assert_int_equal(index_best(index, rows, 1), 1);
    assert_int_equal(rows[0]->first_error, 2);
    assert_int_equal(rows[0]->from_ns, 50);
    assert_int_equal(rows[0]->to_ns, 200);
    assert_int_equal(rows[0]->records, 3);
    assert_int_equal(rows[0]->services, 14);
    index_free(index);
}

/* A line of a stack, or one whose stamp is unreadable: it may have come at any time. */
static void an_error_without_a_time_is_not_the_first(void **state)
{
    (void)state;
    struct trace_index *index = index_create(INDEX_FAILED, 64);
    struct trace_id id = {"id-00000001"};
    for (uint32_t i = 0; i < 3; i++)
        index_see(index, &id,
                  &(struct index_sight){
                      .service = i, .time_ns = i == 1 ? 5 * NS_PER_S : NO_TIME, .error = true});
    const struct index_row *row;
    assert_int_equal(index_best(index, &row, 1), 1);
    assert_int_equal(row->first_error, 1);
    assert_int_equal(row->errors, 3);
    index_free(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_slowest_are_kept_when_the_table_is_full),
        cmocka_unit_test(only_what_failed_is_listed_the_newest_first),
        cmocka_unit_test(the_first_error_is_the_earliest_whoever_is_read_first),
        cmocka_unit_test(an_error_without_a_time_is_not_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
