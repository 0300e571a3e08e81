/* SPDX-License-Identifier: MIT */
/*
 * Promise: the series of an SLO counts bad records of those that it speaks of at all, told by what is good or by what is bad; the value is how many it
 * speaks of, also none. Bad ones are its evidence, and both numbers survive packing.
 */

#include "window/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STATUS, TOOK, RECORDS = 5 };

/* Three requests (200 in 100 ms, 503 in 400 ms, 200 in 300 ms), one that says nothing of how long it took, a line that is no request. */
static const struct oddline_field fields[] = {
    {.name = STATUS, .number = 200}, {.name = TOOK, .number = 100},
    {.name = STATUS, .number = 503}, {.name = TOOK, .number = 400},
    {.name = STATUS, .number = 200}, {.name = TOOK, .number = 300},
    {.name = STATUS, .number = 200},
};
static const struct oddline_record records[RECORDS] = {
    {.fields = 0, .field_count = 2, .matches = 1},
    {.fields = 2, .field_count = 2, .matches = 1},
    {.fields = 4, .field_count = 2, .matches = 1},
    {.fields = 6, .field_count = 1, .matches = 1},
    {.fields = 7, .field_count = 0, .level = ODDLINE_LEVEL_ERROR},
};
static const struct oddline_batch batch = {
    .size = sizeof(batch), .text = "", .records = records, .fields = fields, .count = RECORDS};

/* Which of them are bad, as bits. */
static unsigned count(const struct series_spec *spec, struct series_state *state)
{
    unsigned bad = 0;
    bool extreme;
    for (uint32_t i = 0; i < RECORDS; i++) {
        bad |= (unsigned)series_add(spec, state, &batch, &records[i], &extreme) << i;
        assert_false(extreme);
    }
    return bad;
}

static void expect(const struct series_spec *spec, unsigned bad, uint64_t bad_count,
                   double total)
{
    struct series_state state = {0};
    assert_int_equal(count(spec, &state), bad);
    assert_int_equal(state.count, bad_count);
    assert_true(series_value(spec, &state) == total);
}

static void bad_ones_are_selected_of_all(void **state)
{
    (void)state;
    struct series_spec spec = {
        .kind = SERIES_BAD, .select = {.compare = COMPARE_GE, .field = STATUS, .number = 500}};
    expect(&spec, 2, 1, 5);
    spec.to.pattern = 1; // requests
    expect(&spec, 2, 1, 4);
}

/* Where only the good ones are named, what does not have the field is bad: it was not good. */
static void what_is_not_good_is_bad(void **state)
{
    (void)state;
    struct series_spec spec = {.kind = SERIES_BAD,
                               .except = true,
                               .select = {.compare = COMPARE_LE, .field = TOOK, .number = 300}};
    expect(&spec, 2 | 8 | 16, 3, 5);
    spec.to = (struct selection){.compare = COMPARE_GE, .field = TOOK, .number = 0};
    expect(&spec, 2, 1, 3); // of those that say how long they took
}

/* A bad record of which the SLO does not speak counts nowhere. */
static void what_it_does_not_speak_of_is_not_bad(void **state)
{
    (void)state;
    struct series_spec spec = {
        .kind = SERIES_BAD, .select = {.level_min = ODDLINE_LEVEL_ERROR}, .to = {.pattern = 1}};
    expect(&spec, 0, 0, 4);
}

static void nothing_is_none_and_not_unknown(void **state)
{
    (void)state;
    struct series_spec spec = {.kind = SERIES_BAD};
    struct series_state nothing = {0};
    assert_true(series_value(&spec, &nothing) == 0);
}

static void both_numbers_survive_packing(void **state)
{
    (void)state;
    struct series_spec spec = {
        .kind = SERIES_BAD, .select = {.compare = COMPARE_GE, .field = STATUS, .number = 500}};
    struct series_state before = {0}, after = {0};
    struct buffer bytes = {0};
    count(&spec, &before);
    series_pack(&spec, &before, &bytes);
    struct unpacker in = {.rest = buffer_bytes(&bytes)};
    assert_true(series_unpack(&spec, &after, &in));
    assert_int_equal(after.count, 1);
    assert_true(series_value(&spec, &after) == 5);
    series_clear(&spec, &after);
    assert_true(series_value(&spec, &after) == 0);
    buffer_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_ones_are_selected_of_all),
        cmocka_unit_test(what_is_not_good_is_bad),
        cmocka_unit_test(what_it_does_not_speak_of_is_not_bad),
        cmocka_unit_test(nothing_is_none_and_not_unknown),
        cmocka_unit_test(both_numbers_survive_packing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
