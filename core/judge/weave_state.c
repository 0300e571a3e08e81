/* SPDX-License-Identifier: MIT */
/*
 * weave_state.c - what waits, over a restart and a reload. Strands are known by the names of their streams.
 */

#include "base/clock.h"
#include "base/memory.h"
#include "judge/state.h"
#include "judge/weave_inner.h"

#include <stdlib.h>
#include <string.h>

/* ---- to another configuration -------------------------------------------------- */

static struct strand *find(struct weave *weave, const char *stream)
{
    for (size_t i = 0; i < weave->count; i++)
        if (strcmp(weave->strands[i].stream, stream) == 0)
            return &weave->strands[i];
    return NULL;
}

/* What it has, and as who it has it. */
static void take_over(struct strand *to, struct strand *from, bool kept)
{
    char *stream = to->stream;
    *to = *from;
    to->stream = stream;
    to->begun = kept && from->begun;
    to->gone = false;
    from->row = NULL;
    from->count = from->room = 0;
}

void weave_inherit(struct weave *weave, struct weave *old, weave_kept *kept,
                   const void *context)
{
    for (size_t i = 0; i < old->count; i++) {
        struct strand *from = &old->strands[i], *to = find(weave, from->stream);
        if (!to && !from->count)
            continue;
        if (!to) {
            weave_strand(weave, from->stream);
            to = find(weave, from->stream);
            take_over(to, from, false);
            to->gone = true;
        } else {
            take_over(to, from, kept(context, from->stream));
        }
    }
    weave->made_ns = old->made_ns;
    weave->lead_ns = old->lead_ns;
    weave->marks = old->marks;
    weave->proofs_waiting = old->proofs_waiting;
    old->proofs_waiting = 0;
}

/* ---- as bytes --------------------------------------------------------------------- */

static void pack_waiting(const struct waiting *waiting, struct buffer *out)
{
    const struct ledger_window *w = &waiting->counted;
    pack_i64(out, w->start_ns);
    pack_i64(out, w->end_ns);
    pack_u64(out, w->bad);
    pack_u64(out, w->total);
    pack_i64(out, w->bad_ns);
    pack_u32(out, w->known);
    pack_u64(out, waiting->repeat);
    pack_u32(out, (uint32_t)waiting->proof_count);
    for (size_t i = 0; i < waiting->proof_count; i++)
        proof_pack(&waiting->proofs[i], out);
}

static void pack_strand(const struct strand *strand, struct buffer *out)
{
    pack_text(out, strand->stream);
    pack_u32(out, strand->begun);
    pack_u32(out, strand->known);
    pack_u32(out, strand->gone);
    pack_i64(out, strand->gap_ns);
    pack_u32(out, (uint32_t)strand->count);
    for (size_t i = 0; i < strand->count; i++)
        pack_waiting(strand_at(strand, i), out);
}

void weave_pack(const struct weave *weave, struct buffer *out)
{
    pack_i64(out, weave->made_ns);
    pack_i64(out, weave->lead_ns);
    pack_u32(out, weave->marks);
    pack_u32(out, (uint32_t)weave->count);
    for (size_t i = 0; i < weave->count; i++)
        pack_strand(&weave->strands[i], out);
}

/* Times that can be added to. */
static bool is_window(const struct waiting *waiting)
{
    const struct ledger_window *w = &waiting->counted;
    const int64_t far = INT64_MAX / 4;
    return w->start_ns > -far && w->end_ns > w->start_ns && w->end_ns < far &&
           waiting->repeat > 0 &&
           waiting->repeat <= (uint64_t)(far / (w->end_ns - w->start_ns)) &&
           (waiting->repeat == 1 || w->total == 0) && w->bad <= w->total;
}

static void unpack_waiting(struct weave *weave, struct strand *strand, struct unpacker *in)
{
    struct waiting *waiting = strand_push(strand);
    struct ledger_window *w = &waiting->counted;
    w->start_ns = unpack_i64(in);
    w->end_ns = unpack_i64(in);
    w->bad = unpack_u64(in);
    w->total = unpack_u64(in);
    w->bad_ns = unpack_i64(in);
    w->known = unpack_flag(in);
    waiting->repeat = unpack_u64(in);
    size_t count = unpack_count(in, WEAVE_PROOFS);
    in->bad |= !is_window(waiting);
    if (in->bad || !count)
        return;
    waiting->proofs = calloc(count, sizeof(*waiting->proofs));
    if (!waiting->proofs)
        memory_gone();
    for (; waiting->proof_count < count && !in->bad; waiting->proof_count++)
        proof_unpack(&waiting->proofs[waiting->proof_count], in);
    weave->proofs_waiting += waiting->proof_count;
}

static void unpack_strand(struct weave *weave, struct unpacker *in)
{
    struct bytes name = unpack_bytes(in);
    in->bad |= name.len && memchr(name.at, '\0', name.len);
    if (in->bad)
        return;
    char *stream = memory_text(name.at, name.len);
    in->bad |= find(weave, stream) != NULL;
    weave_strand(weave, stream);
    struct strand *strand = find(weave, stream);
    free(stream);
    strand->begun = unpack_flag(in);
    strand->known = unpack_flag(in);
    strand->gone = unpack_flag(in);
    strand->gap_ns = unpack_i64(in);
    uint32_t count = unpack_count(in, 2 * WEAVE_WAITING_MAX);
    for (uint32_t i = 0; i < count && !in->bad; i++)
        unpack_waiting(weave, strand, in);
}

void weave_unpack(struct weave *weave, struct unpacker *in)
{
    weave->made_ns = unpack_i64(in);
    weave->lead_ns = unpack_i64(in);
    weave->marks = unpack_count(in, WEAVE_MARKS);
    uint32_t count = unpack_u32(in);
    in->bad |= weave->made_ns != NO_TIME && weave->made_ns > weave->lead_ns;
    for (uint32_t i = 0; i < count && !in->bad; i++)
        unpack_strand(weave, in);
}
