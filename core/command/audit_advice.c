/* SPDX-License-Identifier: MIT */
/*
 * audit_advice.c - the one thing to do next. What costs nothing comes before what needs a thought.
 */

#include "command/audit.h"

#include "base/screen.h"

#include <string.h>

/* Fewer pages than this show no habit. */
enum { HABIT = 4 };

static void put(struct buffer *out, const char *text)
{
    screen_text(out, bytes_of(text), 0);
}

static bool most(size_t some, size_t all)
{
    return all >= HABIT && 2 * some > all;
}

static void put_trouble(struct buffer *out, const struct audit_case *c)
{
    buffer_text(out, "stream ");
    put(out, c->stream);
    if (*c->series)
        buffer_text(out, ", series ");
    put(out, c->series);
    buffer_text(out, ", ");
    put(out, c->kind);
}

static bool nothing(const struct audit *audit, struct buffer *out)
{
    if (audit->findings[ROUTE_PAGE])
        return false;
    buffer_text(out, "nobody was paged: there is nothing to do");
    return true;
}

/* A threshold that would have saved false pages and no other. */
static bool threshold(const struct audit *audit, struct buffer *out)
{
    const struct audit_stream *best = NULL;
    struct audit_saving saving = {0};
    for (size_t i = 0; i < audit->stream_count; i++)
        for (size_t k = 0; k < AUDIT_STEPS; k++) {
            const struct audit_saving *s = &audit->streams[i].savings[k];
            if (s->falses != s->pages || s->falses <= saving.falses)
                continue;
            best = &audit->streams[i];
            saving = *s;
        }
    if (!best)
        return false;
    buffer_text(out, "raise the page threshold of stream ");
    put(out, best->name);
    buffer_printf(out,
                  " from %.3g to %.3g: %zu page%s fewer, each of them marked false, and none "
                  "that was not",
                  best->page, best->page + saving.step, saving.pages,
                  saving.pages == 1 ? "" : "s");
    return true;
}

/* One trouble that is mostly called false. */
static bool cries_wolf(const struct audit *audit, struct buffer *out)
{
    for (size_t i = 0; i < audit->group_count; i++) {
        const struct audit_group *g = &audit->groups[i];
        if (g->pages == 0 || g->count < AUDIT_REPEATS || 2 * g->falses <= g->count)
            continue;
        put_trouble(out, g->newest);
        buffer_printf(
            out,
            " was marked false %zu of %zu times: give it a rule in routes with `route: "
            "ticket` or `log`",
            g->falses, g->count);
        return true;
    }
    return false;
}

static bool one_trouble(const struct audit *audit, struct buffer *out)
{
    const struct audit_group *g = &audit->groups[0]; // the one with most pages
    if (!most(g->pages, audit->findings[ROUTE_PAGE]))
        return false;
    put_trouble(out, g->newest);
    buffer_printf(out,
                  " is %zu of %zu pages: mend it, or give it a rule in routes with `route: "
                  "ticket` until it is",
                  g->pages, audit->findings[ROUTE_PAGE]);
    return true;
}

static bool comes_again(const struct audit *audit, struct buffer *out)
{
    if (!most(audit->flapping, audit->findings[ROUTE_PAGE]))
        return false;
    buffer_printf(out,
                  "%zu of %zu pages were about what had been over for a moment: raise "
                  "`resolve_after`",
                  audit->flapping, audit->findings[ROUTE_PAGE]);
    return true;
}

static bool is_brief(const struct audit *audit, struct buffer *out)
{
    if (!most(audit->brief, audit->findings[ROUTE_PAGE]))
        return false;
    buffer_printf(
        out,
        "%zu of %zu pages were over within their window: `hold: 2` waits for the next "
        "window, and costs that long",
        audit->brief, audit->findings[ROUTE_PAGE]);
    return true;
}

static bool unmarked(const struct audit *audit, struct buffer *out)
{
    if (audit->falses + audit->trues)
        return false;
    buffer_text(out, "no page is marked: say `oddline mark false ID` of those that called for "
                     "nothing, so that thresholds can be weighed");
    return true;
}

static bool at_night(const struct audit *audit, struct buffer *out)
{
    if (!most(audit->outside, audit->findings[ROUTE_PAGE]))
        return false;
    buffer_printf(out,
                  "%zu of %zu pages came outside %s: see which can wait, and give those a rule "
                  "in routes with `time`",
                  audit->outside, audit->findings[ROUTE_PAGE], audit->hours_text);
    return true;
}

static bool go_on(const struct audit *audit, struct buffer *out)
{
    (void)audit;
    buffer_text(out, "nothing stands out: go on marking what calls for nothing");
    return true;
}

void audit_advise(const struct audit *audit, struct buffer *out)
{
    static bool (*const all[])(const struct audit *, struct buffer *) = {
        nothing,  threshold, cries_wolf, one_trouble, comes_again,
        is_brief, unmarked,  at_night,   go_on};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && !all[i](audit, out); i++)
        ;
}
