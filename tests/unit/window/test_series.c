/* SPDX-License-Identifier: MIT */
/* Promise: a series counts exactly the records it selects, and where there is no value it says NaN instead of zero. */

#include "window/distinct.h"
#include "window/quantile.h"
#include "window/series.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { STATUS, METHOD, TOOK };

/* Two requests with fields, a trace of three lines, a line that did not fit. */
static const struct oddline_field fields[] = {
    {.name = STATUS, .number = 200},
    {.name = METHOD, .is_text = 1, .text = 0, .text_len = 3},
    {.name = TOOK, .number = 0.25},
    {.name = STATUS, .number = 503},
    {.name = METHOD, .is_text = 1, .text = 3, .text_len = 4},
    {.name = TOOK, .number = 4},
    {.name = TOOK, .number = NAN},
    {.name = STATUS, .is_text = 1, .text = 0, .text_len = 3},
};
static const struct oddline_record records[] = {
    {.text_len = 10, .lines = 1, .level = ODDLINE_LEVEL_INFO, .fields = 0, .field_count = 3},
    {.text_len = 20,
     .lines = 1,
     .level = ODDLINE_LEVEL_WARN,
     .fields = 3,
     .field_count = 3,
     .matches = 5},
    {.text_len = 30,
     .lines = 3,
     .level = ODDLINE_LEVEL_ERROR,
     .fields = 6,
     .field_count = 2,
     .matches = UINT64_C(1) << 63},
    {.text_len = 40, .lines = 1, .flags = ODDLINE_RECORD_UNPARSED},
};
static const struct oddline_batch batch = {.size = sizeof(batch),
                                           .text = "GETPOST",
                                           .records = records,
                                           .fields = fields,
                                           .count = COUNT(records)};

/* What a pane has for each of them; one test needs one at a time. */
static union {
    struct quantile quantile;
    struct distinct distinct;
} store;

static struct series_state count_all(const struct series_spec *spec)
{
    struct series_state state = {.store = &store};
    bool extreme;
    memset(&store, 0, sizeof(store));
    for (uint32_t i = 0; i < batch.count; i++)
        series_add(spec, &state, &batch, &records[i], &extreme);
    return state;
}

static double value_of(struct series_spec spec)
{
    struct series_state state = count_all(&spec);
    return series_value(&spec, &state);
}
#define VALUE(...) value_of((struct series_spec){__VA_ARGS__})

static void series_of_every_kind_has_the_right_value(void **state)
{
    (void)state;
    assert_true(VALUE(.kind = SERIES_RECORDS) == 4);
    assert_true(VALUE(.kind = SERIES_LINES) == 6);
    assert_true(VALUE(.kind = SERIES_BYTES) == 100);
    assert_true(VALUE(.kind = SERIES_RATIO, .select = {.level_min = ODDLINE_LEVEL_ERROR}) ==
                0.25);
    assert_true(VALUE(.kind = SERIES_SUM, .field = TOOK) == 4.25);
    assert_true(VALUE(.kind = SERIES_MEAN, .field = TOOK) == 2.125); // the NaN takes no part
    assert_true(VALUE(.kind = SERIES_MIN, .field = TOOK) == 0.25);
    assert_true(VALUE(.kind = SERIES_MAX, .field = TOOK) == 4);
    assert_true(VALUE(.kind = SERIES_SUM, .field = STATUS) == 703); // the text takes no part
    assert_true(fabs(VALUE(.kind = SERIES_QUANTILE, .field = TOOK, .quantile = 0.5) - 0.25) <=
                0.25 * QUANTILE_ERROR);
    assert_true(VALUE(.kind = SERIES_DISTINCT, .field = METHOD) == 2);
    assert_true(VALUE(.kind = SERIES_DISTINCT, .field = STATUS) == 3); // a text is a value too
    assert_true(VALUE(.kind = SERIES_DISTINCT, .field = 99) == 0);
}

/* One of which the other is no part may be more than all of it. */
static void series_of_two_counts_is_one_by_the_other(void **state)
{
    (void)state;
    assert_true(VALUE(.kind = SERIES_RATIO, .select = {.level_min = ODDLINE_LEVEL_INFO},
                      .to = {.level_min = ODDLINE_LEVEL_WARN}) == 1.5);
    assert_true(VALUE(.kind = SERIES_RATIO, .select = {.pattern = 1},
                      .to = {.level_min = ODDLINE_LEVEL_INFO}, .min_samples = 3) == 1.0 / 3);
    assert_true(isnan(VALUE(.kind = SERIES_RATIO, .select = {.level_min = ODDLINE_LEVEL_INFO},
                            .to = {.level_min = ODDLINE_LEVEL_WARN}, .min_samples = 3)));
    assert_true(isnan(VALUE(.kind = SERIES_RATIO, .to = {.level_min = ODDLINE_LEVEL_FATAL})));
}

