/* SPDX-License-Identifier: MIT */
/*
 * compose.c - the order of a report: what a reader without time needs is first, what has to be thought of is last and empty.
 */

#include "report/pen.h"

#include <stdio.h>

const char *tone_of(enum report_route route)
{
    return report_route_name(route);
}

void compose_more(struct pen *pen, size_t more, const char *what)
{
    char text[128];
    if (!more)
        return;
    snprintf(text, sizeof(text), "and %zu more %s", more, what);
    pen->note(pen, text);
}

static void compose_tiles(const struct report *report, struct pen *pen)
{
    const struct report_counts *c = &report->counts;
    char pages[WORDS_SIZE], tickets[WORDS_SIZE], kept[WORDS_SIZE],
        paged[CLOCK_TEXT_SIZE] = "none", streams[WORDS_SIZE];
    snprintf(pages, sizeof(pages), "%zu", c->routes[REPORT_PAGE]);
    snprintf(tickets, sizeof(tickets), "%zu", c->routes[REPORT_TICKET]);
    snprintf(kept, sizeof(kept), "%zu", c->routes[REPORT_LOG]);
    snprintf(streams, sizeof(streams), "%zu", c->troubles);
    if (c->paged_ns > 0)
        clock_format_duration(c->paged_ns, paged);
    struct pen_tile tiles[] = {{pages, "pages", "page"},
                               {tickets, "tickets", "ticket"},
                               {kept, "for the log only", "log"},
                               {streams, "distinct troubles", "log"},
                               {paged, "with a page open", "log"}};
    pen->tiles(pen, tiles, sizeof(tiles) / sizeof(tiles[0]));
}

static void compose_summary(const struct report *report, struct pen *pen)
{
    struct buffer text = {0};
    report_summary(report, &text);
    buffer_char(&text, '\0');
    pen->heading(pen, 2, "Summary", NULL);
    pen->paragraph(pen, text.at);
    if (report->finding_count)
        compose_tiles(report, pen);
    buffer_free(&text);
}

static void compose_charts(const struct report *report, struct pen *pen)
{
    if (!report->chart_count)
        return;
    pen->heading(pen, 2, "What the series did", NULL);
    pen->note(pen,
              "A mark is a window that a finding stored; a tinted column is how long that was "
              "open. The shaded band is what was expected then, held until the next mark, the "
              "first one from the beginning. A "
              "dashed line is a deployment. Between the marks nothing is known here.");
    for (size_t i = 0; i < report->chart_count; i++)
        pen->chart(pen, report, &report->charts[i]);
    compose_more(pen, report->chart_more, "series without a chart");
}

static void compose_blank(struct pen *pen)
{
    static const struct pen_table actions = {
        "Action items", {"Action", "Kind", "Owner", "Due", "Done"}, true};
    static const struct cell empty[5] = {{CELL_TEXT, "", NULL},
                                         {CELL_TEXT, "", NULL},
                                         {CELL_TEXT, "", NULL},
                                         {CELL_TEXT, "", NULL},
                                         {CELL_TEXT, "", NULL}};
    pen->heading(pen, 2, "Root cause", NULL);
    pen->room(pen, "Why it happened, and why it was possible.");
    pen->heading(pen, 2, "What went well", NULL);
    pen->room(pen, "What was found, said or mended in time.");
    pen->heading(pen, 2, "What went badly", NULL);
    pen->room(pen, "What was late, missing or in the way. Of things, not of people.");
    pen->heading(pen, 2, "Action items", NULL);
    pen->table_begin(pen, &actions);
    for (int i = 0; i < 4; i++)
        pen->row(pen, empty);
    pen->table_end(pen);
}

static void compose_end(const struct report *report, struct pen *pen)
{
    char text[256];
    int len = snprintf(
        text, sizeof(text),
        "Made by oddline of %zu findings. All times are UTC, and those of the records. "
        "Evidence is redacted, as it was stored.",
        report->finding_count);
    if (report->left_out && len > 0)
        snprintf(text + len, sizeof(text) - (size_t)len, " %zu more did not fit in.",
                 report->left_out);
    pen->end(pen, text);
}

void report_compose(const struct report *report, struct pen *pen)
{
    struct buffer title = {0};
    char from[WORDS_SIZE], until[WORDS_SIZE], length[CLOCK_TEXT_SIZE], span[256];
    clock_format_duration(report->until_ns - report->since_ns, length);
    if (report->since_ns == NO_TIME)
        snprintf(span, sizeof(span), "No finding says when");
    else
        snprintf(span, sizeof(span), "%s to %s (%s)", report_when(report->since_ns, from),
                 report_when(report->until_ns, until), length);
    pen->begin(pen, report_title(report, &title), span);
    compose_summary(report, pen);
    if (report->finding_count) {
        compose_first(report, pen);
        compose_impact(report, pen);
    }
    compose_charts(report, pen);
    if (report->moment_count)
        compose_timeline(report, pen);
    compose_cards(report, pen);
    compose_before(report, pen);
    compose_blank(pen);
    compose_end(report, pen);
    buffer_free(&title);
}
