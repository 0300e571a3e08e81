/* SPDX-License-Identifier: MIT */
/*
 * verdict_normal.c - a lasting change became the new normal: one finding, however many detectors noticed and whenever each of them did.
 */

#include "judge/verdict_inner.h"

/* Detectors accept the same new level at different times, within so many windows. */
enum { ACCEPT_MEMORY = 60 };

static bool is_accepted(const struct verdict *verdict, const struct scene *scene, size_t i)
{
    return scene->opinions[i].score.flags & ODDLINE_SCORE_ACCEPTED &&
           scene->nth >= verdict_policy(verdict)->warmup;
}

/* The strongest that speaks of a series of which nobody has lately, and NULL when there is none. */
static const struct opinion *newest_normal(const struct verdict *verdict,
                                           const struct scene *scene)
{
    const struct opinion *best = NULL;
    for (size_t i = 0; i < scene->opinion_count; i++) {
        const struct opinion *o = &scene->opinions[i];
        uint64_t last = verdict->accepted[o->series];
        if (is_accepted(verdict, scene, i) &&
            (!last || scene->nth + 1 > last + ACCEPT_MEMORY) &&
            (!best || o->surprise > best->surprise))
            best = o;
    }
    return best;
}

/* A lasting change became normal: say so once, for search, whoever noticed. */
static void say_normal(struct verdict *verdict, const struct scene *scene,
                       const struct opinion *leader)
{
    static const struct hush none = {.kind = HUSH_NONE};
    struct trouble news = {.route = ROUTE_LOG,
                           .scored = ROUTE_LOG,
                           .rule = verdict_rule(verdict, scene, leader),
                           .starts_ns = NO_TIME,
                           .odd_until_ns = scene->end_ns};
    trouble_lead(&news, scene, leader);
    for (size_t i = 0; i < scene->opinion_count; i++)
        if (is_accepted(verdict, scene, i) && &scene->opinions[i] != leader)
            trouble_support(&news, scene, &scene->opinions[i]);
    news.threshold = verdict->thresholds[ROUTE_LOG];
    verdict_send(verdict, &news, &none, FINDING_RESOLVED, scene->closed_ns);
    trouble_clear(&news);
}

/* Also ends what was open about it. */
void verdict_accept(struct verdict *verdict, const struct scene *scene)
{
    const struct opinion *leader = newest_normal(verdict, scene);
    if (leader)
        say_normal(verdict, scene, leader);
    for (size_t i = 0; i < scene->opinion_count; i++) {
        if (!is_accepted(verdict, scene, i))
            continue;
        verdict->accepted[scene->opinions[i].series] = scene->nth + 1;
        for (int side = 0; side < SIDES; side++)
            if (verdict->troubles[side].open &&
                verdict->troubles[side].leader.series == scene->opinions[i].series)
                verdict_resolve(verdict, side, scene->closed_ns);
    }
}
