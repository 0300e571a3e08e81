/* SPDX-License-Identifier: MIT */
/*
 * slo_report.c - the SLOs of a stream or a service in the status.
 */

#include "base/clock.h"
#include "base/json_put.h"
#include "judge/slo_inner.h"

#include <math.h>

static void put_name(struct json *json, const struct slos *slos, const struct slo *slo)
{
    json_put_text(json, "slo", slo->terms->name);
    json_put_text(json, "stream", slos->stream->name);
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static void put_rates(struct json *json, const struct slos *slos, const struct slo *slo)
{
    char text[BURN_TEXT_SIZE];
    json_put_begin(json, "rates", '[');
    for (int i = 0; i < BURN_SPANS; i++) {
        struct ledger_sum sum = ledger_sum(&slo->ledger, burn_spans[i]);
        json_begin(json, '{');
        put_name(json, slos, slo);
        json_put_text(json, "window",
                      burn_span_text(burn_spans[i] * slo->ledger.unit_ns, text));
        json_put_count(json, "bad", sum.bad);
        json_put_count(json, "total", sum.total);
        json_put_double(json, "unknown_s", seconds(sum.unknown_ns));
        json_put_double(json, "burn", burn_of(&slo->burn, &sum, burn_spans[i]));
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_budget(struct json *json, const struct slo *slo)
{
    struct burn_budget budget = burn_budget(&slo->burn, &slo->ledger);
    double left = fmax(budget.left, 0),
           whole_s = seconds(slo->burn.period_ns) * slo->burn.allowed;
    json_put_count(json, "bad", budget.sum.bad);
    json_put_count(json, "total", budget.sum.total);
    json_put_double(json, "watched_s", seconds(budget.sum.span_ns));
    json_put_double(json, "unknown_s", seconds(budget.sum.unknown_ns));
    json_put_double(json, "budget_records", budget.records);
    json_put_double(json, "budget_left", budget.left);
    json_put_double(json, "left_records", left * budget.records);
    json_put_double(json, "left_s", left * whole_s);
    json_put_time(json, "runs_out_at", budget.out_ns);
}

static void put_claims(struct json *json, const struct slo *slo)
{
    static const char *const names[BURN_CLAIMS] = {
        [BURN_PAGE] = "page", [BURN_TICKET] = "ticket", [BURN_GONE] = "gone"};
    json_put_begin(json, "open", '[');
    for (int i = 0; i < BURN_CLAIMS; i++)
        if (slo->claims[i].open)
            json_text(json, names[i]);
    json_end(json, ']');
}

void slos_report(const struct slos *slos, struct json *json)
{
    for (size_t i = 0; i < slos->count; i++) {
        const struct slo *slo = &slos->at[i];
        json_begin(json, '{');
        put_name(json, slos, slo);
        json_put_text(json, "service", slos->service ? slos->stream->name : NULL);
        json_put_text(json, "waits_for", slo->weave ? weave_awaits(slo->weave) : NULL);
        json_put_double(json, "objective", round(slo->terms->objective * 1e8) / 1e6);
        json_put_double(json, "period_s", seconds(slo->burn.period_ns));
        json_put_time(json, "since", slo->ledger.begun_ns);
        json_put_time(json, "until", slo->ledger.until_ns);
        put_budget(json, slo);
        put_rates(json, slos, slo);
        put_claims(json, slo);
        json_end(json, '}');
    }
}

void slos_firing(const struct slos *slos, uint32_t counts[ROUTES])
{
    for (size_t i = 0; i < slos->count; i++)
        for (int k = 0; k < BURN_CLAIMS; k++) {
            const struct claim *claim = &slos->at[i].claims[k];
            if (claim->open)
                counts[claim->hush.kind == HUSH_NONE ? claim->route : ROUTE_LOG]++;
        }
}
