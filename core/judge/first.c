/* SPDX-License-Identifier: MIT */

#include "judge/first_inner.h"

#include "base/hash.h"
#include "base/memory.h"
#include "judge/state.h"
#include "trace/reader.h"

#include <errno.h>
#include <stdlib.h>

enum { NO_TROUBLE = -1 };

int firsts_create(struct firsts **ret)
{
    struct firsts *firsts = calloc(1, sizeof(*firsts));
    if (!firsts)
        return -ENOMEM;
    *ret = firsts;
    return 0;
}

static void first_clear(struct first *first)
{
    free(first->stream);
    free(first->service);
    *first = (struct first){0};
}

void firsts_forget(struct firsts *firsts)
{
    for (size_t i = 0; i < firsts->count; i++)
        first_clear(&firsts->at[i]);
    firsts->count = 0;
}

void firsts_free(struct firsts *firsts)
{
    if (!firsts)
        return;
    firsts_forget(firsts);
    free(firsts);
}

/* ---- trace ids ---------------------------------------------------------- */

bool first_has(const struct first *first, uint64_t id)
{
    for (size_t i = 0; i < first_ids(first); i++)
        if (first->ids[i] == id)
            return true;
    return false;
}

static void add_id(struct first *first, const char *text)
{
    uint64_t id = hash_bytes(bytes_of(text));
    if (!first_has(first, id))
        first->ids[first->id_count++ % FIRST_IDS] = id;
}

/* From the evidence of all series of the window: any record that two streams share links them. */
static void add_ids_of(struct first *first, const struct closed *closed)
{
    const char *base = (const char *)closed;
    const struct closed_evidence *e =
        (const struct closed_evidence *)(const void *)(base + closed->evidence);
    struct trace_id ids[FIRST_IDS];
    size_t count = 0;
    for (uint32_t i = 0; i < closed->evidence_count && count < FIRST_IDS; i++)
        count = trace_ids((struct bytes){base + e[i].text, e[i].text_len},
                          e[i].text_len == EVIDENCE_TEXT_BYTES, ids, count, FIRST_IDS);
    for (size_t i = 0; i < count; i++)
        add_id(first, ids[i].text);
}

/* ---- one trouble -------------------------------------------------------- */

/* Worth a call, or it would have been. What comes by the clock is no trouble. */
static bool is_aloud(const struct finding *finding)
{
    return finding->route != ROUTE_LOG || finding_pair_value(finding->labels, "muted") ||
           finding_pair_value(finding->labels, "silenced") ||
           finding_pair_value(finding->labels, "capped");
}

static const char *service_of(const struct finding *finding)
{
    const char *name = finding_pair_value(finding->labels, "service");
    if (!name)
        name = finding_pair_value(finding->labels, "service.name");
    return name ? name : finding_pair_value(finding->resource, "service.name");
}

static bool is_little(const struct finding *finding)
{
    return finding->kind == FINDING_DROP || finding->kind == FINDING_SILENCE;
}

/*
 * The first record that shows it: of what led, which comes first in the evidence; what supports it may be older. Of what is missing, and of
 * windows without records, there is none.
 */
static int64_t sign_of(const struct finding *finding)
{
    int64_t first = finding->evidence_count ? finding->evidence[0].time_ns : NO_TIME;
    return is_little(finding) || first < finding->starts_ns ? finding->starts_ns : first;
}

static int find(const struct firsts *firsts, const struct finding *finding)
{
    for (size_t i = 0; i < firsts->count; i++)
        if (firsts->at[i].starts_ns == finding->starts_ns &&
            firsts->at[i].little == is_little(finding) &&
            strcmp(firsts->at[i].stream, finding->stream) == 0)
            return (int)i;
    return NO_TROUBLE;
}

/* Of those that are over the one that has been for longest, else the oldest. */
static size_t least_needed(const struct firsts *firsts)
{
    size_t best = 0;
    int64_t over = INT64_MAX;
    for (size_t i = 0; i < firsts->count; i++)
        if (firsts->at[i].over_ns != NO_TIME && firsts->at[i].over_ns < over) {
            over = firsts->at[i].over_ns;
            best = i;
        }
    return best;
}

static int add(struct firsts *firsts, const struct finding *finding)
{
    if (firsts->count == FIRST_TROUBLES) {
        size_t gone = least_needed(firsts);
        first_clear(&firsts->at[gone]);
        memmove(&firsts->at[gone], &firsts->at[gone + 1],
                (--firsts->count - gone) * sizeof(firsts->at[0]));
    }
    const char *service = service_of(finding);
    firsts->at[firsts->count] = (struct first){
        .stream = memory_text(finding->stream, strlen(finding->stream)),
        .service = memory_text(service ? service : "", service ? strlen(service) : 0),
        .starts_ns = finding->starts_ns,
        .sign_ns = sign_of(finding),
        .over_ns = NO_TIME,
        .window_ns = finding->window_end_ns - finding->window_start_ns,
        .little = is_little(finding),
        .route = finding->route};
    return (int)firsts->count++;
}

