/* SPDX-License-Identifier: MIT */
/*
 * verdict_state.c - what a verdict remembers, as bytes that outlive the program.
 */

#include "judge/state.h"
#include "judge/verdict_inner.h"

#include <math.h>

void verdict_pack(const struct verdict *verdict, struct buffer *out)
{
    for (int side = 0; side < SIDES; side++) {
        pack_u32(out, verdict->held[side]);
        pack_u32(out, verdict->capped[side]);
        trouble_pack(&verdict->troubles[side], verdict->options.stream, out);
        hush_pack(&verdict->hushes[side], out);
    }
    pack_f64(out, verdict->tired);
    pack_u32(out, verdict->last.path != NULL);
    if (verdict->last.path)
        proof_pack(&verdict->last, out);
    pack_i64(out, verdict->storm_from_ns);
    pack_u32(out, verdict->storm_count);
    pack_u64(out, verdict->suppressed);
    pack_u64(out, verdict->suppressed_said);
    pack_u64(out, verdict->hushed);
    episodes_pack(&verdict->episodes, out);
    for (size_t i = 0; i < verdict->options.stream->series_count; i++)
        pack_u64(out, verdict->accepted[i]);
}

void verdict_unpack(struct verdict *verdict, struct unpacker *in, const struct panel *panel)
{
    for (int side = 0; side < SIDES; side++) {
        verdict->held[side] = unpack_u32(in);
        verdict->capped[side] = unpack_flag(in);
        trouble_unpack(&verdict->troubles[side], in, verdict->options.stream, panel);
        hush_unpack(in, &verdict->hushes[side]);
    }
    verdict->tired = unpack_f64(in);
    in->bad |= !isfinite(verdict->tired) || verdict->tired < 0;
    if (unpack_flag(in))
        proof_unpack(&verdict->last, in);
    verdict->storm_from_ns = unpack_i64(in);
    verdict->storm_count = unpack_u32(in);
    verdict->suppressed = unpack_u64(in);
    verdict->suppressed_said = unpack_u64(in);
    verdict->hushed = unpack_u64(in);
    episodes_unpack(in, &verdict->episodes);
    for (size_t i = 0; i < verdict->options.stream->series_count; i++)
        verdict->accepted[i] = unpack_u64(in);
}
