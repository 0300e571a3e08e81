/* SPDX-License-Identifier: MIT */
/*
 * kendall.h - do points climb? Mann and Kendall's sum of signs, with what neighbours know of each other taken away, and the line
 * of Theil and Sen through them.
 *
 *      S = sum of sign(y_k - y_j), j < k        z = (|S| - 1) / sqrt(V c)        c = (1 + r) / (1 - r)
 *
 * V is the variance of S without a trend, ties counted. r is the lag-one autocorrelation of what a straight line leaves over,
 * corrected for few points by (n r + 1) / (n - 3) and kept within 0 and 0.95. A ramp leaves noise, a step a saw tooth, a wandering
 * series its wanderings, and the latter two have a large r.
 */
#ifndef KIT_KENDALL_H
#define KIT_KENDALL_H

enum { KENDALL_POINTS = 48, KENDALL_PAIRS = KENDALL_POINTS * (KENDALL_POINTS - 1) / 2 };

/* At most KENDALL_POINTS points, `at` ascending. */
struct kendall {
    int n;
    double at[KENDALL_POINTS], value[KENDALL_POINTS];
};

/*
 * The start from which the points up to the last climb, or fall, most steadily, of those that leave `least` (at least 4); *ret_z
 * is their z, negative when they fall. O(n^2 log n).
 */
int kendall_start(const struct kendall *points, int least, double *ret_z);
/* Median of the slopes of all pairs from `start` on. */
double kendall_slope(const struct kendall *points, int start, double scratch[KENDALL_PAIRS]);
/* Where a line of that slope is at the start: the median of what it has to be. */
double kendall_base(const struct kendall *points, int start, double slope);

#endif /* KIT_KENDALL_H */
