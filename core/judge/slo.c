/* SPDX-License-Identifier: MIT */

#include "judge/slo_inner.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- coming and going ----------------------------------------------------- */

static void slo_begin(struct slo *slo, const struct judge_slo *terms)
{
    *slo = (struct slo){.terms = terms,
                        .burn = {.allowed = 1 - terms->objective,
                                 .period_ns = terms->period_ns,
                                 .min_total = terms->min_total},
                        .gap_ns = NO_TIME,
                        .looked_ns = NO_TIME};
    ledger_begin(&slo->ledger, terms->period_ns);
}

void slo_clear(struct slo *slo)
{
    for (int i = 0; i < BURN_CLAIMS; i++)
        claim_clear(&slo->claims[i]);
    for (size_t i = 0; i < SLO_PROOFS; i++)
        proof_clear(&slo->proofs[i]);
    struct weave *weave = slo->weave;
    slo_begin(slo, slo->terms);
    slo->weave = weave;
    if (weave)
        weave_forget(weave);
}

int slos_create(const struct judge_stream *stream, struct slos **ret)
{
    struct slos *slos = calloc(1, sizeof(*slos));
    if (!slos)
        return -ENOMEM;
    slos->stream = stream;
    slos->at = calloc(stream->slo_count + 1, sizeof(*slos->at));
    if (!slos->at) {
        free(slos);
        return -ENOMEM;
    }
    for (size_t i = 0; i < stream->slo_count; i++)
        if (!stream->slos[i].service)
            slo_begin(&slos->at[slos->count++], &stream->slos[i]);
    *ret = slos;
    return 0;
}

void slos_add(struct slos *slos, const struct judge_slo *terms, bool patient)
{
    slos->at = realloc(slos->at, (slos->count + 1) * sizeof(*slos->at));
    if (!slos->at)
        memory_gone();
    struct slo *slo = &slos->at[slos->count++];
    slo_begin(slo, terms);
    slo->weave = weave_create(slos->stream->name, patient);
    slos->service = true;
}

size_t slos_count(const struct slos *slos)
{
    return slos->count;
}

const struct judge_slo *slos_terms(const struct slos *slos, size_t slo)
{
    return slos->at[slo].terms;
}

struct weave *slos_weave(const struct slos *slos, size_t slo)
{
    return slos->at[slo].weave;
}

void slos_free(struct slos *slos)
{
    if (!slos)
        return;
    slos_forget(slos);
    for (size_t i = 0; i < slos->count; i++)
        weave_free(slos->at[i].weave);
    free(slos->at);
    free(slos);
}

void slos_forget(struct slos *slos)
{
    for (size_t i = 0; i < slos->count; i++)
        slo_clear(&slos->at[i]);
}

/* ---- windows --------------------------------------------------------------- */

static const struct closed_evidence *evidence_of(const struct closed *closed)
{
    return (const struct closed_evidence *)(const void *)((const char *)closed +
                                                          closed->evidence);
}

/* Bad records of the window. Returns how many. */
static size_t take_proofs(const struct closed *closed, uint32_t series,
                          struct proof proofs[SLO_PROOFS])
{
    const struct closed_evidence *e = evidence_of(closed);
    size_t count = 0;
    for (uint32_t i = 0; i < closed->evidence_count && count < SLO_PROOFS; i++)
        if (e[i].series == series)
            proof_take(&proofs[count++], closed, &e[i]);
    return count;
}

/* When the first bad record was written. One that came late was written before. */
static int64_t first_bad(const struct closed *closed, uint32_t series, int64_t start_ns)
{
    const struct closed_evidence *e = evidence_of(closed);
    int64_t first_ns = INT64_MAX;
    for (uint32_t i = 0; i < closed->evidence_count; i++)
        if (e[i].series == series && e[i].time_ns != NO_TIME && e[i].time_ns < first_ns)
            first_ns = e[i].time_ns;
    return first_ns == INT64_MAX || first_ns < start_ns ? start_ns : first_ns;
}

