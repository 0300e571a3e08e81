/* SPDX-License-Identifier: MIT */

#include "window/quantile.h"

#include <math.h>
#include <stdlib.h>

/* ln γ, with γ = (1 + error) / (1 - error): the width of a bucket. */
#define WIDTH log((1 + QUANTILE_ERROR) / (1 - QUANTILE_ERROR))

enum { KEY_MAX = 20000 }; /* of the largest double */

static int32_t key_of(double value)
{
    double size = fabs(value);
    if (size < QUANTILE_ZERO)
        return 0;
    int32_t key = 1 + (int32_t)ceil((log(size) - log(QUANTILE_ZERO)) / WIDTH);
    key = key > KEY_MAX ? KEY_MAX : key;
    return value < 0 ? -key : key;
}

/* The number that is as far, relatively, from either end of the bucket. */
static double value_of(int32_t key)
{
    if (key == 0)
        return 0;
    double high = exp(log(QUANTILE_ZERO) + (abs(key) - 1) * WIDTH);
    return copysign(high * (1 - QUANTILE_ERROR), key);
}

/* The first bucket that is not below `key`. */
static uint32_t find(const struct quantile *quantile, int32_t key)
{
    uint32_t low = 0, high = quantile->used;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (quantile->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void raise_count(uint32_t *count, uint32_t by)
{
    *count = by > UINT32_MAX - *count ? UINT32_MAX : *count + by;
}

static void close_gap(struct quantile *quantile, uint32_t at)
{
    uint32_t behind = --quantile->used - at;
    memmove(&quantile->keys[at], &quantile->keys[at + 1], behind * sizeof(quantile->keys[0]));
    memmove(&quantile->counts[at], &quantile->counts[at + 1],
            behind * sizeof(quantile->counts[0]));
}

static void open_gap(struct quantile *quantile, uint32_t at)
{
    uint32_t behind = quantile->used++ - at;
    memmove(&quantile->keys[at + 1], &quantile->keys[at], behind * sizeof(quantile->keys[0]));
    memmove(&quantile->counts[at + 1], &quantile->counts[at],
            behind * sizeof(quantile->counts[0]));
}

static void add_bucket(struct quantile *quantile, int32_t key, uint32_t count)
{
    uint32_t at = find(quantile, key);
    bool there = at < quantile->used && quantile->keys[at] == key;
    if (!there && quantile->used == QUANTILE_BUCKETS && at > 0) {
        raise_count(&quantile->counts[1], quantile->counts[0]);
        close_gap(quantile, 0);
        at--;
    }
    if (!there && quantile->used < QUANTILE_BUCKETS) {
        open_gap(quantile, at);
        quantile->keys[at] = key;
        quantile->counts[at] = 0;
    }
    raise_count(&quantile->counts[at], count); // below all of a full sketch: into the lowest
}

void quantile_add(struct quantile *quantile, double value)
{
    quantile->count++;
    add_bucket(quantile, key_of(value), 1);
}

void quantile_merge(struct quantile *quantile, const struct quantile *other)
{
    quantile->count += other->count;
    for (uint32_t i = 0; i < other->used; i++)
        add_bucket(quantile, other->keys[i], other->counts[i]);
}

double quantile_value(const struct quantile *quantile, double share)
{
    double rank = fmax(1, ceil(share * (double)quantile->count - 1e-9)),
           seen = 0; // the nearest rank
    for (uint32_t i = 0; i < quantile->used; i++) {
        seen += quantile->counts[i];
        if (seen >= rank)
            return value_of(quantile->keys[i]);
    }
    return quantile->used ? value_of(quantile->keys[quantile->used - 1]) : NAN;
}

uint64_t quantile_above(const struct quantile *quantile, double value)
{
    int32_t key = key_of(value);
    uint64_t above = 0;
    for (uint32_t i = find(quantile, key); i < quantile->used; i++)
        above += quantile->keys[i] > key ? quantile->counts[i] : 0;
    return above;
}

void quantile_pack(const struct quantile *quantile, struct buffer *out)
{
    pack_u64(out, quantile->count);
    pack_u32(out, quantile->used);
    for (uint32_t i = 0; i < quantile->used; i++) {
        pack_u32(out, (uint32_t)quantile->keys[i]);
        pack_u32(out, quantile->counts[i]);
    }
}

bool quantile_unpack(struct quantile *quantile, struct unpacker *in)
{
    quantile->count = unpack_u64(in);
    quantile->used = unpack_u32(in);
    if (quantile->used > QUANTILE_BUCKETS)
        return false;
    for (uint32_t i = 0; i < quantile->used; i++) {
        int32_t key = (int32_t)unpack_u32(in);
        quantile->keys[i] = key;
        quantile->counts[i] = unpack_u32(in);
        if (key < -KEY_MAX || key > KEY_MAX || !quantile->counts[i] ||
            (i && key <= quantile->keys[i - 1]))
            return false;
    }
    return !in->bad && !quantile->count == !quantile->used;
}
