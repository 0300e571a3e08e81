/* SPDX-License-Identifier: MIT */
/*
 * Sources  E. S. Page, Continuous Inspection Schemes, Biometrika 41, 1954.
 *          D. Siegmund, Corrected Diffusion Approximations in Certain Random Walk Problems, Adv. Appl. Prob. 11, 1979.
 */

#include "kit/walk.h"

#include "kit/longrun.h"
#include "kit/tail.h"

#include <math.h>

static const double OVERSHOOT = 0.583; /* of a normal walk over its boundary (Siegmund) */
static const double MOSTLY = 0.75;     /* share of a walk that must be beyond the slack */

void walk_end(struct walk *walk)
{
    *walk = (struct walk){0};
}

void walk_step(struct walk *walk, double z, double slack)
{
    walk->sum = fmax(0, walk->sum + z - slack);
    walk->length++;
    walk->odd += z > slack;
    walk->calm = z <= slack ? walk->calm + 1 : 0;
    if (walk->sum <= 0 || walk->calm >= WALK_CALM)
        walk_end(walk);
}

bool walk_has_lasted(const struct walk *walk, double least)
{
    return walk->odd >= least && walk->odd >= MOSTLY * walk->length;
}

double walk_surprise(const struct walk *walk, double slack, double inflation)
{
    static const double LOG10_E = 0.43429448190325182765;
    double surprise = 2 * slack * (walk->sum + OVERSHOOT) / inflation * LOG10_E;
    return fmax(0, fmin(surprise, TAIL_MAX));
}

bool walk_is_sane(const struct walk *walk)
{
    return walk->sum >= 0 && walk->sum <= LONGRUN_LIMIT && longrun_is_number(walk->length) &&
           longrun_is_number(walk->odd) && longrun_is_number(walk->calm) &&
           (walk->sum <= 0 || walk->length > 0);
}
