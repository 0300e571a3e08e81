/* SPDX-License-Identifier: MIT */
/*
 * pareto.h - the tail beyond the largest values: a generalised Pareto distribution, with what is not known about it.
 *
 *      P(X > x | X > u) = mean over j of  w_j (1 + xi_j (x - u) / sigma_j)^(-1 / xi_j)
 *
 * The j are points of the profile likelihood, so a tail that the peaks do not settle is the mixture of all that they allow (J. Zhang, M. A.
 * Stephens, A New and Efficient Estimation Method for the Generalized Pareto Distribution, Technometrics 51, 2009). Few peaks see a heavy
 * tail as a light one: xi is at least what PRIOR_PEAKS more of them with xi = PRIOR_SHAPE would make of it (after A. Vehtari and others, Pareto
 * Smoothed Importance Sampling, 2015), and sigma at least a share of u.
 */
#ifndef KIT_PARETO_H
#define KIT_PARETO_H

#include <stddef.h>

enum { PARETO_PEAKS_MAX = 64 };

struct pareto {
    const double *value, *weight; /* [count], largest first, 1 to PARETO_PEAKS_MAX of them */
    size_t count;
    double below; /* u, positive and not above them */
    double floor; /* least sigma and least range, as a share of u */
};

/* Natural logarithm of P(X > x | X > u), 0 where x is not above u; -INFINITY where it is nothing. */
double pareto_tail(const struct pareto *tail, double x);

#endif /* KIT_PARETO_H */
