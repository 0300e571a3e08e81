/* SPDX-License-Identifier: MIT */
/*
 * routing_plan.h - the `routes` of a configuration, made ready for one stream.
 *
 *      routes: [rule, rule, …] ──those that may be about it──▶ judge_stream.routing
 *
 * What a rule says of streams and labels is decided here, once: labels of a stream do not change. Annotations are checked for
 * placeholders that nothing will fill, since a link with a hole in it is found out at night.
 */
#ifndef CONFIG_ROUTING_PLAN_H
#define CONFIG_ROUTING_PLAN_H

#include "config/plan.h"

/* The rules that may be about it; their zones lie in the plan. Errors are whole sentences with file and line. */
int routing_compile(const struct config_stream *config, struct plan *plan, struct routing *ret,
                    struct error *reterr);
/* Also checks the annotations of the stream itself; `file` is that of the stream. */
int routing_plan(const struct config_stream *config, const char *file, struct plan *plan,
                 struct error *reterr);

/* What is said of rules once, however many streams they are about. Zero-initialise. */
struct routing_check {
    bool used[ROUTING_RULES_MAX], warned[ROUTING_RULES_MAX];
};
/* Warn of what can page without an annotation runbook_url: the stream, and rules about it. */
void routing_warn(const struct plan *plan, const char *file, struct routing_check *check);
/* Of rules that were about none of the streams. */
void routing_warn_unused(const struct config *config, const struct routing_check *check);

#endif /* CONFIG_ROUTING_PLAN_H */
