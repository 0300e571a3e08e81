/* SPDX-License-Identifier: MIT */
/*
 * longrun.h - the long-run mean and spread of any number, and how far off a new one is.
 *
 * The mean of all so far until `memory` of them were seen, then exponentially forgetting. What is learnt of one number is
 * bounded by `clip` deviations, so that one absurd value cannot blind the series for long.
 */
#ifndef KIT_LONGRUN_H
#define KIT_LONGRUN_H

#include <stdbool.h>

#define LONGRUN_LIMIT 1e101 /* callers bound values to 1e100; squares of more would not fit */

struct longrun {
    double mean, variance, seen;
};

/*
 * Deviations from the mean. A spread of at most `least` is no spread (rounding): then 0, or infinity for a number that is farther
 * off than that.
 */
double longrun_z(const struct longrun *run, double x, double least);
/* -log10 of the two-sided normal tail of such a z; of an infinite one, log10 of how long nothing had moved. */
double longrun_surprise(const struct longrun *run, double z);
void longrun_learn(struct longrun *run, double x, double memory, double clip);
bool longrun_is_sane(const struct longrun *run);

/* A count of windows: not negative, not absurd. */
static inline bool longrun_is_number(double n)
{
    return n >= 0 && n <= 1e15;
}

#endif /* KIT_LONGRUN_H */
