/* SPDX-License-Identifier: MIT */
/*
 * timeline.c - everything that happened, in event time. At the same instant a deployment comes before what fires, and what fires before what ends.
 */

#include "report/inner.h"

#include <stdlib.h>

static const char *const names[MOMENT_KINDS] = {
    [MOMENT_DEPLOY] = "deployed",
    [MOMENT_SILENCE_BEGINS] = "silence begins",
    [MOMENT_FIRING] = "firing",
    [MOMENT_ESCALATED] = "escalated",
    [MOMENT_GAP] = "gap",
    [MOMENT_RESOLVED] = "resolved",
    [MOMENT_SILENCE_ENDS] = "silence ends",
    [MOMENT_FALSE] = "marked false",
    [MOMENT_POSTMORTEM] = "post-mortem",
};

const char *report_moment_name(enum report_moment_kind kind)
{
    return names[kind];
}

static void add(struct report *report, struct report_moment moment)
{
    if (moment.time_ns != NO_TIME)
        report->moments[report->moment_count++] = moment;
}

/* What began before the span and goes on in it stands at its own time, so that its beginning is not lost. */
static void add_finding(struct report *report, const struct report_finding *f)
{
    struct report_moment moment = {
        .kind = MOMENT_FIRING, .time_ns = f->starts_ns, .finding = f};
    if (f->momentary) {
        moment.kind = MOMENT_GAP;
    } else if (f->escalated) {
        moment.kind = MOMENT_ESCALATED;
        moment.time_ns = f->first_window_ns != NO_TIME ? f->first_window_ns : f->starts_ns;
    }
    add(report, moment);
    moment.kind = MOMENT_RESOLVED;
    moment.time_ns = f->ends_ns;
    if (f->resolved && !f->momentary && report_inside(report, f->ends_ns))
        add(report, moment);
}

static void add_remark(struct report *report, const struct report_remark *remark)
{
    if (report_inside(report, remark->time_ns))
        add(report, (struct report_moment){
                        .kind = remark->kind == REPORT_FALSE ? MOMENT_FALSE : MOMENT_POSTMORTEM,
                        .time_ns = remark->time_ns,
                        .remark = remark});
}

static void add_silence(struct report *report, const struct report_silence *silence)
{
    struct report_moment moment = {
        .kind = MOMENT_SILENCE_BEGINS, .time_ns = silence->from_ns, .silence = silence};
    add(report, moment);
    moment.kind = MOMENT_SILENCE_ENDS;
    moment.time_ns = silence->until_ns;
    if (report_inside(report, silence->until_ns))
        add(report, moment);
}

static int by_time(const void *a, const void *b)
{
    const struct report_moment *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    // what they are about lies in order already
    if (x->finding && y->finding)
        return (x->finding > y->finding) - (x->finding < y->finding);
    if (x->deploy && y->deploy)
        return (x->deploy > y->deploy) - (x->deploy < y->deploy);
    if (x->silence && y->silence)
        return (x->silence > y->silence) - (x->silence < y->silence);
    return (x->remark > y->remark) - (x->remark < y->remark);
}

void report_make_timeline(struct report *report)
{
    size_t most = 2 * report->finding_count + report->deploy_count + report->remark_count +
                  2 * report->silence_count;
    report->moments = arena_alloc(&report->arena, most, sizeof(*report->moments));
    for (size_t i = 0; i < report->deploy_count; i++)
        add(report, (struct report_moment){.kind = MOMENT_DEPLOY,
                                           .time_ns = report->deploys[i].time_ns,
                                           .deploy = &report->deploys[i]});
    for (size_t i = 0; i < report->finding_count; i++)
        add_finding(report, &report->findings[i]);
    for (size_t i = 0; i < report->remark_count; i++)
        add_remark(report, &report->remarks[i]);
    for (size_t i = 0; i < report->silence_count; i++)
        add_silence(report, &report->silences[i]);
    qsort(report->moments, report->moment_count, sizeof(*report->moments), by_time);
}
