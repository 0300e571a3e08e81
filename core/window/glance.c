/* SPDX-License-Identifier: MIT */
/*
 * glance.c - a long window is looked at each minute before it closes.
 *
 *      [18:05 .......... 18:06 .......... 18:07 ...] 18:10      a glance at each full minute with records since the last one
 *
 * A count that is too large after a minute will not be smaller after five, so nobody needs to wait for the rest of the window to know
 * it. A glance is a frame like that of a closed window, with what was counted so far and the time of the minute that had come; it has no
 * numbers of what may still sink: means, quantiles, ratios. Nobody learns from it, and the window itself follows as if it had never been.
 *
 * Whose turn it is depends on event time and the order of records alone: a record at or behind the minute brings it, before it is
 * counted itself. Where a live source goes quiet elapsed time brings it, and the manifest says when.
 *
 * Windows of a minute and less are soon enough as they are. A stream with grouped series has no glances: in whose slot somebody sits
 * is settled with the window.
 */

#include "window/pane.h"

#define GLANCE_NS WINDOW_DENSE_NS

enum { SOURCES_MAX = 16 }; /* that hold the watermark back; of more there are no glances */

/* The next full minute behind `t` of the window that it lies in; the last is the end. */
static int64_t next_glance(const struct windows *w, int64_t t)
{
    int64_t into = (t - w->first_ns) % w->window_ns;
    if (t < w->first_ns)
        return w->first_ns + GLANCE_NS;
    int64_t wait = GLANCE_NS - into % GLANCE_NS, left = w->window_ns - into;
    return t + (wait < left ? wait : left);
}

static bool is_due(const struct windows *w, int64_t until)
{
    const struct pane *pane = w->panes[w->oldest % WINDOW_OPEN_MAX];
    return until >= w->glance_ns && pane && pane->records && w->counts.records != w->glanced &&
           w->glance_ns > start_of(w, w->oldest) && w->glance_ns < start_of(w, w->oldest + 1);
}

static void take_glance(struct windows *w, int64_t until)
{
    close_glance(w, w->glance_ns + w->options.lateness_ns);
    w->glanced = w->counts.records;
    w->counts.glances++;
    w->glance_ns = next_glance(w, until);
}

/* Never, where windows are short or have groups; and not yet, where it may turn out that event time is another one. */
static bool may_glance(struct windows *w)
{
    if (w->window_ns <= GLANCE_NS || w->options.group_count)
        w->glance_ns = INT64_MAX;
    return w->glance_ns != INT64_MAX && w->first_ns != NO_TIME && !w->doubt;
}

/*
 * What all sources that hold the watermark back will have reached with this record; NO_TIME where one of them is behind the minute, or
 * there are more than are looked at for each record.
 */
static int64_t all_reach(const struct windows *w, const struct window_source *source, int64_t t)
{
    int64_t lowest = w->holders ? INT64_MAX : t > w->reached_ns ? t : w->reached_ns;
    int looked = 0;
    for (const struct window_source *s = w->holders; s; s = s->next) {
        int64_t at = s == source && t > s->reached_ns ? t : s->reached_ns;
        lowest = at < lowest ? at : lowest;
        if (++looked > SOURCES_MAX || lowest == NO_TIME ||
            lowest - w->options.lateness_ns < w->glance_ns)
            return NO_TIME;
    }
    return lowest;
}

void glance_before(struct windows *w, const struct window_source *source, int64_t t)
{
    int64_t reached = may_glance(w) ? all_reach(w, source, t) : NO_TIME;
    if (reached == NO_TIME)
        return;
    int64_t until = reached - w->options.lateness_ns;
    if (is_due(w, until))
        take_glance(w, until);
    else if (until >= w->glance_ns)
        w->glance_ns = next_glance(w, until);
}

void glance_quiet(struct windows *w, int64_t now_ns)
{
    int64_t until = now_ns - w->options.lateness_ns;
    if (may_glance(w) &&
        is_due(w, until)) // else nothing may change: only what is done is noted
        take_glance(w, until);
}
