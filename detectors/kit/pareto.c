/* SPDX-License-Identifier: MIT */

#include "kit/pareto.h"

#include <math.h>
#include <stdbool.h>

enum {
    POINTS = 20,
    POINTS_MAX = POINTS + 8
}; /* and the root of the peaks: Zhang and Stephens' number */

static const double PRIOR_PEAKS = 10, PRIOR_SHAPE = 0.5;

/* What one point of the profile says. */
struct point {
    double likelihood; /* natural logarithm */
    double shape, scale;
};

static double excess(const struct pareto *tail, size_t i)
{
    return tail->value[i] - tail->below;
}

static double known(const struct pareto *tail)
{
    double sum = 0;
    for (size_t i = 0; i < tail->count; i++)
        sum += tail->weight[i];
    return sum;
}

/* At theta = -xi / sigma, which fixes both. False where that is no distribution. */
static bool look(const struct pareto *tail, double k, double theta, struct point *ret)
{
    double sum = 0;
    for (size_t i = 0; i < tail->count; i++)
        sum += tail->weight[i] * log1p(-theta * excess(tail, i));
    double minus_shape = -sum / k;
    if (!(theta / minus_shape > 0))
        return false;
    *ret = (struct point){.likelihood = k * (log(theta / minus_shape) + minus_shape - 1),
                          .shape = -minus_shape,
                          .scale = minus_shape / theta};
    return true;
}

static size_t profile(const struct pareto *tail, double k, struct point points[POINTS_MAX])
{
    double widest = fmax(excess(tail, 0), tail->floor * tail->below);
    size_t quarter = tail->count - 1 - tail->count / 4, used = 0;
    double typical = fmax(excess(tail, quarter), widest / 100);
    int count = POINTS + (int)sqrt((double)tail->count);
    for (int j = 1; j <= count; j++) {
        double theta = (1 - sqrt(count / (j - 0.5))) / (3 * typical) + 1 / widest;
        used += look(tail, k, theta, &points[used]);
    }
    return used;
}

/* Beyond x under one point, with what is known of tails at large. */
static double beyond(const struct pareto *tail, double k, const struct point *point, double x)
{
    double shape =
        fmax(point->shape, (k * point->shape + PRIOR_PEAKS * PRIOR_SHAPE) / (k + PRIOR_PEAKS));
    double scale = fmax(point->scale, tail->floor * tail->below);
    double far = (x - tail->below) / scale, base = 1 + shape * far;
    if (fabs(shape) < 1e-9)
        return exp(-far);
    return base > 0 ? pow(base, -1 / shape) : 0;
}

double pareto_tail(const struct pareto *tail, double x)
{
    struct point points[POINTS_MAX];
    if (!(x > tail->below))
        return 0;
    double k = known(tail), best = -INFINITY, all = 0, sum = 0;
    size_t count = profile(tail, k, points);
    for (size_t j = 0; j < count; j++)
        best = fmax(best, points[j].likelihood);
    for (size_t j = 0; j < count; j++) {
        double weight = exp(points[j].likelihood - best);
        all += weight;
        sum += weight * beyond(tail, k, &points[j], x);
    }
    return all > 0 ? fmin(log(sum / all), 0) : 0;
}
