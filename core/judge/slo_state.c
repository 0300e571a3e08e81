/* SPDX-License-Identifier: MIT */
/*
 * slo_state.c - the SLOs of a stream in bytes that outlive the program, in another judge after a reload, and in the status.
 *
 * A ledger belongs to its name and to the hash of all that its numbers depend on (objective, period, selections), not to the text of the stream:
 * labels, detectors and thresholds may change and the budget stays.
 */

#include "base/clock.h"
#include "base/json_put.h"
#include "base/log.h"
#include "judge/slo_inner.h"
#include "judge/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct slo *find(const struct slos *slos, struct bytes name)
{
    for (size_t i = 0; i < slos->count; i++)
        if (bytes_is(name, slos->at[i].terms->name))
            return &slos->at[i];
    return NULL;
}

static void say_anew(const struct slos *slos, const struct slo *slo)
{
    log_notice("stream %s: SLO %s means something else by now: its budget begins anew",
               slos->stream->name, slo->terms->name);
}

void slos_inherit(struct slos *slos, struct slos *old)
{
    for (size_t i = 0; i < slos->count; i++) {
        struct slo *slo = &slos->at[i], *before = find(old, bytes_of(slo->terms->name));
        const struct judge_slo *terms = slo->terms;
        if (before && before->terms->hash != terms->hash) {
            say_anew(slos, slo);
        } else if (before) {
            struct slo fresh = *slo;
            *slo = *before;
            slo->terms = terms;
            slo->burn = fresh.burn;
            fresh.terms = before->terms;
            *before = fresh;
        }
    }
}

/* ---- out ---------------------------------------------------------------------- */

static void pack_proofs(const struct proof *proofs, size_t count, struct buffer *out)
{
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        proof_pack(&proofs[i], out);
}

static void pack_claim(const struct claim *claim, struct buffer *out)
{
    pack_u32(out, claim->open);
    if (!claim->open)
        return;
    pack_text(out, claim->id);
    pack_u32(out, claim->revision);
    pack_i64(out, claim->starts_ns);
    pack_i64(out, claim->detected_ns);
    pack_i64(out, claim->met_ns);
    pack_i64(out, claim->calm_ns);
    pack_u32(out, claim->route);
    hush_pack(&claim->hush, out);
    pack_f64(out, claim->burn);
    pack_f64(out, claim->expected);
    pack_f64(out, claim->threshold);
    pack_u64(out, claim->samples);
    pack_i64(out, claim->from_ns);
    pack_i64(out, claim->until_ns);
    pack_text(out, claim->summary);
    pack_u32(out, (uint32_t)claim->reason_count);
    for (size_t i = 0; i < claim->reason_count; i++)
        pack_text(out, claim->reasons[i]);
    pack_proofs(claim->proofs, claim->proof_count, out);
    recall_pack(&claim->past, out);
}

static void pack_slo(const struct slo *slo, struct buffer *out)
{
    ledger_pack(&slo->ledger, out);
    pack_i64(out, slo->gap_ns);
    pack_i64(out, slo->looked_ns);
    for (int i = 0; i < BURN_CLAIMS; i++)
        pack_claim(&slo->claims[i], out);
    pack_proofs(slo->proofs, slo->proof_count, out);
}

void slos_pack(const struct slos *slos, struct buffer *out)
{
    pack_u32(out, (uint32_t)slos->count);
    for (size_t i = 0; i < slos->count; i++) {
        struct buffer own = {0};
        pack_text(out, slos->at[i].terms->name);
        pack_u64(out, slos->at[i].terms->hash);
        pack_slo(&slos->at[i], &own);
        pack_bytes(out, buffer_bytes(&own));
        buffer_free(&own);
    }
}

/* ---- back ---------------------------------------------------------------------- */

static size_t unpack_proofs(struct proof *proofs, struct unpacker *in)
{
    uint32_t count = unpack_count(in, SLO_PROOFS);
    for (uint32_t i = 0; i < count && !in->bad; i++)
        proof_unpack(&proofs[i], in);
    return in->bad ? 0 : count;
}

static void unpack_claim(struct claim *claim, struct unpacker *in)
{
    if (!unpack_flag(in))
        return;
    unpack_text(in, claim->id, sizeof(claim->id));
    claim->revision = unpack_u32(in);
    claim->starts_ns = unpack_i64(in);
    claim->detected_ns = unpack_i64(in);
    claim->met_ns = unpack_i64(in);
    claim->calm_ns = unpack_i64(in);
    claim->route = (enum finding_route)unpack_count(in, ROUTES - 1);
    hush_unpack(in, &claim->hush);
    claim->burn = unpack_f64(in);
    claim->expected = unpack_f64(in);
    claim->threshold = unpack_f64(in);
    claim->samples = unpack_u64(in);
    claim->from_ns = unpack_i64(in);
    claim->until_ns = unpack_i64(in);
    unpack_text(in, claim->summary, sizeof(claim->summary));
    claim->reason_count = unpack_count(in, SLO_REASONS);
    for (size_t i = 0; i < claim->reason_count && !in->bad; i++)
        unpack_text(in, claim->reasons[i], sizeof(claim->reasons[i]));
    claim->proof_count = unpack_proofs(claim->proofs, in);
    recall_unpack(in, &claim->past);
    claim->open = !in->bad;
}

static void unpack_slo(struct slo *slo, struct unpacker *in)
{
    slo_clear(slo);
    ledger_unpack(&slo->ledger, in);
    slo->gap_ns = unpack_i64(in);
    slo->looked_ns = unpack_i64(in);
    // spans between them are added up
    in->bad |= slo->looked_ns != NO_TIME &&
               (slo->looked_ns < slo->ledger.begun_ns || slo->looked_ns > slo->ledger.until_ns);
    for (int i = 0; i < BURN_CLAIMS; i++)
        unpack_claim(&slo->claims[i], in);
    slo->proof_count = unpack_proofs(slo->proofs, in);
    in->bad |= in->rest.len > 0;
    if (in->bad)
        slo_clear(slo);
}

void slos_unpack(struct slos *slos, struct unpacker *in)
{
    uint32_t count = unpack_u32(in);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct slo *slo = find(slos, unpack_bytes(in));
        uint64_t hash = unpack_u64(in);
        struct unpacker own = {.rest = unpack_bytes(in)};
        if (slo && !in->bad && hash != slo->terms->hash)
            say_anew(slos, slo);
        else if (slo && !in->bad)
            unpack_slo(slo, &own);
        in->bad |= own.bad;
    }
}

/* ---- the status ------------------------------------------------------------------ */

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
