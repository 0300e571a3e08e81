/* SPDX-License-Identifier: MIT */
/*
 * backtest_score.h - findings of page and ticket held against labels: precision, recall, delay.
 *
 *      a finding covers [starts_at, ends_at], but no more than an hour beyond the labels that hour reached
 *      it touches a label of its stream if the two, with `tolerance` on both sides, overlap
 *      touches a `must`: hit; else a `may`: neutral; else: false alarm
 *
 * Recall is the share of `must` labels that were hit, prompt recall that of those hit within `prompt` of their start; precision is
 * hits/(hits + false alarms), in findings. The hour keeps one finding without end from finding everything.
 */
#ifndef COMMAND_BACKTEST_SCORE_H
#define COMMAND_BACKTEST_SCORE_H

#include "command/labels.h"
#include "judge/finding.h"

/* A finding as it was said last. */
struct backtest_finding {
    char id[FINDING_ID_SIZE];
    char detector[32], summary[160];
    const char *stream,
        *configured; /* names of the scanned and of the configured stream; configured may be NULL */
    enum finding_route route;
    int64_t starts_ns, ends_ns, detected_ns;
};

struct backtest_rules {
    int64_t tolerance_ns, credit_ns, prompt_ns;
};
extern const struct backtest_rules backtest_rules_default;

struct backtest_findings {
    struct backtest_finding *at; /* [count] */
    size_t count;
};

/* Of all detectors, or of one. */
struct backtest_row {
    size_t labels, found, prompt; /* `must` labels */
    size_t hits, false_alarms, neutral, pages;
    double recall, prompt_recall, precision, f1; /* NaN: there is nothing to divide by */
    int64_t delay_ns;                            /* median of the found; NO_TIME: none */
};

/* What became of one finding. */
enum backtest_fate { FATE_HIT, FATE_NEUTRAL, FATE_FALSE };
enum backtest_fate backtest_fate(const struct backtest_finding *finding,
                                 const struct labels *labels,
                                 const struct backtest_rules *rules);
/* Does the finding touch this label? */
bool backtest_touches(const struct backtest_finding *finding, const struct label *label,
                      const struct labels *labels, const struct backtest_rules *rules);

/* `detector` NULL: all of them. */
void backtest_score(const struct backtest_findings *findings, const struct labels *labels,
                    const struct backtest_rules *rules, const char *detector,
                    struct backtest_row *ret);

#endif /* COMMAND_BACKTEST_SCORE_H */
