/* SPDX-License-Identifier: MIT */
/*
 * routing.h - where a finding goes when somebody said so: the `routes` of a configuration, as far as they are about one stream.
 *
 *      score ──▶ thresholds ──▶ route by score ─┐
 *      rules, first that fits ──────────────────┴─▶ route, labels, annotations ──▶ mute, silence, clock, storm cap
 *
 * Rules are asked when a finding begins, by the event time of its window; what they said stays with it. A rule is what a person
 * wrote, so it wins over the score, both ways. What is for the log because it is early, on trial, hushed or capped stays there:
 * a rule adds its labels and annotations to it and no more.
 */
#ifndef JUDGE_ROUTING_H
#define JUDGE_ROUTING_H

#include "judge/hush.h"

enum { ROUTING_RULES_MAX = 256 };
#define ROUTING_LABEL "rule" /* of a finding, with the name of the rule that decided */

enum routing_compare { ROUTING_ANY, ROUTING_GE, ROUTING_GT, ROUTING_LE, ROUTING_LT };

/* Names, of which a `*` stands for any text; none: all fit. */
struct routing_globs {
    const char *const *at;
    size_t count;
};

/* What is in it about streams and labels was decided when the stream was planned. Lent, like all in it. */
struct routing_rule {
    const char *name;
    uint32_t kinds; /* a bit for each finding_kind; 0: all */
    struct routing_globs series, detectors;
    enum routing_compare compare; /* of the score; what has none does not fit */
    double score;
    const struct mute *hours; /* NULL: always. What has no time does not fit */
    enum finding_route route; /* ROUTES: where the score says */
    struct finding_pairs labels,
        annotations; /* of the finding: those of the stream among them */
};

/* Zero-initialised: no rules. */
struct routing {
    const struct routing_rule *rules; /* [count] */
    size_t count;
};

/* What begins. */
struct routing_about {
    enum finding_kind kind;
    const char *series, *detector;
    double score;  /* NaN: it has none */
    int64_t at_ns; /* NO_TIME: not known */
};

/* The first rule that fits; NULL when none does. */
const struct routing_rule *routing_find(const struct routing *routing,
                                        const struct routing_about *about);
/* Where it goes that would go to `route`. `rule` may be NULL. */
enum finding_route routing_route(const struct routing_rule *rule, enum finding_route route);

/*
 * For a finding that no detector scored (a gap, a plugin, a budget): ask the rules, and give it the route and what goes with it.
 * `about` is filled from the finding.
 */
void routing_decide(const struct routing *routing, struct finding *finding);

/* As it stands in the state of an open trouble: its place among the rules of the stream. */
uint32_t routing_number(const struct routing *routing, const struct routing_rule *rule);
/* And back; *ret_bad is set when there is no such rule. */
const struct routing_rule *routing_numbered(const struct routing *routing, uint32_t number,
                                            bool *ret_bad);

#endif /* JUDGE_ROUTING_H */
