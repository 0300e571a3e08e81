/* SPDX-License-Identifier: MIT */
/*
 * plan_alarm.c - when a stream of a configuration may call somebody: its policy, its budget, its mute windows.
 */

#include "config/plan.h"

#include "base/clock.h"
#include "config/terms.h"
#include "judge/budget.h"
#include "record/zone.h"

#include <errno.h>
#include <inttypes.h>

static struct judge_policy policy_of(const struct config_stream *c)
{
    struct judge_policy policy = judge_policy_default;
    if (c->route) {
        policy.thresholds[ROUTE_PAGE] = c->route->page;
        policy.thresholds[ROUTE_TICKET] = c->route->ticket;
        policy.thresholds[ROUTE_LOG] = c->route->log;
    }
    policy.warmup = (uint32_t)c->warmup;
    policy.hold = (uint32_t)c->hold;
    policy.resolve_after = (uint32_t)c->resolve_after;
    policy.floor = c->floor;
    policy.floor_ratio = c->floor_ratio;
    policy.storm_per_hour = (uint32_t)c->storm_per_hour;
    policy.every = strcmp(c->policy, "every") == 0;
    return policy;
}

/* A zone is asked by local time, and the judge knows UTC. In the hour that happens twice the first reading is meant both times. */
int32_t plan_east_s(const void *zone, int64_t at_ns)
{
    int64_t utc_s = at_ns / NS_PER_S;
    return zone_span(zone, utc_s + zone_span(zone, utc_s).offset).offset;
}

static int check_text(const char *what, const char *text, size_t size, struct error *reterr)
{
    return strlen(text) < size ? 0
                               : error_set(reterr, -EINVAL, "mute: %s is longer than %zu bytes",
                                           what, size - 1);
}

int plan_hours(const struct config_stream *c, struct plan *plan, const struct plan_hours *hours,
               struct mute *ret, struct error *reterr)
{
    const char *zone = hours->timezone ? hours->timezone : c->timezone;
    struct mute made = {.east_s = plan_east_s};
    struct error why;
    int r = terms_hours(hours->when, &made, &why);
    if (r < 0)
        return error_set(reterr, r, "%s: %s", hours->what, why.text);
    r = zone_open(zone, &plan->zones[plan->zone_count], reterr);
    if (r < 0)
        return r;
    made.zone = plan->zones[plan->zone_count++];
    *ret = made;
    return 0;
}

static int plan_mute(const struct config_stream *c, const struct config_mute *config,
                     struct plan *plan, struct mute *mute, struct error *reterr)
{
    struct plan_hours hours = {"mute", config->when, config->timezone};
    int r = plan_hours(c, plan, &hours, mute, reterr);
    if (r == 0)
        r = check_text("reason", config->reason, HUSH_REASON_SIZE, reterr);
    if (r == 0)
        r = check_text("author", config->author, HUSH_AUTHOR_SIZE, reterr);
    if (r < 0)
        return r;
    mute->reason = config->reason;
    mute->author = config->author;
    return 0;
}

int plan_alarm(const struct config_stream *c, struct plan *plan, int *ret_line,
               struct error *reterr)
{
    struct mute *mutes = arena_alloc(&plan->arena, c->mute_count, sizeof(*mutes));
    plan->zones =
        arena_alloc(&plan->arena, c->mute_count + 2 * c->rule_count, // again for its service
                    sizeof(*plan->zones));
    plan->judge.policy = policy_of(c);
    int r = c->budget ? terms_budget(c->budget, plan->judge.policy.budget, reterr) : 0;
    *ret_line = c->line;
    for (size_t i = 0; i < c->mute_count && r == 0; i++) {
        *ret_line = c->mutes[i].line;
        r = plan_mute(c, &c->mutes[i], plan, &mutes[i], reterr);
    }
    plan->judge.mutes = mutes;
    plan->judge.mute_count = c->mute_count;
    return r;
}

void plan_say_budget(const struct plan *plan, FILE *out)
{
    const struct config_stream *c = plan->config;
    int64_t window_ns = c->window_ns ? c->window_ns : 60 * NS_PER_S;
    double thresholds[ROUTES];
    char window[CLOCK_TEXT_SIZE];
    if (!c->budget)
        return;
    budget_thresholds(&plan->judge, window_ns, thresholds);
    fprintf(out,
            "stream '%s': %s: page from a surprise of %.2f, ticket from %.2f, log from %.2f "
            "(%" PRIu64 " opinions a window of %s%s)\n",
            c->name, c->budget, thresholds[ROUTE_PAGE], thresholds[ROUTE_TICKET],
            thresholds[ROUTE_LOG], budget_opinions(&plan->judge),
            clock_format_duration(window_ns, window),
            c->window_ns ? "" : ", if that is chosen");
}
