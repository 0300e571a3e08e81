/* SPDX-License-Identifier: MIT */

#include "judge/verdict_inner.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct judge_policy judge_policy_default = {
    .thresholds = {[ROUTE_PAGE] = 6.0, [ROUTE_TICKET] = 4.0, [ROUTE_LOG] = 3.0},
    .warmup = 20,
    .hold = 1,
    .resolve_after = 5,
    .floor = 3.5,
    .floor_ratio = 2.0,
    .storm_per_hour = 6,
};

/* What each recent page or ticket adds to the threshold, and the windows after which half of it is gone. */
static const double fatigue_step = 0.7, fatigue_half_life = 60;
/* A trouble goes on while something is within this of the threshold of its route. */
static const double hysteresis = 1.0;

int verdict_create(const struct verdict_options *options, struct verdict **ret)
{
    struct verdict *verdict = calloc(1, sizeof(*verdict));
    if (!verdict)
        return -ENOMEM;
    verdict->options = *options;
    verdict->storm_from_ns = NO_TIME;
    for (int side = 0; side < SIDES; side++)
        verdict->troubles[side] = (struct trouble)TROUBLE_NONE;
    *ret = verdict;
    return 0;
}

void verdict_free(struct verdict *verdict)
{
    if (!verdict)
        return;
    for (int side = 0; side < SIDES; side++)
        trouble_clear(&verdict->troubles[side]);
    proof_clear(&verdict->last);
    free(verdict);
}

void verdict_move(struct verdict *verdict, void *context)
{
    verdict->options.context = context;
}

uint64_t verdict_suppressed(const struct verdict *verdict)
{
    return verdict->suppressed;
}

static const struct judge_policy *policy_of(const struct verdict *verdict)
{
    return &verdict->options.stream->policy;
}

/* ---- which opinions count ----------------------------------------------- */

static enum side side_of(const struct opinion *opinion)
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

