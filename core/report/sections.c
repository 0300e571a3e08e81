/* SPDX-License-Identifier: MIT */
/*
 * sections.c - where it began, and its impact.
 */

#include "report/pen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { STREAMS_MAX = 20, BEGAN_MAX = 8 };

/* Services are the last column: where none is known it is left out. */
static bool knows_services(const struct report *report)
{
    for (size_t i = 0; i < report->finding_count; i++)
        if (*report->findings[i].service || *report->findings[i].began.service)
            return true;
    return false;
}

/* ---- where it began -------------------------------------------------------------------- */

static int by_began(const void *a, const void *b)
{
    const struct report_began *x = *(const struct report_began *const *)a,
                              *y = *(const struct report_began *const *)b;
    if (x->starts_ns != y->starts_ns)
        return x->starts_ns < y->starts_ns ? -1 : 1;
    int order = strcmp(x->stream, y->stream);
    return order ? order : (x > y) - (x < y);
}

static bool same_began(const struct report_began *a, const struct report_began *b)
{
    return a->starts_ns == b->starts_ns && strcmp(a->stream, b->stream) == 0;
}

/* Each beginning once; of findings with the same one, what the one that knows most says. */
static size_t gather_began(const struct report *report, const struct report_began **began)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < report->finding_count; i++)
        if (*report->findings[i].began.stream)
            began[count++] = &report->findings[i].began;
    qsort(began, count, sizeof(struct report_began *), by_began);
    for (size_t i = 0; i < count; i++)
        if (!kept || !same_began(began[kept - 1], began[i]))
            began[kept++] = began[i];
        else if (began[i]->followed_count >= began[kept - 1]->followed_count)
            began[kept - 1] = began[i];
    return kept;
}

static void join_followed(const struct report_began *began, struct buffer *out)
{
    for (size_t i = 0; i < began->followed_count; i++)
        buffer_printf(out, "%s%s", i ? ", " : "", began->followed[i]);
    buffer_char(out, '\0');
}

static void began_row(struct pen *pen, const struct report_began *began)
{
    struct buffer followed = {0};
    char when[WORDS_SIZE], shared[WORDS_SIZE];
    join_followed(began, &followed);
    snprintf(shared, sizeof(shared), "%u", began->shared);
    struct cell cells[] = {{CELL_TIME, report_when(began->starts_ns, when), NULL},
                           {CELL_CODE, began->stream, NULL},
                           {CELL_TEXT, followed.len > 1 ? followed.at : "-", NULL},
                           {CELL_COUNT, shared, NULL},
                           {CELL_TEXT, *began->service ? began->service : "-", NULL}};
    pen->row(pen, cells);
    buffer_free(&followed);
}

static void began_table(const struct report *report, struct pen *pen)
{
    static const struct pen_table tables[] = {
        {"Where troubles of several streams began",
         {"Began", "First stream", "Then", "Shared traces"},
         false},
        {"Where troubles of several streams began",
         {"Began", "First stream", "Then", "Shared traces", "Service"},
         false}};
    const struct report_began **began =
        calloc(report->finding_count + 1, sizeof(struct report_began *));
    size_t count = began ? gather_began(report, began) : 0;
    if (count)
        pen->table_begin(pen, &tables[knows_services(report)]);
    for (size_t i = 0; i < count && i < BEGAN_MAX; i++)
        began_row(pen, began[i]);
    if (count)
        pen->table_end(pen);
    compose_more(pen, count > BEGAN_MAX ? count - BEGAN_MAX : 0, "beginnings");
    free(began);
}

void compose_first(const struct report *report, struct pen *pen)
{
    const struct report_finding *f = report->first;
    struct buffer text = {0};
    char when[WORDS_SIZE], said[CLOCK_TEXT_SIZE];
    if (report->began)
        buffer_printf(&text, "By its records, stream %s was first, at %s. ",
                      report->began->stream, report_when(report->began->starts_ns, when));
    buffer_printf(&text, "The first %s is about series %s of stream %s, from %s: %s.",
                  f->route == REPORT_LOG ? "finding" : report_route_name(f->route), f->series,
                  f->stream, report_when(f->starts_ns, when), f->summary);
    // a replay says it long after
    if (f->detected_ns >= f->starts_ns && f->detected_ns <= report->until_ns)
        buffer_printf(&text, " It was said %s after it began.",
                      clock_format_duration(f->detected_ns - f->starts_ns, said));
    buffer_char(&text, '\0');
    pen->heading(pen, 2, "What fired first", NULL);
    pen->paragraph(pen, text.at);
    began_table(report, pen);
    buffer_free(&text);
}

/* ---- impact ------------------------------------------------------------------------------ */

struct tally {
    const char *stream, *service;
    size_t routes[REPORT_ROUTES];
    struct report_stay stay;
};

static int by_weight(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    for (int route = 0; route < REPORT_ROUTES; route++)
        if (x->routes[route] != y->routes[route])
            return x->routes[route] > y->routes[route] ? -1 : 1;
    return strcmp(x->stream, y->stream);
}

static struct tally *tally_of(struct tally *tallies, size_t *count,
                              const struct report_finding *f)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(tallies[i].stream, f->stream) == 0)
            return &tallies[i];
    tallies[*count] = (struct tally){
        .stream = f->stream, .service = f->service, .stay = {INT64_MAX, INT64_MIN}};
    return &tallies[(*count)++];
}

