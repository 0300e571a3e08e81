/* SPDX-License-Identifier: MIT */
/*
 * slo_plan.h - the `slos` of a configuration, made ready for their streams.
 *
 *      slos: [...] ──slo_share──▶ each stream knows its own ──slo_plan──▶ a hidden series (lane), a judge_slo (judge)
 *
 * One of a service is shared by all its streams; the judge puts them together (judge_service.c).
 */
#ifndef CONFIG_SLO_PLAN_H
#define CONFIG_SLO_PLAN_H

#include "config/plan.h"
#include "config/selection.h"

/*
 * Check the SLOs of a configuration and hand them to their streams, by whose hash they are known as well: where an SLO comes, goes or
 * changes, the windows of its stream begin anew. The error is a whole sentence with file and line.
 */
int slo_share(struct config *config, struct error *reterr);

/* What is counted for it, and what the judge makes of that; the series is for the caller to add. */
int slo_plan(const struct config_slo *config, struct selection_names *names,
             struct series_spec *ret_series, struct judge_slo *ret, struct error *reterr);

/* plan->service: in whose name findings of an SLO of that service go, of which `member` is a stream. */
int slo_plan_service(const char *service, const struct config_stream *member, struct plan *plan,
                     struct error *reterr);

#endif /* CONFIG_SLO_PLAN_H */
