/* SPDX-License-Identifier: MIT */
/*
 * verdict_inner.h - what a verdict remembers; verdict.c decides by it, verdict_state.c carries it over a restart.
 */
#ifndef JUDGE_VERDICT_INNER_H
#define JUDGE_VERDICT_INNER_H

#include "judge/verdict.h"

enum side { TOO_MUCH, TOO_LITTLE, SIDES };

struct verdict {
    struct verdict_options options;
    struct trouble troubles[SIDES];
    uint32_t held[SIDES];  /* windows in a row over the threshold */
    bool capped[SIDES];    /* the storm cap holds back what is odd now, and has counted it */
    double tired;          /* recent pages and tickets, decayed */
    struct proof last;     /* a record of the newest window that held any */
    int64_t storm_from_ns; /* the hour the cap counts in */
    uint32_t storm_count;
    uint64_t suppressed, suppressed_said;
};

#endif /* JUDGE_VERDICT_INNER_H */
