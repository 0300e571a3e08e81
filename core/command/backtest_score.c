/* SPDX-License-Identifier: MIT */

#include "command/backtest_score.h"

#include "base/check.h"
#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct backtest_rules backtest_rules_default = {
    .tolerance_ns = 60 * NS_PER_S,
    .credit_ns = 3600 * NS_PER_S,
    .prompt_ns = 600 * NS_PER_S,
};

static bool overlaps(const struct label *label, int64_t start, int64_t end, int64_t tolerance)
{
    return start <= label->end_ns + tolerance && end >= label->start_ns - tolerance;
}

/* The end of the part of a finding that counts: an hour, and as long as it stays inside labels from there. */
static int64_t credited_end(const struct backtest_finding *f, const struct labels *labels,
                            const struct backtest_rules *rules)
{
    int64_t end = f->starts_ns + rules->credit_ns;
    if (f->ends_ns <= end)
        return f->ends_ns;
    for (bool grown = true; grown && end < f->ends_ns;) {
        grown = false;
        for (size_t i = 0; i < labels->count; i++) {
            const struct label *label = &labels->at[i];
            int64_t reach = label->end_ns + rules->tolerance_ns;
            if (reach <= end || !label_is_of(label, f->stream, f->configured) ||
                !overlaps(label, end, end, rules->tolerance_ns))
                continue;
            end = reach < f->ends_ns ? reach : f->ends_ns;
            grown = true;
        }
    }
    return end;
}

bool backtest_touches(const struct backtest_finding *finding, const struct label *label,
                      const struct labels *labels, const struct backtest_rules *rules)
{
    return label_is_of(label, finding->stream, finding->configured) &&
           overlaps(label, finding->starts_ns, credited_end(finding, labels, rules),
                    rules->tolerance_ns);
}

enum backtest_fate backtest_fate(const struct backtest_finding *finding,
                                 const struct labels *labels,
                                 const struct backtest_rules *rules)
{
    int64_t end = credited_end(finding, labels, rules);
    enum backtest_fate fate = FATE_FALSE;
    for (size_t i = 0; i < labels->count; i++) {
        const struct label *label = &labels->at[i];
        if (!label_is_of(label, finding->stream, finding->configured) ||
            !overlaps(label, finding->starts_ns, end, rules->tolerance_ns))
            continue;
        if (!label->may)
            return FATE_HIT;
        fate = FATE_NEUTRAL;
    }
    return fate;
}

static bool is_by(const struct backtest_finding *finding, const char *detector)
{
    return !detector || strcmp(finding->detector, detector) == 0;
}

static void count_findings(const struct backtest_findings *findings,
                           const struct labels *labels, const struct backtest_rules *rules,
                           const char *detector, struct backtest_row *row)
{
    size_t *const fates[] = {[FATE_HIT] = &row->hits,
                             [FATE_NEUTRAL] = &row->neutral,
                             [FATE_FALSE] = &row->false_alarms};
    for (size_t i = 0; i < findings->count; i++) {
        const struct backtest_finding *f = &findings->at[i];
        if (!is_by(f, detector))
            continue;
        ++*fates[backtest_fate(f, labels, rules)];
        row->pages += f->route == ROUTE_PAGE;
    }
}

/* From the label's start to the first word of a finding that touches it; NO_TIME: nobody said a word. */
static int64_t delay_of(const struct label *label, const struct backtest_findings *findings,
                        const struct labels *labels, const struct backtest_rules *rules,
                        const char *detector)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < findings->count; i++) {
        const struct backtest_finding *f = &findings->at[i];
        if (is_by(f, detector) && f->detected_ns < first &&
            backtest_touches(f, label, labels, rules))
            first = f->detected_ns;
    }
    if (first == INT64_MAX)
        return NO_TIME;
    return first > label->start_ns ? first - label->start_ns : 0;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int64_t median(int64_t *values, size_t count)
{
    if (count == 0)
        return NO_TIME;
    qsort(values, count, sizeof(*values), by_size);
    return count % 2 ? values[count / 2]
                     : values[count / 2 - 1] + (values[count / 2] - values[count / 2 - 1]) / 2;
}

static double share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : (double)NAN;
}

void backtest_score(const struct backtest_findings *findings, const struct labels *labels,
                    const struct backtest_rules *rules, const char *detector,
                    struct backtest_row *ret)
{
    struct backtest_row row = {0};
    int64_t *delays = calloc(labels->count + 1, sizeof(*delays));
    CHECK(delays);
    count_findings(findings, labels, rules, detector, &row);
    for (size_t i = 0; i < labels->count; i++) {
        if (labels->at[i].may)
            continue;
        int64_t delay = delay_of(&labels->at[i], findings, labels, rules, detector);
        row.labels++;
        if (delay == NO_TIME)
            continue;
        delays[row.found++] = delay;
        row.prompt += delay <= rules->prompt_ns;
    }
    row.delay_ns = median(delays, row.found);
    free(delays);
    row.recall = share(row.found, row.labels);
    row.prompt_recall = share(row.prompt, row.labels);
    row.precision = share(row.hits, row.hits + row.false_alarms);
    row.f1 = row.found && row.hits
                 ? 2 * row.precision * row.recall / (row.precision + row.recall)
             : isnan(row.recall) ? (double)NAN
                                 : 0;
    *ret = row;
}
