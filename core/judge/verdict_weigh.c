/* SPDX-License-Identifier: MIT */
/*
 * verdict_weigh.c - which opinions count, how much is odd enough for which route, and whether somebody wants to hear of it now.
 */

#include "judge/verdict_inner.h"

#include <math.h>
#include <stdio.h>

/* What each recent page or ticket adds to the threshold. */
static const double fatigue_step = 0.7;

const struct judge_policy *verdict_policy(const struct verdict *verdict)
{
    return &verdict->options.stream->policy;
}

/* ---- which opinions count ----------------------------------------------- */

enum side side_of(const struct opinion *opinion)
{
    return opinion->score.kind == ODDLINE_DROP || opinion->score.kind == ODDLINE_SILENCE
               ? TOO_LITTLE
               : TOO_MUCH;
}

static bool over_floor(const struct judge_policy *policy, const struct judge_series *series,
                       const struct opinion *opinion)
{
    const struct oddline_score *s = &opinion->score;
    if (!series->is_count || !isfinite(s->expected) || s->kind == ODDLINE_SILENCE)
        return true;
    double high = fmax(s->observed, s->expected), low = fmin(s->observed, s->expected);
    return high - low > policy->floor && high >= policy->floor_ratio * low;
}

bool verdict_admissible(const struct verdict *verdict, const struct closed *closed,
                        const struct opinion *opinion)
{
    const struct judge_stream *stream = verdict->options.stream;
    if (opinion->score.flags & (ODDLINE_SCORE_WARMING | ODDLINE_SCORE_ACCEPTED))
        return false;
    const struct judge_series *series = &stream->series[opinion->series];
    if (side_of(opinion) == TOO_LITTLE &&
        (series->is_bad || closed->flags & ODDLINE_WINDOW_PARTIAL))
        return false; // fewer errors are good news; where the log ends nothing is missing
    return over_floor(&stream->policy, series, opinion);
}

/* ---- who wants to hear of it --------------------------------------------- */

double verdict_size(const struct opinion *opinion)
{
    double size = fabs(opinion->score.observed - opinion->score.expected);
    return isfinite(size) ? size : 0;
}

/* Does it come by the clock? Of too much only, and not of what is bad: nobody has errors made, or things left undone, every hour. */
static bool is_expected(const struct verdict *verdict, const struct scene *scene,
                        const struct opinion *opinion, struct hush *ret)
{
    const struct trouble *open = &verdict->troubles[TOO_MUCH];
    int64_t window_ns = scene->end_ns - scene->start_ns, period_ns;
    struct episode now = {.start_ns = open->open ? open->starts_ns : scene->start_ns,
                          .series = opinion->series,
                          .size = verdict_size(opinion)};
    char every[CLOCK_TEXT_SIZE];
    now.windows = (uint32_t)((scene->end_ns - now.start_ns) / window_ns);
    if (side_of(opinion) != TOO_MUCH || now.size == 0 ||
        verdict->options.stream->series[opinion->series].is_bad ||
        !episodes_expect(&verdict->episodes, &now, window_ns, &period_ns))
        return false;
    *ret = (struct hush){.kind = HUSH_RECURS};
    snprintf(ret->reason, sizeof(ret->reason), "as %s before",
             clock_format_duration(period_ns, every));
    return true;
}

static bool is_hushed(const struct verdict *verdict, const struct scene *scene,
                      const struct opinion *opinion, struct hush *ret)
{
    const struct judge_stream *stream = verdict->options.stream;
    struct hush_about about = {.stream = stream->name,
                               .series = stream->series[opinion->series].name,
                               .detector = opinion->plugin->id,
                               .start_ns = scene->start_ns,
                               .end_ns = scene->end_ns};
    return hush_find(stream->mutes, stream->mute_count, verdict->options.silences, &about,
                     ret) ||
           is_expected(verdict, scene, opinion, ret);
}

/* The strongest admissible opinion of a side, or of those that nobody hushed; NULL when there is none. */
static const struct opinion *strongest(const struct verdict *verdict, const struct scene *scene,
                                       enum side side, bool aloud)
{
    const struct opinion *best = NULL;
    struct hush hush;
    for (size_t i = 0; i < scene->opinion_count; i++) {
        const struct opinion *opinion = &scene->opinions[i];
        if (side_of(opinion) == side && (!best || opinion->surprise > best->surprise) &&
            verdict_admissible(verdict, scene->closed, opinion) &&
            !(aloud && is_hushed(verdict, scene, opinion, &hush)))
            best = opinion;
    }
    return best;
}

/* ---- where it goes -------------------------------------------------------- */

double verdict_threshold(const struct verdict *verdict, enum finding_route route)
{
    return verdict->thresholds[route] +
           (route == ROUTE_LOG ? 0 : fatigue_step * verdict->tired);
}

/* Where an opinion would go; ROUTES when nowhere. Early windows are for search only. */
static enum finding_route route_of(const struct verdict *verdict, const struct opinion *opinion,
                                   uint64_t nth)
{
    for (enum finding_route route = ROUTE_PAGE; opinion && route < ROUTES; route++)
        if (opinion->surprise >= verdict_threshold(verdict, route))
            return nth < verdict_policy(verdict)->warmup ? ROUTE_LOG : route;
    return ROUTES;
}

struct call verdict_call(const struct verdict *verdict, const struct scene *scene,
                         enum side side)
{
    struct call call = {.leader = strongest(verdict, scene, side, false)};
    call.route = route_of(verdict, call.leader, scene->nth);
    if (call.route >= ROUTE_LOG || !is_hushed(verdict, scene, call.leader, &call.hush))
        return call;
    // what is hushed hides nothing that is not
    const struct opinion *aloud = strongest(verdict, scene, side, true);
    enum finding_route route = route_of(verdict, aloud, scene->nth);
    if (route < ROUTE_LOG)
        return (struct call){.leader = aloud, .route = route};
    call.route = ROUTE_LOG;
    return call;
}
