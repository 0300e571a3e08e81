/* SPDX-License-Identifier: MIT */
/*
 * verdict_report.c - what a verdict shows in the status.
 */

#include "judge/verdict_inner.h"

static void put_int(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_int(json, (int64_t)value);
}

/* Those of finding.h, whose words belong to deliver. */
static const char *const names[ROUTES] = {
    [ROUTE_PAGE] = "page", [ROUTE_TICKET] = "ticket", [ROUTE_LOG] = "log"};

static void put_routes(struct json *json, const struct verdict *verdict)
{
    json_key(json, "thresholds");
    json_begin(json, '{');
    for (enum finding_route route = ROUTE_PAGE; route < ROUTES; route++) {
        json_key(json, names[route]);
        json_double(json, verdict->thresholds[route]);
    }
    json_end(json, '}');
    json_key(json, "raised_by");
    json_double(json, verdict_threshold(verdict, ROUTE_PAGE) - verdict->thresholds[ROUTE_PAGE]);
}

static void put_open(struct json *json, const struct verdict *verdict)
{
    json_key(json, "open");
    json_begin(json, '[');
    for (int side = 0; side < SIDES; side++) {
        const struct trouble *trouble = &verdict->troubles[side];
        if (!trouble->open)
            continue;
        json_begin(json, '{');
        json_key(json, "id");
        json_text(json, trouble->id);
        json_key(json, "route");
        json_text(json, names[trouble->route]);
        json_key(json, "summary");
        json_text(json, trouble->summary);
        json_key(json, "hushed");
        json_bool(json, verdict->hushes[side].kind != HUSH_NONE);
        json_end(json, '}');
    }
    json_end(json, ']');
}

void verdict_report(const struct verdict *verdict, struct json *json)
{
    uint64_t warmup = verdict_policy(verdict)->warmup, seen = verdict->windows;
    json_begin(json, '{');
    json_key(json, "stream");
    json_text(json, verdict->options.stream->name);
    put_int(json, "warm_windows", seen < warmup ? seen : warmup);
    put_int(json, "warmup", warmup);
    put_int(json, "opinions", verdict->opinions);
    put_int(json, "opinions_warming", verdict->warming);
    put_routes(json, verdict);
    put_int(json, "suppressed", verdict->suppressed);
    put_int(json, "hushed", verdict->hushed);
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
