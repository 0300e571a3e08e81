/* SPDX-License-Identifier: MIT */
/*
 * budget.h - thresholds that follow from how often somebody may be called.
 *
 * A score of s comes by chance once in 10^s opinions. A stream gives so many opinions a window (its series × detectors) and so many
 * windows a period; so with `allowed` findings in the period
 *
 *      threshold = log10(windows × opinions / allowed)
 *
 * which is Bonferroni's split, and cautious: opinions of one window agree often, and one trouble is one finding. A detector's own
 * p is only believed as far as the tail of its own history bears it out (panel.c), once that is as long as the period: models are too
 * sure of themselves.
 *
 * Source   C. E. Bonferroni, Teoria statistica delle classi e calcolo delle probabilità, 1936
 */
#ifndef JUDGE_BUDGET_H
#define JUDGE_BUDGET_H

#include "judge/judge.h"

/* Opinions that a window of the stream gets from detectors that count. */
uint64_t budget_opinions(const struct judge_stream *stream);
/* The thresholds of the stream with windows of this length: what its policy says, or what its budget comes to. */
void budget_thresholds(const struct judge_stream *stream, int64_t window_ns,
                       double ret[ROUTES]);

#endif /* JUDGE_BUDGET_H */
