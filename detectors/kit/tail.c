/* SPDX-License-Identifier: MIT */
/*
 * tail.c - tails of the normal, Student's t, Fisher's F, the Poisson and the negative binomial distribution.
 *
 * Method   Counts whose spread is at most EXACT are summed from x outwards: the first term from its logarithm, the
 *          others by the recurrence of neighbouring terms, the rest by a geometric series. Wider ones use the signed
 *          root of the deviance, which is normal to third order (Barndorff-Nielsen's r*), without the small correction.
 * Sources  D. L. Wallace, Bounds on normal approximations to Student's and the chi-square distributions, Ann. Math.
 *          Stat. 30, 1959. E. Paulson, An Approximate Normalization of the Analysis of Variance Distribution, Ann. Math.
 *          Stat. 13, 1942. O. E. Barndorff-Nielsen, Inference on full or partial parameters based on the standardized
 *          signed log likelihood ratio, Biometrika 73, 1986.
 */

#include "kit/tail.h"

#include <math.h>

#define LN10 2.302585092994045684
#define PI   3.141592653589793238

static const double EXACT =
    50;                    /* standard deviations up to this are summed: some hundred terms */
enum { TERMS_MAX = 4096 }; /* in any case not more; what is left is a geometric rest */

static double bounded(double surprise)
{
    if (!(surprise > 0)) // NaN too
        return 0;
    return surprise < TAIL_MAX ? surprise : TAIL_MAX;
}

double tail_normal(double z)
{
    if (z < 8)
        return bounded(-log10(0.5 * erfc(z / sqrt(2.0))));
    double w = 1 / (z * z); // Mills' ratio, asymptotic: four terms are exact to 1e-6 here
    double series = 1 - w * (1 - 3 * w * (1 - 5 * w));
    return bounded((z * z / 2 + log(z * sqrt(2 * PI)) - log(series)) / LN10);
}

double tail_student(double t, double dof)
{
    double z = sqrt(dof * log1p(t / dof * t)) * (8 * dof + 1) / (8 * dof + 3);
    return tail_normal(t < 0 ? -z : z);
}

double tail_f(double f, double above, double below)
{
    double a = 2 / (9 * above), b = 2 / (9 * below), root = cbrt(f > 0 ? f : 0);
    return tail_normal(((1 - b) * root - (1 - a)) / sqrt(b * root * root + a));
}

/* A count distribution: size r of the negative binomial, or 0 for Poisson. */
struct count {
    double mean, size;
};

static struct count count_of(double mean, double variance)
{
    struct count c = {.mean = mean > 1e-12 ? mean : 1e-12, .size = 0};
    double extra = variance - c.mean;
    if (extra > 1e-9 * c.mean)
        c.size = c.mean * c.mean / extra;
    return c;
}

static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign); // lgamma() writes a global
}

static double log_term(struct count c, double x)
{
    if (c.size <= 0)
        return x * log(c.mean) - c.mean - log_gamma(x + 1);
    double r = c.size;
    return log_gamma(x + r) - log_gamma(r) - log_gamma(x + 1) - r * log1p(c.mean / r) +
           x * (log(c.mean) - log(c.mean + r));
}

/* term(x + 1) / term(x) */
static double ratio_up(struct count c, double x)
{
    if (c.size <= 0)
        return c.mean / (x + 1);
    return (x + c.size) / (x + 1) * (c.mean / (c.mean + c.size));
}

/* log of the sum of terms from x upwards. Ratios fall towards their limit, so the rest is nearly geometric. */
static double log_sum_up(struct count c, double x)
{
    double sum = 1, term = 1, ratio = 0;
    for (int i = 0; i < TERMS_MAX; i++) {
        ratio = ratio_up(c, x + i);
        term *= ratio;
        sum += term;
        if (ratio < 1 && term < 1e-15 * sum)
            break;
    }
    if (ratio < 1)
        sum += term * ratio / (1 - ratio);
    return log_term(c, x) + log(sum);
}

static double log_sum_down(struct count c, double x)
{
    double sum = 1, term = 1;
    for (int i = 0; i < TERMS_MAX && x - i >= 1; i++) {
        term /= ratio_up(c, x - i - 1);
        sum += term;
        if (term < 1e-15 * sum)
            break;
    }
    return log_term(c, x) + log(sum);
}

/* Signed root of the deviance of an observation x from the mean. */
static double deviance_root(struct count c, double x)
{
    double own = x > 0 ? x * log(x / c.mean) : 0;
    double half = c.size <= 0 ? own - (x - c.mean)
                              : own - (x + c.size) * log((x + c.size) / (c.mean + c.size));
    double root = sqrt(2 * fmax(half, 0));
    return x < c.mean ? -root : root;
}

static int is_wide(struct count c)
{
    double variance = c.size > 0 ? c.mean + c.mean * c.mean / c.size : c.mean;
    return variance > EXACT * EXACT;
}

double tail_count_above(double x, double mean, double variance)
{
    struct count c = count_of(mean, variance);
    if (!(x > 0))
        return 0;
    if (is_wide(c) || x > 1e9)
        return tail_normal(deviance_root(c, fmax(x - 0.5, 0)));
    if (x <= c.mean) // the other side is the shorter sum
        return bounded(-log1p(-fmin(exp(log_sum_down(c, x - 1)), 1 - 1e-16)) / LN10);
    return bounded(-log_sum_up(c, x) / LN10);
}

double tail_count_below(double x, double mean, double variance)
{
    struct count c = count_of(mean, variance);
    if (x < 0)
        return TAIL_MAX;
    if (is_wide(c))
        return tail_normal(-deviance_root(c, x + 0.5));
    if (x >= c.mean)
        return bounded(-log1p(-fmin(exp(log_sum_up(c, x + 1)), 1 - 1e-16)) / LN10);
    return bounded(-log_sum_down(c, x) / LN10);
}

double tail_two_sided(double surprise)
{
    return bounded(surprise - log10(2.0));
}
