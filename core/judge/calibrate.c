/* SPDX-License-Identifier: MIT */

#include "judge/calibrate.h"

#include "judge/state.h"

#include <math.h>
#include <string.h>

/* A tail without spread has no scale: a thousandth of the threshold stands in, so that anything above is clearly above. */
static const double least_scale = 1e-3;
/* Shapes beyond these would come from a handful of peaks and mean nothing. */
static const double shape_min = -0.5, shape_max = 0.5;

static void join(struct calibration *c, double score)
{
    c->seen++;
    if (c->count == CALIBRATE_PEAKS && score <= c->peaks[0])
        return;
    uint32_t at = 0, high = c->count;
    while (at < high) {
        uint32_t middle = (at + high) / 2;
        if (c->peaks[middle] < score)
            at = middle + 1;
        else
            high = middle;
    }
    if (c->count == CALIBRATE_PEAKS) { // the lowest peak leaves
        memmove(c->peaks, c->peaks + 1, (at - 1) * sizeof(double));
        c->peaks[at - 1] = score;
    } else {
        memmove(c->peaks + at + 1, c->peaks + at, (c->count - at) * sizeof(double));
        c->peaks[at] = score;
        c->count++;
    }
}

/* At most a fifth of all scores are tail: with few scores most peaks are ordinary. */
static uint32_t tail_length(const struct calibration *c)
{
    uint64_t fifth = c->seen / 5;
    return fifth < c->count ? (uint32_t)fifth : c->count;
}

static struct calibration_fit fit(const struct calibration *c)
{
    uint32_t n = tail_length(c);
    const double *tail = c->peaks + c->count - n;
    double mean = 0, square = 0, low = tail[0];
    for (uint32_t i = 0; i < n; i++)
        mean += (tail[i] - low) / n;
    for (uint32_t i = 0; i < n; i++)
        square += (tail[i] - low - mean) * (tail[i] - low - mean) / (n - 1);
    double floor = least_scale * fmax(1, fabs(low));
    double ratio = square > 0 ? mean * mean / square : 1; // 1 is the exponential
    double shape = fmin(shape_max, fmax(shape_min, 0.5 * (1 - ratio)));
    return (struct calibration_fit){.seen = c->seen,
                                    .peaks = n,
                                    .threshold = low,
                                    .shape = shape,
                                    .scale = fmax(floor, mean * (1 - shape))};
}

static double tail_surprise(const struct calibration_fit *f, double score)
{
    double z = (score - f->threshold) / f->scale,
           base = log10((double)f->seen / (double)f->peaks);
    if (fabs(f->shape) < 1e-6)
        return base + z * M_LOG10E;
    static const double last =
        0.01; // of a bounded tail: as if it were exponential, without end
    double inside = 1 + f->shape * z;
    if (inside > last)
        return base + log10(inside) / f->shape;
    return base + log10(last) / f->shape + (z - (last - 1) / f->shape) * M_LOG10E;
}

double calibration_surprise(const struct calibration_fit *f, double score)
{
    return f->peaks && score > f->threshold ? fmax(0, tail_surprise(f, score)) : 0;
}

double calibrate(struct calibration *c, double score, struct calibration_fit *ret_fit)
{
    *ret_fit = (struct calibration_fit){.seen = c->seen};
    if (c->seen >= CALIBRATE_LEAST)
        *ret_fit = fit(c);
    join(c, score);
    return calibration_surprise(ret_fit, score);
}

/* ---- from run to run ---------------------------------------------------- */

void calibration_pack(const struct calibration *c, struct buffer *out)
{
    pack_u64(out, c->seen);
    pack_u32(out, c->count);
    for (uint32_t i = 0; i < c->count; i++)
        pack_f64(out, c->peaks[i]);
}

void calibration_unpack(struct calibration *c, struct unpacker *in)
{
    *c = (struct calibration){.seen = unpack_u64(in)};
    c->count = unpack_count(in, CALIBRATE_PEAKS);
    for (uint32_t i = 0; i < c->count; i++) {
        c->peaks[i] = unpack_f64(in);
        in->bad |= !isfinite(c->peaks[i]) || (i && c->peaks[i] < c->peaks[i - 1]);
    }
    in->bad |= c->count != (c->seen < CALIBRATE_PEAKS ? c->seen : CALIBRATE_PEAKS);
}
