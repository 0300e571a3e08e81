/* SPDX-License-Identifier: MIT */
/*
 * slo_state.c - the SLOs of a stream or a service in bytes that outlive the program, and in another judge after a reload.
 *
 * A ledger belongs to its name and to the hash of all that its numbers depend on (objective, period, selections), not to the text of the stream:
 * labels, detectors and thresholds may change and the budget stays.
 */

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "judge/slo_inner.h"
#include "judge/state.h"

#include <stdlib.h>
#include <string.h>

static struct slo *find(const struct slos *slos, struct bytes name)
{
    for (size_t i = 0; i < slos->count; i++)
        if (bytes_is(name, slos->at[i].terms->name))
            return &slos->at[i];
    return NULL;
}

/* Claims of what is not there any more: nobody would ever say that they are over. */
static void retire(const struct slos *old, struct slo *slo, bool redefined,
                   const struct slo_heirs *heirs)
{
    struct finding_pair room[FINDING_PAIRS_MAX];
    struct slo_late late = {.stream = old->stream->name,
                            .name = slo->terms->name,
                            .labels = slo_labels(old, slo, room),
                            .redefined = redefined};
    slo_retire(heirs->retirees, &late, slo->claims);
}

static void say_anew(const struct slos *slos, const struct slo *slo)
{
    log_notice("%s %s: SLO %s means something else by now: its budget begins anew",
               slos->service ? "service" : "stream", slos->stream->name, slo->terms->name);
}

static void take_over(struct slo *slo, struct slo *before, const struct slo_heirs *heirs)
{
    struct slo fresh = *slo;
    *slo = *before;
    slo->terms = fresh.terms;
    slo->burn = fresh.burn;
    slo->weave = fresh.weave;
    fresh.terms = before->terms;
    fresh.weave = before->weave;
    *before = fresh;
    if (slo->weave)
        weave_inherit(slo->weave, before->weave, heirs->kept, heirs->context);
}

