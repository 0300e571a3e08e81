/* SPDX-License-Identifier: MIT */

#include "command/audit.h"

#include "base/clock.h"
#include "base/screen.h"

#include <math.h>

static void put(struct buffer *out, const char *text)
{
    screen_text(out, bytes_of(text), 0);
}

static void put_day(struct buffer *out, int64_t at_ns)
{
    char text[CLOCK_TEXT_SIZE];
    if (at_ns != NO_TIME)
        buffer_printf(out, "%.10s %.5s", clock_format(at_ns, text), text + 11);
}

static void put_span(struct buffer *out, int64_t ns, int columns)
{
    char text[CLOCK_TEXT_SIZE];
    buffer_printf(out, " %*s", columns, clock_format_duration(ns, text));
}

static void put_what(struct buffer *out, const struct audit_group *g)
{
    const struct audit_case *c = g->newest;
    buffer_text(out, "  ");
    put(out, c->stream);
    buffer_char(out, ' ');
    put(out, c->series);
    buffer_char(out, ' ');
    put(out, c->kind);
    if (*c->rule)
        buffer_text(out, "  rule ");
    put(out, c->rule);
    buffer_printf(out, "  %016llx\n", (unsigned long long)c->fingerprint);
}

/* ---- the parts --------------------------------------------------------------------- */

/* What was read, and whether that is all that was asked for. */
static void put_sources(struct buffer *out, const struct audit *a)
{
    if (!a->watched)
        return;
    buffer_text(out, "read: ");
    if (a->jsonl)
        put(out, a->jsonl);
    buffer_text(out, a->jsonl ? " and the journal" : "the journal");
    if (audit_is_short(a)) {
        buffer_text(out, "; older than ");
        put_day(out, a->oldest_ns);
        buffer_text(out, " nothing is kept, asked was since ");
        put_day(out, a->from_ns);
        if (!a->jsonl)
            buffer_text(out, ": sinks.jsonl, read with -c, keeps more");
    }
    buffer_char(out, '\n');
}

static void put_totals(struct buffer *out, const struct audit *a)
{
    size_t pages = a->findings[ROUTE_PAGE];
    double weeks = (double)(a->until_ns - a->since_ns) / (7 * 86400.0 * (double)NS_PER_S);
    put_day(out, a->since_ns);
    buffer_text(out, " to ");
    put_day(out, a->until_ns);
    buffer_printf(out, ": %zu pages", pages);
    if (a->since_ns != NO_TIME && weeks > 0)
        buffer_printf(out, " (%.3g a week)", (double)pages / weeks);
    buffer_printf(out, ", %zu tickets, %zu for the log\n", a->findings[ROUTE_TICKET],
                  a->findings[ROUTE_LOG]);
    buffer_printf(out, "of the pages %zu are marked false, %zu right, %zu not at all",
                  a->falses, a->trues, pages - a->falses - a->trues);
    if (pages)
        buffer_printf(out, "; precision %.0f %% at most",
                      100 * audit_precision(pages, a->falses));
    buffer_char(out, '\n');
}

static void put_most(struct buffer *out, const struct audit *a, size_t most)
{
    buffer_text(out,
                "\nwhat paged most\n  pages tickets false    open  last              what\n");
    for (size_t i = 0; i < a->group_count && i < most; i++) {
        const struct audit_group *g = &a->groups[i];
        buffer_printf(out, "  %5zu %7zu %5zu ", g->pages, g->count - g->pages, g->falses);
        put_span(out, g->open_ns, 6);
        buffer_text(out, "  ");
        put_day(out, g->newest->called_ns);
        put_what(out, g);
    }
}

static void put_repeats(struct buffer *out, const struct audit *a, size_t most)
{
    size_t said = 0;
    for (size_t i = 0; i < a->group_count && said < most; i++) {
        const struct audit_group *g = &a->groups[i];
        if (g->count < AUDIT_REPEATS)
            continue;
        if (said++ == 0)
            buffer_text(out, "\nwhat repeats\n  times   every  what\n");
        buffer_printf(out, "  %5zu ", g->count);
        put_span(out, g->usual_ns, 6);
        put_what(out, g);
    }
}

static void put_noise(struct buffer *out, const struct audit *a)
{
    buffer_printf(out,
                  "\nnoise by its shape, of %zu pages\n  %5zu over within their window\n  %5zu "
                  "about what had been over for a moment\n  %5zu outside %s\n",
                  a->findings[ROUTE_PAGE], a->brief, a->flapping, a->outside, a->hours_text);
}

/* Saved pages, and how many of them nobody called false. */
static void put_saving(struct buffer *out, const struct audit_saving *s)
{
    char text[64];
    snprintf(text, sizeof(text), "%zu (%zu)", s->pages, s->pages - s->falses);
    buffer_printf(out, " %9s", text);
}

static void put_thresholds(struct buffer *out, const struct audit *a)
{
    buffer_text(out, "\npages that a higher threshold would have saved (of them not marked "
                     "false)\n  pages false precision  page at");
    for (size_t i = 0; i < AUDIT_STEPS; i++) {
        char step[16];
        snprintf(step, sizeof(step), "+%g", audit_steps[i]);
        buffer_printf(out, " %9s", step);
    }
    buffer_text(out, "  stream\n");
    for (size_t i = 0; i < a->stream_count && a->streams[i].pages; i++) {
        const struct audit_stream *s = &a->streams[i];
        buffer_printf(out, "  %5zu %5zu %7.0f %%  %7.3g", s->pages, s->falses,
                      100 * audit_precision(s->pages, s->falses), s->page);
        for (size_t k = 0; k < AUDIT_STEPS; k++)
            put_saving(out, &s->savings[k]);
        buffer_text(out, "  ");
        put(out, s->name);
        buffer_char(out, '\n');
    }
}

void audit_table(const struct audit *audit, size_t most, FILE *out)
{
    struct buffer text = {0};
    put_sources(&text, audit);
    if (audit->count)
        put_totals(&text, audit);
    if (audit->group_count) {
        put_most(&text, audit, most);
        put_repeats(&text, audit, most);
    }
    if (audit->findings[ROUTE_PAGE]) {
        put_noise(&text, audit);
        put_thresholds(&text, audit);
    }
    buffer_text(&text, audit->count ? "\nnext: " : "no finding in that time; ");
    audit_advise(audit, &text);
    buffer_char(&text, '\n');
    fwrite(text.at, 1, text.len, out);
    buffer_free(&text);
}
