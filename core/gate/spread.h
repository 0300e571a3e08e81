/* SPDX-License-Identifier: MIT */
/*
 * spread.h - how much more a share, or a rate, wanders from window to window than independent records would make it.
 *
 *      phi = sum (part - p all)^2 / (p (1-p) all) / (B - 1)         1 for a coin; 5 when errors come in fives
 *
 * One failing dependency makes a hundred records fail together, and traffic has a rhythm, so a thousand records may be worth
 * two hundred. What hangs together for longer than a window shows only in longer ones: phi is taken for windows, pairs, fours, ... as
 * long as there are SPREAD_BLOCKS of them, each with what it may be off by itself, and the largest counts. Never below 1.
 *
 *   Source   Pearson's statistic over its degrees of freedom, P. McCullagh, J. Nelder, Generalized linear models, 1989, 4.5; blocks of
 *            growing length as in R. Flyvbjerg, H. Petersen, Error estimates on averages of correlated data, J. Chem. Phys. 91, 1989.
 */
#ifndef GATE_SPREAD_H
#define GATE_SPREAD_H

#include <stddef.h>

enum { SPREAD_BLOCKS = 8 };
#define SPREAD_UNKNOWN 2.0 /* too few windows to tell: not a coin, and not hopeless */

/* `part` of `all` records; of a rate `part` in `all` seconds. */
struct tally {
    double part, all;
};

double spread_share(const struct tally *windows, size_t count);
double spread_rate(const struct tally *windows, size_t count);

#endif /* GATE_SPREAD_H */
