/* SPDX-License-Identifier: MIT */
/*
 * slo_finding.c - a claim in the words of finding.h: what goes with it, and where it goes.
 */

#include "base/hash.h"
#include "judge/slo_inner.h"

#include <math.h>
#include <string.h>

/* The same trouble again has the same fingerprint, on every host: stream, SLO and claim. */
static uint64_t fingerprint_of(const struct slos *slos, const struct slo *slo,
                               enum burn_claim which)
{
    uint64_t hash = hash_join(hash_bytes(bytes_of(slos->stream->name)),
                              hash_bytes(bytes_of(slo->terms->name)));
    return hash_join(hash_join(hash, FINDING_BURN), which);
}

static void put_evidence(const struct claim *claim, struct finding *f)
{
    f->evidence_count = claim->proof_count;
    for (size_t i = 0; i < claim->proof_count; i++) {
        const struct proof *p = &claim->proofs[i];
        f->evidence[i] = (struct finding_evidence){.path = bytes_of(p->path),
                                                   .text = {p->text, p->text_len},
                                                   .offset = p->offset,
                                                   .line = p->line,
                                                   .hash = p->hash,
                                                   .length = p->length,
                                                   .time_ns = p->time_ns};
    }
}

static struct finding finding_of(const struct slos *slos, const struct slo *slo,
                                 enum burn_claim which, enum finding_status status)
{
    const struct claim *claim = &slo->claims[which];
    struct finding f = {
        .fingerprint = fingerprint_of(slos, slo, which),
        .status = status,
        .revision = claim->revision,
        .starts_ns = claim->starts_ns,
        .ends_ns = status == FINDING_RESOLVED ? claim->met_ns : NO_TIME,
        .detected_ns = claim->detected_ns,
        .stream = slos->stream->name,
        .series = slo->terms->name,
        .detector = "burn",
        .detector_version = "1",
        .kind = FINDING_BURN,
        .route = claim->route,
        .score = NAN,
        .raw = claim->burn,
        .threshold = claim->threshold,
        .observed = claim->burn,
        .expected = claim->expected,
        .lower = NAN,
        .upper = NAN,
        .samples = claim->samples,
        .window_start_ns = claim->from_ns,
        .window_end_ns = claim->until_ns,
        .summary = claim->summary,
        .reason_count = claim->reason_count,
        .labels = slos->stream->labels,
        .annotations = slos->stream->annotations,
    };
    memcpy(f.id, claim->id, sizeof(f.id));
    for (size_t i = 0; i < claim->reason_count; i++)
        f.reasons[i] = claim->reasons[i];
    put_evidence(claim, &f);
    proof_put_trace_ids(claim->proofs, claim->proof_count, &f);
    return f;
}

/* In front, since what stands behind may be cut; of two of one name the first stays. */
static void put_before(struct finding_pairs own, struct finding_pairs *pairs,
                       struct finding_pair room[FINDING_PAIRS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < own.count + pairs->count && count < FINDING_PAIRS_MAX; i++) {
        struct finding_pair pair = i < own.count ? own.at[i] : pairs->at[i - own.count];
        bool there = false;
        for (size_t k = 0; k < count; k++)
            there |= strcmp(room[k].name, pair.name) == 0;
        if (!there)
            room[count++] = pair;
    }
    *pairs = (struct finding_pairs){room, count};
}

struct finding_pairs slo_labels(const struct slos *slos, const struct slo *slo,
                                struct finding_pair room[FINDING_PAIRS_MAX])
{
    struct finding_pairs labels = slos->stream->labels;
    put_before(slo->terms->labels, &labels, room);
    return labels;
}

void slo_send(const struct slos *slos, struct slo *slo, enum burn_claim which,
              enum finding_status status, const struct slo_sink *sink)
{
    struct claim *claim = &slo->claims[which];
    struct finding finding = finding_of(slos, slo, which, status);
    struct finding_pair labels[FINDING_PAIRS_MAX], annotations[FINDING_PAIRS_MAX];
    struct hush_words words;
    routing_decide(&slos->stream->routing, &finding); // asked again for what goes with it
    if (!claim->id[0])
        claim->route = claim->hush.kind == HUSH_NONE ? finding.route : ROUTE_LOG;
    finding.route = claim->route;
    put_before(slo->terms->labels, &finding.labels, labels);
    put_before(slo->terms->annotations, &finding.annotations, annotations);
    hush_mark(&claim->hush, &finding, &words);
    sink->deliver(sink->context, &finding, &claim->kept);
    memcpy(claim->id, finding.id,
           sizeof(claim->id));                // given out at the first delivery, like ...
    claim->detected_ns = finding.detected_ns; // ... the time
}
