/* SPDX-License-Identifier: MIT */
/*
 * bound.h - between which numbers a share, or a rate, surely lies.
 *
 * Two sorts. *Fixed*: the sample was there before anybody looked (the hour before a deployment). Chernoff's bound in its
 * Kullback-Leibler form: n KL(k/n, p) <= ln 1/alpha. *Always*: the sample grows, and somebody looks after every window. Then
 *
 *      M(p) = integral of q^k (1-q)^(n-k) dBeta(q; 1/2, 1/2)  /  p^k (1-p)^(n-k)
 *
 * is a martingale if p is the truth, and by Ville's inequality it never reaches 1/alpha with probability 1 - alpha, however often it
 * is looked at. ln M(p) = n KL(k/n, p) - price(k, n), so both are one equation: n KL = ln 1/alpha, plus the price of looking at any time,
 * about half a logarithm of n. The same for a rate, with Poisson counts and a Gamma(1/2) mixture around `guess`.
 *
 * Counts may be fractions: of records that come in clumps of `spread`, k/spread and n/spread are what they are worth.
 *
 *   Source   H. Robbins, Statistical methods related to the law of the iterated logarithm, Ann. Math. Statist. 41, 1970 (mixtures);
 *            S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Time-uniform, nonparametric, nonasymptotic confidence sequences, Ann.
 *            Statist. 49, 2021; R. Johari, P. Koomen, L. Pekelis, D. Walsh, Always valid inference, Oper. Res. 70, 2022; W. Hoeffding, 1963.
 */
#ifndef GATE_BOUND_H
#define GATE_BOUND_H

#include <stdbool.h>

struct bound {
    double low, high; /* each is wrong with probability alpha at most */
};

/* `part` of `all`, each at least 0; nothing seen is [0, 1]. */
struct bound bound_share(double part, double all, double alpha, bool always);
/* `count` in `time`, per unit of it; `guess` > 0 is about what is expected (always). Nothing seen is [0, infinity]. */
struct bound bound_rate(double count, double time, double guess, double alpha);
struct bound bound_rate_fixed(double count, double time, double alpha);

#endif /* GATE_BOUND_H */
