/* SPDX-License-Identifier: MIT */

#include "gate/bound.h"

#include <math.h>

enum { HALVINGS = 80 };
#define PRIOR 0.5 /* of both mixtures: Jeffreys' for a share */

/* What stands for `sample` if `truth` were true, in nats: grows on both sides of where the sample is. */
typedef double against(double part, double all, double truth);

static double times_log(double x, double y)
{
    return x > 0 ? x * log(y) : 0;
}

static double share_against(double part, double all, double p)
{
    double rest = all - part;
    return times_log(part, part / all / p) + times_log(rest, rest / all / (1 - p));
}

static double rate_against(double count, double time, double rate)
{
    return rate * time - count + times_log(count, count / (rate * time));
}

/* Between `inside`, where nothing stands against it, and `outside`, where all does: where `budget` is reached. */
static double where(against *how, const double sample[2], double budget, const double ends[2])
{
    double inside = ends[0], outside = ends[1];
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (inside + outside) / 2;
        if (how(sample[0], sample[1], middle) < budget)
            inside = middle;
        else
            outside = middle;
    }
    return outside; // the wider side: a bound may not be too narrow
}

static double log_beta(double a, double b)
{
    return lgamma(a) + lgamma(b) - lgamma(a + b);
}

static double share_price(double part, double all)
{
    double rest = all - part;
    double best = times_log(part, part / all) + times_log(rest, rest / all);
    return best - log_beta(PRIOR + part, PRIOR + rest) + log_beta(PRIOR, PRIOR);
}

struct bound bound_share(double part, double all, double alpha, bool always)
{
    if (!(all > 0))
        return (struct bound){0, 1};
    part = fmin(part, all);
    double budget = log(1 / alpha) + (always ? share_price(part, all) : 0), p = part / all;
    const double sample[2] = {part, all};
    return (struct bound){
        .low = part > 0 ? where(share_against, sample, budget, (double[]){p, 0}) : 0,
        .high = part < all ? where(share_against, sample, budget, (double[]){p, 1}) : 1};
}

static struct bound rate_within(double count, double time, double budget)
{
    const double sample[2] = {count, time};
    double rate = count / time, far = (2 * count + 2 * budget + 1) / time;
    while (rate_against(count, time, far) < budget)
        far *= 2;
    return (struct bound){
        .low = count > 0 ? where(rate_against, sample, budget, (double[]){rate, 0}) : 0,
        .high = where(rate_against, sample, budget, (double[]){rate, far})};
}

static double rate_price(double count, double time, double guess)
{
    double b = PRIOR / guess, best = times_log(count, count / time) - count;
    double mixed = PRIOR * log(b) - lgamma(PRIOR) + lgamma(PRIOR + count) -
                   (PRIOR + count) * log(b + time);
    return best - mixed;
}

struct bound bound_rate(double count, double time, double guess, double alpha)
{
    if (!(time > 0))
        return (struct bound){0, INFINITY};
    return rate_within(count, time, log(1 / alpha) + rate_price(count, time, guess));
}

struct bound bound_rate_fixed(double count, double time, double alpha)
{
    return time > 0 ? rate_within(count, time, log(1 / alpha)) : (struct bound){0, INFINITY};
}
