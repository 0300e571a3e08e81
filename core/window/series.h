/* SPDX-License-Identifier: MIT */
/*
 * series.h - one number per window, and which records it is made of.
 *
 * A series is a kind (what is computed) over a selection (of which records). Quantiles, distinct counts and grouping
 * are further kinds; nothing else has to change for them.
 */
#ifndef WINDOW_SERIES_H
#define WINDOW_SERIES_H

#include "base/bytes.h"

#include <oddline/detector.h>

#include <stdbool.h>
#include <stdint.h>

enum series_kind {
    SERIES_RECORDS, /* how many records are selected */
    SERIES_LINES,   /* how many physical lines they have */
    SERIES_BYTES,   /* how many bytes */
    SERIES_RATIO,   /* selected records / all records; no value below min_samples */
    SERIES_SUM, /* of a numeric field over the selected records; so the next three. No value below min_samples. */
    SERIES_MEAN,
    SERIES_MIN,
    SERIES_MAX,
};

enum compare {
    COMPARE_NONE,
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_LT,
    COMPARE_LE,
    COMPARE_GT,
    COMPARE_GE
};

/* Which records. Zero-initialised it selects all of them; every part that is set must hold. */
struct selection {
    uint8_t level_min, level_max; /* inclusive; 0 = open */
    bool unparsed;                /* only records that the format did not fit */
    uint32_t pattern;             /* 1 + bit of oddline_record.matches, 0 = any */
    enum compare compare;         /* field `field` against `number` or, if set, `text` */
    uint32_t field;
    double number;
    struct bytes text; /* at != NULL: compare as text, EQ and NE only */
};

struct series_spec {
    const char *name;
    enum series_kind kind;
    struct selection select;
    uint32_t field;       /* of SUM, MEAN, MIN, MAX */
    uint64_t min_samples; /* 0 = 1 */
};

/* What a series knows of an open window. */
struct series_state {
    uint64_t count; /* selected records that had a value */
    double sum, min, max;
};

/*
 * Count one record: returns whether it took part (then it may be evidence). *ret_extreme is set when it is the new
 * minimum or maximum of MIN, MAX, MEAN or SUM, the record that shows the value best.
 */
bool series_add(const struct series_spec *spec, struct series_state *state,
                const struct oddline_batch *batch, const struct oddline_record *record,
                bool *ret_extreme);

/* Is the record with the extreme value the one that shows it best, and not the one with the highest level? */
static inline bool series_by_value(const struct series_spec *spec)
{
    return spec->kind >= SERIES_SUM;
}

/* The number for the window, or NaN; `records` is how many the window holds in all. */
double series_value(const struct series_spec *spec, const struct series_state *state,
                    uint64_t records);

#endif /* WINDOW_SERIES_H */