void slos_inherit(struct slos *slos, struct slos *old, const struct slo_heirs *heirs)
{
    for (size_t i = 0; i < old->count; i++) {
        struct slo *before = &old->at[i];
        struct slo *slo = slos ? find(slos, bytes_of(before->terms->name)) : NULL;
        if (slo && slo->terms->hash == before->terms->hash) {
            take_over(slo, before, heirs);
            continue;
        }
        if (slo)
            say_anew(slos, slo);
        retire(old, before, slo != NULL, heirs);
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
    pack_i64(out, claim->kept.sign_ns);
    recall_pack(&claim->kept.past, out);
}

static void pack_labels(const struct slos *slos, const struct slo *slo, struct buffer *out)
{
    struct finding_pair room[FINDING_PAIRS_MAX];
    struct finding_pairs labels = slo_labels(slos, slo, room);
    pack_u32(out, (uint32_t)labels.count);
    for (size_t i = 0; i < labels.count; i++) {
        pack_text(out, labels.at[i].name);
        pack_text(out, labels.at[i].value);
    }
}

static void pack_slo(const struct slo *slo, struct buffer *out)
{
    ledger_pack(&slo->ledger, out);
    pack_i64(out, slo->gap_ns);
    pack_i64(out, slo->looked_ns);
    pack_proofs(slo->proofs, slo->proof_count, out);
    if (slo->weave)
        weave_pack(slo->weave, out);
}

/* What it claims stands apart, with its labels: it outlives what it is about, until that was said. */
void slos_pack(const struct slos *slos, struct buffer *out)
{
    pack_u32(out, (uint32_t)slos->count);
    for (size_t i = 0; i < slos->count; i++) {
        const struct slo *slo = &slos->at[i];
        struct buffer own = {0};
        pack_text(out, slo->terms->name);
        pack_u64(out, slo->terms->hash);
        pack_labels(slos, slo, &own);
        for (int k = 0; k < BURN_CLAIMS; k++)
            pack_claim(&slo->claims[k], &own);
        pack_bytes(out, buffer_bytes(&own));
        buffer_clear(&own);
        pack_slo(slo, &own);
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
    claim->kept.sign_ns = unpack_i64(in);
    recall_unpack(in, &claim->kept.past);
    claim->open = !in->bad;
}

/* Names and values lie in `room`. */
static void unpack_labels(struct unpacker *in, struct arena *room, struct finding_pair *at,
                          struct finding_pairs *ret)
{
    size_t count = unpack_count(in, FINDING_PAIRS_MAX);
    for (size_t i = 0; i < count && !in->bad; i++) {
        at[i].name = arena_text(room, unpack_bytes(in));
        at[i].value = arena_text(room, unpack_bytes(in));
    }
    *ret = (struct finding_pairs){at, in->bad ? 0 : count};
}

static void unpack_weave(struct weave *weave, struct unpacker *in,
                         const struct slo_heirs *heirs)
{
    struct weave *before = weave_create("", false);
    weave_unpack(before, in);
    if (!in->bad)
        weave_inherit(weave, before, heirs->kept, heirs->context);
    weave_free(before);
}

static void unpack_slo(struct slo *slo, struct unpacker *in, const struct slo_heirs *heirs)
{
    ledger_unpack(&slo->ledger, in);
    slo->gap_ns = unpack_i64(in);
    slo->looked_ns = unpack_i64(in);
    // spans between them are added up
    in->bad |= slo->looked_ns != NO_TIME &&
               (slo->looked_ns < slo->ledger.begun_ns || slo->looked_ns > slo->ledger.until_ns);
    slo->proof_count = unpack_proofs(slo->proofs, in);
    if (slo->weave)
        unpack_weave(slo->weave, in, heirs);
    in->bad |= in->rest.len > 0;
}

/* One SLO as it was. */
struct saved {
    struct bytes name;
    uint64_t hash;
    struct unpacker claims, state;
};

/* It goes on. */
static void unpack_same(struct slo *slo, struct saved *saved, struct finding_pair *pairs,
                        const struct slo_heirs *heirs)
{
    struct arena room = {0};
    struct finding_pairs labels;
    slo_clear(slo);
    unpack_labels(&saved->claims, &room, pairs, &labels);
    arena_free(&room);
    for (int i = 0; i < BURN_CLAIMS; i++)
        unpack_claim(&slo->claims[i], &saved->claims);
    unpack_slo(slo, &saved->state, heirs);
    if (saved->claims.bad || saved->state.bad)
        slo_clear(slo);
}

/* It is gone, or means something else. */
static void unpack_late(const char *stream, struct saved *saved, bool redefined,
                        const struct slo_heirs *heirs)
{
    struct arena room = {0};
    struct finding_pair pairs[FINDING_PAIRS_MAX];
    struct claim *claims = calloc(BURN_CLAIMS, sizeof(*claims));
    if (!claims)
        memory_gone();
    struct slo_late late = {
        .stream = stream, .name = arena_text(&room, saved->name), .redefined = redefined};
    unpack_labels(&saved->claims, &room, pairs, &late.labels);
    for (int i = 0; i < BURN_CLAIMS; i++)
        unpack_claim(&claims[i], &saved->claims);
    if (!saved->claims.bad)
        slo_retire(heirs->retirees, &late, claims);
    for (int i = 0; i < BURN_CLAIMS; i++)
        claim_clear(&claims[i]);
    free(claims);
    arena_free(&room);
}

void slos_unpack(struct slos *slos, const char *name, struct unpacker *in,
                 const struct slo_heirs *heirs)
{
    struct finding_pair pairs[FINDING_PAIRS_MAX];
    uint32_t count = unpack_u32(in);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct saved saved = {.name = unpack_bytes(in)};
        saved.hash = unpack_u64(in);
        saved.claims.rest = unpack_bytes(in);
        saved.state.rest = unpack_bytes(in);
        struct slo *slo = slos && !in->bad ? find(slos, saved.name) : NULL;
        if (in->bad)
            return;
        if (slo && saved.hash == slo->terms->hash) {
            unpack_same(slo, &saved, pairs, heirs);
        } else {
            if (slo)
                say_anew(slos, slo);
            unpack_late(name, &saved, slo != NULL, heirs);
        }
        in->bad |= saved.claims.bad || saved.state.bad || saved.claims.rest.len > 0;
    }
}
