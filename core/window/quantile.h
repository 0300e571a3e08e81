/* SPDX-License-Identifier: MIT */
/*
 * quantile.h - any quantile of the numbers of one window, in bounded memory: a log-bucket sketch.
 *
 * A number lies in the bucket of its logarithm, so an estimate is off by at most QUANTILE_ERROR of the number itself (zero: by
 * QUANTILE_ZERO), however the numbers are spread. Two sketches merge into the one that would have seen both. A window holds
 * few different magnitudes, so buckets are kept sparse and in order; numbers over more than eight decades, or of both signs, may need
 * more than there are: then the lowest two become one, and it is the low quantiles that lose the bound.
 *
 *   Source   C. Masson, J. E. Rim, H. K. Lee, DDSketch: A fast and fully-mergeable quantile sketch with relative-error
 *            guarantees, PVLDB 12(12), 2019. Here the buckets are one sorted array instead of a dense store for each sign.
 *   Cost     one logarithm and a binary search for each number; 4 KiB
 */
#ifndef WINDOW_QUANTILE_H
#define WINDOW_QUANTILE_H

#include "base/pack.h"

enum { QUANTILE_BUCKETS = 480 }; /* 19 e-folds when all in a row are taken */
#define QUANTILE_ERROR 0.02
#define QUANTILE_ZERO  1e-12

/* Zero-initialise. */
struct quantile {
    uint64_t count;
    uint32_t used;
    int32_t keys
        [QUANTILE_BUCKETS]; /* [used], ascending: the logarithm, with the sign of the number; 0: zero */
    uint32_t counts[QUANTILE_BUCKETS]; /* [used], 1 or more; stays at its highest value */
};

void quantile_add(struct quantile *quantile, double value);
void quantile_merge(struct quantile *quantile, const struct quantile *other);
/* The least number that is not below `share` (0 to 1) of all; NaN when there are none. */
double quantile_value(const struct quantile *quantile, double share);
/* How many lie in buckets above that of `value`: surely more than it. */
uint64_t quantile_above(const struct quantile *quantile, double value);

void quantile_pack(const struct quantile *quantile, struct buffer *out);
/* Into a zero-initialised one; false when the bytes are none. */
bool quantile_unpack(struct quantile *quantile, struct unpacker *in);

#endif /* WINDOW_QUANTILE_H */
