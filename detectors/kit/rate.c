/* SPDX-License-Identifier: MIT */

#include "kit/rate.h"

#include "kit/tail.h"

#include <math.h>

static const double SHORTEST = 60;    /* windows: below it the dispersion is not known */
static const double PRIOR_WEIGHT = 2; /* events that the prior dispersion is worth */
static const double PRIOR_DISPERSION =
    1.4;                      /* things come in clumps: three lines are hardly odder than one */
static const double CLIP = 3; /* deviations that a window may teach */
static const double CLUMP =
    4; /* counts of a rare thing in one window that may teach dispersion */

double rate_mean(const struct rate *rate)
{
    return (0.5 + rate->counts) / rate->windows;
}

double rate_variance(const struct rate *rate)
{
    double dispersion =
        (PRIOR_WEIGHT * PRIOR_DISPERSION + rate->squares) / (PRIOR_WEIGHT + rate->moments);
    return fmax(dispersion, 1) * rate_mean(rate) * (1 + 1 / rate->windows);
}

double rate_score(const struct rate *rate, double x)
{
    double mean = rate_mean(rate), variance = rate_variance(rate);
    double tail =
        x > mean ? tail_count_above(x, mean, variance) : tail_count_below(x, mean, variance);
    return tail_two_sided(tail);
}

void rate_learn(struct rate *rate, const struct rate_memory *memory, double x)
{
    bool first = rate->windows <= 0;
    double mean = first ? x : rate_mean(rate);
    double spread = first ? 0 : sqrt(rate_variance(rate));
    double clip = fmax(1, CLIP * spread), off = fmin(fabs(x - mean), fmax(CLUMP, clip));
    double known = first ? x : rate->counts / rate->windows;
    double forget = fmax(1 / memory->longest, fmin(known / memory->events, 1 / SHORTEST));
    if (!first)
        x = fmax(mean - clip, fmin(x, mean + clip));
    rate->counts = rate->counts * (1 - forget) + x;
    rate->windows = rate->windows * (1 - forget) + 1;
    rate->squares = rate->squares * (1 - forget / 2) + off * off;
    rate->moments = rate->moments * (1 - forget / 2) + known;
}

bool rate_is_sane(const struct rate *rate)
{
    return rate->counts >= 0 && isfinite(rate->counts) && rate->windows >= 0 &&
           isfinite(rate->windows) && rate->squares >= 0 && isfinite(rate->squares) &&
           rate->moments >= 0 && isfinite(rate->moments);
}
