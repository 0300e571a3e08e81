/* SPDX-License-Identifier: MIT */

#include "judge/budget.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

/* Below it nothing is odd: one opinion in ten. */
static const double least = 1;

uint64_t budget_opinions(const struct judge_stream *stream)
{
    uint64_t count = 0;
    for (size_t i = 0; i < stream->use_count; i++)
        count += stream->uses[i].shadow ? 0 : stream->uses[i].on_count;
    return count;
}

static double threshold_for(double opinions_per_s, double per_s)
{
    return fmax(least, log10(opinions_per_s / per_s));
}

/* What the budget does not speak of keeps its distance from what it does. */
void budget_thresholds(const struct judge_stream *stream, int64_t window_ns, double ret[ROUTES])
{
    const struct judge_policy *policy = &stream->policy;
    const double *usual = judge_policy_default.thresholds;
    double page = policy->budget[ROUTE_PAGE], ticket = policy->budget[ROUTE_TICKET];
    memcpy(ret, policy->thresholds, sizeof(policy->thresholds));
    if (page <= 0 && ticket <= 0)
        return;
    double opinions_per_s =
        fmax(1, (double)budget_opinions(stream)) * (double)NS_PER_S / (double)window_ns;
    double apart = usual[ROUTE_PAGE] - usual[ROUTE_TICKET];
    if (ticket > 0)
        ret[ROUTE_TICKET] = threshold_for(opinions_per_s, ticket);
    ret[ROUTE_PAGE] =
        page > 0 ? threshold_for(opinions_per_s, page) : ret[ROUTE_TICKET] + apart;
    if (ticket <= 0)
        ret[ROUTE_TICKET] = fmax(least, ret[ROUTE_PAGE] - apart);
    ret[ROUTE_LOG] = fmax(least, ret[ROUTE_TICKET] - (usual[ROUTE_TICKET] - usual[ROUTE_LOG]));
}
