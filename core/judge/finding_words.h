/* SPDX-License-Identifier: MIT */
/*
 * finding_words.h - what a finding may be, and the words for it: those of docs/stream.md.
 *
 * Inline, so that judge and deliver share the tables and link nothing of each other.
 */
#ifndef JUDGE_FINDING_WORDS_H
#define JUDGE_FINDING_WORDS_H

#include "base/check.h"

#include <stdbool.h>
#include <string.h>

enum finding_status { FINDING_FIRING, FINDING_RESOLVED };
enum finding_route { ROUTE_PAGE, ROUTE_TICKET, ROUTE_LOG, ROUTES };
enum finding_kind {
    FINDING_SPIKE,
    FINDING_DROP,
    FINDING_SHIFT,
    FINDING_TREND,
    FINDING_NEW,
    FINDING_SILENCE,
    FINDING_BURN,
    FINDING_GAP,
    FINDING_PLUGIN,
    FINDING_KINDS,
};

static inline const char *finding_status_name(enum finding_status status)
{
    CHECK((unsigned)status <= FINDING_RESOLVED);
    return status == FINDING_FIRING ? "firing" : "resolved";
}

static inline const char *finding_route_name(enum finding_route route)
{
    static const char *const names[ROUTES] = {
        [ROUTE_PAGE] = "page", [ROUTE_TICKET] = "ticket", [ROUTE_LOG] = "log"};
    CHECK((unsigned)route < ROUTES);
    return names[route];
}

static inline const char *finding_kind_name(enum finding_kind kind)
{
    static const char *const names[FINDING_KINDS] = {
        [FINDING_SPIKE] = "spike", [FINDING_DROP] = "drop", [FINDING_SHIFT] = "shift",
        [FINDING_TREND] = "trend", [FINDING_NEW] = "new",   [FINDING_SILENCE] = "silence",
        [FINDING_BURN] = "burn",   [FINDING_GAP] = "gap",   [FINDING_PLUGIN] = "plugin",
    };
    CHECK((unsigned)kind < FINDING_KINDS);
    return names[kind];
}

/* False: there is none of that name. */
static inline bool finding_route_named(const char *name, enum finding_route *ret)
{
    for (int route = 0; route < ROUTES; route++)
        if (strcmp(name, finding_route_name((enum finding_route)route)) == 0) {
            *ret = (enum finding_route)route;
            return true;
        }
    return false;
}

static inline bool finding_kind_named(const char *name, enum finding_kind *ret)
{
    for (int kind = 0; kind < FINDING_KINDS; kind++)
        if (strcmp(name, finding_kind_name((enum finding_kind)kind)) == 0) {
            *ret = (enum finding_kind)kind;
            return true;
        }
    return false;
}

#endif /* JUDGE_FINDING_WORDS_H */
