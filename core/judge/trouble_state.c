/* SPDX-License-Identifier: MIT */
/*
 * trouble_state.c - an open trouble with all that it owns, as bytes that outlive the program.
 */

#include "base/memory.h"
#include "judge/state.h"
#include "judge/trouble.h"

#include <string.h>

/* ---- proofs ------------------------------------------------------------- */

void proof_pack(const struct proof *proof, struct buffer *out)
{
    pack_text(out, proof->path);
    pack_u64(out, proof->offset);
    pack_u64(out, proof->line);
    pack_u64(out, proof->hash);
    pack_i64(out, proof->time_ns);
    pack_u32(out, proof->length);
    pack_bytes(out, (struct bytes){proof->text, proof->text_len});
}

void proof_unpack(struct proof *proof, struct unpacker *in)
{
    struct bytes path = unpack_bytes(in);
    proof_clear(proof);
    proof->path = in->bad ? NULL : memory_text(path.at, path.len);
    proof->offset = unpack_u64(in);
    proof->line = unpack_u64(in);
    proof->hash = unpack_u64(in);
    proof->time_ns = unpack_i64(in);
    proof->length = unpack_u32(in);
    struct bytes text = unpack_bytes(in);
    in->bad |= !proof->path || text.len > sizeof(proof->text);
    proof->text_len = in->bad ? 0 : (uint32_t)text.len;
    if (proof->text_len)
        memcpy(proof->text, text.at, text.len);
}

/* ---- opinions ----------------------------------------------------------- */

static void opinion_pack(const struct opinion *opinion, struct buffer *out)
{
    const struct oddline_score *s = &opinion->score;
    const struct calibration_fit *f = &opinion->fit;
    const double numbers[] = {s->score, s->observed, s->expected,
                              s->lower, s->upper,    f->threshold,
                              f->scale, f->shape,    opinion->surprise};
    pack_text(out, opinion->plugin->id);
    pack_u32(out, opinion->shadow);
    pack_u32(out, opinion->series);
    pack_u32(out, s->series);
    pack_u32(out, s->kind);
    pack_u32(out, s->flags);
    pack_u64(out, s->samples);
    pack_u64(out, f->seen);
    pack_u64(out, f->peaks);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pack_f64(out, numbers[i]);
}

static void opinion_unpack(struct opinion *opinion, struct unpacker *in,
                           const struct judge_stream *stream, const struct panel *panel)
{
    struct oddline_score *s = &opinion->score;
    struct calibration_fit *f = &opinion->fit;
    double *const numbers[] = {&s->score, &s->observed, &s->expected,
                               &s->lower, &s->upper,    &f->threshold,
                               &f->scale, &f->shape,    &opinion->surprise};
    *opinion = (struct opinion){.plugin = panel_label(panel, unpack_bytes(in))};
    opinion->shadow = unpack_flag(in);
    opinion->series = unpack_u32(in);
    s->size = sizeof(*s);
    s->series = unpack_u32(in);
    s->kind = unpack_u32(in);
    s->flags = unpack_u32(in);
    s->samples = unpack_u64(in);
    f->seen = unpack_u64(in);
    f->peaks = unpack_u64(in);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *numbers[i] = unpack_f64(in);
    in->bad |= !opinion->plugin || opinion->series >= stream->series_count ||
               s->kind < ODDLINE_SPIKE || s->kind > ODDLINE_SILENCE;
}

static void opinions_pack(const struct opinion *opinions, size_t count, struct buffer *out)
{
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        opinion_pack(&opinions[i], out);
}

static size_t opinions_unpack(struct opinion opinions[FINDING_OPINIONS_MAX],
                              struct unpacker *in, const struct judge_stream *stream,
                              const struct panel *panel)
{
    size_t count = unpack_count(in, FINDING_OPINIONS_MAX);
    for (size_t i = 0; i < count; i++)
        opinion_unpack(&opinions[i], in, stream, panel);
    return in->bad ? 0 : count;
}

/* ---- troubles ----------------------------------------------------------- */

void trouble_pack(const struct trouble *t, const struct judge_stream *stream,
                  struct buffer *out)
{
    pack_u32(out, t->open);
    if (!t->open)
        return; // nothing is known of it
    pack_text(out, t->id);
    pack_u32(out, t->revision);
    pack_u32(out, t->route);
    pack_u32(out, t->scored);
    pack_u32(out, routing_number(&stream->routing, t->rule));
    opinion_pack(&t->leader, out);
    pack_f64(out, t->threshold);
    pack_i64(out, t->starts_ns);
    pack_i64(out, t->odd_until_ns);
    pack_i64(out, t->detected_ns);
    pack_i64(out, t->window_start_ns);
    pack_i64(out, t->window_end_ns);
    pack_u32(out, t->quiet);
    pack_u64(out, t->suppressed);
    pack_text(out, t->summary);
    pack_u32(out, (uint32_t)t->reason_count);
    for (size_t i = 0; i < t->reason_count; i++)
        pack_text(out, t->reasons[i]);
    opinions_pack(t->raised, t->raised_count, out);
    opinions_pack(t->lowered, t->lowered_count, out);
    pack_u64(out, t->nth);
    pack_u32(out, (uint32_t)t->proof_count);
    for (size_t i = 0; i < t->proof_count; i++)
        proof_pack(&t->proofs[i], out);
    deploy_pack(&t->deploy, out);
    before_pack(&t->before, out);
}

void trouble_unpack(struct trouble *t, struct unpacker *in, const struct judge_stream *stream,
                    const struct panel *panel)
{
    trouble_clear(t);
    if (!unpack_flag(in))
        return;
    t->open = true;
    unpack_text(in, t->id, sizeof(t->id));
    t->revision = unpack_u32(in);
    t->route = unpack_count(in, ROUTES - 1);
    t->scored = unpack_count(in, ROUTES - 1);
    t->rule = routing_numbered(&stream->routing, unpack_u32(in), &in->bad);
    opinion_unpack(&t->leader, in, stream, panel);
    t->threshold = unpack_f64(in);
    t->starts_ns = unpack_i64(in);
    t->odd_until_ns = unpack_i64(in);
    t->detected_ns = unpack_i64(in);
    t->window_start_ns = unpack_i64(in);
    t->window_end_ns = unpack_i64(in);
    t->quiet = unpack_u32(in);
    t->suppressed = unpack_u64(in);
    unpack_text(in, t->summary, sizeof(t->summary));
    t->reason_count = unpack_count(in, FINDING_REASONS_MAX);
    for (size_t i = 0; i < t->reason_count; i++)
        unpack_text(in, t->reasons[i], sizeof(t->reasons[i]));
    t->raised_count = opinions_unpack(t->raised, in, stream, panel);
    t->lowered_count = opinions_unpack(t->lowered, in, stream, panel);
    t->nth = unpack_u64(in);
    t->proof_count = unpack_count(in, FINDING_EVIDENCE_MAX);
    for (size_t i = 0; i < t->proof_count; i++)
        proof_unpack(&t->proofs[i], in);
    deploy_unpack(in, &t->deploy);
    before_unpack(in, &t->before);
}
