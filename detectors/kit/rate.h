/* SPDX-License-Identifier: MIT */
/*
 * rate.h - how often something is counted, and how odd a count is: a Gamma-Poisson rate with forgetting.
 *
 *      m = (1/2 + A) / B          A, B: counts and windows remembered; 1/2 is Jeffreys' prior
 *      phi = (1.4 W + S) / (W + M), at least 1     S, M: squared distances from m and the m themselves
 *      V = phi m (1 + 1/B)        the 1/B is what is not known about m
 *
 * For things that are counted by the thousand, so it is 32 bytes. pattern.c has its own way of learning, with more care for one series.
 */
#ifndef KIT_RATE_H
#define KIT_RATE_H

#include <stdbool.h>

struct rate {
    double counts, windows;  /* A and B */
    double squares, moments; /* S and M */
};

struct rate_memory {
    double events;  /* about how many counts are remembered ... */
    double longest; /* ... for at most so many windows */
};

double rate_mean(const struct rate *rate);
double rate_variance(const struct rate *rate);
/* Surprise of `x` in the next window, two-sided; B > 0. */
double rate_score(const struct rate *rate, double x);
/* `x` was counted. How far it may move what is usual is bounded, so that a burst does not hide the next. */
void rate_learn(struct rate *rate, const struct rate_memory *memory, double x);
bool rate_is_sane(const struct rate *rate);

#endif /* KIT_RATE_H */
