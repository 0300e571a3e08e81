/* SPDX-License-Identifier: MIT */
/*
 * plan_inner.h - a plan that is being put together: plan.c counts series, plan_detectors.c says who scores them.
 */
#ifndef CONFIG_PLAN_INNER_H
#define CONFIG_PLAN_INNER_H

#include "config/group_plan.h"
#include "config/plan.h"
#include "config/selection.h"

/* What is being put together; becomes the plan at the end. */
struct draft {
    struct plan *plan;
    const struct config_stream *config;
    const char *file;
    struct library *library;
    struct error *reterr;
    struct series_spec series[WINDOW_SERIES_MAX];
    struct judge_series judged[WINDOW_SERIES_MAX];
    size_t series_count;
    struct group_wishes groups;   /* series of many slots, which come last */
    struct selection_names names; /* fields and patterns, grown on demand */
};

/* Refuse: the sentence gets file, line and stream in front of it. Returns -EINVAL. */
int plan_complain(struct draft *d, int line, const char *sentence);

/* The series of that name, counted from now on if nobody wanted it yet. */
int plan_want_series(struct draft *d, int line, const char *name, uint32_t *ret);
/* A series that counts one pattern of a PATTERNS parameter. */
int plan_want_pattern(struct draft *d, int line, const char *pattern, uint32_t *ret);

/* ---- plan_detectors.c ---- */

/* Those of the stream, or the usual ones, and what they look at. */
int plan_detectors(struct draft *d);

#endif /* CONFIG_PLAN_INNER_H */
