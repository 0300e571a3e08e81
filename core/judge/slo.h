/* SPDX-License-Identifier: MIT */
/*
 * slo.h - the service level objectives of a stream or a service: their ledgers, and what is claimed when a budget burns.
 *
 *      window ──bad, total──▶ ledger ──▶ burn: rules ──▶ claims ──finding──▶ mute, silence ──▶ deliver
 *      windows of several ──▶ weave ──▲
 *
 * No detector and no score: rules say which route a burn takes, and the budget must outlive any worker. An SLO makes three claims, each a
 * finding with a fingerprint of its own: it pages (a page covers tickets that would begin meanwhile), it is a ticket, its budget is
 * gone. They are looked at whenever event time passes a unit of the period (a minute of 30 days), or a window where these are longer.
 *
 * A claim is over when no rule of it was met for a while in which records came: silence is not good. It is over too when
 * nothing at all is left in its windows.
 *
 *      slo.c          windows, of one stream and of several
 *      slo_claim.c    the life of a claim
 *      slo_retire.c   claims of an SLO that is no more
 *      slo_words.c    what a claim says
 *      slo_finding.c  as a finding, with what goes with it
 *      slo_state.c    carried over a restart, a reload
 *      slo_report.c   shown in the status
 */
#ifndef JUDGE_SLO_H
#define JUDGE_SLO_H

#include "base/json.h"
#include "judge/judge.h"
#include "judge/past.h"
#include "judge/weave.h"

struct slos;

/* What a claim was told, kept for its revisions. */
struct slo_kept {
    struct recall past; /* what came before it; empty with the first */
    int64_t sign_ns;    /* when the first bad record of it was written */
};

/* Where findings go. They come with what the stream and the SLO say, and are muted and silenced already. */
struct slo_sink {
    void (*deliver)(void *context, struct finding *finding, struct slo_kept *kept);
    void *context;
    const struct silences *silences;
};

/* Those of `stream` that are its own. */
int slos_create(const struct judge_stream *stream, struct slos **ret);
void slos_free(struct slos *slos); /* accepts NULL */

/* Of a service, whose name is that of `stream`: one more SLO, counted in the streams that slos_strand() names. */
void slos_add(struct slos *slos, const struct judge_slo *terms, bool patient);
size_t slos_count(const struct slos *slos);
const struct judge_slo *slos_terms(const struct slos *slos, size_t slo);
struct weave *slos_weave(const struct slos *slos, size_t slo);

/* The `nth` (from 0) of the windows that the frame stands for. */
void slos_window(struct slos *slos, const struct closed *closed, uint64_t nth,
                 const struct slo_sink *sink);
/* Bytes that are not read: the time that they are of is not known. */
void slos_gap(struct slos *slos, int64_t at_ns);

/* A window of one stream of a service: for SLO `slo`, the strand `strand`, counted in `series`. */
struct slo_share {
    struct slos *slos; /* of the service */
    size_t slo, strand;
    uint32_t series;
};
void slos_share(const struct slo_share *share, const struct closed *closed, uint64_t nth,
                const struct slo_sink *sink);
/* Of a service: everything has had its turn; nothing follows. */
void slos_mark(struct slos *slos, const struct slo_sink *sink);
void slos_end(struct slos *slos, const struct slo_sink *sink);

/* Claims whose SLO is gone or means something else by now: they are over, which is to be said once. Zero-initialise. */
struct retired;
struct retirees {
    struct retired *first, *last;
};
void retirees_free(struct retirees *retirees);
/* Say it to what `sink_of` gives for the stream that they were of, which lives for that call. */
typedef struct slo_sink retirees_sink(void *context, const struct judge_stream *stream);
void retirees_say(struct retirees *retirees, retirees_sink *sink_of, void *context);

/* Who takes what is handed on. */
struct slo_heirs {
    struct retirees *retirees;
    weave_kept *kept; /* of the streams of a service */
    const void *context;
};
/* Go on where those of `old`, the same stream or service before, left off; `slos` NULL: there is none any more. */
void slos_inherit(struct slos *slos, struct slos *old, const struct slo_heirs *heirs);
/* For another run of the program; what cannot be sets in->bad. `name`: whose they were. */
void slos_pack(const struct slos *slos, struct buffer *out);
void slos_unpack(struct slos *slos, const char *name, struct unpacker *in,
                 const struct slo_heirs *heirs);
void slos_forget(struct slos *slos);

/* An object for each, into an array that was begun. */
void slos_report(const struct slos *slos, struct json *json);
/* Open findings, by where they went, are added. */
void slos_firing(const struct slos *slos, uint32_t counts[ROUTES]);

#endif /* JUDGE_SLO_H */
