/* SPDX-License-Identifier: MIT */
/*
 * verdict_report.c - what a verdict shows in the status.
 */

#include "base/json_put.h"
#include "judge/verdict_inner.h"

static void put_routes(struct json *json, const struct verdict *verdict)
{
    json_put_begin(json, "thresholds", '{');
    for (enum finding_route route = ROUTE_PAGE; route < ROUTES; route++) {
        json_put_double(json, finding_route_name(route), verdict->thresholds[route]);
    }
    json_end(json, '}');
    json_put_double(json, "raised_by",
                    verdict_threshold(verdict, ROUTE_PAGE) - verdict->thresholds[ROUTE_PAGE]);
}

static void put_open(struct json *json, const struct verdict *verdict)
{
    json_put_begin(json, "open", '[');
    for (int side = 0; side < SIDES; side++) {
        const struct trouble *trouble = &verdict->troubles[side];
        if (!trouble->open)
            continue;
        json_begin(json, '{');
        json_put_text(json, "id", trouble->id);
        json_put_text(json, "route", finding_route_name(trouble->route));
        json_put_text(json, "summary", trouble->summary);
        json_put_bool(json, "hushed", verdict->hushes[side].kind != HUSH_NONE);
        json_end(json, '}');
    }
    json_end(json, ']');
}

void verdict_report(const struct verdict *verdict, struct json *json)
{
    uint64_t warmup = verdict_policy(verdict)->warmup, seen = verdict->windows;
    json_begin(json, '{');
    json_put_text(json, "stream", verdict->options.stream->name);
    json_put_count(json, "warm_windows", seen < warmup ? seen : warmup);
    json_put_count(json, "warmup", warmup);
    json_put_count(json, "opinions", verdict->opinions);
    json_put_count(json, "opinions_warming", verdict->warming);
    put_routes(json, verdict);
    json_put_count(json, "suppressed", verdict->suppressed);
    json_put_count(json, "hushed", verdict->hushed);
    put_open(json, verdict);
    json_end(json, '}');
}

void verdict_firing(const struct verdict *verdict, uint32_t counts[ROUTES])
{
    for (int side = 0; side < SIDES; side++)
        if (verdict->troubles[side].open)
            counts[verdict->hushes[side].kind == HUSH_NONE ? verdict->troubles[side].route
                                                           : ROUTE_LOG]++;
}
