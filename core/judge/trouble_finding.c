/* SPDX-License-Identifier: MIT */
/*
 * trouble_finding.c - a trouble in the words of finding.h: what is said, and all that made a finding of the score.
 */

#include "judge/trouble.h"

#include "base/hash.h"
#include "trace/reader.h"

#include <math.h>
#include <string.h>

enum finding_kind trouble_kind(const struct opinion *opinion)
{
    static const enum finding_kind kinds[] = {
        [ODDLINE_SPIKE] = FINDING_SPIKE, [ODDLINE_DROP] = FINDING_DROP,
        [ODDLINE_SHIFT] = FINDING_SHIFT, [ODDLINE_TREND] = FINDING_TREND,
        [ODDLINE_NEW] = FINDING_NEW,     [ODDLINE_SILENCE] = FINDING_SILENCE,
    };
    return kinds[opinion->score.kind];
}

/* The same trouble again has the same fingerprint, on every host: stream, series (or what it counts) and kind. */
uint64_t trouble_fingerprint(const struct judge_stream *stream, const struct opinion *leader)
{
    const struct judge_series *series = &stream->series[leader->series];
    uint64_t hash = hash_bytes(bytes_of(stream->name));
    if (series->family && series->key.len)
        hash = hash_join(hash, hash_bytes(bytes_of(series->family)));
    hash = hash_join(hash, hash_bytes(series->key.len ? series->key : bytes_of(series->name)));
    return hash_join(hash, trouble_kind(leader));
}

static enum finding_basis basis_of(const struct judge_stream *stream,
                                   const struct opinion *opinion)
{
    if (stream->policy.every)
        return BASIS_RAW;
    if (opinion->score.flags & ODDLINE_SCORE_SURPRISE && !opinion->fit.peaks)
        return BASIS_SURPRISE;
    return BASIS_CALIBRATED; // or a surprise that its own history did not bear out
}

static void put_opinions(const struct judge_stream *stream, const struct opinion *opinions,
                         size_t count, struct finding_opinion *ret)
{
    for (size_t i = 0; i < count; i++)
        ret[i] = (struct finding_opinion){
            .detector = opinions[i].plugin->id,
            .series = stream->series[opinions[i].series].name,
            .kind = trouble_kind(&opinions[i]),
            .basis = basis_of(stream, &opinions[i]),
            .score = opinions[i].surprise,
            .raw = opinions[i].score.score,
            .observed = opinions[i].score.observed,
            .expected = opinions[i].score.expected,
            .calibration = opinions[i].fit,
        };
}

/* All that made a finding of the score. */
static void put_explain(const struct trouble *trouble, const struct judge_stream *stream,
                        struct finding_explain *ret)
{
    const struct judge_policy *policy = &stream->policy;
    const struct opinion *leader = &trouble->leader;
    *ret = (struct finding_explain){
        .basis = basis_of(stream, leader),
        .accepted = leader->score.flags & ODDLINE_SCORE_ACCEPTED,
        .route = trouble->scored,
        .fatigue = policy->every ? 0 : trouble->threshold - policy->thresholds[trouble->scored],
        .floors_apply = !policy->every && stream->series[leader->series].is_count &&
                        isfinite(leader->score.expected) &&
                        leader->score.kind != ODDLINE_SILENCE,
        .floor = policy->floor,
        .floor_ratio = policy->floor_ratio,
        .hold = policy->hold,
        .warmup = policy->warmup,
        .windows = trouble->nth,
        .raised_count = trouble->raised_count,
        .lowered_count = trouble->lowered_count,
    };
    memcpy(ret->thresholds, policy->thresholds, sizeof(ret->thresholds));
    put_opinions(stream, trouble->raised, trouble->raised_count, ret->raised);
    put_opinions(stream, trouble->lowered, trouble->lowered_count, ret->lowered);
}

enum finding_route trouble_bar(const struct trouble *trouble)
{
    return trouble->scored > trouble->route ? trouble->scored : trouble->route;
}

static void put_evidence(const struct trouble *trouble, struct finding_evidence *ret)
{
    for (size_t i = 0; i < trouble->proof_count; i++) {
        const struct proof *p = &trouble->proofs[i];
        ret[i] = (struct finding_evidence){.path = bytes_of(p->path),
                                           .text = {p->text, p->text_len},
                                           .offset = p->offset,
                                           .line = p->line,
                                           .hash = p->hash,
                                           .length = p->length,
                                           .time_ns = p->time_ns};
    }
}

_Static_assert((int)FINDING_TRACE_ID_SIZE == (int)TRACE_ID_SIZE, "as long as ids are");

void proof_put_trace_ids(const struct proof *proofs, size_t proof_count,
                         struct finding *finding)
{
    struct trace_id ids[FINDING_TRACE_IDS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < proof_count; i++) {
        const struct proof *p = &proofs[i];
        count =
            trace_ids((struct bytes){p->text, p->text_len}, p->text_len == EVIDENCE_TEXT_BYTES,
                      ids, count, FINDING_TRACE_IDS_MAX);
    }
    for (size_t i = 0; i < count; i++)
        memcpy(finding->trace_ids[i], ids[i].text, TRACE_ID_SIZE);
    finding->trace_id_count = count;
}

void trouble_put_past(const struct trouble *trouble, struct finding *finding)
{
    if (trouble->deploy.version[0])
        past_put_deploy(&trouble->deploy, finding);
    past_put_before(&trouble->before, finding);
}

struct finding trouble_finding(const struct trouble *trouble, const struct judge_stream *stream,
                               enum finding_status status)
{
    const struct opinion *leader = &trouble->leader;
    const struct judge_series *series = &stream->series[leader->series];
    struct finding f = {
        .fingerprint = trouble_fingerprint(stream, leader),
        .status = status,
        .revision = trouble->revision,
        .starts_ns = trouble->starts_ns,
        .detected_ns = trouble->detected_ns,
        .ends_ns = status == FINDING_RESOLVED ? trouble->odd_until_ns : NO_TIME,
        .stream = stream->name,
        .series = judge_series_name(series),
        .key = series->key,
        .key_name = series->family ? series->key_name : "pattern",
        .detector = leader->plugin->id,
        .detector_version = leader->plugin->version,
        .kind = trouble_kind(leader),
        .route = trouble->route,
        .score = leader->surprise,
        .raw = leader->score.score,
        .threshold = trouble->threshold,
        .observed = leader->score.observed,
        .expected = leader->score.expected,
        .lower = leader->score.lower,
        .upper = leader->score.upper,
        .samples = leader->score.samples,
        .calibration = leader->fit,
        .window_start_ns = trouble->window_start_ns,
        .window_end_ns = trouble->window_end_ns,
        .summary = trouble->summary,
        .reason_count = trouble->reason_count,
        .evidence_count = trouble->proof_count,
        .labels = trouble->rule ? trouble->rule->labels : stream->labels,
        .annotations = trouble->rule ? trouble->rule->annotations : stream->annotations,
        .suppressed = trouble->suppressed,
    };
    memcpy(f.id, trouble->id, sizeof(f.id));
    put_explain(trouble, stream, &f.explain);
    for (size_t i = 0; i < trouble->reason_count; i++)
        f.reasons[i] = trouble->reasons[i];
    put_evidence(trouble, f.evidence);
    proof_put_trace_ids(trouble->proofs, trouble->proof_count, &f);
    return f;
}
