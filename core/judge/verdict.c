/* SPDX-License-Identifier: MIT */

#include "judge/verdict_inner.h"

#include "base/clock.h"
#include "judge/budget.h"

#include <errno.h>
#include <inttypes.h>
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

/* Windows after which half of what a page or ticket added to the threshold is gone. */
static const double fatigue_half_life = 60;
/* A trouble goes on while something is within this of the threshold of its route. */
static const double hysteresis = 1.0;

int verdict_create(const struct verdict_options *options, struct verdict **ret)
{
    struct verdict *verdict = calloc(1, sizeof(*verdict));
    if (!verdict)
        return -ENOMEM;
    verdict->accepted = calloc(options->stream->series_count + 1, sizeof(*verdict->accepted));
    if (!verdict->accepted) {
        free(verdict);
        return -ENOMEM;
    }
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
    free(verdict->accepted);
    free(verdict);
}

void verdict_move(struct verdict *verdict, const struct judge_stream *stream, void *context)
{
    verdict->options.stream = stream;
    verdict->options.context = context;
}

uint64_t verdict_suppressed(const struct verdict *verdict)
{
    return verdict->suppressed;
}

/* ---- the storm cap ------------------------------------------------------- */

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
    if (verdict->storm_count++ < verdict_policy(verdict)->storm_per_hour)
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

void verdict_send(struct verdict *verdict, struct trouble *trouble, const struct hush *hush,
                  enum finding_status status, int64_t detected_ns)
{
    struct finding finding = trouble_finding(trouble, verdict->options.stream, status);
    struct hush_words words;
    if (!trouble->id[0])
        finding.detected_ns = detected_ns;
    if (!verdict_policy(verdict)->every) { // those that a budget came to
        memcpy(finding.explain.thresholds, verdict->thresholds, sizeof(verdict->thresholds));
        finding.explain.fatigue = trouble->threshold - verdict->thresholds[trouble->scored];
    }
    hush_mark(hush, &finding, &words);
    verdict_look_back(verdict, trouble, &finding);
    verdict->options.deliver(verdict->options.context, &finding);
    verdict_remember(verdict, trouble, &finding);
    trouble->detected_ns = finding.detected_ns; // given out at the first delivery, like the id
    memcpy(trouble->id, finding.id, sizeof(trouble->id));
}

/* What else is odd on the same side is part of the trouble. */
static void support(struct verdict *verdict, struct trouble *trouble, const struct scene *scene)
{
    for (size_t i = 0; i < scene->opinion_count; i++) {
        const struct opinion *opinion = &scene->opinions[i];
        if (side_of(opinion) == side_of(&trouble->leader) &&
            verdict_admissible(verdict, scene->closed, opinion) &&
            opinion->surprise >= verdict->thresholds[ROUTE_LOG])
            trouble_support(trouble, scene, opinion);
    }
}

static void fire(struct verdict *verdict, struct trouble *trouble, const struct scene *scene,
                 const struct call *call)
{
    struct hush *hush = &verdict->hushes[side_of(call->leader)];
    *hush = call->hush;
    verdict->hushed += hush->kind != HUSH_NONE;
    trouble->open = true;
    trouble->route = call->route;
    trouble->scored = call->scored;
    trouble->rule = call->rule;
    trouble->threshold = verdict_threshold(verdict, call->scored);
    trouble->odd_until_ns = scene->end_ns;
    trouble_lead(trouble, scene, call->leader);
    support(verdict, trouble, scene);
    if (call->route != ROUTE_LOG) {
        verdict->tired++;
        trouble->suppressed = verdict->suppressed - verdict->suppressed_said;
        verdict->suppressed_said = verdict->suppressed;
    }
    verdict_send(verdict, trouble, hush, FINDING_FIRING, scene->closed_ns);
}

static void resolve(struct verdict *verdict, struct trouble *trouble, const struct hush *hush,
                    int64_t detected_ns)
{
    trouble->revision++;
    verdict_send(verdict, trouble, hush, FINDING_RESOLVED, detected_ns);
    trouble_clear(trouble);
}

