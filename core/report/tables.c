/* SPDX-License-Identifier: MIT */
/*
 * tables.c - the timeline, as far as there is room, and what came before the span.
 */

#include "report/pen.h"

#include <stdio.h>

enum { ROWS_MAX = 200, BEFORE_MAX = 20 };

/* ---- timeline ------------------------------------------------------------------------------- */

static const char *const tones[MOMENT_KINDS] = {
    [MOMENT_DEPLOY] = "deploy",    [MOMENT_SILENCE_BEGINS] = "quiet", [MOMENT_GAP] = "quiet",
    [MOMENT_RESOLVED] = "good",    [MOMENT_SILENCE_ENDS] = "quiet",   [MOMENT_FALSE] = "quiet",
    [MOMENT_POSTMORTEM] = "quiet",
};

static void say_finding(const struct report_moment *moment, struct buffer *out)
{
    const struct report_finding *f = moment->finding;
    char took[CLOCK_TEXT_SIZE];
    if (moment->kind != MOMENT_RESOLVED) {
        buffer_text(out, f->summary);
        if (*f->hushed)
            buffer_printf(out, " (%s)", f->hushed);
        return;
    }
    buffer_printf(out, "%s (%s) over after %s", f->series, f->kind,
                  clock_format_duration(f->ends_ns - f->starts_ns, took));
}

static void say_silence(const struct report_silence *silence, struct buffer *out)
{
    buffer_text(out, "of");
    if (*silence->series)
        buffer_printf(out, " series %s", silence->series);
    if (*silence->detector)
        buffer_printf(out, " detector %s", silence->detector);
    buffer_printf(out, " %s", *silence->stream ? silence->stream : "all streams");
    if (*silence->reason)
        buffer_printf(out, ": %s", silence->reason);
}

static void say_moment(const struct report_moment *moment, struct buffer *out)
{
    if (moment->finding)
        say_finding(moment, out);
    else if (moment->deploy)
        buffer_printf(out, "version %s", moment->deploy->version);
    else if (moment->silence)
        say_silence(moment->silence, out);
    else
        buffer_printf(out, "finding %s%s%s", moment->remark->id,
                      *moment->remark->text ? ": " : "", moment->remark->text);
    buffer_char(out, '\0');
}

static void moment_row(struct pen *pen, const struct report_moment *moment)
{
    struct buffer text = {0};
    char when[WORDS_SIZE], badge[WORDS_SIZE];
    const char *tone = tones[moment->kind], *where = "";
    const char *word = report_moment_name(moment->kind);
    say_moment(moment, &text);
    if (moment->kind == MOMENT_GAP)
        word = moment->finding->kind; // or a plugin that failed
    if (!tone) {
        tone = tone_of(moment->finding->route);
        snprintf(badge, sizeof(badge), "%s%s", tone,
                 moment->kind == MOMENT_ESCALATED ? " (escalated)" : "");
        word = badge;
    }
    if (moment->finding)
        where = moment->finding->stream;
    else if (moment->deploy)
        where = moment->deploy->service;
    struct cell cells[] = {{CELL_TIME, report_when(moment->time_ns, when), NULL},
                           {CELL_BADGE, word, tone},
                           {CELL_CODE, where, NULL},
                           {CELL_TEXT, text.at, NULL}};
    pen->row(pen, cells);
    buffer_free(&text);
}

/* What is shown when there is no room for all: the ends of what is for the log only go first, then all that is. */
static int dispensable(const struct report_moment *moment)
{
    if (!moment->finding || moment->finding->route != REPORT_LOG || moment->kind == MOMENT_GAP)
        return moment->kind == MOMENT_RESOLVED;
    return moment->kind == MOMENT_RESOLVED ? 3 : 2;
}

static int most_dispensable(const struct report *report)
{
    size_t counts[4] = {0};
    int bar = 3;
    for (size_t i = 0; i < report->moment_count; i++)
        counts[dispensable(&report->moments[i])]++;
    for (size_t sum = report->moment_count; bar > 0 && sum > ROWS_MAX; bar--)
        sum -= counts[bar];
    return bar;
}

void compose_timeline(const struct report *report, struct pen *pen)
{
    static const struct pen_table table = {
        "In event time, UTC", {"Time", "What", "Where", "Said"}, false};
    int bar = most_dispensable(report);
    size_t shown = 0;
    pen->heading(pen, 2, "Timeline", NULL);
    pen->table_begin(pen, &table);
    for (size_t i = 0; i < report->moment_count && shown < ROWS_MAX; i++)
        if (dispensable(&report->moments[i]) <= bar) {
            moment_row(pen, &report->moments[i]);
            shown++;
        }
    pen->table_end(pen);
    compose_more(pen, report->moment_count - shown, "lines, of the least urgent");
}

/* ---- earlier ---------------------------------------------------------------------------------- */

static void before_row(struct pen *pen, const struct report_finding *f)
{
    const struct report_before *before = &f->before;
    const char *link = f->postmortem ? f->postmortem : before->postmortem;
    char count[WORDS_SIZE], when[WORDS_SIZE], took[CLOCK_TEXT_SIZE] = "did not end";
    snprintf(count, sizeof(count), "%llu", (unsigned long long)before->count);
    if (before->starts_ns != NO_TIME && before->ends_ns > before->starts_ns)
        clock_format_duration(before->ends_ns - before->starts_ns, took);
    struct cell cells[] = {
        {CELL_CODE, f->stream, NULL},
        {CELL_TEXT, f->summary, NULL},
        {CELL_COUNT, count, NULL},
        {CELL_TIME, report_when(before->starts_ns, when), NULL},
        {CELL_TEXT, took, NULL},
        {CELL_LINK, *link ? link : "none", NULL},
        {CELL_TEXT, before->false_reason ? before->false_reason : "no", NULL}};
    pen->row(pen, cells);
}

void compose_before(const struct report *report, struct pen *pen)
{
    static const struct pen_table table = {
        "The same troubles earlier",
        {"Stream", "Now", "Times before", "Last", "It took", "Post-mortem", "Marked false"},
        false};
    size_t shown = 0, more = 0;
    for (size_t i = 0; i < report->finding_count; i++) {
        if (!report_recurs(report, &report->findings[i]))
            continue;
        if (shown == BEFORE_MAX) {
            more++;
            continue;
        }
        if (shown++ == 0) {
            pen->heading(pen, 2, "Seen before", NULL);
            pen->table_begin(pen, &table);
        }
        before_row(pen, &report->findings[i]);
    }
    if (shown)
        pen->table_end(pen);
    compose_more(pen, more, "troubles");
}