static bool admissible(const struct verdict *verdict, const struct closed *closed,
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

/* The strongest admissible opinion of a side, or NULL. */
static const struct opinion *strongest(const struct verdict *verdict, const struct scene *scene,
                                       enum side side)
{
    const struct opinion *best = NULL;
    for (size_t i = 0; i < scene->opinion_count; i++) {
        const struct opinion *opinion = &scene->opinions[i];
        if (side_of(opinion) == side && admissible(verdict, scene->closed, opinion) &&
            (!best || opinion->surprise > best->surprise))
            best = opinion;
    }
    return best;
}

/* ---- thresholds --------------------------------------------------------- */

static double threshold_of(const struct verdict *verdict, enum finding_route route)
{
    return policy_of(verdict)->thresholds[route] +
           (route == ROUTE_LOG ? 0 : fatigue_step * verdict->tired);
}

/* Where a surprise would go; ROUTES when nowhere. Early windows are for search only. */
static enum finding_route route_of(const struct verdict *verdict, double surprise, uint64_t nth)
{
    for (enum finding_route route = ROUTE_PAGE; route < ROUTES; route++)
        if (surprise >= threshold_of(verdict, route))
            return route != ROUTE_LOG && nth < policy_of(verdict)->warmup ? ROUTE_LOG : route;
    return ROUTES;
}

/* Where there is no time yet, no hour passes. */
static bool storm_is_over(const struct verdict *verdict, int64_t now_ns)
{
    if (now_ns == NO_TIME)
        return false;
    return verdict->storm_from_ns == NO_TIME ||
           now_ns >= verdict->storm_from_ns + 3600 * NS_PER_S;
}

bool verdict_admit(struct verdict *verdict, int64_t now_ns)
{
    if (storm_is_over(verdict, now_ns)) {
        verdict->storm_from_ns = now_ns;
        verdict->storm_count = 0;
    }
    if (verdict->storm_count++ < policy_of(verdict)->storm_per_hour)
        return true;
    verdict->suppressed++;
    return false;
}

/* The same for what a side finds odd: what lasts for many windows is held back once. */
static bool admit_side(struct verdict *verdict, enum side side, int64_t now_ns)
{
    if (verdict->capped[side] && !storm_is_over(verdict, now_ns))
        return false;
    verdict->capped[side] = !verdict_admit(verdict, now_ns);
    return !verdict->capped[side];
}

/* ---- the life of a trouble ---------------------------------------------- */

static void send(struct verdict *verdict, struct trouble *trouble, enum finding_status status,
                 int64_t detected_ns)
{
    struct finding finding = trouble_finding(trouble, verdict->options.stream, status);
    if (!trouble->id[0])
        finding.detected_ns = detected_ns;
    verdict->options.deliver(verdict->options.context, &finding);
    trouble->detected_ns = finding.detected_ns; // given out at the first delivery, like the id
    memcpy(trouble->id, finding.id, sizeof(trouble->id));
}

/* What else is odd on the same side is part of the trouble. */
static void support(struct verdict *verdict, struct trouble *trouble, const struct scene *scene)
{
    for (size_t i = 0; i < scene->opinion_count; i++) {
        const struct opinion *opinion = &scene->opinions[i];
        if (side_of(opinion) == side_of(&trouble->leader) &&
            admissible(verdict, scene->closed, opinion) &&
            opinion->surprise >= policy_of(verdict)->thresholds[ROUTE_LOG])
            trouble_support(trouble, scene, opinion);
    }
}

static void fire(struct verdict *verdict, struct trouble *trouble, const struct scene *scene,
                 const struct opinion *leader, enum finding_route route)
{
    if (route != ROUTE_LOG && !admit_side(verdict, side_of(leader), scene->end_ns))
        return;
    trouble->open = true;
    trouble->route = route;
    trouble->threshold = threshold_of(verdict, route);
    trouble->odd_until_ns = scene->end_ns;
    trouble_lead(trouble, scene, leader);
    support(verdict, trouble, scene);
    if (route != ROUTE_LOG) {
        verdict->tired++;
        trouble->suppressed = verdict->suppressed - verdict->suppressed_said;
        verdict->suppressed_said = verdict->suppressed;
    }
    send(verdict, trouble, FINDING_FIRING, scene->closed_ns);
}

static void resolve(struct verdict *verdict, struct trouble *trouble, int64_t detected_ns)
{
    trouble->revision++;
    send(verdict, trouble, FINDING_RESOLVED, detected_ns);
    trouble_clear(trouble);
}

/* A finding's route never changes: the worse one fires, then the milder one resolves and names it. */
static void escalate(struct verdict *verdict, struct trouble *trouble,
                     const struct scene *scene, const struct opinion *leader,
                     enum finding_route route)
{
    struct trouble worse = {.starts_ns = trouble->starts_ns};
    char text[96];
    fire(verdict, &worse, scene, leader, route);
    if (!worse.open)
        return; // the storm cap held it back
    snprintf(text, sizeof(text), "replaced_by %s", worse.id);
    trouble_reason(trouble, text);
    resolve(verdict, trouble, scene->closed_ns);
    *trouble = worse;
}

static void go_on(struct verdict *verdict, struct trouble *trouble, const struct scene *scene,
                  const struct opinion *leader)
{
    double least = policy_of(verdict)->thresholds[trouble->route] - hysteresis;
    if (!leader || leader->surprise < least) {
        if (++trouble->quiet >= policy_of(verdict)->resolve_after)
            resolve(verdict, trouble, scene->closed_ns);
        return;
    }
    trouble->quiet = 0;
    trouble->odd_until_ns = scene->end_ns;
    enum finding_route route = route_of(verdict, leader->surprise, scene->nth);
    if (route < trouble->route)
        escalate(verdict, trouble, scene, leader, route);
    else if (leader->surprise > trouble->leader.surprise)
        trouble_lead(trouble, scene, leader);
    if (trouble->open)
        support(verdict, trouble, scene);
}

static void judge_side(struct verdict *verdict, enum side side, const struct scene *scene)
{
    struct trouble *trouble = &verdict->troubles[side];
    const struct opinion *leader = strongest(verdict, scene, side);
    if (trouble->open) {
        go_on(verdict, trouble, scene, leader);
        return;
    }
    enum finding_route route =
        leader ? route_of(verdict, leader->surprise, scene->nth) : ROUTES;
    verdict->held[side] = route == ROUTES ? 0 : verdict->held[side] + 1;
    verdict->capped[side] &= route != ROUTES;
    if (route == ROUTES || verdict->held[side] < policy_of(verdict)->hold)
        return;
    verdict->held[side] = 0;
    fire(verdict, trouble, scene, leader, route);
}

/* A lasting change became normal: say so once, for search, and end what was open about it. */
static void accept(struct verdict *verdict, const struct scene *scene,
                   const struct opinion *opinion)
{
    struct trouble news = {
        .route = ROUTE_LOG, .starts_ns = NO_TIME, .odd_until_ns = scene->end_ns};
    trouble_lead(&news, scene, opinion);
    news.threshold = policy_of(verdict)->thresholds[ROUTE_LOG];
    send(verdict, &news, FINDING_RESOLVED, scene->closed_ns);
    trouble_clear(&news);
    for (int side = 0; side < SIDES; side++)
        if (verdict->troubles[side].open &&
            verdict->troubles[side].leader.series == opinion->series)
            resolve(verdict, &verdict->troubles[side], scene->closed_ns);
}

static void remember_last(struct verdict *verdict, const struct closed *closed)
{
    if (closed->evidence_count)
        proof_take(&verdict->last, closed,
                   (const struct closed_evidence *)(const void *)((const char *)closed +
                                                                  closed->evidence) +
                       closed->evidence_count - 1);
}

/* Policy `every`: each score as the detector gave it, at once and over. Who asks for that judges by himself. */
static void say_every(struct verdict *verdict, const struct scene *scene)
{
    static const struct proof none = {0};
    struct scene here = *scene;
    here.last = &none; // the evidence of this window, or none
    for (size_t i = 0; i < scene->opinion_count; i++) {
        struct opinion opinion = scene->opinions[i];
        struct trouble news = {
            .route = ROUTE_LOG, .starts_ns = NO_TIME, .odd_until_ns = scene->end_ns};
        opinion.surprise = opinion.score.score;
        trouble_lead(&news, &here, &opinion);
        send(verdict, &news, FINDING_RESOLVED, scene->closed_ns);
        trouble_clear(&news);
    }
}

void verdict_window(struct verdict *verdict, const struct closed *closed, uint64_t nth,
                    const struct opinion *opinions, size_t count)
{
    int64_t length = closed->end_ns - closed->start_ns,
            start = closed->start_ns + (int64_t)(nth - closed->index) * length;
    struct scene scene = {.stream = verdict->options.stream,
                          .closed = closed,
                          .start_ns = start,
                          .end_ns = start + length,
                          .closed_ns = closed->closed_ns + start - closed->start_ns,
                          .last = &verdict->last,
                          .opinions = opinions,
                          .opinion_count = count,
                          .nth = nth};
    if (policy_of(verdict)->every) {
        say_every(verdict, &scene);
        remember_last(verdict, closed);
        return;
    }
    verdict->tired *= exp2(-1 / fatigue_half_life);
    for (int side = 0; side < SIDES; side++)
        judge_side(verdict, side, &scene);
    for (size_t i = 0; i < count; i++)
        if (opinions[i].score.flags & ODDLINE_SCORE_ACCEPTED &&
            nth >= policy_of(verdict)->warmup)
            accept(verdict, &scene, &opinions[i]);
    remember_last(verdict, closed);
}