/* For when it comes again. */
static void note_episode(struct verdict *verdict, enum side side)
{
    const struct trouble *trouble = &verdict->troubles[side];
    int64_t window_ns = trouble->window_end_ns - trouble->window_start_ns;
    if (side != TOO_MUCH || window_ns <= 0 ||
        (trouble->route == ROUTE_LOG && verdict->hushes[side].kind == HUSH_NONE))
        return;
    struct episode over = {
        .start_ns = trouble->starts_ns,
        .series = trouble->leader.series,
        .windows = (uint32_t)((trouble->odd_until_ns - trouble->starts_ns) / window_ns),
        .size = verdict_size(&trouble->leader)};
    episodes_note(&verdict->episodes, &over);
}

void verdict_resolve(struct verdict *verdict, enum side side, int64_t detected_ns)
{
    note_episode(verdict, side);
    resolve(verdict, &verdict->troubles[side], &verdict->hushes[side], detected_ns);
    verdict->hushes[side].kind = HUSH_NONE;
}

/* A finding's route never changes: the worse one fires, then the milder one resolves and names it. */
static void escalate(struct verdict *verdict, struct trouble *trouble,
                     const struct scene *scene, const struct call *call)
{
    struct trouble worse = {.starts_ns = trouble->starts_ns, .deploy = trouble->deploy};
    struct hush hush = verdict->hushes[side_of(call->leader)];
    char text[96];
    fire(verdict, &worse, scene, call);
    snprintf(text, sizeof(text), "replaced_by %s", worse.id);
    trouble_reason(trouble, text);
    resolve(verdict, trouble, &hush, scene->closed_ns);
    *trouble = worse;
}

/* What is open for the log turned out to be worth a call, had nobody hushed it: it says so when it is over. */
static void hush_open(struct verdict *verdict, enum side side, const struct hush *hush)
{
    if (hush->kind == HUSH_NONE || verdict->hushes[side].kind != HUSH_NONE ||
        verdict->troubles[side].route != ROUTE_LOG)
        return;
    verdict->hushes[side] = *hush;
    verdict->hushed++;
}

static void go_on(struct verdict *verdict, enum side side, const struct scene *scene,
                  const struct call *call)
{
    struct trouble *trouble = &verdict->troubles[side];
    double least = verdict->thresholds[trouble_bar(trouble)] - hysteresis;
    if (!call->leader || call->strongest < least) {
        if (++trouble->quiet >= verdict_policy(verdict)->resolve_after)
            verdict_resolve(verdict, side, scene->closed_ns);
        return;
    }
    trouble->quiet = 0;
    trouble->odd_until_ns = scene->end_ns;
    hush_open(verdict, side, &call->hush);
    if (call->route < trouble->route)
        escalate(verdict, trouble, scene, call);
    else if (call->leader->surprise > trouble->leader.surprise)
        trouble_lead(trouble, scene, call->leader);
    support(verdict, trouble, scene);
}

/* Too many calls this hour: it is kept for the log, with the reason. */
static void cap(struct verdict *verdict, enum side side, const struct scene *scene,
                struct call *call)
{
    const struct trouble *open = &verdict->troubles[side];
    verdict->capped[side] &= call->route != ROUTES;
    if (call->route >= ROUTE_LOG || (open->open && open->route <= call->route) ||
        admit_side(verdict, side, scene->end_ns))
        return;
    call->route = call->scored = open->open ? open->route : ROUTE_LOG;
    call->hush = (struct hush){.kind = HUSH_CAPPED};
    snprintf(call->hush.reason, sizeof(call->hush.reason), "more than %" PRIu32 " an hour",
             verdict_policy(verdict)->storm_per_hour);
}

static void judge_side(struct verdict *verdict, enum side side, const struct scene *scene)
{
    struct trouble *trouble = &verdict->troubles[side];
    struct call call = verdict_call(verdict, scene, side);
    if (trouble->open) {
        cap(verdict, side, scene, &call);
        go_on(verdict, side, scene, &call);
        return;
    }
    verdict->held[side] = call.route == ROUTES ? 0 : verdict->held[side] + 1;
    if (call.route != ROUTES && verdict->held[side] < verdict_policy(verdict)->hold)
        return;
    cap(verdict, side, scene, &call);
    verdict->held[side] = 0;
    if (call.route != ROUTES)
        fire(verdict, trouble, scene, &call);
}

