/* SPDX-License-Identifier: MIT */
/*
 * robust.h - statistics that half of the data cannot spoil, and the transformation that gives counts an even spread.
 */
#ifndef KIT_ROBUST_H
#define KIT_ROBUST_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* A number that a count can be: whole, not negative, exact in a double. */
static inline bool robust_is_count(double x)
{
    return x >= 0 && x <= 9007199254740992.0 && x == floor(x);
}

/* Anscombe 1948: 2 sqrt(x + 3/8) of a Poisson count has about unit variance, at any rate above one. */
static inline double robust_anscombe(double count)
{
    return 2 * sqrt(count + 0.375);
}

static inline double robust_anscombe_back(double y)
{
    double count = y > 0 ? y * y / 4 - 0.375 : 0;
    return count > 0 ? count : 0;
}

void robust_sort(double *values, size_t count);
/* `sorted` ascending, count >= 1. */
double robust_median(const double *sorted, size_t count);
/* Median of the distances from `centre`, O(count). 1.4826 of it estimates the deviation of normal data. */
double robust_mad(const double *sorted, size_t count, double centre);
/* Mean of the distances from `centre`; 1.2533 of it estimates the deviation. Serves where the MAD is 0. */
double robust_mean_distance(const double *values, size_t count, double centre);

#define ROBUST_MAD_TO_SD           1.4826
#define ROBUST_MEAN_DISTANCE_TO_SD 1.2533

#endif /* KIT_ROBUST_H */
