/* SPDX-License-Identifier: MIT */
/*
 * tail.h - how improbable is it? Tails of distributions as a surprise, -log10(p), so that nothing underflows.
 *
 * Every function is total: 0 <= result <= TAIL_MAX, also for arguments that make no sense. Same arguments, same bits.
 */
#ifndef KIT_TAIL_H
#define KIT_TAIL_H

#define TAIL_MAX                                                                               \
    300.0 /* beyond it a double has no probability left; nobody tells 1e-300 from 1e-400 */

/* P(Z >= z) of a standard normal Z. */
double tail_normal(double z);

/* P(T >= t) of Student's T with `dof` degrees of freedom (Wallace's transformation, good to 2 % of the surprise). */
double tail_student(double t, double dof);

/*
 * P(F >= f) of Fisher's F with `above` and `below` degrees of freedom (Paulson's cube roots). Good to 3 % of the surprise up to about
 * 2.5; beyond that it is too low, by 8 % at 5 and 12 % at 6 where `below` is 10 or more.
 */
double tail_f(double f, double above, double below);

/*
 * P(X >= x) and P(X <= x) of a count X with this mean and variance: negative binomial, or Poisson when the variance is not above
 * the mean. Summed term by term for small counts, else from the deviance (see tail.c).
 */
double tail_count_above(double x, double mean, double variance);
double tail_count_below(double x, double mean, double variance);

/* Either side could have been odd: p doubles. */
double tail_two_sided(double surprise);

#endif /* KIT_TAIL_H */