/* What this finding says of it. The milder one that a worse one replaced does not end it. */
static void update(struct first *first, const struct finding *finding,
                   const struct closed *closed)
{
    bool firing = finding->status == FINDING_FIRING;
    first->aloud |= is_aloud(finding);
    if (firing)
        first->route = finding->route;
    if (!firing && first->route == finding->route)
        first->over_ns = finding->ends_ns;
    for (size_t i = 0; i < finding->trace_id_count; i++)
        add_id(first, finding->trace_ids[i]);
    if (closed && firing)
        add_ids_of(first, closed);
}

/* ---- what comes --------------------------------------------------------- */

/* A new normal, and what is said of each score, are no troubles. */
static bool is_trouble(const struct finding *finding)
{
    return (finding->explain.basis == BASIS_CALIBRATED ||
            finding->explain.basis == BASIS_SURPRISE) &&
           !finding->explain.accepted && finding->starts_ns != NO_TIME;
}

void firsts_fill(struct firsts *firsts, struct finding *finding, const struct closed *closed)
{
    finding->began = (struct finding_began){0};
    if (!is_trouble(finding))
        return;
    int self = find(firsts, finding);
    if (self == NO_TROUBLE && finding->status == FINDING_FIRING)
        self = add(firsts, finding);
    if (self == NO_TROUBLE) // so long ago that it was forgotten
        return;
    update(&firsts->at[self], finding, closed);
    firsts_link(firsts, self, &finding->began);
}

void firsts_ask(struct firsts *firsts, struct finding *finding, int64_t sign_ns)
{
    int guest = (int)firsts->count;
    finding->began = (struct finding_began){0};
    const char *service = service_of(finding);
    firsts->at[guest] = (struct first){
        .stream = (char *)(uintptr_t)finding->stream, // lent: the guest does not stay
        .service = (char *)(uintptr_t)(service ? service : ""),
        .starts_ns = finding->starts_ns,
        .sign_ns = sign_ns,
        .over_ns = finding->status == FINDING_RESOLVED ? finding->ends_ns : NO_TIME,
        .aloud = is_aloud(finding),
        .route = finding->route};
    for (size_t i = 0; i < finding->trace_id_count; i++)
        add_id(&firsts->at[guest], finding->trace_ids[i]);
    firsts->count++;
    firsts_link(firsts, guest, &finding->began);
    firsts->at[--firsts->count] = (struct first){0};
}

void firsts_window(struct firsts *firsts, const char *stream, const struct closed *closed)
{
    for (size_t i = 0; i < firsts->count; i++)
        if (firsts->at[i].over_ns == NO_TIME && strcmp(firsts->at[i].stream, stream) == 0)
            add_ids_of(&firsts->at[i], closed);
}

/* ---- from run to run ---------------------------------------------------- */

void firsts_pack(const struct firsts *firsts, struct buffer *out)
{
    pack_u32(out, (uint32_t)firsts->count);
    for (size_t i = 0; i < firsts->count; i++) {
        const struct first *f = &firsts->at[i];
        pack_text(out, f->stream);
        pack_text(out, f->service);
        pack_i64(out, f->starts_ns);
        pack_i64(out, f->sign_ns);
        pack_i64(out, f->over_ns);
        pack_i64(out, f->window_ns);
        pack_u32(out, f->little);
        pack_u32(out, f->aloud);
        pack_u32(out, f->route);
        pack_u64(out, f->id_count);
        for (size_t k = 0; k < first_ids(f); k++)
            pack_u64(out, f->ids[k]);
    }
}

static char *unpack_name(struct unpacker *in)
{
    struct bytes name = unpack_bytes(in);
    in->bad |= name.len && memchr(name.at, '\0', name.len);
    return memory_text(in->bad ? "" : name.at, in->bad ? 0 : name.len);
}

static void first_unpack(struct first *first, struct unpacker *in)
{
    first->stream = unpack_name(in);
    first->service = unpack_name(in);
    first->starts_ns = unpack_i64(in);
    first->sign_ns = unpack_i64(in);
    first->over_ns = unpack_i64(in);
    first->window_ns = unpack_i64(in);
    in->bad |= first->window_ns < 0 || first->window_ns > INT64_MAX / 4; // it is multiplied
    first->little = unpack_flag(in);
    first->aloud = unpack_flag(in);
    first->route = unpack_count(in, ROUTES - 1);
    first->id_count = unpack_u64(in);
    for (size_t i = 0; i < first_ids(first); i++)
        first->ids[i] = unpack_u64(in);
}

void firsts_unpack(struct firsts *firsts, struct unpacker *in)
{
    uint32_t count = unpack_count(in, FIRST_TROUBLES);
    firsts_forget(firsts);
    for (; firsts->count < count && !in->bad; firsts->count++)
        first_unpack(&firsts->at[firsts->count], in);
}
