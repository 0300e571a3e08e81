/* SPDX-License-Identifier: MIT */
/*
 * series.h - one number per window, and which records it is made of.
 *
 * A series is a kind (what is computed) over a selection (of which records). Of most kinds a window keeps four numbers;
 * quantiles and distinct counts need a store of their own, which belongs to the pane (pane.c).
 */
#ifndef WINDOW_SERIES_H
#define WINDOW_SERIES_H

#include "base/bytes.h"
#include "base/pack.h"

#include <oddline/detector.h>

#include <stdbool.h>
#include <stdint.h>

enum series_kind {
    SERIES_RECORDS, /* how many records are selected */
    SERIES_LINES,   /* how many physical lines they have */
    SERIES_BYTES,   /* how many bytes */
    SERIES_RATIO,   /* selected records / those of `to`; no value below min_samples of these */
    SERIES_NEW, /* how many have a template that the stream had never seen; no value while that is no news, see template.h */
    SERIES_BAD, /* of an SLO: the count is that of bad records, the value that of all it speaks of */
    SERIES_SUM, /* of a numeric field over the selected records; so the next three. No value below min_samples. */
    SERIES_MEAN,
    SERIES_MIN,
    SERIES_MAX,
    SERIES_QUANTILE, /* too; within 2 % of the number itself: quantile.h */
    SERIES_DISTINCT, /* how many different values of a field: distinct.h */
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
    uint32_t pattern; /* 1 + number of a pattern of the stream, see batch_matched(); 0 = any */
    enum compare compare; /* field `field` against `number` or, if set, `text` */
    uint32_t field;
    double number;
    struct bytes text; /* at != NULL: compare as text, EQ and NE only */
};

struct series_spec {
    const char *name;
    enum series_kind kind;
    struct selection select;
    struct selection
        to; /* of RATIO: what it is a share of; it need not hold what is selected. Of BAD: all */
    bool except;          /* of BAD: what is selected is good, and the rest of `to` is bad */
    uint32_t field;       /* of SUM, MEAN, MIN, MAX, QUANTILE, DISTINCT */
    double quantile;      /* 0 to 1 */
    uint64_t min_samples; /* 0 = 1 */
};

/* What a series knows of an open window. */
struct series_state {
    uint64_t count; /* selected records that had a value */
    uint64_t
        to; /* RATIO, BAD: records of `to`; NEW: records whose template could have been news */
    double sum, min, max;
    void *store; /* of QUANTILE and DISTINCT; NULL: nothing is in it */
};

/* The field of that number in a record, or NULL. */
const struct oddline_field *series_field(const struct oddline_batch *batch,
                                         const struct oddline_record *record, uint32_t name);

/* Bytes of the store that the kind needs, 0 for most. */
size_t series_store_bytes(enum series_kind kind);
/* As before the first record; the store stays. */
void series_clear(const struct series_spec *spec, struct series_state *state);
/* Into a cleared state with its store; false when the bytes are none. */
void series_pack(const struct series_spec *spec, const struct series_state *state,
                 struct buffer *out);
bool series_unpack(const struct series_spec *spec, struct series_state *state,
                   struct unpacker *in);

/*
 * Count one record: returns whether it took part (then it may be evidence). *ret_extreme is set when it is the new
 * minimum or maximum of MIN, MAX, MEAN, SUM or QUANTILE, the record that shows the value best.
 */
bool series_add(const struct series_spec *spec, struct series_state *state,
                const struct oddline_batch *batch, const struct oddline_record *record,
                bool *ret_extreme);

/* Does it ask for the level of records that match no pattern? So does evidence, which tells it and may prefer by it. */
bool series_asks_levels(const struct series_spec *spec);

/* Is the record with the extreme value the one that shows it best, and not the one with the highest level? */
static inline bool series_by_value(const struct series_spec *spec)
{
    return spec->kind >= SERIES_SUM && spec->kind <= SERIES_QUANTILE;
}

/* The number for the window, or NaN. */
double series_value(const struct series_spec *spec, const struct series_state *state);

#endif /* WINDOW_SERIES_H */
