/* SPDX-License-Identifier: MIT */
/*
 * run.h - a burst ends, a shift stays: watches a run of odd windows and says when it has lasted long enough to be normal.
 *
 * A run starts with an odd window and ends with RUN_CALM calm ones in a row, or with one that is odd to the other side. It is
 * accepted when it has lasted `accept_after` windows and most of them were odd; the caller then takes its mean as the new
 * level.
 */
#ifndef KIT_RUN_H
#define KIT_RUN_H

#include <stdbool.h>

enum { RUN_CALM = 3 };

struct run {
    double length, odd;   /* windows */
    double mean, squares; /* Welford over the run */
    double calm;          /* calm windows at its end */
    double side;          /* +1 up, -1 down, 0 no run */
};

/* `side` of this window: +1 or -1 when odd, 0 when calm. True when the run is accepted; the caller reads it, then run_end(). */
bool run_step(struct run *run, double y, int side, double accept_after);
double run_variance(const struct run *run);
void run_end(struct run *run);
bool run_is_sane(const struct run *run);

#endif /* KIT_RUN_H */
