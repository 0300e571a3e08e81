/* SPDX-License-Identifier: MIT */
/*
 * backtest.h - one configuration run over old logs, and what came of it.
 *
 *      backtest.c runs the configurations ──▶ backtest_score.c counts ──▶ backtest_table.c shows
 */
#ifndef COMMAND_BACKTEST_H
#define COMMAND_BACKTEST_H

#include "app/scan.h"
#include "command/backtest_score.h"
#include "config/config.h"

#include <stdio.h>

enum { BACKTEST_FINDINGS_MAX = 100000, BACKTEST_DETECTORS_MAX = 64 };

struct backtest_run {
    const char *mark; /* "A", "B" beside each other; "" alone */
    const char *path; /* of the configuration */
    struct config config;
    double raise; /* of its thresholds */
    struct backtest_findings findings;
    size_t capacity;
    uint64_t n;      /* of ids given */
    bool overflowed; /* more findings than are kept */
    struct arena names;
    struct scan_result result;
};

/* What the tables need besides the runs. */
struct backtest_view {
    FILE *out;
    const struct labels *labels;
    struct backtest_rules rules;
    bool json;
};

/* Rows of detectors and of all together, of one run or of two beside each other. */
void backtest_table(const struct backtest_view *view, const struct backtest_run *runs,
                    size_t count);
/* One row of a sweep, in all; `first` writes the head. */
void backtest_sweep_row(const struct backtest_view *view, const struct backtest_run *run,
                        bool first);
/* What was missed and what was a false alarm, at most `most` of each. */
void backtest_worst(const struct backtest_view *view, const struct backtest_run *run,
                    size_t most);
/* Which labels only one of two runs found. */
void backtest_differences(const struct backtest_view *view, const struct backtest_run runs[2]);

#endif /* COMMAND_BACKTEST_H */
