/* SPDX-License-Identifier: MIT */
/*
 * slo_report.c - the SLOs of a stream or a service in the status.
 */

#include "base/clock.h"
#include "judge/slo_inner.h"

#include <math.h>

static void put_double(struct json *json, const char *key, double value)
{
    json_key(json, key);
    json_double(json, value);
}

static void put_int(struct json *json, const char *key, uint64_t value)
{
    json_key(json, key);
    json_int(json, (int64_t)value);
}

static void put_name(struct json *json, const struct slos *slos, const struct slo *slo)
{
    json_key(json, "slo");
    json_text(json, slo->terms->name);
    json_key(json, "stream");
    json_text(json, slos->stream->name);
}

static void put_service(struct json *json, const struct slos *slos, const struct slo *slo)
{
    const char *awaits = slo->weave ? weave_awaits(slo->weave) : NULL;
    json_key(json, "service");
    json_text(json, slos->service ? slos->stream->name : NULL);
    json_key(json, "waits_for");
    json_text(json, awaits);
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static void put_rates(struct json *json, const struct slos *slos, const struct slo *slo)
{
    char text[BURN_TEXT_SIZE];
    json_key(json, "rates");
    json_begin(json, '[');
    for (int i = 0; i < BURN_SPANS; i++) {
        struct ledger_sum sum = ledger_sum(&slo->ledger, burn_spans[i]);
        json_begin(json, '{');
        put_name(json, slos, slo);
        json_key(json, "window");
        json_text(json, burn_span_text(burn_spans[i] * slo->ledger.unit_ns, text));
        put_int(json, "bad", sum.bad);
        put_int(json, "total", sum.total);
        put_double(json, "unknown_s", seconds(sum.unknown_ns));
        put_double(json, "burn", burn_of(&slo->burn, &sum, burn_spans[i]));
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void put_budget(struct json *json, const struct slo *slo)
{
    struct burn_budget budget = burn_budget(&slo->burn, &slo->ledger);
    double left = fmax(budget.left, 0),
           whole_s = seconds(slo->burn.period_ns) * slo->burn.allowed;
    put_int(json, "bad", budget.sum.bad);
    put_int(json, "total", budget.sum.total);
    put_double(json, "watched_s", seconds(budget.sum.span_ns));
    put_double(json, "unknown_s", seconds(budget.sum.unknown_ns));
    put_double(json, "budget_records", budget.records);
    put_double(json, "budget_left", budget.left);
    put_double(json, "left_records", left * budget.records);
    put_double(json, "left_s", left * whole_s);
    json_key(json, "runs_out_at");
    json_time(json, budget.out_ns);
}

static void put_claims(struct json *json, const struct slo *slo)
{
    static const char *const names[BURN_CLAIMS] = {
        [BURN_PAGE] = "page", [BURN_TICKET] = "ticket", [BURN_GONE] = "gone"};
    json_key(json, "open");
    json_begin(json, '[');
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
        put_service(json, slos, slo);
        put_double(json, "objective", round(slo->terms->objective * 1e8) / 1e6);
        put_double(json, "period_s", seconds(slo->burn.period_ns));
        json_key(json, "since");
        json_time(json, slo->ledger.begun_ns);
        json_key(json, "until");
        json_time(json, slo->ledger.until_ns);
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
