/* SPDX-License-Identifier: MIT */
/*
 * charts.c - which series get a chart, and what is in it: those that called somebody first, then those that fired most.
 *
 * A silence counts seconds where others of the same series count records: it is a chart of its own.
 */

#include "report/inner.h"

#include <math.h>
#include <stdlib.h>

/* A finding, by the chart that it belongs to. */
struct part {
    const struct report_finding *finding;
    bool silence;
};
/* A run of parts. */
struct run {
    const struct part *parts;
    size_t count, points;
    enum report_route route;
};

static int same_chart(const struct part *a, const struct part *b)
{
    int order = strcmp(a->finding->stream, b->finding->stream);
    order = order ? order : strcmp(a->finding->series, b->finding->series);
    order = order ? order : strcmp(a->finding->key, b->finding->key);
    return order ? order : (int)a->silence - (int)b->silence;
}

static int by_chart(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    int order = same_chart(x, y);
    return order ? order : (x->finding > y->finding) - (x->finding < y->finding);
}

static int by_worth(const void *a, const void *b)
{
    const struct run *x = a, *y = b;
    if (x->route != y->route)
        return x->route < y->route ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    const struct report_finding *f = x->parts[0].finding, *g = y->parts[0].finding;
    return (f > g) - (f < g);
}

static bool drawable(const struct report_finding *f)
{
    return f->point_count && !f->momentary && strcmp(f->kind, "burn") != 0;
}

/* ---- one chart --------------------------------------------------------------------- */

static int by_window(const void *a, const void *b)
{
    const struct report_point *x = a, *y = b;
    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    return (x->observed > y->observed) - (x->observed < y->observed);
}

static size_t gather_points(const struct report *report, const struct run *run,
                            struct report_point *points)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < run->count; i++)
        for (size_t k = 0; k < run->parts[i].finding->point_count; k++) {
            const struct report_point *point = &run->parts[i].finding->points[k];
            if (point->end_ns > report->since_ns && point->start_ns < report->until_ns &&
                count < run->points) {
                points[count] = *point;
                points[count++].route = run->parts[i].finding->route;
            }
        }
    if (count)
        qsort(points, count, sizeof(*points), by_window);
    for (size_t i = 0; i < count && kept < REPORT_CHART_POINTS; i++)
        if (kept == 0 || points[kept - 1].start_ns != points[i].start_ns)
            points[kept++] = points[i];
        else
            points[kept - 1] = points[i];
    return kept;
}

static const char *unit_of(struct report *report, const struct run *run)
{
    char text[CLOCK_TEXT_SIZE];
    const struct report_finding *f = run->parts[0].finding;
    const struct report_point *point = &f->points[0];
    if (run->parts[0].silence)
        return "seconds without a record";
    clock_format_duration(point->end_ns - point->start_ns, text);
    return arena_printf(&report->arena, "per window of %s", text);
}

static void draw(struct report *report, const struct run *run, struct report_chart *ret)
{
    const struct report_finding *f = run->parts[0].finding;
    struct report_chart chart = {.stream = f->stream,
                                 .series = f->series,
                                 .key = f->key,
                                 .unit = unit_of(report, run),
                                 .route = run->route};
    chart.points = arena_alloc(&report->arena, run->points, sizeof(*chart.points));
    chart.findings = arena_alloc(&report->arena, run->count, sizeof(struct report_finding *));
    chart.point_count = gather_points(report, run, chart.points);
    for (size_t i = 0; i < run->count; i++)
        chart.findings[chart.finding_count++] = run->parts[i].finding;
    *ret = chart;
}

/* ---- all of them ------------------------------------------------------------------- */

static size_t find_runs(const struct part *parts, size_t count, struct run *runs)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || same_chart(&parts[i - 1], &parts[i]) != 0)
            runs[found++] = (struct run){.parts = &parts[i], .route = REPORT_LOG};
        struct run *run = &runs[found - 1];
        run->count++;
        run->points += parts[i].finding->point_count;
        if (parts[i].finding->route < run->route)
            run->route = parts[i].finding->route;
    }
    return found;
}

void report_make_charts(struct report *report)
{
    size_t most = report->finding_count, count = 0;
    struct part *parts = arena_alloc(&report->arena, most + 1, sizeof(*parts));
    struct run *runs = arena_alloc(&report->arena, most + 1, sizeof(*runs));
    for (size_t i = 0; i < most; i++)
        if (drawable(&report->findings[i]))
            parts[count++] = (struct part){.finding = &report->findings[i],
                                           strcmp(report->findings[i].kind, "silence") == 0};
    qsort(parts, count, sizeof(*parts), by_chart);
    size_t found = find_runs(parts, count, runs);
    qsort(runs, found, sizeof(*runs), by_worth);
    for (size_t i = 0; i < found; i++) {
        struct report_chart chart;
        if (report->chart_count == REPORT_CHARTS_MAX) {
            report->chart_more++;
            continue;
        }
        draw(report, &runs[i], &chart);
        if (chart.point_count)
            report->charts[report->chart_count++] = chart;
    }
}