static struct ledger_window counted_in(const struct closed *closed,
                                       const struct oddline_window *window, uint32_t series)
{
    return (struct ledger_window){
        .start_ns = window->start_ns,
        .end_ns = window->end_ns,
        .bad = window->counts[series],
        .total = (uint64_t)window->values[series],
        .bad_ns = first_bad(closed, series, window->start_ns),
        .known = window->records > 0,
    };
}

/* Does a unit of the period end between them? */
static bool crosses(const struct slo *slo, int64_t start_ns, int64_t end_ns)
{
    return floor_div(end_ns, slo->ledger.unit_ns) != floor_div(start_ns, slo->ledger.unit_ns);
}

void slos_window(struct slos *slos, const struct closed *closed, uint64_t nth,
                 const struct slo_sink *sink)
{
    struct oddline_window window = closed_window(closed, nth);
    int64_t closed_ns = closed->closed_ns + window.start_ns - closed->start_ns;
    for (size_t i = 0; i < slos->count; i++) {
        struct slo *slo = &slos->at[i];
        struct ledger_window counted = counted_in(closed, &window, slo->terms->series);
        counted.known &= slo->gap_ns < window.start_ns || slo->gap_ns >= window.end_ns;
        ledger_add(&slo->ledger, &counted);
        if (counted.bad)
            slo->proof_count = take_proofs(closed, slo->terms->series, slo->proofs);
        if (slo->ledger.until_ns == window.end_ns && // else it is older than what was looked at
            crosses(slo, window.start_ns, window.end_ns))
            slo_look_at(slos, slo, closed_ns, sink);
    }
}

void slos_gap(struct slos *slos, int64_t at_ns)
{
    for (size_t i = 0; i < slos->count; i++)
        slos->at[i].gap_ns = at_ns;
}

/* ---- windows of several streams ----------------------------------------------- */

static void keep_shown(struct slo *slo, const struct weave_piece *piece)
{
    for (size_t i = 0; i < piece->proof_count; i++)
        proof_copy(&slo->proofs[i], &piece->proofs[i]);
    slo->proof_count = piece->proof_count;
}

static void count_pieces(const struct slos *slos, struct slo *slo, const struct slo_sink *sink)
{
    struct weave_piece piece;
    while (weave_next(slo->weave, &piece)) {
        const struct ledger_window *w = &piece.counted;
        ledger_add(&slo->ledger, w);
        if (piece.late)
            continue;
        if (w->bad)
            keep_shown(slo, &piece);
        if (crosses(slo, w->start_ns, w->end_ns))
            slo_look_at(slos, slo, w->end_ns, sink);
    }
}

void slos_share(const struct slo_share *share, const struct closed *closed, uint64_t nth,
                const struct slo_sink *sink)
{
    struct slo *slo = &share->slos->at[share->slo];
    struct oddline_window window = closed_window(closed, nth);
    struct proof proofs[SLO_PROOFS] = {{0}};
    struct weave_window added = {.counted = counted_in(closed, &window, share->series),
                                 .proofs = proofs};
    added.counted.known &=
        !weave_in_gap(slo->weave, share->strand, window.start_ns, window.end_ns);
    if (added.counted.bad)
        added.proof_count = take_proofs(closed, share->series, proofs);
    weave_add(slo->weave, share->strand, &added);
    for (size_t i = 0; i < added.proof_count; i++)
        proof_clear(&proofs[i]);
    count_pieces(share->slos, slo, sink);
}

void slos_mark(struct slos *slos, const struct slo_sink *sink)
{
    for (size_t i = 0; i < slos->count; i++) {
        weave_mark(slos->at[i].weave);
        count_pieces(slos, &slos->at[i], sink);
    }
}

void slos_end(struct slos *slos, const struct slo_sink *sink)
{
    for (size_t i = 0; i < slos->count; i++) {
        weave_end(slos->at[i].weave);
        count_pieces(slos, &slos->at[i], sink);
    }
}
