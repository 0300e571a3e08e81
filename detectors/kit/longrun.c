/* SPDX-License-Identifier: MIT */

#include "kit/longrun.h"

#include "kit/tail.h"

#include <math.h>

static const double TRUSTED = 50; /* numbers behind a spread before it may bound anything */

double longrun_z(const struct longrun *run, double x, double least)
{
    double off = x - run->mean, spread = sqrt(run->variance);
    if (spread > least)
        return off / spread;
    return fabs(off) > least && run->seen > 0 ? copysign(INFINITY, off) : 0;
}

double longrun_surprise(const struct longrun *run, double z)
{
    if (isinf(z))
        return log10(run->seen + 1);
    return tail_two_sided(tail_normal(fabs(z)));
}

void longrun_learn(struct longrun *run, double x, double memory, double clip)
{
    double off = x - run->mean, weight = fmax(1 / (run->seen + 1), 1 / memory);
    double limit = clip * sqrt(run->variance);
    if (run->seen >= TRUSTED && limit > 0)
        off = fmax(-limit, fmin(off, limit));
    run->mean += weight * off;
    run->variance = (1 - weight) * (run->variance + weight * off * off);
    run->seen++;
}

bool longrun_is_sane(const struct longrun *run)
{
    return fabs(run->mean) <= LONGRUN_LIMIT && run->variance >= 0 &&
           run->variance <= LONGRUN_LIMIT * LONGRUN_LIMIT && longrun_is_number(run->seen);
}
