/* SPDX-License-Identifier: MIT */
/*
 * Sources  H. B. Mann, Nonparametric Tests Against Trend, Econometrica 13, 1945. M. G. Kendall, Rank Correlation Methods, 1975.
 *          P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, JASA 63, 1968; H. Theil, 1950.
 *          S. Yue, C. Wang, The Mann-Kendall Test Modified by Effective Sample Size, Water Resources Management 18, 2004.
 *          F. H. C. Marriott, J. A. Pope, Bias in the Estimation of Autocorrelations, Biometrika 41, 1954.
 */

#include "kit/kendall.h"

#include "kit/robust.h"

#include <math.h>

static const double LAG_MOST = 0.95; /* beyond it no point tells anything new */

static double sign(double x)
{
    return (x > 0) - (x < 0);
}

static double untied(double n)
{
    return n * (n - 1) * (2 * n + 5);
}

/* Each run of equal values takes its share away. */
static double variance_from(const struct kendall *points, int start)
{
    double sorted[KENDALL_POINTS];
    int n = points->n - start;
    for (int i = 0; i < n; i++)
        sorted[i] = points->value[start + i];
    robust_sort(sorted, (size_t)n);
    double sum = untied(n);
    for (int i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && sorted[k] <= sorted[i]; k++)
            ;
        sum -= untied(k - i);
    }
    return sum / 18;
}

/* What the line of least squares leaves over; returns how many points it is. */
static int detrend(const struct kendall *points, int start, double ret_rest[KENDALL_POINTS])
{
    double at = 0, value = 0, squares = 0, products = 0;
    int n = points->n - start;
    for (int i = start; i < points->n; i++) {
        at += (points->at[i] - points->at[start]) / n;
        value += points->value[i] / n;
    }
    for (int i = start; i < points->n; i++) {
        double off = points->at[i] - points->at[start] - at;
        squares += off * off;
        products += off * (points->value[i] - value);
    }
    for (int i = 0; i < n; i++) {
        double off = points->at[start + i] - points->at[start] - at;
        ret_rest[i] = points->value[start + i] - value - products / squares * off;
    }
    return n;
}

/* Of lag one; what few points hide of it is added. */
static double autocorrelation(const double *rest, int n)
{
    double square = rest[0] * rest[0], lag = 0;
    for (int i = 1; i < n; i++) {
        square += rest[i] * rest[i];
        lag += rest[i] * rest[i - 1];
    }
    double r = square > 0 ? lag / square : 0;
    return fmax(0, fmin((n * r + 1) / (n - 3), LAG_MOST));
}

static double z_from(const struct kendall *points, int start, double sum)
{
    double rest[KENDALL_POINTS] = {0};
    int n = detrend(points, start, rest);
    double r = autocorrelation(rest, n), variance = fmax(variance_from(points, start), 1);
    return copysign(fmax(fabs(sum) - 1, 0) / sqrt(variance * (1 + r) / (1 - r)), sum);
}

int kendall_start(const struct kendall *points, int least, double *ret_z)
{
    double sum = 0, best = 0;
    int start = 0;
    for (int i = points->n - 2; i >= 0; i--) {
        for (int k = i + 1; k < points->n; k++)
            sum += sign(points->value[k] - points->value[i]);
        double z = points->n - i < least ? 0 : z_from(points, i, sum);
        if (fabs(z) < fabs(best) || points->n - i < least)
            continue;
        best = z;
        start = i;
    }
    *ret_z = best;
    return start;
}

double kendall_slope(const struct kendall *points, int start, double scratch[KENDALL_PAIRS])
{
    size_t pairs = 0;
    for (int i = start; i < points->n; i++)
        for (int k = i + 1; k < points->n; k++)
            scratch[pairs++] =
                (points->value[k] - points->value[i]) / (points->at[k] - points->at[i]);
    robust_sort(scratch, pairs);
    return robust_median(scratch, pairs);
}

double kendall_base(const struct kendall *points, int start, double slope)
{
    double sorted[KENDALL_POINTS];
    size_t n = 0;
    for (int i = start; i < points->n; i++)
        sorted[n++] = points->value[i] - slope * (points->at[i] - points->at[start]);
    robust_sort(sorted, n);
    return robust_median(sorted, n);
}