/* ---- windows --------------------------------------------------------------- */

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
    static const struct hush aloud = {.kind = HUSH_NONE};
    struct scene here = *scene;
    here.last = &none; // the evidence of this window, or none
    for (size_t i = 0; i < scene->opinion_count; i++) {
        struct opinion opinion = scene->opinions[i];
        struct trouble news = {.route = ROUTE_LOG,
                               .scored = ROUTE_LOG,
                               .starts_ns = NO_TIME,
                               .odd_until_ns = scene->end_ns};
        opinion.surprise = opinion.score.score;
        trouble_lead(&news, &here, &opinion);
        verdict_send(verdict, &news, &aloud, FINDING_RESOLVED, scene->closed_ns);
        trouble_clear(&news);
    }
}

static void take_stock(struct verdict *verdict, const struct scene *scene)
{
    const struct judge_stream *stream = verdict->options.stream;
    budget_thresholds(stream, scene->end_ns - scene->start_ns, verdict->thresholds);
    verdict->windows = scene->nth + 1;
    verdict->opinions = scene->opinion_count;
    verdict->warming = 0;
    for (size_t i = 0; i < scene->opinion_count; i++)
        verdict->warming += (scene->opinions[i].score.flags & ODDLINE_SCORE_WARMING) != 0;
}

static struct scene scene_of(const struct verdict *verdict, const struct closed *closed,
                             uint64_t nth, const struct opinion *opinions, size_t count)
{
    int64_t length = closed->end_ns - closed->start_ns,
            start = closed->start_ns + (int64_t)(nth - closed->index) * length;
    return (struct scene){.stream = verdict->options.stream,
                          .closed = closed,
                          .start_ns = start,
                          .end_ns = start + length,
                          .closed_ns = closed->closed_ns + start - closed->start_ns,
                          .last = &verdict->last,
                          .opinions = opinions,
                          .opinion_count = count,
                          .nth = nth};
}

/*
 * Only a page or a ticket is worth saying before the window is over, and only where it is new or worse than what is open. What was said
 * goes on with the window itself, which holds no less. Several windows in a row (`hold`) cannot be seen in one.
 */
void verdict_glance(struct verdict *verdict, const struct closed *closed,
                    const struct opinion *opinions, size_t count)
{
    const struct judge_policy *policy = verdict_policy(verdict);
    struct trouble *trouble = &verdict->troubles[TOO_MUCH];
    struct scene scene = scene_of(verdict, closed, closed->index, opinions, count);
    if (policy->every || policy->hold > 1)
        return;
    budget_thresholds(scene.stream, scene.end_ns - scene.start_ns, verdict->thresholds);
    struct call call = verdict_call(verdict, &scene, TOO_MUCH);
    if (call.route >= (trouble->open ? trouble->route : ROUTE_LOG))
        return;
    cap(verdict, TOO_MUCH, &scene, &call);
    if (call.route >= (trouble->open ? trouble->route : ROUTE_LOG))
        return; // the log can wait
    if (trouble->open)
        escalate(verdict, trouble, &scene, &call);
    else
        fire(verdict, trouble, &scene, &call);
}

void verdict_window(struct verdict *verdict, const struct closed *closed, uint64_t nth,
                    const struct opinion *opinions, size_t count)
{
    struct scene scene = scene_of(verdict, closed, nth, opinions, count);
    take_stock(verdict, &scene);
    if (verdict_policy(verdict)->every) {
        say_every(verdict, &scene);
        remember_last(verdict, closed);
        return;
    }
    verdict->tired *= exp2(-1 / fatigue_half_life);
    for (int side = 0; side < SIDES; side++)
        judge_side(verdict, side, &scene);
    verdict_accept(verdict, &scene);
    remember_last(verdict, closed);
}
