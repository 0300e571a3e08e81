/* SPDX-License-Identifier: MIT */
/*
 * score_blend.h - the default of `oddline score`: two detectors, each behind its own alarm stage, in two ranks.
 *
 *                 surprise                  surprise, damped
 *      season ──────────────▶ alarm stage ─┬─ let through ──▶ 0.5 .. 1    an unlikely time: act
 *                                          └─ below `act` ──▶ close to 0
 *      spike  ──────────────▶ alarm stage ──────────────────▶ 0 .. 0.5    one odd window, by its size
 *
 * Why ranks: a window far off is common on every series and a time that stays unlikely is not, so their surprises do not
 * compare, however well each is calibrated. The higher rank wins; within a rank the order is that of the surprise.
 */
#ifndef COMMAND_SCORE_BLEND_H
#define COMMAND_SCORE_BLEND_H

#include <stddef.h>

/*
 * What has been said need not be said again: after a finding nothing is let through for `hold` windows, and each one raises
 * what the next must reach by `rise`, forgotten over `memory` windows.
 */
struct stage_rule {
    double act; /* surprise from which it is a finding */
    double hold, rise, memory;
};

struct stage {
    double load; /* findings, forgotten exponentially */
    double held; /* windows still to be held */
};

/* The surprise less what recent findings take from it; 0 while one is held. Call it for every window, in order. */
double stage_pass(struct stage *stage, const struct stage_rule *rule, double surprise);

struct blend_part {
    const char *detector;
    struct stage_rule rule;
    double low, high; /* rank of what it says */
    double
        murmur; /* share of the surprise that is left below `act`, in the lowest rank; 1 = rank is kept */
};

enum { BLEND_PARTS = 2 };
extern const struct blend_part blend_parts[BLEND_PARTS];

struct blend {
    struct stage stages[BLEND_PARTS];
};

/* `surprises` is [BLEND_PARTS], 0 where a detector says nothing. Between 0 and 1. */
double blend_score(struct blend *blend, const double *surprises);

/* Between 0 and 1, rising with the surprise and never equal for two of them. */
double blend_squash(double surprise);

#endif /* COMMAND_SCORE_BLEND_H */