static double picked(struct selection select)
{
    return VALUE(.kind = SERIES_RECORDS, .select = select);
}
#define PICKED(...) picked((struct selection){__VA_ARGS__})
#define TEXT(t)     .text = {t, sizeof(t) - 1}

static void series_selects_by_level_pattern_and_fit(void **state)
{
    (void)state;
    assert_true(PICKED(.level_min = ODDLINE_LEVEL_WARN) == 2);
    assert_true(PICKED(.level_min = ODDLINE_LEVEL_WARN, .level_max = ODDLINE_LEVEL_WARN) == 1);
    assert_true(PICKED(.level_max = ODDLINE_LEVEL_INFO) == 2);
    assert_true(PICKED(.unparsed = true) == 1);
    assert_true(PICKED(.pattern = 1) == 1); // bit 0
    assert_true(PICKED(.pattern = 2) == 0);
    assert_true(PICKED(.pattern = 3) == 1);
    assert_true(PICKED(.pattern = 64) == 1);                                   // the last bit
    assert_true(PICKED(.pattern = 64, .level_min = ODDLINE_LEVEL_FATAL) == 0); // all must hold
}

static void series_selects_by_a_field(void **state)
{
    (void)state;
    static const int wanted[] = {[COMPARE_EQ] = 1, [COMPARE_NE] = 1, [COMPARE_LT] = 1,
                                 [COMPARE_LE] = 2, [COMPARE_GT] = 0, [COMPARE_GE] = 1};
    for (int c = COMPARE_EQ; c <= COMPARE_GE; c++)
        assert_true(PICKED(.compare = (enum compare)c, .field = STATUS, .number = 503) ==
                    wanted[c]);
    assert_true(PICKED(.compare = COMPARE_EQ, .field = METHOD, TEXT("POST")) == 1);
    assert_true(PICKED(.compare = COMPARE_NE, .field = METHOD, TEXT("POST")) == 1);
    assert_true(PICKED(.compare = COMPARE_EQ, .field = METHOD, TEXT("POS")) == 0);
    assert_true(PICKED(.compare = COMPARE_EQ, .field = METHOD, TEXT("")) == 0);
    assert_true(PICKED(.compare = COMPARE_EQ, .field = METHOD, .number = 0) == 0); // it is text
    assert_true(PICKED(.compare = COMPARE_NE, .field = 99, .number = 0) == 0); // nobody has it
}

static void series_has_no_value_below_its_samples(void **state)
{
    (void)state;
    assert_true(VALUE(.kind = SERIES_RATIO, .min_samples = 4) == 1);
    assert_true(isnan(VALUE(.kind = SERIES_RATIO, .min_samples = 5)));
    assert_true(VALUE(.kind = SERIES_MEAN, .field = TOOK, .min_samples = 2) == 2.125);
    assert_true(isnan(VALUE(.kind = SERIES_MEAN, .field = TOOK, .min_samples = 3)));
    assert_true(isnan(VALUE(.kind = SERIES_MIN, .field = TOOK, .min_samples = 3)));
    assert_true(isnan(VALUE(.kind = SERIES_MAX, .field = TOOK, .min_samples = 3)));
    assert_true(isnan(VALUE(.kind = SERIES_SUM, .field = TOOK, .min_samples = 3)));
    assert_false(isnan(VALUE(.kind = SERIES_QUANTILE, .field = TOOK, .min_samples = 2)));
    assert_true(isnan(VALUE(.kind = SERIES_QUANTILE, .field = TOOK, .min_samples = 3)));
    assert_true(VALUE(.kind = SERIES_DISTINCT, .field = METHOD, .min_samples = 2) == 2);
    assert_true(isnan(VALUE(.kind = SERIES_DISTINCT, .field = METHOD, .min_samples = 3)));
}

/* An empty window: a count of nothing is zero, a mean of nothing is no number. */
static void series_of_nothing(void **state)
{
    (void)state;
    static const struct series_state nothing;
    for (int kind = SERIES_RECORDS; kind <= SERIES_DISTINCT; kind++) {
        struct series_spec spec = {.kind = (enum series_kind)kind};
        double value = series_value(&spec, &nothing);
        bool countable = kind == SERIES_RECORDS || kind == SERIES_LINES ||
                         kind == SERIES_BYTES || kind == SERIES_SUM || kind == SERIES_BAD ||
                         kind == SERIES_DISTINCT;
        assert_true(countable ? value == 0 : isnan(value));
    }
}