static size_t tally_streams(const struct report *report, struct tally *tallies)
{
    size_t count = 0;
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct report_finding *f = &report->findings[i];
        struct report_stay stay = report_stay(report, f);
        struct tally *tally = tally_of(tallies, &count, f);
        tally->routes[f->route]++;
        if (stay.from_ns < tally->stay.from_ns)
            tally->stay.from_ns = stay.from_ns;
        if (stay.until_ns > tally->stay.until_ns)
            tally->stay.until_ns = stay.until_ns;
    }
    qsort(tallies, count, sizeof(*tallies), by_weight);
    return count;
}

static void tally_row(struct pen *pen, const struct tally *tally)
{
    char counts[REPORT_ROUTES][WORDS_SIZE], from[WORDS_SIZE], until[WORDS_SIZE];
    for (int route = 0; route < REPORT_ROUTES; route++)
        snprintf(counts[route], WORDS_SIZE, "%zu", tally->routes[route]);
    struct cell cells[] = {{CELL_CODE, tally->stream, NULL},
                           {CELL_COUNT, counts[REPORT_PAGE], NULL},
                           {CELL_COUNT, counts[REPORT_TICKET], NULL},
                           {CELL_COUNT, counts[REPORT_LOG], NULL},
                           {CELL_TIME, report_when(tally->stay.from_ns, from), NULL},
                           {CELL_TIME, report_when(tally->stay.until_ns, until), NULL},
                           {CELL_TEXT, *tally->service ? tally->service : "-", NULL}};
    pen->row(pen, cells);
}

static void streams_table(const struct report *report, struct pen *pen)
{
    static const struct pen_table tables[] = {
        {"Streams affected", {"Stream", "Pages", "Tickets", "Log", "From", "Until"}, false},
        {"Streams affected",
         {"Stream", "Pages", "Tickets", "Log", "From", "Until", "Service"},
         false}};
    struct tally *tallies = calloc(report->finding_count + 1, sizeof(*tallies));
    size_t count = tallies ? tally_streams(report, tallies) : 0;
    pen->table_begin(pen, &tables[knows_services(report)]);
    for (size_t i = 0; i < count && i < STREAMS_MAX; i++)
        tally_row(pen, &tallies[i]);
    pen->table_end(pen);
    compose_more(pen, count > STREAMS_MAX ? count - STREAMS_MAX : 0, "streams");
    free(tallies);
}

static void say_lately(const struct report_budget *budget, char *text, size_t size)
{
    if (isnan(budget->window_bad) || !(budget->budget_records > 0))
        snprintf(text, size, "-");
    else
        snprintf(text, size, "%.0f bad in its last %s: %.3g %% of the budget",
                 budget->window_bad, budget->window,
                 100 * budget->window_bad / budget->budget_records);
}

/* "30d": whole days have no hours. */
static void say_period(double period_s, char text[CLOCK_TEXT_SIZE])
{
    if (fmod(period_s, 86400) == 0)
        snprintf(text, CLOCK_TEXT_SIZE, "%.0fd", period_s / 86400);
    else
        clock_format_duration((int64_t)(period_s * 1e9), text);
}

static void budget_row(struct pen *pen, const struct report_budget *b)
{
    double whole_s = b->period_s * (1 - b->objective / 100);
    // more than all of it when overdrawn; an int64_t holds it
    double used_s = fmin(fmax(whole_s * (1 - b->left), 0), 9e9);
    char burning[CLOCK_TEXT_SIZE] = "-", used[CLOCK_TEXT_SIZE], whole[CLOCK_TEXT_SIZE],
         period[CLOCK_TEXT_SIZE], goal[128], spent[160], lately[160], when[WORDS_SIZE];
    if (b->burning_ns > 0)
        clock_format_duration(b->burning_ns, burning);
    clock_format_duration((int64_t)(used_s * 1e9), used);
    clock_format_duration((int64_t)(whole_s * 1e9), whole);
    say_period(b->period_s, period);
    snprintf(goal, sizeof(goal), "%.10g %% over %s", b->objective, period);
    snprintf(spent, sizeof(spent), "%.3g %%: %s of %s", 100 * (1 - b->left), used, whole);
    say_lately(b, lately, sizeof(lately));
    struct cell cells[] = {{CELL_CODE, b->name, NULL},
                           {CELL_CODE, b->stream, NULL},
                           {CELL_TEXT, goal, NULL},
                           {CELL_COUNT, burning, NULL},
                           {CELL_TEXT, lately, NULL},
                           {CELL_TEXT, spent, NULL},
                           {CELL_TIME, report_when(b->until_ns, when), NULL}};
    pen->row(pen, cells);
}

static void budgets_table(const struct report *report, struct pen *pen)
{
    static const struct pen_table table = {
        "Error budgets",
        {"SLO", "Stream", "Objective", "Alarm open", "Lately", "Budget used", "As of"},
        false};
    if (!report->budget_count)
        return;
    pen->table_begin(pen, &table);
    for (size_t i = 0; i < report->budget_count; i++)
        budget_row(pen, &report->budgets[i]);
    pen->table_end(pen);
}

void compose_impact(const struct report *report, struct pen *pen)
{
    const struct report_counts *c = &report->counts;
    char text[256];
    pen->heading(pen, 2, "Impact", NULL);
    budgets_table(report, pen);
    streams_table(report, pen);
    if (c->hushed + c->falses == 0)
        return;
    snprintf(text, sizeof(text),
             "%zu of the findings were muted, silenced or over a cap; %zu are marked false.",
             c->hushed, c->falses);
    pen->note(pen, text);
}
