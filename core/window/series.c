/* SPDX-License-Identifier: MIT */

#include "window/series.h"

#include <math.h>

static const struct oddline_field *field_of(const struct oddline_batch *batch,
                                            const struct oddline_record *record, uint32_t name)
{
    for (uint32_t i = 0; i < record->field_count; i++)
        if (batch->fields[record->fields + i].name == name)
            return &batch->fields[record->fields + i];
    return NULL;
}

static bool number_holds(enum compare compare, double a, double b)
{
    switch (compare) {
    case COMPARE_EQ:
        return a == b;
    case COMPARE_NE:
        return a != b;
    case COMPARE_LT:
        return a < b;
    case COMPARE_LE:
        return a <= b;
    case COMPARE_GT:
        return a > b;
    case COMPARE_GE:
        return a >= b;
    case COMPARE_NONE:
        break;
    }
    return true;
}

static bool field_holds(const struct selection *select, const struct oddline_batch *batch,
                        const struct oddline_record *record)
{
    const struct oddline_field *field = field_of(batch, record, select->field);
    if (!field)
        return false;
    if (!select->text.at)
        return !field->is_text && number_holds(select->compare, field->number, select->number);
    struct bytes text = {batch->text + field->text, field->text_len};
    return field->is_text && bytes_equal(text, select->text) == (select->compare == COMPARE_EQ);
}

static bool selected(const struct selection *select, const struct oddline_batch *batch,
                     const struct oddline_record *record)
{
    if (record->level < select->level_min ||
        (select->level_max && record->level > select->level_max))
        return false;
    if (select->pattern && !(record->matches >> (select->pattern - 1) & 1))
        return false;
    if (select->unparsed && !(record->flags & ODDLINE_RECORD_UNPARSED))
        return false;
    return select->compare == COMPARE_NONE || field_holds(select, batch, record);
}

static bool add_number(const struct series_spec *spec, struct series_state *state, double value,
                       bool *ret_extreme)
{
    bool first = state->count++ == 0;
    bool lower = first || value < state->min, higher = first || value > state->max;
    state->sum += value;
    state->min = lower ? value : state->min;
    state->max = higher ? value : state->max;
    *ret_extreme = spec->kind == SERIES_MIN ? lower : higher;
    return true;
}

bool series_add(const struct series_spec *spec, struct series_state *state,
                const struct oddline_batch *batch, const struct oddline_record *record,
                bool *ret_extreme)
{
    *ret_extreme = false;
    if (!selected(&spec->select, batch, record))
        return false;
    if (spec->kind >= SERIES_SUM) {
        const struct oddline_field *field = field_of(batch, record, spec->field);
        return field && !field->is_text && isfinite(field->number) &&
               add_number(spec, state, field->number, ret_extreme);
    }
    state->count++;
    if (spec->kind == SERIES_LINES)
        state->sum += record->lines;
    else if (spec->kind == SERIES_BYTES)
        state->sum += record->text_len;
    return true;
}

double series_value(const struct series_spec *spec, const struct series_state *state,
                    uint64_t records)
{
    uint64_t least = spec->min_samples ? spec->min_samples : 1;
    switch (spec->kind) {
    case SERIES_RECORDS:
        return (double)state->count;
    case SERIES_LINES:
    case SERIES_BYTES:
        return state->sum;
    case SERIES_RATIO:
        return records < least ? NAN : (double)state->count / (double)records;
    case SERIES_SUM:
        // Nothing to add up is a sum of zero, unless samples were asked for.
        return state->count < spec->min_samples ? NAN : state->sum;
    case SERIES_MEAN:
        return state->count < least ? NAN : state->sum / (double)state->count;
    case SERIES_MIN:
        return state->count < least ? NAN : state->min;
    case SERIES_MAX:
        return state->count < least ? NAN : state->max;
    }
    return NAN;
}
