/* SPDX-License-Identifier: MIT */
/*
 * walk.h - small steps to one side add up: a one-sided CUSUM, and how improbable it is.
 *
 *      S = max(0, S + z - slack)
 *
 *         S           /\/\        z: how far off a window is, in deviations, bounded by the caller
 *           __/\____/      \__    slack: what may be off for ever without adding up
 *
 * A walk begins when S leaves 0 and ends when it is back there, or after WALK_CALM windows in a row within the slack: what is
 * over need not be walked off.
 */
#ifndef KIT_WALK_H
#define KIT_WALK_H

#include <stdbool.h>

enum { WALK_CALM = 5 };

struct walk {
    double sum;         /* S */
    double length, odd; /* windows since S left 0; those beyond the slack */
    double calm;        /* windows within the slack at its end */
};

void walk_step(struct walk *walk, double z, double slack);
void walk_end(struct walk *walk);
/* Have `least` of its windows been beyond the slack, and most of all? */
bool walk_has_lasted(const struct walk *walk, double least);
/*
 * -log10 of the probability that steps that are normal around 0 ever reach S; `inflation` is how much more than independent ones
 * they vary together, (1 + r) / (1 - r) for a lag-one autocorrelation r.
 */
double walk_surprise(const struct walk *walk, double slack, double inflation);
bool walk_is_sane(const struct walk *walk);

#endif /* KIT_WALK_H */
