/* SPDX-License-Identifier: MIT */
/*
 * audit_weigh.c - counts: by fingerprint, by stream, by shape, and against thresholds that were not.
 *
 * A page would not have come with a threshold higher by so much when its score was below that; what recent findings had added to the
 * threshold stays added, though fewer of them would have added less: what is said to be saved is the most that can be.
 */

#include "command/audit.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const double audit_steps[AUDIT_STEPS] = {0.5, 1, 2, 4};

/* Three times the windows that a trouble is usually given to come back before it is over. */
enum { FLAP_WINDOWS = 15 };

static bool calls(const struct audit_case *c)
{
    return c->route == ROUTE_PAGE || c->route == ROUTE_TICKET;
}

static int by_fingerprint(const void *a, const void *b)
{
    const struct audit_case *x = a, *y = b;
    if (x->fingerprint != y->fingerprint)
        return x->fingerprint < y->fingerprint ? -1 : 1;
    if (x->starts_ns != y->starts_ns)
        return x->starts_ns < y->starts_ns ? -1 : 1;
    return strcmp(x->id, y->id);
}

static int by_time(const void *a, const void *b)
{
    const struct audit_case *x = a, *y = b;
    if (x->called_ns != y->called_ns)
        return x->called_ns < y->called_ns ? -1 : 1;
    return strcmp(x->id, y->id);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t end_of(const struct audit *audit, const struct audit_case *c)
{
    return c->ends_ns == NO_TIME ? audit->until_ns : c->ends_ns;
}

/* ---- shape --------------------------------------------------------------------- */

/* `before` is the one of the same fingerprint that called before it; NULL: there was none. */
static void shape(const struct audit *audit, struct audit_case *c,
                  const struct audit_case *before)
{
    c->outside = !mute_covers(&audit->hours, c->called_ns);
    c->brief = c->resolved && c->window_ns > 0 && c->ends_ns != NO_TIME &&
               c->ends_ns - c->starts_ns <= c->window_ns;
    c->flapping = before && c->starts_ns - end_of(audit, before) <= FLAP_WINDOWS * c->window_ns;
}

/* ---- groups: cases [from, until) are of one fingerprint, by time ------------------- */

static int64_t median_interval(const struct audit_case *cases, size_t count, int64_t *room)
{
    size_t intervals = 0;
    for (size_t i = 1; i < count; i++)
        room[intervals++] = cases[i].starts_ns - cases[i - 1].starts_ns;
    if (intervals == 0)
        return 0;
    qsort(room, intervals, sizeof(*room), by_number);
    return room[intervals / 2];
}

static void add_group(struct audit *audit, struct audit_case *cases, size_t count,
                      int64_t *room)
{
    struct audit_group *group = &audit->groups[audit->group_count++];
    *group = (struct audit_group){.newest = &cases[count - 1], .count = count};
    for (size_t i = 0; i < count; i++) {
        shape(audit, &cases[i], i ? &cases[i - 1] : NULL);
        group->pages += cases[i].route == ROUTE_PAGE;
        group->falses += cases[i].verdict == AUDIT_FALSE;
        group->open_ns += end_of(audit, &cases[i]) - cases[i].starts_ns;
    }
    group->usual_ns = median_interval(cases, count, room);
}

static int by_pages(const void *a, const void *b)
{
    const struct audit_group *x = a, *y = b;
    if (x->pages != y->pages)
        return x->pages > y->pages ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->newest->fingerprint > y->newest->fingerprint) -
           (x->newest->fingerprint < y->newest->fingerprint);
}

/* Only of what called somebody; it stands before what was for the log. */
static void group_all(struct audit *audit, size_t called)
{
    int64_t *room = arena_alloc(&audit->arena, called + 1, sizeof(*room));
    audit->groups = arena_alloc(&audit->arena, called + 1, sizeof(*audit->groups));
    for (size_t from = 0, until; from < called; from = until) {
        until = from + 1;
        while (until < called &&
               audit->cases[until].fingerprint == audit->cases[from].fingerprint)
            until++;
        add_group(audit, &audit->cases[from], until - from, room);
    }
}

/* ---- streams ------------------------------------------------------------------------ */

static struct audit_stream *stream_of(struct audit *audit, const char *name)
{
    for (size_t i = 0; i < audit->stream_count; i++)
        if (strcmp(audit->streams[i].name, name) == 0)
            return &audit->streams[i];
    if (audit->stream_count == AUDIT_STREAMS_MAX)
        return NULL; // counted in the totals only
    struct audit_stream *s = &audit->streams[audit->stream_count++];
    *s = (struct audit_stream){.name = name};
    for (size_t i = 0; i < AUDIT_STEPS; i++)
        s->savings[i].step = audit_steps[i];
    return s;
}

static void count_stream(struct audit_stream *s, const struct audit_case *c)
{
    bool page = c->route == ROUTE_PAGE;
    s->findings++;
    s->pages += page;
    s->tickets += c->route == ROUTE_TICKET;
    s->falses += page && c->verdict == AUDIT_FALSE;
    s->trues += page && c->verdict == AUDIT_TRUE;
    if (!page || !c->scored)
        return;
    s->page = c->page;
    for (size_t i = 0; i < AUDIT_STEPS; i++)
        if (c->score < c->threshold + s->savings[i].step) {
            s->savings[i].pages++;
            s->savings[i].falses += c->verdict == AUDIT_FALSE;
        }
}

static void count_case(struct audit *audit, const struct audit_case *c)
{
    struct audit_stream *s = stream_of(audit, c->stream);
    if (s)
        count_stream(s, c);
    audit->findings[c->route]++;
    if (c->route != ROUTE_PAGE)
        return;
    audit->falses += c->verdict == AUDIT_FALSE;
    audit->trues += c->verdict == AUDIT_TRUE;
    audit->brief += c->brief;
    audit->flapping += c->flapping;
    audit->outside += c->outside;
}

static int by_stream_pages(const void *a, const void *b)
{
    const struct audit_stream *x = a, *y = b;
    if (x->pages != y->pages)
        return x->pages > y->pages ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* ---- all of it ------------------------------------------------------------------------ */

/* What called somebody to the front; returns how many. */
static size_t called_first(struct audit *audit)
{
    size_t called = 0;
    for (size_t i = 0; i < audit->count; i++)
        if (calls(&audit->cases[i])) {
            struct audit_case c = audit->cases[i];
            audit->cases[i] = audit->cases[called];
            audit->cases[called++] = c;
        }
    return called;
}

void audit_weigh(struct audit *audit)
{
    size_t called = called_first(audit);
    if (called)
        qsort(audit->cases, called, sizeof(*audit->cases), by_fingerprint);
    group_all(audit, called);
    if (called) // groups know their newest by address: from here on cases stay where they are
        qsort(audit->groups, audit->group_count, sizeof(*audit->groups), by_pages);
    struct audit_case *sorted = arena_alloc(&audit->arena, audit->count + 1, sizeof(*sorted));
    if (audit->count) {
        memcpy(sorted, audit->cases, audit->count * sizeof(*sorted));
        qsort(sorted, audit->count, sizeof(*sorted), by_time);
    }
    for (size_t i = 0; i < audit->count; i++)
        count_case(audit, &sorted[i]);
    qsort(audit->streams, audit->stream_count, sizeof(*audit->streams), by_stream_pages);
}

double audit_precision(size_t pages, size_t falses)
{
    return pages ? 1 - (double)falses / (double)pages : NAN;
}
