/* SPDX-License-Identifier: MIT */
/*
 * judge_state.c - all that the judge and its detectors know, as bytes that outlive the program.
 *
 *      hash │ format │ counts │ [ stream, hash of its configuration, reached │ panel, verdicts, gaps │ SLOs ]* │ [ service │ SLOs ]* │ ... │ seats of the crew
 *
 * A stream that was configured anew begins with an empty verdict; its detectors are offered what they knew. Torn or foreign bytes are
 * refused as a whole.
 */

#include "base/clock.h"
#include "base/hash.h"
#include "judge/judge_inner.h"
#include "judge/state.h"

#include <errno.h>

enum { FORMAT = 0x4a554436 }; /* "JUD6" */

/* ---- out ---------------------------------------------------------------- */

static void pack_counts(const struct judge_counts *c, struct buffer *out)
{
    const uint64_t numbers[] = {c->batches,       c->records,  c->windows,
                                c->scores,        c->findings, c->suppressed,
                                c->plugin_errors, c->bytes,    c->gaps};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pack_u64(out, numbers[i]);
}

static void pack_verdict(const struct verdict *verdict, struct buffer *out)
{
    pack_u32(out, verdict != NULL);
    if (verdict)
        verdict_pack(verdict, out);
}

static void pack_bench(const struct bench *bench, struct buffer *out)
{
    struct buffer own = {0};
    pack_text(out, bench->stream->name);
    pack_u64(out, bench->stream->hash);
    pack_i64(out, bench->reached_ns);
    panel_pack(bench->panel, &own);
    pack_verdict(bench->verdict, &own);
    pack_verdict(bench->shadow, &own);
    gaps_pack(bench->gaps, &own);
    if (bench->roster)
        roster_pack(bench->roster, &own);
    pack_bytes(out, buffer_bytes(&own));
    buffer_clear(&own);
    slos_pack(bench->slos, &own);
    pack_bytes(out, buffer_bytes(&own));
    buffer_free(&own);
}

void judge_pack(struct judge *judge, struct buffer *out)
{
    struct buffer all = {0};
    uint32_t count = 0;
    for (size_t i = 0; i < judge->bench_count; i++)
        count += judge->benches[i] != NULL;
    pack_u32(&all, FORMAT);
    pack_counts(&judge->counts, &all);
    pack_u32(&all, count);
    for (size_t i = 0; i < judge->bench_count; i++)
        if (judge->benches[i])
            pack_bench(judge->benches[i], &all);
    judge_services_pack(judge, &all);
    silences_pack(judge->silences, &all);
    past_pack(judge->past, &all);
    firsts_pack(judge->firsts, &all);
    crew_pack(judge->crew, &all);
    pack_u64(out, hash_bytes(buffer_bytes(&all)));
    buffer_append(out, all.at, all.len);
    buffer_free(&all);
}

/* ---- back --------------------------------------------------------------- */

static void unpack_counts(struct judge_counts *c, struct unpacker *in)
{
    uint64_t *const numbers[] = {&c->batches,       &c->records,  &c->windows,
                                 &c->scores,        &c->findings, &c->suppressed,
                                 &c->plugin_errors, &c->bytes,    &c->gaps};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        *numbers[i] = unpack_u64(in);
}

static void unpack_bench(struct bench *bench, struct unpacker *in)
{
    if (!panel_unpack(bench->panel, in))
        return; // other detectors by now: what was made of the scores of those means nothing
    if (unpack_flag(in))
        verdict_unpack(judge_verdict(bench), in, bench->panel);
    if (unpack_flag(in) && judge_shadow(bench))
        verdict_unpack(bench->shadow, in, bench->panel);
    gaps_unpack(bench->gaps, in);
    if (bench->roster)
        roster_unpack(bench->roster, in);
    in->bad |= in->rest.len > 0;
}

static struct bench *bench_of(const struct judge *judge, struct bytes name)
{
    for (size_t i = 0; i < judge->bench_count; i++)
        if (judge->benches[i] && bytes_is(name, judge->benches[i]->stream->name))
            return judge->benches[i];
    return NULL;
}

static void unpack_stream(struct judge *judge, struct unpacker *in)
{
    struct bytes name = unpack_bytes(in);
    struct bench *bench = bench_of(judge, name);
    uint64_t hash = unpack_u64(in);
    int64_t reached_ns = unpack_i64(in);
    struct unpacker own = {.rest = unpack_bytes(in)}, budgets = {.rest = unpack_bytes(in)};
    if (in->bad)
        return;
    judge_slos_unpack(judge, bench, name, &budgets); // whatever else changed in the stream
    in->bad |= budgets.bad;
    if (!bench || bench->stream->hash != hash)
        return;
    bench->kept = true;
    bench->reached_ns = reached_ns;
    unpack_bench(bench, &own);
    in->bad |= own.bad;
}

/* As if nothing had ever been judged. */
static void forget(struct judge *judge)
{
    judge->counts = (struct judge_counts){0};
    judge->silences->count = 0;
    firsts_forget(judge->firsts);
    past_forget(judge->past);
    judge_services_forget(judge);
    for (size_t i = 0; i < judge->bench_count; i++) {
        struct bench *bench = judge->benches[i];
        if (!bench)
            continue;
        verdict_free(bench->verdict);
        verdict_free(bench->shadow);
        bench->verdict = bench->shadow = NULL;
        bench->reached_ns = NO_TIME;
        panel_forget(bench->panel);
        gaps_forget(bench->gaps);
        if (bench->roster)
            roster_forget(bench->roster);
        slos_forget(bench->slos);
    }
}

int judge_unpack(struct judge *judge, struct bytes packed)
{
    struct unpacker in = {.rest = packed};
    uint64_t hash = unpack_u64(&in);
    judge_services(judge);
    if (in.bad || hash != hash_bytes(in.rest) || unpack_u32(&in) != FORMAT)
        return -EBADMSG;
    unpack_counts(&judge->counts, &in);
    uint32_t count = unpack_u32(&in);
    for (uint32_t i = 0; i < count && !in.bad; i++)
        unpack_stream(judge, &in);
    judge_services_unpack(judge, &in);
    silences_unpack(&in, judge->silences);
    past_unpack(&in, judge->past);
    firsts_unpack(judge->firsts, &in);
    int r = in.bad ? -EBADMSG : crew_unpack(judge->crew, in.rest);
    if (r < 0)
        forget(judge);
    return r;
}