static void series_of_negative_numbers_has_the_right_extremes(void **state)
{
    (void)state;
    static const double numbers[] = {-5, -7, -2, -INFINITY, INFINITY};
    struct series_state low = {0}, high = {0};
    struct series_spec min = {.kind = SERIES_MIN}, max = {.kind = SERIES_MAX};
    unsigned lows = 0, highs = 0;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct oddline_field field = {.number = numbers[i]};
        struct oddline_record record = {.field_count = 1};
        struct oddline_batch one = {.records = &record, .fields = &field, .count = 1};
        bool extreme;
        assert_int_equal(series_add(&min, &low, &one, &record, &extreme), isfinite(numbers[i]));
        lows |= (unsigned)extreme << i;
        series_add(&max, &high, &one, &record, &extreme);
        highs |= (unsigned)extreme << i;
    }
    assert_true(series_value(&min, &low) == -7);
    assert_true(series_value(&max, &high) == -2);
    assert_int_equal(lows, 1 | 2); // which records show the value best
    assert_int_equal(highs, 1 | 4);
}

/* The record that shows a high quantile is the highest, of a low one the lowest; what is cleared is as new. */
static void series_of_a_quantile_shows_the_end_it_looks_at(void **state)
{
    (void)state;
    static const double numbers[] = {5, 7, 2};
    for (int low = 0; low < 2; low++) {
        struct series_spec spec = {.kind = SERIES_QUANTILE, .quantile = low ? 0.05 : 0.95};
        struct series_state counted = {.store = &store};
        unsigned shown = 0;
        memset(&store, 0, sizeof(store));
        for (size_t i = 0; i < COUNT(numbers); i++) {
            struct oddline_field field = {.number = numbers[i]};
            struct oddline_record record = {.field_count = 1};
            struct oddline_batch one = {.records = &record, .fields = &field, .count = 1};
            bool extreme;
            assert_true(series_add(&spec, &counted, &one, &record, &extreme));
            shown |= (unsigned)extreme << i;
        }
        assert_int_equal(shown, low ? 1 | 4 : 1 | 2);
        assert_true(series_by_value(&spec));
        assert_true(fabs(series_value(&spec, &counted) / (low ? 2 : 7) - 1) <= QUANTILE_ERROR);
        series_clear(&spec, &counted);
        assert_ptr_equal(counted.store, &store);
        assert_true(isnan(series_value(&spec, &counted)) && store.quantile.used == 0);
    }
}

static void series_that_counts_has_no_extremes(void **state)
{
    (void)state;
    struct series_spec spec = {.kind = SERIES_BYTES,
                               .select = {.level_min = ODDLINE_LEVEL_WARN}};
    struct series_state counted = {0};
    bool extreme = true;
    assert_true(series_add(&spec, &counted, &batch, &records[1], &extreme));
    assert_false(extreme);
    extreme = true;
    assert_false(series_add(&spec, &counted, &batch, &records[0], &extreme));
    assert_false(extreme);
    assert_int_equal(counted.count, 1);
}

static void new_templates_are_counted_where_they_could_be_news(void **state)
{
    (void)state;
    static const struct series_spec all = {.kind = SERIES_NEW},
                                    bad = {.kind = SERIES_NEW,
                                           .select = {.level_min = ODDLINE_LEVEL_WARN}};
    static const struct {
        struct oddline_record record;
        double all, bad; /* values from then on */
    } story[] = {
        {{.template_id = 0}, NAN, NAN},
        {{.template_id = 1, .flags = ODDLINE_RECORD_LEARNING}, NAN, NAN},
        {{.template_id = 1}, 0, 0},
        {{.template_id = 2, .flags = ODDLINE_RECORD_NEW}, 1, 0},
        {{.template_id = 3, .flags = ODDLINE_RECORD_NEW, .level = ODDLINE_LEVEL_ERROR}, 2, 1},
        {{.template_id = 3, .level = ODDLINE_LEVEL_ERROR}, 2, 1},
    };
    struct series_state of_all = {0}, of_bad = {0};
    for (size_t i = 0; i < COUNT(story); i++) {
        const struct oddline_record *record = &story[i].record;
        bool extreme, is_new = record->flags & ODDLINE_RECORD_NEW;
        assert_int_equal(series_add(&all, &of_all, &batch, record, &extreme), is_new);
        assert_int_equal(series_add(&bad, &of_bad, &batch, record, &extreme),
                         is_new && record->level);
        double got = series_value(&all, &of_all), got_bad = series_value(&bad, &of_bad);
        assert_true(isnan(story[i].all) ? isnan(got) : got == story[i].all);
        assert_true(isnan(story[i].bad) ? isnan(got_bad) : got_bad == story[i].bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(series_of_every_kind_has_the_right_value),
        cmocka_unit_test(series_selects_by_level_pattern_and_fit),
        cmocka_unit_test(series_selects_by_a_field),
        cmocka_unit_test(series_has_no_value_below_its_samples),
        cmocka_unit_test(series_of_nothing),
        cmocka_unit_test(series_of_negative_numbers_has_the_right_extremes),
        cmocka_unit_test(series_of_two_counts_is_one_by_the_other),
        cmocka_unit_test(series_of_a_quantile_shows_the_end_it_looks_at),
        cmocka_unit_test(series_that_counts_has_no_extremes),
        cmocka_unit_test(new_templates_are_counted_where_they_could_be_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
