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
                               .series = judge_series_name(&stream->series[opinion->series]),
                               .detector = opinion->plugin->id,
                               .start_ns = scene->start_ns,
                               .end_ns = scene->end_ns};
    return hush_find(stream->mutes, stream->mute_count, verdict->options.silences, &about,
                     ret) ||
           is_expected(verdict, scene, opinion, ret);
}

/* ---- where it goes -------------------------------------------------------- */

double verdict_threshold(const struct verdict *verdict, enum finding_route route)
{
    return verdict->thresholds[route] +
           (route == ROUTE_LOG ? 0 : fatigue_step * verdict->tired);
}

/* Where a score sends it; ROUTES when nowhere. Early windows are for search only. */
static enum finding_route route_of(const struct verdict *verdict, double surprise, uint64_t nth)
{
    for (enum finding_route route = ROUTE_PAGE; route < ROUTES; route++)
        if (surprise >= verdict_threshold(verdict, route))
            return nth < verdict_policy(verdict)->warmup ? ROUTE_LOG : route;
    return ROUTES;
}

const struct routing_rule *verdict_rule(const struct verdict *verdict,
                                        const struct scene *scene,
                                        const struct opinion *opinion)
{
    const struct judge_stream *stream = verdict->options.stream;
    struct routing_about about = {.kind = trouble_kind(opinion),
                                  .series = judge_series_name(&stream->series[opinion->series]),
                                  .detector = opinion->plugin->id,
                                  .score = opinion->surprise,
                                  .at_ns = scene->start_ns};
    return routing_find(&stream->routing, &about);
}

/* Where an opinion would go: by its score, or by a rule, which has a say in what is odd enough and not too early. */
static struct call weigh(const struct verdict *verdict, const struct scene *scene,
                         const struct opinion *opinion)
{
    struct call call = {.leader = opinion};
    call.route = call.scored = route_of(verdict, opinion->surprise, scene->nth);
    if (call.scored == ROUTES)
        return call;
    call.rule = verdict_rule(verdict, scene, opinion);
    if (scene->nth >= verdict_policy(verdict)->warmup)
        call.route = routing_route(call.rule, call.scored);
    return call;
}

/*
 * What somebody must see first, and of that the strongest, of the admissible opinions of a side, or of those that nobody hushed. What a
 * rule sends to the log hides nothing that pages.
 */
static struct call foremost(const struct verdict *verdict, const struct scene *scene,
                            enum side side, bool aloud)
{
    struct call best = {.route = ROUTES, .scored = ROUTES, .strongest = -INFINITY};
    struct hush hush;
    for (size_t i = 0; i < scene->opinion_count; i++) {
        const struct opinion *opinion = &scene->opinions[i];
        if (side_of(opinion) != side || !verdict_admissible(verdict, scene->closed, opinion))
            continue;
        struct call call = weigh(verdict, scene, opinion);
        bool ahead = !best.leader || call.route < best.route ||
                     (call.route == best.route && opinion->surprise > best.leader->surprise);
        call.strongest = fmax(best.strongest, opinion->surprise);
        if (!ahead && call.strongest <= best.strongest)
            continue;
        if (aloud && is_hushed(verdict, scene, opinion, &hush))
            continue;
        best.strongest = call.strongest;
        if (ahead)
            best = call;
    }
    return best;
}

struct call verdict_call(const struct verdict *verdict, const struct scene *scene,
                         enum side side)
{
    struct call call = foremost(verdict, scene, side, false);
    if (call.route >= ROUTE_LOG || !is_hushed(verdict, scene, call.leader, &call.hush))
        return call;
    // what is hushed hides nothing that is not
    struct call aloud = foremost(verdict, scene, side, true);
    if (aloud.route < ROUTE_LOG)
        return aloud;
    call.route = call.scored = ROUTE_LOG;
    return call;
}
