/* SPDX-License-Identifier: MIT */
/*
 * cards.c - the findings one by one, with their evidence: pages first.
 */

#include "report/pen.h"

#include <math.h>
#include <stdio.h>

enum { CARDS_MAX = 40 };

static struct cell code(const char *text)
{
    return (struct cell){CELL_CODE, text, NULL};
}

static struct cell plain(const char *text)
{
    return (struct cell){CELL_TEXT, text, NULL};
}

/* ---- what is said in lines ------------------------------------------------------------- */

static void item_time(struct pen *pen, const struct report_finding *f)
{
    char from[WORDS_SIZE], until[WORDS_SIZE], took[CLOCK_TEXT_SIZE], text[192];
    report_when(f->starts_ns, from);
    if (f->momentary)
        snprintf(text, sizeof(text), "%s", from);
    else if (f->ends_ns == NO_TIME)
        snprintf(text, sizeof(text), "since %s, not over", from);
    else
        snprintf(text, sizeof(text), "%s to %s (%s)", from, report_when(f->ends_ns, until),
                 clock_format_duration(f->ends_ns - f->starts_ns, took));
    pen->item(pen, "When", plain(text));
}

static void item_score(struct pen *pen, const struct report_finding *f)
{
    char score[WORDS_SIZE], text[256];
    if (isnan(f->score))
        snprintf(text, sizeof(text), "%.60s by %.60s", f->kind, f->detector);
    else
        snprintf(text, sizeof(text), "%.60s by %.60s, score %s", f->kind, f->detector,
                 report_number(f->score, score));
    pen->item(pen, "Kind", plain(text));
}

static void item_deploy(struct pen *pen, const struct report_finding *f)
{
    struct buffer text = {0};
    char apart[CLOCK_TEXT_SIZE];
    if (f->deploy_ns == NO_TIME)
        return;
    buffer_printf(&text, "%s of %s, %s before", f->deploy_version, f->deploy_service,
                  f->starts_ns > f->deploy_ns
                      ? clock_format_duration(f->starts_ns - f->deploy_ns, apart)
                      : "just");
    buffer_char(&text, '\0');
    pen->item(pen, "Deployed", plain(text.at));
    if (*f->deploy_url)
        pen->item(pen, "", (struct cell){CELL_LINK, f->deploy_url, NULL});
    buffer_free(&text);
}

static void item_traces(struct pen *pen, const struct report_finding *f)
{
    for (size_t i = 0; i < f->trace_count; i++)
        pen->item(pen, i ? "" : "Traces", code(f->traces[i]));
}

static void items_people(struct pen *pen, const struct report_finding *f)
{
    if (f->false_reason)
        pen->item(pen, "Marked false", plain(*f->false_reason ? f->false_reason : "yes"));
    if (f->postmortem)
        pen->item(pen, "Post-mortem", (struct cell){CELL_LINK, f->postmortem, NULL});
    for (size_t i = 0; i < f->annotation_count; i++)
        pen->item(pen, f->annotations[i].name,
                  (struct cell){CELL_LINK, f->annotations[i].value, NULL});
}

static void item_labels(struct pen *pen, const struct report_finding *f)
{
    struct buffer text = {0};
    for (size_t i = 0; i < f->label_count; i++)
        buffer_printf(&text, "%s%s=%s", i ? ", " : "", f->labels[i].name, f->labels[i].value);
    buffer_char(&text, '\0');
    if (f->label_count)
        pen->item(pen, "Labels", plain(text.at));
    buffer_free(&text);
}

static void items(struct pen *pen, const struct report_finding *f)
{
    pen->list_begin(pen);
    pen->item(pen, "Stream", code(f->stream));
    pen->item(pen, "Series", code(f->series));
    if (*f->key)
        pen->item(pen, "Counts", code(f->key));
    item_time(pen, f);
    item_score(pen, f);
    for (size_t i = 0; i < f->reason_count; i++)
        pen->item(pen, i ? "" : "Because", plain(f->reasons[i]));
    item_deploy(pen, f);
    item_traces(pen, f);
    items_people(pen, f);
    item_labels(pen, f);
    pen->item(pen, "Id", code(f->id));
    pen->list_end(pen);
}

static void evidence(struct pen *pen, const struct report_evidence *line)
{
    struct buffer label = {0};
    char when[WORDS_SIZE];
    buffer_text(&label, line->path);
    if (line->line)
        buffer_printf(&label, ":%llu", (unsigned long long)line->line);
    if (line->time_ns != NO_TIME)
        buffer_printf(&label, "  %s", report_when(line->time_ns, when));
    buffer_char(&label, '\0');
    pen->code(pen, label.at, line->text);
    buffer_free(&label);
}

/* ---- all of them ------------------------------------------------------------------------ */

static void card(struct pen *pen, const struct report_finding *f)
{
    pen->card_begin(pen);
    pen->heading(pen, 3, f->summary, tone_of(f->route));
    items(pen, f);
    for (size_t i = 0; i < f->evidence_count; i++)
        evidence(pen, &f->evidence[i]);
    pen->card_end(pen);
}

void compose_cards(const struct report *report, struct pen *pen)
{
    size_t shown = 0;
    if (!report->finding_count)
        return;
    pen->heading(pen, 2, "Findings and their evidence", NULL);
    for (int route = 0; route < REPORT_ROUTES; route++)
        for (size_t i = 0; i < report->finding_count && shown < CARDS_MAX; i++)
            if ((int)report->findings[i].route == route) {
                card(pen, &report->findings[i]);
                shown++;
            }
    compose_more(pen, report->finding_count - shown, "findings, of the least urgent");
}
