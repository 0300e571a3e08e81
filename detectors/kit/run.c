/* SPDX-License-Identifier: MIT */
/*
 * Source  B. P. Welford, Note on a Method for Calculating Corrected Sums of Squares and Products, Technometrics 4, 1962.
 */

#include "kit/run.h"

#include <math.h>

static const double MOSTLY =
    0.6; /* share of odd windows in a run that is a shift and no flutter */

void run_end(struct run *run)
{
    *run = (struct run){0};
}

static void take(struct run *run, double y)
{
    double step = y - run->mean;
    run->length++;
    run->mean += step / run->length;
    run->squares += step * (y - run->mean);
}

bool run_step(struct run *run, double y, int side, double accept_after)
{
    if (side != 0 && run->side != side) {
        run_end(run);
        run->side = side;
    }
    if (run->side == 0)
        return false;
    if (side != 0) {
        run->calm = 0;
        run->odd++;
    } else if (++run->calm >= RUN_CALM) {
        run_end(run);
        return false;
    }
    take(run, y);
    return side != 0 && run->length >= accept_after && run->odd >= MOSTLY * run->length;
}

double run_variance(const struct run *run)
{
    return run->length > 1 ? run->squares / (run->length - 1) : 0;
}

bool run_is_sane(const struct run *run)
{
    return run->length >= 0 && run->odd >= 0 && run->squares >= 0 && isfinite(run->mean) &&
           isfinite(run->squares) && fabs(run->side) <= 1;
}
