/* SPDX-License-Identifier: MIT */

#include "window/series.h"

#include "base/hash.h"
#include "ring/batch.h"
#include "window/distinct.h"
#include "window/quantile.h"

#include <math.h>

const struct oddline_field *series_field(const struct oddline_batch *batch,
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
    const struct oddline_field *field = series_field(batch, record, select->field);
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
    if (select->pattern && !batch_matched(batch, record, select->pattern - 1))
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
    if (spec->kind == SERIES_QUANTILE)
        quantile_add(state->store, value);
    bool low =
        spec->kind == SERIES_MIN || (spec->kind == SERIES_QUANTILE && spec->quantile < 0.5);
    *ret_extreme = low ? lower : higher;
    return true;
}

static bool add_value(struct series_state *state, const struct oddline_batch *batch,
                      const struct oddline_field *field)
{
    struct bytes number = {(const char *)&field->number, sizeof(field->number)};
    struct bytes text = {batch->text + field->text, field->text_len};
    distinct_add(state->store, hash_bytes(field->is_text ? text : number));
    state->count++;
    return true;
}

static bool add_field(const struct series_spec *spec, struct series_state *state,
                      const struct oddline_batch *batch, const struct oddline_record *record,
                      bool *ret_extreme)
{
    const struct oddline_field *field = series_field(batch, record, spec->field);
    if (!field)
        return false;
    if (spec->kind == SERIES_DISTINCT)
        return add_value(state, batch, field);
    return !field->is_text && isfinite(field->number) &&
           add_number(spec, state, field->number, ret_extreme);
}

/* Has it a template, in a stream where a new one is rare? */
static bool could_be_news(const struct oddline_record *record)
{
    return record->template_id && !(record->flags & ODDLINE_RECORD_LEARNING);
}

/* Bad is only what is spoken of at all. */
static bool add_bad(const struct series_spec *spec, struct series_state *state,
                    const struct oddline_batch *batch, const struct oddline_record *record)
{
    if (!selected(&spec->to, batch, record))
        return false;
    bool bad = selected(&spec->select, batch, record) != spec->except;
    state->to++;
    state->count += bad;
    return bad;
}

bool series_add(const struct series_spec *spec, struct series_state *state,
                const struct oddline_batch *batch, const struct oddline_record *record,
                bool *ret_extreme)
{
    *ret_extreme = false;
    if (spec->kind == SERIES_BAD)
        return add_bad(spec, state, batch, record);
    if (spec->kind == SERIES_RATIO)
        state->to += selected(&spec->to, batch, record);
    else if (spec->kind == SERIES_NEW)
        state->to += could_be_news(record);
    if (!selected(&spec->select, batch, record))
        return false;
    if (spec->kind == SERIES_NEW && !(record->flags & ODDLINE_RECORD_NEW))
        return false;
    if (spec->kind >= SERIES_SUM)
        return add_field(spec, state, batch, record, ret_extreme);
    state->count++;
    if (spec->kind == SERIES_LINES)
        state->sum += record->lines;
    else if (spec->kind == SERIES_BYTES)
        state->sum += record->text_len;
    return true;
}

bool series_asks_levels(const struct series_spec *spec)
{
    bool all = spec->kind == SERIES_RATIO && (spec->to.level_min || spec->to.level_max);
    return !spec->select.pattern || spec->kind == SERIES_BAD || (all && !spec->to.pattern);
}

/* The estimate may lie beyond the ends, which are known. */
static double quantile_within(const struct series_spec *spec, const struct series_state *state)
{
    double value = quantile_value(state->store, spec->quantile);
    return fmin(fmax(value, state->min), state->max);
}

double series_value(const struct series_spec *spec, const struct series_state *state)
{
    uint64_t least = spec->min_samples ? spec->min_samples : 1;
    switch (spec->kind) {
    case SERIES_RECORDS:
        return (double)state->count;
    case SERIES_LINES:
    case SERIES_BYTES:
        return state->sum;
    case SERIES_RATIO:
        return state->to < least ? NAN : (double)state->count / (double)state->to;
    case SERIES_BAD:
        return (double)state->to;
    case SERIES_NEW:
        return state->to < least ? NAN : (double)state->count;
    case SERIES_SUM:
        // Nothing to add up is a sum of zero, unless samples were asked for.
        return state->count < spec->min_samples ? NAN : state->sum;
    case SERIES_MEAN:
        return state->count < least ? NAN : state->sum / (double)state->count;
    case SERIES_MIN:
        return state->count < least ? NAN : state->min;
    case SERIES_MAX:
        return state->count < least ? NAN : state->max;
    case SERIES_QUANTILE:
        return state->count < least ? NAN : quantile_within(spec, state);
    case SERIES_DISTINCT:
        // The same for what has no value at all.
        return state->count < spec->min_samples ? NAN
               : state->count                   ? distinct_value(state->store)
                                                : 0;
    }
    return NAN;
}

/* ---- stores, and all of it as bytes --------------------------------------- */

size_t series_store_bytes(enum series_kind kind)
{
    return kind == SERIES_QUANTILE   ? sizeof(struct quantile)
           : kind == SERIES_DISTINCT ? sizeof(struct distinct)
                                     : 0;
}

void series_clear(const struct series_spec *spec, struct series_state *state)
{
    void *store = state->store;
    if (state->count && store)
        memset(store, 0, series_store_bytes(spec->kind));
    *state = (struct series_state){.store = store};
}

void series_pack(const struct series_spec *spec, const struct series_state *state,
                 struct buffer *out)
{
    pack_u64(out, state->count);
    pack_u64(out, state->to);
    pack_f64(out, state->sum);
    pack_f64(out, state->min);
    pack_f64(out, state->max);
    if (state->count && spec->kind == SERIES_QUANTILE)
        quantile_pack(state->store, out);
    else if (state->count && spec->kind == SERIES_DISTINCT)
        distinct_pack(state->store, out);
}

bool series_unpack(const struct series_spec *spec, struct series_state *state,
                   struct unpacker *in)
{
    state->count = unpack_u64(in);
    state->to = unpack_u64(in);
    state->sum = unpack_f64(in);
    state->min = unpack_f64(in);
    state->max = unpack_f64(in);
    if (state->count && spec->kind == SERIES_QUANTILE)
        return quantile_unpack(state->store, in);
    if (state->count && spec->kind == SERIES_DISTINCT)
        return distinct_unpack(state->store, in);
    return !in->bad;
}
