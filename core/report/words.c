/* SPDX-License-Identifier: MIT */
/*
 * words.c - times, numbers and the summary, for people.
 */

#include "report/inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

char *report_when(int64_t at_ns, char text[WORDS_SIZE])
{
    struct civil t = clock_civil(at_ns);
    if (at_ns == NO_TIME)
        snprintf(text, WORDS_SIZE, "-");
    else
        snprintf(text, WORDS_SIZE, "%04lld-%02d-%02d %02d:%02d:%02dZ", (long long)t.year,
                 t.month, t.day, t.hour, t.minute, t.second);
    return text;
}

char *report_number(double value, char text[WORDS_SIZE])
{
    if (isnan(value))
        snprintf(text, WORDS_SIZE, "-");
    else if (fabs(value) >= 1000 && fabs(value) < 1e9)
        snprintf(text, WORDS_SIZE, "%.0f", value);
    else if (value == 0)
        snprintf(text, WORDS_SIZE, "0"); // and not -0
    else
        snprintf(text, WORDS_SIZE, "%.3g", value);
    return text;
}

char *report_plural(size_t count, const char *noun, char text[WORDS_SIZE])
{
    snprintf(text, WORDS_SIZE, "%zu %s%s", count, noun, count == 1 ? "" : "s");
    return text;
}

const char *report_title(const struct report *report, struct buffer *room)
{
    char when[WORDS_SIZE];
    if (report->title)
        return report->title;
    if (report->since_ns == NO_TIME)
        return "Incident";
    buffer_printf(
        room, "Incident of %.16sZ",
        report_when(report->first ? report->first->starts_ns : report->since_ns, when));
    buffer_char(room, '\0');
    return room->at;
}

/* ---- the summary --------------------------------------------------------------------- */

static void say_first(const struct report *report, struct buffer *out)
{
    const struct report_finding *f = report->first;
    const struct report_began *began = report->began;
    char when[WORDS_SIZE];
    if (!began) {
        buffer_printf(out, "It began at %s in stream %s: %s. ", report_when(f->starts_ns, when),
                      f->stream, f->summary);
        return;
    }
    buffer_printf(out, "It began at %s in stream %s", report_when(began->starts_ns, when),
                  began->stream);
    if (*began->service)
        buffer_printf(out, " (service %s)", began->service);
    if (began->followed_count)
        buffer_printf(out, "; %zu more stream%s followed", began->followed_count,
                      began->followed_count == 1 ? "" : "s");
    buffer_printf(out, ". The first %s was about %s: %s. ",
                  f->route == REPORT_LOG ? "finding" : report_route_name(f->route), f->stream,
                  f->summary);
}

static void say_counts(const struct report *report, struct buffer *out)
{
    const struct report_counts *c = &report->counts;
    char pages[WORDS_SIZE], tickets[WORDS_SIZE], kept[WORDS_SIZE], troubles[WORDS_SIZE];
    buffer_printf(out, "In all there %s %s, %s and %s for the log only, from %s. ",
                  c->routes[REPORT_PAGE] == 1 ? "was" : "were",
                  report_plural(c->routes[REPORT_PAGE], "page", pages),
                  report_plural(c->routes[REPORT_TICKET], "ticket", tickets),
                  report_plural(c->routes[REPORT_LOG], "finding", kept),
                  report_plural(c->troubles, "distinct trouble", troubles));
}

static void say_length(const struct report *report, struct buffer *out)
{
    const struct report_counts *c = &report->counts;
    char text[CLOCK_TEXT_SIZE];
    if (c->paged_ns > 0)
        buffer_printf(out, "A page was open for %s of the span. ",
                      clock_format_duration(c->paged_ns, text));
    if (c->open)
        buffer_printf(out, "%zu %s not over at its end. ", c->open,
                      c->open == 1 ? "was" : "were");
    if (c->gaps)
        buffer_printf(out,
                      "Something was not read or not judged %zu %s, so there may be more. ",
                      c->gaps, c->gaps == 1 ? "time" : "times");
}

/* The last one before it began; else the nearest one after. */
static const struct report_deploy *near_deploy(const struct report *report)
{
    const struct report_deploy *near = NULL;
    for (size_t i = 0; i < report->deploy_count; i++)
        if (!near || report->deploys[i].time_ns <= report->first->starts_ns)
            near = &report->deploys[i];
    return near;
}

static void say_deploys(const struct report *report, struct buffer *out)
{
    const struct report_deploy *near = near_deploy(report);
    char when[WORDS_SIZE], apart[CLOCK_TEXT_SIZE], count[WORDS_SIZE];
    if (!near) {
        buffer_text(out, "No deployment is known in the span.");
        return;
    }
    int64_t ns = report->first->starts_ns - near->time_ns;
    clock_format_duration(ns < 0 ? -ns : ns, apart);
    buffer_printf(out, "%s of %s was deployed at %s, %s %s it began.", near->version,
                  near->service, report_when(near->time_ns, when), ns == 0 ? "just" : apart,
                  ns < 0 ? "after" : "before");
    if (report->deploy_count > 1)
        buffer_printf(out, " %s are known in all.",
                      report_plural(report->deploy_count, "deployment", count));
}

bool report_recurs(const struct report *report, const struct report_finding *f)
{
    return f->before.count > 0 &&
           (f->before.starts_ns == NO_TIME || f->before.starts_ns < report->since_ns);
}

static void say_recurrence(const struct report *report, struct buffer *out)
{
    size_t again = 0;
    for (size_t i = 0; i < report->finding_count; i++)
        again += report_recurs(report, &report->findings[i]);
    if (again)
        buffer_printf(out, " %zu of it had been seen before this span.", again);
}

void report_summary(const struct report *report, struct buffer *out)
{
    if (!report->first) {
        buffer_text(out, "Nothing was found in this span.");
        return;
    }
    say_first(report, out);
    say_counts(report, out);
    say_length(report, out);
    say_deploys(report, out);
    say_recurrence(report, out);
}
