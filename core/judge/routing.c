/* SPDX-License-Identifier: MIT */

#include "judge/routing.h"

#include "base/clock.h"

#include <fnmatch.h>
#include <math.h>

static bool routing_glob(const struct routing_globs *globs, const char *name)
{
    for (size_t i = 0; i < globs->count; i++)
        if (fnmatch(globs->at[i], name, 0) == 0)
            return true;
    return globs->count == 0;
}

static bool score_fits(const struct routing_rule *rule, double score)
{
    switch (rule->compare) {
    case ROUTING_GE:
        return score >= rule->score;
    case ROUTING_GT:
        return score > rule->score;
    case ROUTING_LE:
        return score <= rule->score;
    case ROUTING_LT:
        return score < rule->score;
    case ROUTING_ANY:
        break;
    }
    return true;
}

static bool fits(const struct routing_rule *rule, const struct routing_about *about)
{
    return (!rule->kinds || rule->kinds >> about->kind & 1) && score_fits(rule, about->score) &&
           (!rule->hours || mute_covers(rule->hours, about->at_ns)) &&
           routing_glob(&rule->series, about->series) &&
           routing_glob(&rule->detectors, about->detector);
}

const struct routing_rule *routing_find(const struct routing *routing,
                                        const struct routing_about *about)
{
    for (size_t i = 0; i < routing->count; i++)
        if (fits(&routing->rules[i], about))
            return &routing->rules[i];
    return NULL;
}

enum finding_route routing_route(const struct routing_rule *rule, enum finding_route route)
{
    return rule && rule->route != ROUTES ? rule->route : route;
}

void routing_decide(const struct routing *routing, struct finding *finding)
{
    struct routing_about about = {.kind = finding->kind,
                                  .series = finding->series,
                                  .detector = finding->detector,
                                  .score = NAN,
                                  .at_ns = finding->starts_ns};
    const struct routing_rule *rule = routing_find(routing, &about);
    if (!rule)
        return;
    finding->route = routing_route(rule, finding->route);
    finding->labels = rule->labels;
    finding->annotations = rule->annotations;
}

/* ---- in the state --------------------------------------------------------- */

uint32_t routing_number(const struct routing *routing, const struct routing_rule *rule)
{
    return rule ? (uint32_t)(rule - routing->rules) + 1 : 0;
}

const struct routing_rule *routing_numbered(const struct routing *routing, uint32_t number,
                                            bool *ret_bad)
{
    if (number > routing->count)
        *ret_bad = true;
    return number && number <= routing->count ? &routing->rules[number - 1] : NULL;
}
